/* judge.h - are two replies to one command the same, as far as they have to be? Pure. */
#ifndef TESTS_DIFFERENTIAL_JUDGE_H
#define TESTS_DIFFERENTIAL_JUDGE_H

#include "tests/differential/stream.h"

/* How replies that are not equal may be alike. */
enum likeness {
    LIKENESS_UNORDERED, /* the same elements */
    LIKENESS_PAIRS,     /* the same pairs of elements */
    LIKENESS_LEAVES,    /* the same in any order, at any depth */
    LIKENESS_SECONDS,   /* numbers of zero and more may differ by a minute */
    LIKENESS_MILLIS,    /* likewise, in milliseconds */
    LIKENESS_SHAPE,     /* types and numbers of elements */
    LIKENESS_WITHIN,    /* of the same shape, and of what each server said just before */
    LIKENESS_ITERATION, /* a whole iteration: the same elements, repeated or not */
};

enum { DIFFERENT = -2, EQUAL = -1 };

/* What both servers said. */
struct answers {
    struct span twin;
    struct span slotway;
};

/* EQUAL, DIFFERENT, or the number of the exception that excuses `now`; `before` are the answers to
 * the call before. */
int judge(const struct stream *stream, const struct call *call, struct answers now,
          struct answers before);

/* Likewise for EXEC, whose replies are those of the `queued` calls, each by its index. */
int judge_exec(const struct stream *stream, const struct words *queued, struct answers now);

/* Is it a call of an iteration: is a cursor at word `*cursor`? */
bool judge_iterates(const struct stream *stream, const struct call *call, size_t *cursor);

/* Are the elements of two whole iterations the same? As judge() says it. */
int judge_iterations(const struct stream *stream, const struct call *call, struct answers all);

/* What is done with a command whose keys are of several slots. */
enum crossing {
    CROSSING_ALLOWED, /* both sides are asked */
    CROSSING_REFUSED, /* slotway has to refuse it, and its twin would obey */
    CROSSING_UNSAID,  /* nobody is asked */
};

/* For a command whose keys are of several slots. */
enum crossing judge_crossing(const struct stream *stream, const struct call *call);

/* How many exceptions there are. */
int judge_exceptions(void);

/* "SMEMBERS: sets are hash tables …" */
void judge_print_exception(int exception, struct bytes *text);

#endif
