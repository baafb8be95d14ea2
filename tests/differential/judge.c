#include "tests/differential/judge.h"

#include <stdlib.h>

#include "common/check.h"
#include "tests/differential/reply.h"

enum { MINUTE_SECONDS = 60, MINUTE_MS = 60000 };

struct reply_exception {
    const char *command;
    enum likeness likeness;
    const char *reason;
};

struct error_exception {
    const char *twin;
    const char *slotway;
    const char *reason;
};

static const struct reply_exception replies[] = {
#define REPLY(command, likeness, reason) {(command), LIKENESS_##likeness, (reason)},
#define ERROR(...)
#define ACROSS(...)
#define ALONE(...)
#include "tests/differential/exceptions.def"
};

static const struct error_exception errors[] = {
#define REPLY(...)
#define ERROR(twin, slotway, reason) {(twin), (slotway), (reason)},
#define ACROSS(...)
#define ALONE(...)
#include "tests/differential/exceptions.def"
};

static const char *const across[] = {
#define REPLY(...)
#define ERROR(...)
#define ACROSS(command) (command),
#define ALONE(...)
#include "tests/differential/exceptions.def"
};

static const char *const alone[] = {
#define REPLY(...)
#define ERROR(...)
#define ACROSS(...)
#define ALONE(command, reason) (command),
#include "tests/differential/exceptions.def"
};

static int compare_spans(const void *left, const void *right)
{
    const struct span *a = left;
    const struct span *b = right;
    int order = memcmp(a->at, b->at, size_min(a->size, b->size));

    return order != 0 ? order : (a->size > b->size) - (a->size < b->size);
}

static void sort(struct parts *parts)
{
    if (parts->count > 0) {
        qsort(parts->items, parts->count, sizeof *parts->items, compare_spans);
    }
}

static bool parts_equal(const struct parts *a, const struct parts *b)
{
    bool same = a->count == b->count;

    for (size_t i = 0; same && i < a->count; i++) {
        same = span_equal(a->items[i], b->items[i]);
    }
    return same;
}

/* Element 2n and 2n + 1 become one; an odd one stays. */
static void join_pairs(struct parts *parts)
{
    size_t pairs = parts->count / 2;

    for (size_t i = 0; i < pairs; i++) {
        const struct span *first = &parts->items[2 * i];
        parts->items[i] = (struct span){first[0].at, first[0].size + first[1].size};
    }
    if (parts->count % 2 != 0) {
        parts->items[pairs] = parts->items[parts->count - 1];
    }
    parts->count = pairs + parts->count % 2;
}

static void drop_repeated(struct parts *parts)
{
    size_t kept = 0;

    for (size_t i = 0; i < parts->count; i++) {
        if (kept == 0 || !span_equal(parts->items[kept - 1], parts->items[i])) {
            parts->items[kept++] = parts->items[i];
        }
    }
    parts->count = kept;
}

static bool same_elements(struct answers now, enum likeness likeness)
{
    struct parts a = {0};
    struct parts b = {0};
    bool same = now.twin.at[0] == now.slotway.at[0] && reply_elements(now.twin, &a) &&
                reply_elements(now.slotway, &b);

    if (same && likeness == LIKENESS_PAIRS) {
        join_pairs(&a);
        join_pairs(&b);
    }
    sort(&a);
    sort(&b);
    same = same && parts_equal(&a, &b);
    parts_clear(&a);
    parts_clear(&b);
    return same;
}

static bool same_leaves(struct answers now)
{
    struct parts a = {0};
    struct parts b = {0};

    reply_leaves(now.twin, &a);
    reply_leaves(now.slotway, &b);
    sort(&a);
    sort(&b);
    bool same = parts_equal(&a, &b) && now.twin.size == now.slotway.size &&
                now.twin.at[0] == now.slotway.at[0];
    parts_clear(&a);
    parts_clear(&b);
    return same;
}

static bool is_near(struct span twin, struct span slotway, int64_t most)
{
    int64_t a;
    int64_t b;

    if (!reply_number(twin, &a) || !reply_number(slotway, &b) || a < 0 || b < 0) {
        return span_equal(twin, slotway);
    }
    int64_t apart = a > b ? a - b : b - a;
    return apart <= most;
}

static bool all_near(struct answers now, int64_t most)
{
    struct parts a = {0};
    struct parts b = {0};

    reply_leaves(now.twin, &a);
    reply_leaves(now.slotway, &b);
    bool near = reply_same_shape(now.twin, now.slotway);
    for (size_t i = 0; near && i < a.count; i++) {
        near = is_near(a.items[i], b.items[i], most);
    }
    parts_clear(&a);
    parts_clear(&b);
    return near;
}

/* Is all that `reply` says in `before`? */
static bool is_within(struct span reply, struct span before)
{
    struct parts said = {0};
    struct parts known = {0};
    bool within = true;

    reply_leaves(reply, &said);
    reply_leaves(before, &known);
    sort(&known);
    for (size_t i = 0; within && i < said.count; i++) {
        within = known.count > 0 && bsearch(&said.items[i], known.items, known.count,
                                            sizeof *known.items, compare_spans) != NULL;
    }
    parts_clear(&said);
    parts_clear(&known);
    return within;
}

