#include "tests/differential/round.h"

#include <stdio.h>

#include "tests/differential/finding.h"
#include "tests/differential/maker.h"

enum { BATCH = 64 };

/* Commands for one batch, at least one; whatever belongs together stays together. */
static void make_batch(struct maker *maker, uint32_t limit)
{
    size_t from = maker->stream->count;
    size_t end = from + dice_between(&maker->dice, 1, BATCH);

    do {
        maker_add(maker);
    } while (maker->stream->count < size_min(end, limit));
    for (size_t i = from; i < maker->stream->count; i++) {
        maker->stream->calls[i].batch = (uint32_t)from;
    }
}

static bool round_take(const struct round *round, struct exam *exam, struct maker *maker)
{
    uint32_t length = round->settings->length;

    while (exam->stream->count < length) {
        size_t from = exam->stream->count;
        make_batch(maker, length);
        size_t end = exam->stream->count;
        line_learn_keys(exam->line, exam->stream, from, end);
        size_t reached = exam_take(exam, from, end);
        if (reached < end) {
            finding_report(&(struct finding){round->sides, round->settings, round->protocol,
                                             round->number, exam, reached});
            exam->tally->findings++;
            return false;
        }
    }
    return true;
}

bool round_run(const struct round *round, struct tally *tally)
{
    struct stream stream = {0};
    struct dice dice = dice_of(round->settings->seed, round->number);
    struct maker maker = maker_of(dice, &stream, round->groups);
    struct exam exam = {.stream = &stream, .tally = tally};

    exam.line = line_open(round->sides, round->protocol);
    if (exam.line == NULL) {
        printf("DIFFERENT: slotway cannot be emptied, or does not speak RESP%u\n",
               (unsigned)round->protocol);
        tally->findings++;
        return false;
    }
    bool well = round_take(round, &exam, &maker);
    line_close(&exam.line);
    exam_clear(&exam);
    stream_clear(&stream);
    return well;
}
