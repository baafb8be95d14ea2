/* Registers and the last elements of lists: what a read may return.
 *
 *      writes of a key    SET 3 ok    SET 7 ok    SET 9 unknown    DEL 12 unknown
 *                                        ^ floor: the last that is known to have taken effect
 *      a read may return 7, 9 or nil; once it has returned 9, that is the floor
 *
 * Of shared keys only what is read is judged: somebody must have written it there.
 */
#include <stdlib.h>

#include "common/memory.h"
#include "tests/chaos/judge.h"

enum { BEFORE_ALL = -1 }; /* the floor of a key that was never written */

/* The writes of one key so far. */
struct writes {
    uint32_t *steps; /* their places in the history, but not those that were refused */
    int count;
    int capacity;
    int floor;
};

struct study {
    const struct trial *trial;
    struct verdict *verdict;
    size_t index;
    const struct history *history;
    struct writes keys[OWN_KEYS];
};

static bool is_nil(const struct study *study, const struct writes *writes, int at)
{
    return at == BEFORE_ALL || study->history->steps[writes->steps[at]].kind == STEP_DEL;
}

static uint32_t number_at(const struct study *study, const struct writes *writes, int at)
{
    return is_nil(study, writes, at) ? 0 : history_number(study->history, writes->steps[at]);
}

static void add_write(struct study *study, size_t place, uint16_t key)
{
    struct writes *writes = &study->keys[key];

    if (writes->count == writes->capacity) {
        writes->capacity = writes->capacity == 0 ? 64 : 2 * writes->capacity;
        writes->steps =
            memory_resize(writes->steps, (size_t)writes->capacity, sizeof *writes->steps);
    }
    writes->steps[writes->count++] = (uint32_t)place;
    if (step_surely_ran(&study->history->steps[place])) {
        writes->floor = writes->count - 1;
    }
}

/* The youngest write with that number. For nil there may be several: any one will do. */
static int find_write(const struct study *study, const struct writes *writes, uint32_t number)
{
    int at = writes->count - 1;

    while (at > BEFORE_ALL && number_at(study, writes, at) != number) {
        at--;
    }
    return at;
}

/* All acknowledged writes behind `at` must be excused by one and the same loss. */
static bool is_lost(const struct study *study, uint16_t key, int at)
{
    const struct writes *writes = &study->keys[key];
    uint16_t slot = key_slot(study->history, key);

    for (size_t i = 0; i < study->trial->loss_count; i++) {
        bool explained = true;
        for (int later = at + 1; later <= writes->floor; later++) {
            const struct step *step = &study->history->steps[writes->steps[later]];
            explained &=
                !step_surely_ran(step) || loss_explains(&study->trial->losses[i], slot, step);
        }
        if (explained) {
            return true;
        }
    }
    return false;
}

/* Has the read overtaken every write behind `at`? */
static bool has_overtaken(const struct study *study, struct place place, int at)
{
    const struct writes *writes = &study->keys[place.key];
    const struct step *steps = study->history->steps;
    bool all = place.step < study->history->count;

    for (int later = at + 1; all && later <= writes->floor; later++) {
        all = trial_may_overtake(study->trial, &steps[place.step], &steps[writes->steps[later]]);
    }
    return all;
}

/* The write at `at` was overtaken by the floor, and so took effect after it. */
static bool was_overtaken(const struct study *study, const struct writes *writes, int at)
{
    const struct step *steps = study->history->steps;

    return at != BEFORE_ALL &&
           trial_may_overtake(study->trial, &steps[writes->steps[writes->floor]],
                              &steps[writes->steps[at]]);
}

static bool was_delayed(const struct study *study, const struct writes *writes, int at)
{
    return at != BEFORE_ALL && study->trial->permission.may_delay &&
           !step_surely_ran(&study->history->steps[writes->steps[at]]);
}

static void judge_stale(struct study *study, struct place place, int at)
{
    struct writes *writes = &study->keys[place.key];

    if (was_delayed(study, writes, at)) {
        study->verdict->delayed++;
    } else if (has_overtaken(study, place, at)) {
        study->verdict->overtaken++;
    } else if (was_overtaken(study, writes, at)) {
        study->verdict->overtaken++;
        add_write(study, writes->steps[at], place.key);
        writes->floor = writes->count - 1;
    } else if (is_lost(study, place.key, at)) {
        /* What is gone of a list is counted where lists are judged. */
        study->verdict->lost +=
            key_role_of(place.key) < ROLE_REGISTER_X ? 0 : (uint64_t)(writes->floor - at);
        writes->count = at + 1;
        writes->floor = at;
    } else {
        verdict_add(study->verdict, RULE_STALE, place, "read %u, after %u had been written",
                    number_at(study, writes, at), number_at(study, writes, writes->floor));
    }
}

/* The read returned a number that no write before it has. */
static void judge_strange(struct study *study, struct place place, uint32_t number)
{
    bool is_end = place.step == study->history->count;
    const struct step *read = is_end ? NULL : &study->history->steps[place.step];
    const struct step *step = history_find(study->history, number);
    bool is_later = !is_end && step != NULL && step > read;

    if (is_later && trial_may_overtake(study->trial, step, read)) {
        study->verdict->overtaken++;
    } else {
        bool refused = step != NULL && step_surely_did_not_run(step);
        verdict_add(study->verdict,
                    refused    ? RULE_GHOST
                    : is_later ? RULE_SLOT_ORDER
                               : RULE_INVENTED,
                    place, "read %u", number);
    }
}

