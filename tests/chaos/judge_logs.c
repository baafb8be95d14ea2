/* Lists and texts. A log only grows at its end, and a loss only takes from its end. So a write that
 * is there in the end is found at the very place where it was put, and its reply, the length of the
 * log, must have told that place.
 */
#include <stdlib.h>

#include "common/memory.h"
#include "tests/chaos/judge.h"

/* What is gone of a key, while its history is read from the start. */
struct hole {
    bool is_open; /* the last acknowledged write was gone */
    int loss;     /* that took it; the next hole is another one's */
};

struct reading {
    const struct trial *trial;
    struct verdict *verdict;
    uint32_t **places; /* by history and step: where the write was found, from 1; 0: nowhere */
    uint32_t *last;    /* by history: the step found last in the key that is being read */
};

static bool is_log(uint16_t key)
{
    return key_role_of(key) <= ROLE_TEXT;
}

/* A text is as long as its tokens; a list counts them. */
static uint32_t reply_for(const struct step *step, uint32_t place)
{
    return step->kind == STEP_APPEND ? place * TOKEN_SIZE : place;
}

/* Finds whose token it is. Of one client several histories may have written to a shared key. */
static size_t writer_of(const struct trial *trial, struct token token, uint16_t key)
{
    for (size_t i = 0; i < trial->count; i++) {
        const struct history *history = &trial->histories[i];
        const struct step *step = history_find(history, token.number);
        if (history->client == token.client && step != NULL && step_grows_log(step) &&
            step->key == key && token.key == key) {
            return i;
        }
    }
    return trial->count;
}

/* An element that stands behind one that was sent later. */
static void judge_late(struct reading *reading, struct place place, uint32_t i, size_t ahead)
{
    const struct history *history = &reading->trial->histories[place.history];
    const struct step *step = &history->steps[place.step];

    if (reading->trial->permission.may_delay && !step_surely_ran(step)) {
        reading->verdict->delayed++;
    } else if (trial_may_overtake(reading->trial, &history->steps[ahead], step)) {
        reading->verdict->overtaken++;
    } else {
        verdict_add(reading->verdict, RULE_ORDER, place, "element %u, behind %u", i + 1,
                    history_number(history, ahead));
    }
}

/* The i-th element of a key whose writer is known. */
static void read_element(struct reading *reading, struct place place, uint32_t i)
{
    uint32_t *found = &reading->places[place.history][place.step];
    uint32_t *last = &reading->last[place.history];

    if (*found != 0) {
        verdict_add(reading->verdict, RULE_TWICE, place, "elements %u and %u", *found, i + 1);
        return;
    }
    *found = i + 1;
    if (place.step + 1 > *last) {
        *last = (uint32_t)place.step + 1;
    } else {
        judge_late(reading, place, i, *last - 1);
    }
}

static void read_log(struct reading *reading, size_t owner, uint16_t key)
{
    const struct trial *trial = reading->trial;
    const struct content *content = contents_of(trial->contents, owner, key);
    struct place end = {owner, trial->histories[owner].count, key};

    memset(reading->last, 0, trial->count * sizeof *reading->last);
    if (content->is_torn) {
        verdict_add(reading->verdict, RULE_INVENTED, end, "broken behind element %u",
                    content->count);
    }
    for (uint32_t i = 0; i < content->count; i++) {
        struct token token = content->tokens[i];
        size_t writer = writer_of(trial, token, key);
        if (writer == trial->count || (!key_is_shared(key) && writer != owner)) {
            verdict_add(reading->verdict, RULE_INVENTED, end, "element %u: number %u of client %u",
                        i + 1, token.number, token.client);
            continue;
        }
        size_t step = token.number - trial->histories[writer].first;
        read_element(reading, (struct place){writer, step, key}, i);
    }
}

static void read_logs(struct reading *reading)
{
    for (uint16_t key = 0; key < KEYS; key++) {
        size_t owners = key_is_shared(key) ? 1 : reading->trial->count;
        for (size_t owner = 0; owner < owners && is_log(key); owner++) {
            read_log(reading, owner, key);
        }
    }
}

