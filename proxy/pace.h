/* pace.h - how fast nodes are, from one standing to a later one, for several who look at any time.
 *
 *      looks       .   .   .   .   .   .   .
 *      kept        before      between     last       before: at least PACE_LEAST_US older than
 * last └──────── pace ─────────┘          between: takes its place when it is, too
 *
 * Were there but two, who looks half a second after somebody else would push the older one away
 * before it is old enough, or leave it there for good. Plain memory of whoever has it.
 */
#ifndef PROXY_PACE_H
#define PROXY_PACE_H

#include "proxy/standing.h"

/* Rates of a moment would only jump; those of an hour say nothing of now. */
#define PACE_LEAST_US ((uint64_t)900 * US_PER_MS)
#define PACE_MOST_US  ((uint64_t)15 * US_PER_SECOND)

/* Zero-initialise. */
struct paces {
    struct standing *last;
    struct standing *between; /* NULL: none */
    struct standing *before;  /* NULL: none */
};

void paces_clear(struct paces *paces);

/* Takes what was found just now. Returns it, lent until the next. */
const struct standing *paces_keep(struct paces *paces, struct standing *standing);

/* How a node has done from one standing to the next. */
struct node_pace {
    bool is_known;     /* there is something to compare it with */
    double requests;   /* per second */
    bool is_timed;     /* some of them were timed: */
    double latency_us; /* their mean time with the node */
};

/* Of that node of the last standing. */
struct node_pace paces_of(const struct paces *paces, size_t pool, size_t node);

#endif