/* A read of an own key returned `number`. */
static void judge_read(struct study *study, struct place place, uint32_t number)
{
    struct writes *writes = &study->keys[place.key];
    int at = find_write(study, writes, number);

    if (number_at(study, writes, at) != number) {
        judge_strange(study, place, number);
    } else if (at < writes->floor) {
        judge_stale(study, place, at);
    } else if (at > writes->floor) {
        study->verdict->took_place++;
        writes->floor = at;
    }
}

/* Can the key be there, can it be absent? By its floor and what may have been executed since. */
static void add_bounds(const struct study *study, uint16_t key, uint32_t *least, uint32_t *most)
{
    const struct writes *writes = &study->keys[key];
    bool may_be = false;
    bool may_not_be = trial_lost_any(study->trial, key_slot(study->history, key));

    may_be |= may_not_be || study->trial->permission.may_delay;
    may_not_be |= study->trial->permission.may_delay;
    for (int at = writes->floor; at < writes->count; at++) {
        *(is_nil(study, writes, at) ? &may_not_be : &may_be) = true;
    }
    *least += !may_not_be;
    *most += may_be;
}

/* EXISTS and DEL tell how many of the keys were there. */
static void judge_number(struct study *study, struct place place, const struct step *step)
{
    uint32_t least = 0;
    uint32_t most = 0;

    for (int i = 0; i < step_width(step); i++) {
        add_bounds(study, step_key(step, i), &least, &most);
    }
    if (step->reply[0] >= least && step->reply[0] <= most) {
        return;
    }
    if (study->trial->permission.may_overtake && step->reach == REACH_SLOT) {
        study->verdict->overtaken++;
    } else {
        verdict_add(study->verdict, RULE_NUMBER, place, "%u keys; %u to %u were there",
                    step->reply[0], least, most);
    }
}

static void judge_writer(struct study *study, struct place place, const struct step *step)
{
    for (int i = 0; i < step_width(step) && !step_surely_did_not_run(step); i++) {
        add_write(study, place.step, step_key(step, i));
    }
}

static void judge_reads(struct study *study, struct place place, const struct step *step)
{
    for (int i = 0; i < step_width(step); i++) {
        place.key = step_key(step, i);
        judge_read(study, place, step->reply[i]);
    }
}

/* Somebody must have written there what was read from a shared key. */
static void judge_shared_read(struct study *study, struct place place, const struct step *step)
{
    for (size_t i = 0; i < study->trial->count && step->reply[0] != 0; i++) {
        const struct history *history = &study->trial->histories[i];
        const struct step *writer = history_find(history, step->reply[0]);
        if (history->client == step->reply[1] && writer != NULL && step_writes(writer) &&
            writer->key == step->key) {
            if (step_surely_did_not_run(writer)) {
                verdict_add(study->verdict, RULE_GHOST, place, "read %u of client %u",
                            step->reply[0], step->reply[1]);
            }
            return;
        }
    }
    if (step->reply[0] != 0) {
        verdict_add(study->verdict, RULE_INVENTED, place, "read %u of client %u", step->reply[0],
                    step->reply[1]);
    }
}

static void judge_step(struct study *study, size_t at)
{
    const struct step *step = &study->history->steps[at];
    struct place place = {study->index, at, step->key};
    bool shared = key_is_shared(step->key);

    switch ((enum step_kind)step->kind) {
    case STEP_GET:
    case STEP_TAIL:
    case STEP_MGET:
        if (step_surely_ran(step)) {
            (shared ? judge_shared_read : judge_reads)(study, place, step);
        }
        return;
    case STEP_DEL:
    case STEP_EXISTS:
        if (step_surely_ran(step)) {
            judge_number(study, place, step);
        }
        if (step->kind == STEP_DEL) {
            judge_writer(study, place, step);
        }
        return;
    case STEP_PUSH:
    case STEP_SCRIPT_PUSH:
    case STEP_CROSS_PUSH:
    case STEP_SET:
    case STEP_MSET:
        if (!shared) {
            judge_writer(study, place, step);
        }
        return;
    case STEP_APPEND:
    case STEP_INCR:
    case STEP_KIND_COUNT: return;
    }
}

/* What registers hold in the end is one more read. */
static void judge_end(struct study *study)
{
    for (uint16_t key = 0; key < OWN_KEYS; key++) {
        const struct content *content = contents_of(study->trial->contents, study->index, key);
        struct place place = {study->index, study->history->count, key};
        if (key_role_of(key) < ROLE_REGISTER_X) {
            continue;
        }
        if (content->is_torn || content->count > 1 ||
            (content->count == 1 && (content->tokens[0].client != study->history->client ||
                                     content->tokens[0].key != key))) {
            verdict_add(study->verdict, RULE_INVENTED, place, "at the end");
            continue;
        }
        judge_read(study, place, content->count == 0 ? 0 : content->tokens[0].number);
    }
}

void judge_registers(const struct trial *trial, struct verdict *verdict)
{
    for (size_t i = 0; i < trial->count; i++) {
        struct study study = {
            .trial = trial, .verdict = verdict, .index = i, .history = &trial->histories[i]};
        for (size_t key = 0; key < OWN_KEYS; key++) {
            study.keys[key].floor = BEFORE_ALL;
        }
        for (size_t step = 0; step < study.history->count; step++) {
            judge_step(&study, step);
        }
        judge_end(&study);
        for (size_t key = 0; key < OWN_KEYS; key++) {
            free(study.keys[key].steps);
        }
    }
}
