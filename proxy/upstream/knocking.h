/* knocking.h - when a node that has failed to take a connection is asked for the next one.
 *
 *      all at once ── one fails ──> none for a while, ── it succeeds ──> 2, 4, 8 … at once ──> all
 *           ^                       then one at a time <── fails ───────────┘                  │
 *           └───────────────────────────────────────────────────────────────────────────────────┘
 *
 * Thousands of clients may want connections of their own from a node that has as many as it may,
 * and goes on serving those that it has. No I/O, no clock; worker's thread only.
 */
#ifndef PROXY_UPSTREAM_KNOCKING_H
#define PROXY_UPSTREAM_KNOCKING_H

#include "common/base.h"

/* Zeroed: nothing has failed. */
struct knocking {
    uint32_t opening;  /* are being made */
    uint32_t allowed;  /* so many at once, since one has failed; 0: all */
    uint32_t failures; /* in a row; those of one moment are one */
    uint64_t retry_at; /* none before this time */
};

/* How long to wait after that many failures in a row: doubles from one to the next, minus up to a
 * quarter so that workers do not knock together. */
uint64_t backoff_us(uint32_t failures) MUST_USE;

/* A connection is begun; and is open, or has failed, or is not wanted any more. */
void knocking_on_begun(struct knocking *knocking);
void knocking_on_open(struct knocking *knocking);
void knocking_on_failed(struct knocking *knocking, uint64_t now);
void knocking_on_left(struct knocking *knocking);

/* Has one failed a moment ago? */
static inline bool knocking_is_early(const struct knocking *knocking, uint64_t now)
{
    return now < knocking->retry_at;
}

/* Are as many being made as it may be? */
static inline bool knocking_is_full(const struct knocking *knocking)
{
    return knocking->allowed > 0 && knocking->opening >= knocking->allowed;
}

#endif
