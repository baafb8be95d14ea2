/* Counters. Of a connection's own counter each reply is one more than the one before, plus what
 * writes of unknown outcome added in between. A shared counter gives each number to one request
 * only.
 */
#include <stdlib.h>

#include "common/memory.h"
#include "tests/chaos/judge.h"

/* What is known of a counter, while its history is read from the start. */
struct count {
    uint32_t value;   /* that the last acknowledged INCR told */
    uint32_t unknown; /* later ones that may have been executed */
    int loss;         /* the last one that took something */
};

struct audit {
    const struct trial *trial;
    struct verdict *verdict;
};

/* How many acknowledged INCR before the step may have been lost by `loss`. */
static uint32_t count_losable(const struct audit *audit, struct place place, int loss)
{
    const struct history *history = &audit->trial->histories[place.history];
    uint16_t slot = key_slot(history, place.key);
    uint32_t count = 0;

    for (size_t i = place.step; i-- > 0;) {
        const struct step *step = &history->steps[i];
        if (step->key != place.key || step->kind != STEP_INCR || !step_surely_ran(step)) {
            continue;
        }
        if (!loss_explains(&audit->trial->losses[loss], slot, step)) {
            break;
        }
        count++;
    }
    return count;
}

/* The counter is `missing` lower than its connection was told: did a loss take that? */
static bool is_lost(const struct audit *audit, struct place place, struct count *count,
                    uint32_t missing)
{
    for (int loss = count->loss + 1; loss < (int)audit->trial->loss_count; loss++) {
        if (count_losable(audit, place, loss) >= missing) {
            count->loss = loss;
            audit->verdict->lost += missing;
            return true;
        }
    }
    return false;
}

/* The counter was seen at `seen` with `own` of that by the step itself. */
static void judge_seen(const struct audit *audit, struct place place, struct count *count,
                       uint32_t seen)
{
    bool is_end = place.step == audit->trial->histories[place.history].count;
    uint32_t own = is_end ? 0 : 1;
    uint32_t least = count->value + own;

    if (seen > least + count->unknown) {
        verdict_add(audit->verdict, is_end ? RULE_TWICE : RULE_NUMBER, place,
                    "%u, but at most %u were sent", seen, least + count->unknown);
    } else if (seen >= least) {
        audit->verdict->took_place += seen - least;
    } else if (!is_lost(audit, place, count, least - seen)) {
        verdict_add(audit->verdict, is_end ? RULE_LOST : RULE_NUMBER, place,
                    "%u, but %u were acknowledged", seen, count->value);
    }
    /* Late ones may still come, if at all. */
    bool late = audit->trial->permission.may_delay;
    uint32_t seen_unknown = seen > least ? (uint32_t)size_min(seen - least, count->unknown) : 0;
    count->unknown = late ? count->unknown - seen_unknown : 0;
    count->value = seen;
}

static void judge_own(const struct audit *audit, size_t index)
{
    const struct history *history = &audit->trial->histories[index];
    struct count counts[OWN_KEYS];

    for (uint16_t key = 0; key < OWN_KEYS; key++) {
        counts[key] = (struct count){.loss = LOSS_NONE};
    }
    for (size_t i = 0; i < history->count; i++) {
        const struct step *step = &history->steps[i];
        if (step->kind != STEP_INCR || key_is_shared(step->key)) {
            continue;
        }
        struct count *count = &counts[step->key];
        if (step_surely_ran(step)) {
            judge_seen(audit, (struct place){index, i, step->key}, count, step->reply[0]);
        } else if (!step_surely_did_not_run(step)) {
            count->unknown++;
        }
    }
    for (int tag = 0; tag < OWN_TAGS; tag++) {
        uint16_t key = key_of(tag, ROLE_COUNTER);
        struct place end = {index, history->count, key};
        judge_seen(audit, end, &counts[key],
                   contents_of(audit->trial->contents, index, key)->number);
    }
}

/* A reply of a shared counter. */
struct shared_reply {
    uint32_t number;
    struct place place;
};

static int compare_replies(const void *left, const void *right)
{
    const struct shared_reply *a = left;
    const struct shared_reply *b = right;

    return (a->number > b->number) - (a->number < b->number);
}

struct shared_counter {
    struct shared_reply *replies;
    size_t count;
    size_t capacity;
    size_t unknown;
};

static void collect_step(struct shared_counter *counter, const struct step *step,
                         struct place place)
{
    if (!step_surely_ran(step)) {
        counter->unknown += !step_surely_did_not_run(step);
        return;
    }
    if (counter->count == counter->capacity) {
        counter->capacity = size_max(256, 2 * counter->capacity);
        counter->replies =
            memory_resize(counter->replies, counter->capacity, sizeof *counter->replies);
    }
    counter->replies[counter->count++] = (struct shared_reply){step->reply[0], place};
}

static void collect(const struct audit *audit, uint16_t key, struct shared_counter *counter)
{
    for (size_t i = 0; i < audit->trial->count; i++) {
        const struct history *history = &audit->trial->histories[i];
        for (size_t step = 0; step < history->count; step++) {
            if (history->steps[step].kind == STEP_INCR && history->steps[step].key == key) {
                collect_step(counter, &history->steps[step], (struct place){i, step, key});
            }
        }
    }
}

static void judge_shared(const struct audit *audit, uint16_t key)
{
    struct shared_counter counter = {0};
    uint32_t end = contents_of(audit->trial->contents, 0, key)->number;

    collect(audit, key, &counter);
    if (counter.count > 1) {
        qsort(counter.replies, counter.count, sizeof *counter.replies, compare_replies);
    }
    for (size_t i = 1; i < counter.count; i++) {
        if (counter.replies[i].number == counter.replies[i - 1].number) {
            verdict_add(audit->verdict, RULE_NUMBER, counter.replies[i].place,
                        "%u was told to two requests", counter.replies[i].number);
        }
    }
    struct place place = {0, audit->trial->histories[0].count, key};
    if (end < counter.count) {
        verdict_add(audit->verdict, RULE_LOST, place, "%u, but %zu were acknowledged", end,
                    counter.count);
    }
    if (end > counter.count + counter.unknown) {
        verdict_add(audit->verdict, RULE_TWICE, place, "%u, but at most %zu were sent", end,
                    counter.count + counter.unknown);
    }
    free(counter.replies);
}

void judge_counters(const struct trial *trial, struct verdict *verdict)
{
    struct audit audit = {trial, verdict};

    for (size_t i = 0; i < trial->count; i++) {
        judge_own(&audit, i);
    }
    for (int tag = OWN_TAGS; tag < TAGS && trial->count > 0; tag++) {
        uint16_t key = key_of(tag, ROLE_COUNTER);
        /* A number that was lost is told again. */
        if (!trial_lost_any(trial, key_slot(&trial->histories[0], key))) {
            judge_shared(&audit, key);
        }
    }
}