static bool are_alike(enum likeness likeness, struct answers now, struct answers before)
{
    switch (likeness) {
    case LIKENESS_UNORDERED:
    case LIKENESS_PAIRS: return same_elements(now, likeness);
    case LIKENESS_LEAVES: return same_leaves(now);
    case LIKENESS_SECONDS: return all_near(now, MINUTE_SECONDS);
    case LIKENESS_MILLIS: return all_near(now, MINUTE_MS);
    case LIKENESS_SHAPE: return reply_same_shape(now.twin, now.slotway);
    case LIKENESS_WITHIN:
        return reply_same_shape(now.twin, now.slotway) && is_within(now.twin, before.twin) &&
               is_within(now.slotway, before.slotway);
    case LIKENESS_ITERATION: return false;
    }
    return false;
}

static bool is_like(struct span reply, const char *pattern)
{
    struct span line = {reply.at, reply.size - 2};

    return span_glob(span_of(pattern), line);
}

int judge(const struct stream *stream, const struct call *call, struct answers now,
          struct answers before)
{
    CHECK(now.twin.size > 2 && now.slotway.size > 2);
    if (span_equal(now.twin, now.slotway)) {
        return EQUAL;
    }
    for (int i = 0; i < (int)ARRAY_LEN(replies); i++) {
        if (stream_call_is(stream, call, replies[i].command) &&
            are_alike(replies[i].likeness, now, before)) {
            return i;
        }
    }
    for (int i = 0; i < (int)ARRAY_LEN(errors); i++) {
        if (is_like(now.twin, errors[i].twin) && is_like(now.slotway, errors[i].slotway)) {
            return (int)ARRAY_LEN(replies) + i;
        }
    }
    return DIFFERENT;
}

int judge_exec(const struct stream *stream, const struct words *queued, struct answers now)
{
    struct parts a = {0};
    struct parts b = {0};
    int verdict = span_equal(now.twin, now.slotway) ? EQUAL : DIFFERENT;

    if (verdict == DIFFERENT && reply_elements(now.twin, &a) && reply_elements(now.slotway, &b) &&
        a.count == queued->count && b.count == queued->count) {
        verdict = EQUAL;
        for (size_t i = 0; verdict != DIFFERENT && i < queued->count; i++) {
            struct answers element = {a.items[i], b.items[i]};
            const struct call *call = &stream->calls[queued->items[i].at];
            int said = judge(stream, call, element, element);
            verdict = said == EQUAL ? verdict : said;
        }
    }
    parts_clear(&a);
    parts_clear(&b);
    return verdict;
}

/* The row of an iteration, or DIFFERENT. */
static int iteration_row(const struct stream *stream, const struct call *call)
{
    for (int i = 0; i < (int)ARRAY_LEN(replies); i++) {
        if (replies[i].likeness == LIKENESS_ITERATION &&
            stream_call_is(stream, call, replies[i].command)) {
            return i;
        }
    }
    return DIFFERENT;
}

bool judge_iterates(const struct stream *stream, const struct call *call, size_t *cursor)
{
    *cursor = stream_call_is(stream, call, "SCAN") ? 1 : 2;
    return iteration_row(stream, call) != DIFFERENT && call->count > *cursor &&
           !call->was_changed && span_equal(stream_word(stream, call, *cursor), SPAN("0"));
}

int judge_iterations(const struct stream *stream, const struct call *call, struct answers all)
{
    struct parts a = {0};
    struct parts b = {0};
    bool has_pairs = stream_call_is(stream, call, "HSCAN") || stream_call_is(stream, call, "ZSCAN");

    reply_leaves(all.twin, &a);
    reply_leaves(all.slotway, &b);
    if (has_pairs) {
        join_pairs(&a);
        join_pairs(&b);
    }
    sort(&a);
    sort(&b);
    drop_repeated(&a);
    drop_repeated(&b);
    bool same = parts_equal(&a, &b);
    parts_clear(&a);
    parts_clear(&b);
    return same ? iteration_row(stream, call) : DIFFERENT;
}

static bool is_one_of(const struct stream *stream, const struct call *call,
                      const char *const *commands, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (stream_call_is(stream, call, commands[i])) {
            return true;
        }
    }
    return false;
}

enum crossing judge_crossing(const struct stream *stream, const struct call *call)
{
    if (is_one_of(stream, call, across, ARRAY_LEN(across))) {
        return CROSSING_ALLOWED;
    }
    /* What is wrong in several ways at once may be refused for any of them. */
    return call->was_changed || is_one_of(stream, call, alone, ARRAY_LEN(alone)) ? CROSSING_UNSAID
                                                                                 : CROSSING_REFUSED;
}

int judge_exceptions(void)
{
    return (int)(ARRAY_LEN(replies) + ARRAY_LEN(errors));
}

void judge_print_exception(int exception, struct bytes *text)
{
    if (exception < (int)ARRAY_LEN(replies)) {
        bytes_print(text, "%s: %s", replies[exception].command, replies[exception].reason);
    } else {
        bytes_print(text, "%s: %s", errors[exception - (int)ARRAY_LEN(replies)].slotway,
                    errors[exception - (int)ARRAY_LEN(replies)].reason);
    }
}
