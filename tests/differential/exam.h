/* exam.h - calls are said to both sides, and the replies judged, until one is different.
 *
 * Main thread.
 */
#ifndef TESTS_DIFFERENTIAL_EXAM_H
#define TESTS_DIFFERENTIAL_EXAM_H

#include "tests/differential/line.h"

enum { EXCEPTIONS_MAX = 64 };

/* How often what was seen, over all rounds. */
struct tally {
    uint64_t calls[GROUP_COUNT];
    uint64_t excused[EXCEPTIONS_MAX];
    uint64_t errors; /* replies of the twin that are errors */
    uint64_t findings;
};

/* An exam over one line; zero but for line, stream and tally. */
struct exam {
    struct line *line;
    struct stream *stream;
    struct tally *tally;
    struct replies replies[SIDE_COUNT];
    struct words queued;           /* calls of the transaction, by index */
    struct bytes said[SIDE_COUNT]; /* to the call that was answered differently */
};

/* Says the calls from `from` to before `end`, batch by batch; returns the first one whose answers
 * differ, or `end`. Their keys are known. */
size_t exam_take(struct exam *exam, size_t from, size_t end);

void exam_clear(struct exam *exam);

#endif
