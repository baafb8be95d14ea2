/* pieces.h - an input that comes in pieces, as the first bytes of the input say.
 *
 *      [ step | step | step | step ][ payload: cut after step bytes, again and again ]
 */
#ifndef TESTS_FUZZ_PIECES_H
#define TESTS_FUZZ_PIECES_H

#include <stdlib.h>

#include "common/memory.h"
#include "common/span.h"

enum {
    PIECES_STEPS = 4,
    PIECES_MOST = 256, /* more would only make large inputs slow */
};

struct pieces {
    const uint8_t *steps;
    struct span payload;
    size_t end; /* of what has come so far */
    size_t count;
};

/* One piece more; false when all of it had come before. */
static inline bool pieces_next(struct pieces *pieces)
{
    if (pieces->end == pieces->payload.size) {
        return false;
    }
    size_t step = 1 + pieces->steps[pieces->count % PIECES_STEPS] % 32;
    step *= 1 + pieces->payload.size / PIECES_MOST;
    pieces->count++;
    pieces->end = size_min(pieces->end + step, pieces->payload.size);
    return true;
}

/* What has come so far, in memory of exactly that size, which the caller frees. */
static inline struct span pieces_copy(const struct pieces *pieces)
{
    char *copy = memory_raw(pieces->end > 0 ? pieces->end : 1);
    memcpy(copy, pieces->payload.at, pieces->end);
    return (struct span){copy, pieces->end};
}

#endif
