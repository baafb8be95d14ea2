/* sampling.h - which requests of a worker's clients are looked at closely, for the metrics.
 *
 *      request  ·  ·  ·  [s]  ·  ·  ·  ·  ·  ·  [s]  ·  ·  ·       s stands for all since the one
 *      left     3  2  1   0   6  5  4  3  2  1   0   4  3  2       before: its weight
 *
 * The distance is random around metrics.sample, so that no pipeline beats time with it. Where there
 * are fewer than SAMPLING_EACH a second, each is looked at, so that little traffic is seen as well
 * as much. The plain path has one decrement and one branch of this. Worker's thread only, but for
 * `heat`, which has a lock.
 */
#ifndef PROXY_DOWNSTREAM_SAMPLING_H
#define PROXY_DOWNSTREAM_SAMPLING_H

#include "proxy/command/keys.h"
#include "proxy/metrics/heat.h"

enum {
    SAMPLING_EACH = 20,  /* a second: when there are not more, none is left out */
    SAMPLING_SAVED = 64, /* so many of those that did not come may come at once, later */
};

struct sampling {
    uint32_t left;     /* requests until the next one */
    uint32_t distance; /* how many it stands for */
    uint32_t dice;
    uint64_t credit_us; /* time that is not used up: each sample out of turn costs some */
    uint64_t credit_at; /* when it was last counted */
    struct keys keys;   /* scratch */
    struct heat *heat;  /* lent */
};

/* `sample` is the option, as for sampling_take(). */
void sampling_init(struct sampling *sampling, uint64_t now, uint64_t sample, struct heat *heat);
void sampling_clear(struct sampling *sampling);

/* One more request. Is it one to look at? Then sampling_take() is called. */
static inline bool sampling_is_due(struct sampling *sampling)
{
    return --sampling->left == 0;
}

/* How many requests the one that is due stands for, 0 when there is nothing to look at; and which
 * is the next one, at a distance of about `sample`, an option: 0 is never. */
uint32_t sampling_take(struct sampling *sampling, uint64_t now, uint64_t sample);

/* The one that is due is none to look at: the next one is. */
static inline void sampling_postpone(struct sampling *sampling)
{
    sampling->left = 1;
}

/* To be called about once a second: what was busy may have become quiet. */
void sampling_look(struct sampling *sampling, uint64_t now);

#endif
