/* candidates.h - whom discovery asks in one round, and in which order:
 *
 *      the node that answered last ─> nodes of the last picture, from where the last round
 *      stopped ─> seeds, resolved now, since names may have moved ─> until the first picture,
 *      nodes that the state file remembers
 *
 * Seeds that have become others come before all known nodes, until one has answered; no known node
 * is asked in that round: they would only tell of the cluster that was. As long as they are silent,
 * a tenth of the time at most is spent on that, lest the news that a primary is dead wait for them.
 *
 * A place that was asked in this round is not asked again under another name. A place that lately
 * was silent until its deadline comes after all others: while one node hangs, the news that another
 * took over must not wait for it. One thread.
 */
#ifndef PROXY_CLUSTER_CANDIDATES_H
#define PROXY_CLUSTER_CANDIDATES_H

#include "config/config.h"
#include "proxy/cluster/resolver.h"
#include "proxy/cluster/topology.h"

enum {
    /* Of the picture, so that in a large cluster that hangs the seeds have their turn too. */
    CANDIDATE_NODES_MAX = 32,
    CANDIDATES_SHUNNED_MAX = 16,
};

/* A place that comes last until then. */
struct shunned {
    struct endpoint endpoint;
    uint64_t until;
};

struct candidates {
    const struct topology *topology; /* NULL: none yet */
    const struct addresses *seeds;
    struct endpoint *seed_endpoints;   /* of each seed, as far as it was resolved */
    uint64_t unresolved_seeds;         /* times that a seed's name had no answer */
    const struct topology *remembered; /* or NULL */
    struct resolver *resolver;
    struct endpoint preferred; /* size 0: none */
    char preferred_host[ADDRESS_HOST_SIZE];
    char host[ADDRESS_HOST_SIZE]; /* of the place that was given out last: what it is known by */
    uint32_t start;               /* the first node of the picture in this round */
    uint32_t step;                /* places looked at in this round */
    bool has_skipped;             /* a shunned place in this round */
    bool seeds_are_new;           /* none has answered yet, in a round for them */
    uint64_t seeds_due;           /* no round is for them before that */
    uint64_t began_at;            /* this round */
    bool is_for_seeds;            /* this round asks them first */
    bool has_seed_answered;       /* in this round */
    struct shunned shunned[CANDIDATES_SHUNNED_MAX]; /* a ring */
    uint32_t shunned_count;
    struct endpoint *asked; /* given out in this round */
    size_t asked_count;
    size_t asked_room;
};

/* Borrows all; `remembered` may be NULL. */
void candidates_init(struct candidates *candidates, const struct addresses *seeds,
                     const struct topology *remembered, struct resolver *resolver);
void candidates_clear(struct candidates *candidates);

/* The seeds have become others, at the same place: they come first until one has answered. */
void candidates_use_seeds(struct candidates *candidates);

/* Starts a round. `topology` may be NULL and is borrowed until the next call. */
void candidates_begin_round(struct candidates *candidates, const struct topology *topology);

/* The next place to ask, known by ->host; false at the end of the round. May wait for the resolver.
 */
bool candidates_next(struct candidates *candidates, struct endpoint *endpoint) MUST_USE;

/* Do seeds that have become others come first in this round? */
bool candidates_is_for_seeds(const struct candidates *candidates);

/* `endpoint`, given out last, has told of a cluster, believed or not. */
void candidates_note_answer(struct candidates *candidates, const struct endpoint *endpoint);

/* Is it where a seed is, as far as the seeds have been resolved? */
bool candidates_is_seed(const struct candidates *candidates, const struct endpoint *endpoint);

/* `endpoint`, given out last, answered: it comes first in the next round. NULL: another node shall
 * come first. */
void candidates_prefer(struct candidates *candidates, const struct endpoint *endpoint);

/* `endpoint` was silent: it comes last for a while. */
void candidates_shun(struct candidates *candidates, const struct endpoint *endpoint);

#endif
