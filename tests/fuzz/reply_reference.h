/* reply_reference.h - where a reply ends, written as plainly as can be: everything is there at
 * once, and nothing has to be fast.
 */
#ifndef TESTS_FUZZ_REPLY_REFERENCE_H
#define TESTS_FUZZ_REPLY_REFERENCE_H

#include "common/resp_scan.h"

struct reply_reference {
    enum scan_result result;
    size_t used;            /* DONE */
    bool is_strict;         /* BAD: for a reason that hiredis does not know, or not yet */
    bool is_beyond_witness; /* holds what hiredis of RESP2 refuses: RESP3, or much nesting */
};

/* Looks at one reply at the start of `input`. Strict reasons:
 *      - a bulk that does not end in CR LF
 *      - a number whose CR is followed by another byte than LF, or that is none before its LF came
 *      - a number line that is too long for a number and has no end
 *      - a length or a count beyond the limit */
struct reply_reference reply_reference_read(struct span input, size_t limit);

#endif
