/* cases.h - what a micro benchmark is: a table of small pieces of work that are timed or counted.
 *
 *      micro_scan                    nanoseconds of each case
 *      micro_scan --list             the names of the cases
 *      micro_scan --count            each case as often as its row says, for callgrind
 *      micro_scan --count N CASE     one case, exactly N times
 *
 * What is counted happens inside of one function, micro_counted, and nothing else does: callgrind
 * is told to look at that function alone, so start and preparation fall out.
 */
#ifndef BENCH_MICRO_SUPPORT_CASES_H
#define BENCH_MICRO_SUPPORT_CASES_H

#include "common/base.h"

enum { CASE_CALLS = 1000 }; /* where a call does not take long */

typedef void case_work(const void *argument);

struct bench_case {
    const char *name;
    case_work *work;
    const void *argument;
    uint32_t calls; /* how many are counted */
};

/* What main returns. Borrows `cases`. */
int cases_main(int argc, char **argv, const struct bench_case *cases, size_t count);

#endif
