#include "tests/differential/exam.h"

#include <stdlib.h>

#include "common/check.h"
#include "tests/differential/judge.h"
#include "tests/differential/reply.h"

static void keep_said(struct exam *exam, struct answers now)
{
    for (enum side side = 0; side < SIDE_COUNT; side++) {
        struct span reply = side == SIDE_TWIN ? now.twin : now.slotway;
        exam->said[side].size = 0;
        bytes_add(&exam->said[side], reply.at, reply.size);
    }
}

/* Counts, and keeps what was said if that is different; false then. */
static bool note(struct exam *exam, const struct call *call, struct answers now, int verdict)
{
    CHECK(judge_exceptions() <= EXCEPTIONS_MAX);
    exam->tally->calls[call->shape->group]++;
    exam->tally->errors += reply_is_error(now.twin);
    if (verdict >= 0) {
        exam->tally->excused[verdict]++;
    }
    if (verdict == DIFFERENT) {
        keep_said(exam, now);
    }
    return verdict != DIFFERENT;
}

static int judge_one(struct exam *exam, size_t index, struct answers now, struct answers before)
{
    const struct call *call = &exam->stream->calls[index];

    if (span_equal(now.twin, SPAN("+QUEUED\r\n"))) {
        words_add(&exam->queued, (struct word){.at = index});
    } else if (stream_call_is(exam->stream, call, "MULTI") && !reply_is_error(now.twin)) {
        exam->queued.count = 0;
    } else if (stream_call_is(exam->stream, call, "EXEC")) {
        return judge_exec(exam->stream, &exam->queued, now);
    }
    return judge(exam->stream, call, now, before);
}

static struct answers answers_at(const struct exam *exam, size_t index)
{
    return (struct answers){replies_at(&exam->replies[SIDE_TWIN], index),
                            replies_at(&exam->replies[SIDE_SLOTWAY], index)};
}

/* Calls without an iteration among them. */
static size_t take_some(struct exam *exam, size_t from, size_t end)
{
    line_exchange(exam->line, exam->stream, from, end, exam->replies);
    for (size_t i = from; i < end; i++) {
        struct answers now = answers_at(exam, i - from);
        struct answers before = i == from ? now : answers_at(exam, i - from - 1);
        int verdict = judge_one(exam, i, now, before);
        if (!note(exam, &exam->stream->calls[i], now, verdict)) {
            return i;
        }
    }
    return end;
}

/* True when both sides' iterations give the same. */
static bool take_iteration(struct exam *exam, size_t index, size_t cursor)
{
    const struct call *call = &exam->stream->calls[index];
    bool well = line_iterate(exam->line, exam->stream, index, cursor, exam->replies);
    struct answers now = answers_at(exam, 0);
    int verdict = EQUAL;

    if (!span_equal(now.twin, now.slotway)) {
        verdict = well ? judge_iterations(exam->stream, call, now) : DIFFERENT;
    }
    return note(exam, call, now, verdict);
}

static size_t take_batch(struct exam *exam, size_t from, size_t end)
{
    size_t cursor;

    for (size_t i = from; i < end; i++) {
        if (!judge_iterates(exam->stream, &exam->stream->calls[i], &cursor)) {
            continue;
        }
        size_t reached = take_some(exam, from, i);
        if (reached < i || !take_iteration(exam, i, cursor)) {
            return reached;
        }
        from = i + 1;
    }
    return take_some(exam, from, end);
}

size_t exam_take(struct exam *exam, size_t from, size_t end)
{
    const struct call *calls = exam->stream->calls;

    while (from < end) {
        size_t next = from + 1;
        while (next < end && calls[next].batch == calls[from].batch) {
            next++;
        }
        from = take_batch(exam, from, next);
        if (from < next) {
            return from;
        }
    }
    return end;
}

void exam_clear(struct exam *exam)
{
    for (enum side side = 0; side < SIDE_COUNT; side++) {
        replies_clear(&exam->replies[side]);
        bytes_clear(&exam->said[side]);
    }
    free(exam->queued.items);
    exam->queued = (struct words){0};
}
