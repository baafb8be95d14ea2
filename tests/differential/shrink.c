#include <stdlib.h>

#include "common/memory.h"
#include "tests/differential/finding.h"

enum { TRIALS_MAX = 400 };

struct shrinking {
    const struct finding *finding;
    size_t *kept; /* calls by their index, the different one last */
    size_t count;
    unsigned trials;
};

/* Is the last of these calls answered differently, and none before? */
static bool shows(struct shrinking *shrinking, const size_t *calls, size_t count)
{
    const struct finding *finding = shrinking->finding;
    struct line *line = line_open(finding->sides, finding->protocol);
    struct stream stream = {0};
    struct tally tally = {0};

    shrinking->trials++;
    if (line == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        stream_copy_call(&stream, finding->exam->stream, calls[i]);
    }
    line_learn_keys(line, &stream, 0, count);
    struct exam exam = {.line = line, .stream = &stream, .tally = &tally};
    bool shown = exam_take(&exam, 0, count) == count - 1;
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
        if (i < from || i >= from + size) {
            rest[count++] = shrinking->kept[i];
        }
    }
    bool shown = shows(shrinking, rest, count);
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
        while (at + size < shrinking->count && shrinking->trials < TRIALS_MAX) {
            if (!shows_without(shrinking, at, size)) {
                at += size;
            }
        }
    }
}

/* The calls of the same keys, and those without keys; or all. */
static void choose(struct shrinking *shrinking, bool all)
{
    const struct stream *stream = shrinking->finding->exam->stream;
    size_t last = shrinking->finding->index;

    shrinking->count = 0;
    for (size_t i = 0; i <= last; i++) {
        const struct call *call = &stream->calls[i];
        if (all || i == last || stream_share_key(stream, call, &stream->calls[last])) {
            shrinking->kept[shrinking->count++] = i;
        }
    }
}

size_t *finding_shrink(const struct finding *finding, size_t *count)
{
    struct shrinking shrinking = {.finding = finding};

    shrinking.kept = memory_new(finding->index + 1, sizeof *shrinking.kept);
    choose(&shrinking, false);
    bool shown = shows(&shrinking, shrinking.kept, shrinking.count);
    if (!shown) {
        choose(&shrinking, true);
        shown = shows(&shrinking, shrinking.kept, shrinking.count);
    }
    if (shown) {
        leave_out(&shrinking);
    } else {
        shrinking.count = 0;
    }
    *count = shrinking.count;
    return shrinking.kept;
}
