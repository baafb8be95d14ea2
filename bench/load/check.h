/* check.h - is this what had to be answered? Byte by byte as it comes, nothing kept, nothing twice.
 *
 *      AT_LINE ──as expected, with a value──> IN_VALUE ──> AT_END ─┐
 *       ^  │  └─as expected, no value──────────────────────────────┼─> next step, or the unit ends
 *       │  └────anything else──> SKIPPING to the end of that reply─┘
 *       └───────────────────────────────────────────────────────────
 *
 * Replies are taken apart into steps as work.h says. A step that is not what it had to be makes its
 * unit wrong, and the check goes on behind it; only bytes that are no RESP2 end it. One thread.
 */
#ifndef BENCH_LOAD_CHECK_H
#define BENCH_LOAD_CHECK_H

#include "bench/load/work.h"

enum { CHECK_LINE_MAX = 160, CHECK_REMARK_MAX = 256 };

/* What is said of a unit; of several faults the first one counts. */
enum verdict {
    VERDICT_RIGHT,
    VERDICT_MOVED, /* its node says that another one serves the slot */
    VERDICT_ERROR, /* an error reply */
    VERDICT_WRONG, /* any other reply than the one that was due */
    VERDICT_LOST,  /* the connection ended before the reply */
};

enum check_state { CHECK_AT_LINE, CHECK_IN_VALUE, CHECK_AT_END, CHECK_SKIPPING };

enum check_result {
    CHECK_MORE,   /* all bytes are used, and the unit is not over */
    CHECK_STEP,   /* a step ended, and it is not over */
    CHECK_UNIT,   /* it is over */
    CHECK_BROKEN, /* the bytes are no RESP2 */
};

/* Zero-initialise; check_begin before each unit. */
struct check {
    enum check_state state;
    enum verdict verdict;
    uint32_t step;
    struct expectation expected;
    size_t at;            /* bytes of the value, or of its end, that have come */
    size_t skip_bytes;    /* SKIPPING: of a value and its end */
    uint64_t skip_values; /* SKIPPING: behind those */
    size_t line_size;
    char line[CHECK_LINE_MAX];     /* the beginning of a line whose end has not come */
    char remark[CHECK_REMARK_MAX]; /* what was not right */
};

/* Before the first byte of the replies to `unit`. */
static inline void check_begin(struct check *check, const struct work *work,
                               const struct unit *unit)
{
    check->state = CHECK_AT_LINE;
    check->verdict = VERDICT_RIGHT;
    check->step = 0;
    check->line_size = 0;
    check->expected = work_expectation(work, unit, 0);
}

/* Uses bytes from the front of *input, up to the end of one step at most. `unit` is the one that
 * check_begin was told. */
enum check_result check_feed(struct check *check, const struct work *work, const struct unit *unit,
                             struct span *input) MUST_USE;

#endif
