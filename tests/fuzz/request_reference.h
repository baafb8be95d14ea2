/* request_reference.h - where a request ends and what is in it, by the rules of a Redis server,
 * written as plainly as can be: everything is there at once, and nothing has to be fast.
 */
#ifndef TESTS_FUZZ_REQUEST_REFERENCE_H
#define TESTS_FUZZ_REQUEST_REFERENCE_H

#include "common/resp_scan.h"
#include "tests/support/bytes.h"

/* What is at the start of an input. Zero-initialise. */
struct reference {
    enum scan_result result;
    size_t used;         /* DONE */
    char error[80];      /* BAD */
    struct bytes words;  /* DONE: each argument as its size, 8 bytes, and its bytes */
    uint32_t word_count; /* DONE */
};

/* Looks at `input` from its start. What it held before is forgotten. */
void reference_read(struct reference *reference, const struct scan_limits *limits,
                    struct span input);

/* Gives the memory back. */
void reference_clear(struct reference *reference);

#endif
