/* resp.h - RESP as the tests see it: an independent witness, shared with nothing in the product.
 *
 * Pure; any thread.
 */
#ifndef TESTS_SUPPORT_RESP_H
#define TESTS_SUPPORT_RESP_H

#include "tests/support/bytes.h"

/* The size of the whole reply at the start of `input`, or 0 when bytes are missing. Bytes that are
 * no reply count as a reply of one line, for the test to look at. */
size_t resp_reply_size(struct span input);

/* A request in progress; zero-initialise before each request. */
struct resp_request {
    struct span *arguments; /* into the input of the last call that returned a size */
    size_t count;
    size_t capacity;
    size_t *offsets;
    size_t seen; /* arguments understood so far */
    size_t at;   /* bytes understood so far */
    size_t expected;
};

/* The size of the whole request at the start of `input`, or 0 when bytes are missing; goes on where
 * it stopped. SIZE_MAX: not a request. */
size_t resp_request_size(struct resp_request *request, struct span input);

void resp_request_clear(struct resp_request *request);

/* The reply as people write it down: the content of strings, digits of integers, "(nil)",
 * "-ERR text" for errors, "[a b [c]]" for arrays. The caller frees it. */
char *resp_text(struct span reply);

/* The slot of `key`, worked out bit by bit from the Redis Cluster specification. */
uint16_t resp_slot(struct span key);

#endif
