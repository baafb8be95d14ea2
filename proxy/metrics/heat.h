/* heat.h - where the load of one worker and pool is: hot keys, big keys, and requests by slot.
 *
 *      now / 30 s       7        8        9
 *      windows     [ gone ] [ whole ] [ so far ]      what is told is of the last 30 to 60 seconds
 *                              [1]       [0]
 *
 * Filled from samples, each of which stands for many requests. Behind a lock: the worker takes it
 * for each sample and never waits for it, and any thread may read.
 */
#ifndef PROXY_METRICS_HEAT_H
#define PROXY_METRICS_HEAT_H

#include "proxy/metrics/big_keys.h"
#include "proxy/metrics/top_keys.h"

enum { HEAT_SLOTS = 16384, HEAT_KEYS_MAX = 16 };

#define HEAT_WINDOW_US ((uint64_t)30 * US_PER_SECOND)

struct heat;

struct heat *heat_new(uint64_t now) MUST_USE;
void heat_free(struct heat **heat);

/* The worker's thread. A request that stands for `weight` was for these keys, each of that weight;
 * what is behind the first HEAT_KEYS_MAX is left out. Where somebody reads just now, nothing is
 * noted. */
void heat_note(struct heat *heat, uint64_t now, uint64_t weight, const struct key_use *uses,
               size_t count);

/* The worker's thread. Might a request or reply of so many bytes be among the big ones? */
bool heat_wants_big(const struct heat *heat, uint64_t bytes);

/* Likewise for one that is. */
void heat_note_big(struct heat *heat, const struct big_use *use);

/* What several workers have, NULL ones left out: one pool's. */
struct heat_view {
    uint64_t since_us;       /* how long is covered */
    uint64_t requests;       /* how many the samples of that time stand for */
    struct ranked_key *keys; /* the hottest first */
    size_t key_count;
    struct big_key *big_keys; /* the largest first */
    size_t big_key_count;
    uint64_t slots[HEAT_SLOTS]; /* requests; one for keys of several slots counts in each */
};

/* Any thread. At most so many keys of either sort. heat_view_free() gives it back. */
struct heat_view *heat_read(struct heat *const *heats, size_t count, uint64_t now,
                            size_t most) MUST_USE;
void heat_view_free(struct heat_view **view);

#endif
