#include "tests/chaos/judge.h"

enum { CLOCK_SLACK_MS = 50 };

static enum rule rule_of(enum answer answer)
{
    switch (answer) {
    case ANSWER_MISFIT: return RULE_MISFIT;
    case ANSWER_TOPOLOGY: return RULE_TOPOLOGY;
    case ANSWER_CLOSED: return RULE_CLOSED;
    case ANSWER_PENDING:
    case ANSWER_FITS:
    case ANSWER_UNKNOWN:
    case ANSWER_PARTLY:
    case ANSWER_READ_FAILED:
    case ANSWER_DOWN:
    case ANSWER_OVERLOADED:
    case ANSWER_OTHER_ERROR:
    case ANSWER_COUNT: break;
    }
    return RULE_ERROR;
}

/* An answer that tells that the cluster could not, though there was time left to try. */
static bool is_hasty(const struct permission *permission, const struct history *history,
                     const struct step *step)
{
    if (step->answered_ms - step->sent_ms + CLOCK_SLACK_MS >= permission->patience_ms) {
        return false;
    }
    return step->answer == ANSWER_DOWN ||
           (step->answer == ANSWER_READ_FAILED && !trial_may_refuse_read(history, step));
}

static void judge_answer(const struct trial *trial, struct verdict *verdict, struct place place)
{
    const struct history *history = &trial->histories[place.history];
    const struct step *step = &history->steps[place.step];
    enum answer answer = (enum answer)step->answer;

    verdict->judged++;
    if (answer == ANSWER_FITS) {
        return;
    }
    if (step_writes(step) && !step_surely_did_not_run(step)) {
        verdict->uncertain++;
    }
    if ((trial->permission.answers & ANSWER_BIT(answer)) == 0) {
        verdict_add(verdict, rule_of(answer), place, "%s", answer_text(answer));
    } else if (is_hasty(&trial->permission, history, step)) {
        verdict_add(verdict, RULE_HASTE, place, "%s after %u ms", answer_text(answer),
                    step->answered_ms - step->sent_ms);
    }
}

void judge_answers(const struct trial *trial, struct verdict *verdict)
{
    for (size_t i = 0; i < trial->count; i++) {
        for (size_t step = 0; step < trial->histories[i].count; step++) {
            uint16_t key = trial->histories[i].steps[step].key;
            judge_answer(trial, verdict, (struct place){i, step, key});
        }
    }
}

struct verdict judge(const struct trial *trial)
{
    struct verdict verdict = {0};

    judge_answers(trial, &verdict);
    judge_logs(trial, &verdict);
    judge_counters(trial, &verdict);
    judge_registers(trial, &verdict);
    return verdict;
}
