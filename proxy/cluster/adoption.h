/* adoption.h - which answers are believed.
 *
 * A node that was cut off from its cluster goes on telling the picture it last knew. So an answer
 * that is older than the picture in use, or of the same age with fewer slots served, is doubted:
 * other nodes are asked, and it is believed when they say the same or say nothing.
 *
 *                         believed at once by        believed at the end of a round of all nodes
 *      older epoch        3 different nodes          when nobody said anything newer
 *      fewer slots        2 different nodes          when the round before ended with the same
 *      anything else      1 node
 *
 * Pure but for its own memory; one thread.
 */
#ifndef PROXY_CLUSTER_ADOPTION_H
#define PROXY_CLUSTER_ADOPTION_H

#include "proxy/cluster/topology.h"

enum { ADOPTION_WITNESSES_MAX = 3 };

enum doubt { DOUBT_NONE, DOUBT_OLDER, DOUBT_FEWER };

struct adoption {
    bool has_picture;
    uint64_t epoch;              /* of what was believed last */
    uint16_t slots_served;       /* likewise */
    enum doubt doubt;            /* what is wrong with `doubted` */
    struct topology *doubted;    /* the newest that is doubted, or NULL */
    struct topology *remembered; /* what was doubted at the end of the round before, or NULL */
    struct endpoint witnesses[ADOPTION_WITNESSES_MAX]; /* different nodes that said so, in a row */
    uint32_t witness_count;
    bool was_heard; /* a doubted answer came in this round */
};

/* Nothing believed yet. */
void adoption_init(struct adoption *adoption);
void adoption_clear(struct adoption *adoption);

/* Before the first node of a round is asked. */
void adoption_begin_round(struct adoption *adoption);

/* `witness` says `topology`. Returns the picture to use now, with a reference for the caller, or
 * NULL while it is doubted. Borrows `topology`. */
struct topology *adoption_hear(struct adoption *adoption, struct topology *topology,
                               const struct endpoint *witness) MUST_USE;

/* All nodes were asked and no answer was believed. Returns the picture to use after all, with a
 * reference for the caller, or NULL. */
struct topology *adoption_end_round(struct adoption *adoption) MUST_USE;

/* Do they mean the same place? */
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

#endif
