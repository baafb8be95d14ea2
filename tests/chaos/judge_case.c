#include "tests/chaos/judge_case.h"

#include <criterion/criterion.h>

struct history history;
struct contents contents;
struct loss loss;
struct trial trial;
uint32_t clock_ms;

void case_set_up(void)
{
    history = (struct history){.client = CLIENT, .first = FIRST, .round = 1, .life = 1};
    contents_init(&contents, 1);
    clock_ms = 10000;
    trial = (struct trial){.histories = &history,
                           .count = 1,
                           .contents = &contents,
                           .losses = &loss,
                           .permission = {.answers = ~0u}};
}

void case_tear_down(void)
{
    history_clear(&history);
    contents_clear(&contents);
}

uint32_t did(enum step_kind kind, uint16_t key, enum answer answer, uint32_t reply)
{
    struct step *step = history_add(&history, kind, key);

    step->answer = (uint8_t)answer;
    step->reply[0] = reply;
    step->reply[1] = CLIENT;
    step->sent_ms = clock_ms;
    step->answered_ms = ++clock_ms;
    return history_number(&history, history.count - 1);
}

uint32_t wide(enum step_kind kind, enum answer answer, uint32_t reply)
{
    uint32_t number = did(kind, ROLE_REGISTER_X, answer, reply);
    history.steps[history.count - 1].reach = REACH_SLOT;
    return number;
}

void cross(uint32_t reply, uint32_t others)
{
    did(STEP_CROSS_PUSH, ROLE_LIST_A, ANSWER_FITS, reply);
    history.steps[history.count - 1].reply[1] = others;
}

void holds(uint16_t key, uint32_t number)
{
    char element[TOKEN_SIZE + 1];

    token_print((struct token){CLIENT, number, key}, element);
    content_add(contents_of(&contents, 0, key), span_of(element));
}

void counts(uint16_t key, uint32_t number)
{
    contents_of(&contents, 0, key)->number = number;
}

void lose(void)
{
    loss = (struct loss){.from_ms = clock_ms + 1, .until_ms = clock_ms + 3000};
    memset(loss.slots, 0xff, sizeof loss.slots);
    trial.loss_count = 1;
    clock_ms += 4000;
}

void expect_only(enum rule rule, size_t times)
{
    struct verdict verdict = judge(&trial);

    cr_expect_eq(verdict.count, times, "%zu findings, first: %s: %s", verdict.count,
                 verdict.count == 0 ? "" : rule_text(verdict.findings[0].rule),
                 verdict.count == 0 ? "" : verdict.findings[0].text);
    cr_expect_eq(verdict.by_rule[rule], times, "%zu times: %s", verdict.by_rule[rule],
                 rule_text(rule));
    verdict_clear(&verdict);
}

void expect_clean(void)
{
    expect_only(RULE_MISFIT, 0);
}

void expect_clean_with_lost(uint64_t lost)
{
    struct verdict verdict = judge(&trial);

    cr_expect_eq(verdict.count, 0, "%s",
                 verdict.count == 0 ? "" : rule_text(verdict.findings[0].rule));
    cr_expect_eq(verdict.lost, lost, "%llu lost", (unsigned long long)verdict.lost);
    verdict_clear(&verdict);
}