/* An acknowledged write that is not there. */
static void judge_missing(struct reading *reading, struct place place, struct hole *hole)
{
    const struct trial *trial = reading->trial;
    const struct history *history = &trial->histories[place.history];
    const struct step *step = &history->steps[place.step];
    uint16_t slot = key_slot(history, place.key);
    int loss = trial_loss_of(trial, hole->is_open ? hole->loss : hole->loss + 1, slot, step);

    if (loss == LOSS_NONE) {
        verdict_add(reading->verdict, RULE_LOST, place, "acknowledged with %u at %u ms",
                    step->reply[0], step->answered_ms);
        return;
    }
    *hole = (struct hole){true, loss};
    reading->verdict->lost++;
}

/* An acknowledged write that is there: behind a hole it must be younger than the loss. */
static void judge_present(struct reading *reading, struct place place, struct hole *hole)
{
    const struct step *step = &reading->trial->histories[place.history].steps[place.step];
    uint32_t found = reading->places[place.history][place.step];

    if (hole->is_open && step->answered_ms < reading->trial->losses[hole->loss].from_ms) {
        verdict_add(reading->verdict, RULE_HOLE, place, "acknowledged at %u ms, before the loss",
                    step->answered_ms);
    }
    hole->is_open = false;
    if (step->reply[0] != reply_for(step, found)) {
        verdict_add(reading->verdict, RULE_NUMBER, place, "replied %u, found at %u", step->reply[0],
                    reply_for(step, found));
    }
}

/* Everything before a write that is there is there as well, also in the other list of its slot. */
static void judge_cross(struct reading *reading, struct place place, uint32_t others)
{
    const struct permission *permission = &reading->trial->permission;
    const struct step *step = &reading->trial->histories[place.history].steps[place.step];

    if (step->reply[1] == others) {
        return;
    }
    if (permission->may_overtake) {
        reading->verdict->overtaken++;
    } else if (!permission->may_delay) {
        verdict_add(reading->verdict, RULE_SLOT_ORDER, place,
                    "the other list had %u elements, where %u had been sent", step->reply[1],
                    others);
    }
}

static void judge_log_step(struct reading *reading, struct place place, struct hole *hole)
{
    const struct step *step = &reading->trial->histories[place.history].steps[place.step];
    bool found = reading->places[place.history][place.step] != 0;

    if (step_surely_ran(step)) {
        (found ? judge_present : judge_missing)(reading, place, hole);
        return;
    }
    if (found && step_surely_did_not_run(step)) {
        verdict_add(reading->verdict, RULE_GHOST, place, "%s", answer_text(step->answer));
    }
    reading->verdict->took_place += found;
}

/* The steps of one history in their order. */
static void judge_log_steps(struct reading *reading, size_t index)
{
    const struct history *history = &reading->trial->histories[index];
    struct hole holes[KEYS];
    uint32_t present[KEYS] = {0};

    for (int key = 0; key < KEYS; key++) {
        holes[key] = (struct hole){false, LOSS_NONE};
    }
    for (size_t i = 0; i < history->count; i++) {
        const struct step *step = &history->steps[i];
        if (!step_grows_log(step)) {
            continue;
        }
        struct place place = {index, i, step->key};
        judge_log_step(reading, place, &holes[step->key]);
        bool found = reading->places[index][i] != 0;
        if (step->kind == STEP_CROSS_PUSH && found && step_surely_ran(step)) {
            judge_cross(reading, place, present[step->key + 1]);
        }
        present[step->key] += found;
    }
}

void judge_logs(const struct trial *trial, struct verdict *verdict)
{
    struct reading reading = {trial, verdict, memory_new(trial->count, sizeof(uint32_t *)),
                              memory_new(trial->count, sizeof(uint32_t))};

    for (size_t i = 0; i < trial->count; i++) {
        reading.places[i] = memory_new(size_max(1, trial->histories[i].count), sizeof(uint32_t));
    }
    if (trial->count > 0) {
        read_logs(&reading);
    }
    for (size_t i = 0; i < trial->count; i++) {
        judge_log_steps(&reading, i);
        free(reading.places[i]);
    }
    free(reading.places);
    free(reading.last);
}
