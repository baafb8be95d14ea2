#include <stdlib.h>

#include "common/memory.h"
#include "tests/differential/finding.h"

enum { TRIALS_MAX = 400 };

struct shrinking {
    const struct finding *finding;
    size_t *kept; /* calls by their index */
    size_t count;
    unsigned trials;
};

/* Is the finding's call, which is one of these, answered differently, and none before? */
static bool shows(struct shrinking *shrinking, const size_t *calls, size_t count)
{
    const struct finding *finding = shrinking->finding;
    struct line *line = line_open(finding->sides, finding->protocol);
    struct stream stream = {0};
    struct tally tally = {0};
    size_t place = 0;

    shrinking->trials++;
    if (line == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        stream_copy_call(&stream, finding->exam->stream, calls[i]);
        place = calls[i] == finding->index ? i : place;
    }
    line_learn_keys(line, &stream, 0, count);
    struct exam exam = {.line = line, .stream = &stream, .tally = &tally};
    bool shown = exam_take(&exam, 0, count) == place;
    exam_clear(&exam);
    stream_clear(&stream);
    line_close(&line);
    return shown;
}

static bool shows_without(struct shrinking *shrinking, size_t from, size_t size)
{
    size_t *rest = memory_new(shrinking->count, sizeof *rest);
    size_t count = 0;

    for (size_t i = 0; i < shrinking->count; i++) {
        bool is_it = shrinking->kept[i] == shrinking->finding->index;
        if (i < from || i >= from + size || is_it) {
            rest[count++] = shrinking->kept[i];
        }
    }
    bool shown = count < shrinking->count && shows(shrinking, rest, count);
    if (shown) {
        memcpy(shrinking->kept, rest, count * sizeof *rest);
        shrinking->count = count;
    }
    free(rest);
    return shown;
}

/* Tries to do without runs of calls: first half of them, in the end one. */
static void leave_out(struct shrinking *shrinking)
{
    for (size_t size = shrinking->count / 2; size > 0; size /= 2) {
        size_t at = 0;
        while (at < shrinking->count && shrinking->trials < TRIALS_MAX) {
            if (!shows_without(shrinking, at, size)) {
                at += size;
            }
        }
    }
}

enum scope { SCOPE_KEYS, SCOPE_BEFORE, SCOPE_BATCH };

/* The calls of the same keys; all calls before; and those that were sent at once with it, too. */
static bool choose(struct shrinking *shrinking, enum scope scope)
{
    const struct stream *stream = shrinking->finding->exam->stream;
    size_t last = shrinking->finding->index;
    size_t end = scope == SCOPE_BATCH ? stream->count : last + 1;

    shrinking->count = 0;
    for (size_t i = 0; i < end; i++) {
        const struct call *call = &stream->calls[i];
        if (scope != SCOPE_KEYS || i == last ||
            stream_share_key(stream, call, &stream->calls[last])) {
            shrinking->kept[shrinking->count++] = i;
        }
    }
    return shows(shrinking, shrinking->kept, shrinking->count);
}

size_t *finding_shrink(const struct finding *finding, size_t *count)
{
    struct shrinking shrinking = {.finding = finding};

    shrinking.kept = memory_new(finding->exam->stream->count, sizeof *shrinking.kept);
    if (choose(&shrinking, SCOPE_KEYS) || choose(&shrinking, SCOPE_BEFORE) ||
        choose(&shrinking, SCOPE_BATCH)) {
        leave_out(&shrinking);
    } else {
        shrinking.count = 0;
    }
    *count = shrinking.count;
    return shrinking.kept;
}
