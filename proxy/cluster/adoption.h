/* adoption.h - which answers are believed.
 *
 * A node that was cut off from its cluster goes on telling the picture it last knew, one that has
 * just joined tells a part of it, and at an address that changed hands a node of another cluster
 * answers. So an answer is compared with the picture in use, and doubted when it is worse:
 *
 *                                      believed at once by    believed at the end of a round
 *      BACK      same epoch, says what   2 nodes that agree   when nobody contradicts
 *                the picture before said
 *      FEWER     fewer slots served      2 nodes that agree   when the round before ended with
 *                                                             the same
 *      OLDER     older epoch             3 nodes              when nobody said anything newer
 *      DOWN      another picture, and    nobody               when nobody's cluster works, and it
 *                its cluster is down                          is not older
 *      STRANGER  no node in common       nobody               when a seed says so, and nothing else
 *                                                             was heard for `patience`
 *      else                              1 node
 *
 * Of several doubted answers in one round the upper row counts at its end: a node that is newer,
 * however doubtful, contradicts all that are older. What a node whose cluster is down said, is no
 * measure for what nodes of a working cluster say: alone, a replica counts epochs up.
 *
 * Before the first answer the measure is what the state file remembers, if it does: then a seed's
 * STRANGER is believed at the end of the first round, for the seeds are what the operator says
 * today. Pure but for its own memory; one thread.
 */
#ifndef PROXY_CLUSTER_ADOPTION_H
#define PROXY_CLUSTER_ADOPTION_H

#include "proxy/cluster/topology.h"

enum { ADOPTION_WITNESSES_MAX = 3 };

/* In the order of trust. */
enum doubt { DOUBT_NONE, DOUBT_BACK, DOUBT_FEWER, DOUBT_OLDER, DOUBT_DOWN, DOUBT_STRANGER };
enum { DOUBT_COUNT = DOUBT_STRANGER + 1 };

enum cluster_state {
    CLUSTER_STATE_UNKNOWN, /* the node does not tell */
    CLUSTER_STATE_OK,
    CLUSTER_STATE_FAIL,
};

/* One node's answer. Borrowed. */
struct statement {
    struct topology *topology;
    enum cluster_state state;
    const struct endpoint *witness;
    bool is_from_seed;
};

/* What was said in this round and is doubted for one reason. */
struct opinion {
    struct topology *topology; /* the best of them, or NULL */
    enum cluster_state state;
    struct endpoint witnesses[ADOPTION_WITNESSES_MAX]; /* different nodes */
    uint32_t witness_count;
};

struct adoption {
    struct topology *measure; /* believed last, or what is remembered, or NULL */
    struct topology *before;  /* believed before that, and different; or NULL */
    bool is_remembered;       /* no answer has been believed yet */
    bool trusts_seeds;        /* in this round, as if that were so */
    bool is_down;             /* the measure's cluster was down */
    enum doubt doubt;         /* of the statement that was heard last */
    struct opinion opinions[DOUBT_COUNT];
    struct topology *fewer; /* doubted as FEWER at the end of the round before, or NULL */
    uint64_t strange_since; /* the first of the rounds in a row that ended with strangers only */
    uint32_t strange_rounds;
};

/* `remembered`, a picture that may have no slots, or NULL, is borrowed. */
void adoption_init(struct adoption *adoption, struct topology *remembered);
void adoption_clear(struct adoption *adoption);

/* Before the first node of a round is asked. */
void adoption_begin_round(struct adoption *adoption);

/* The operator has said other seeds: what they tell in this round is believed at its end as at the
 * start, when the measure is only remembered. */
void adoption_trust_seeds(struct adoption *adoption);

/* Returns the picture to use now, with a reference for the caller, or NULL while it is doubted;
 * adoption->doubt says why. */
struct topology *adoption_hear(struct adoption *adoption,
                               const struct statement *statement) MUST_USE;

/* All nodes were asked and no answer was believed. Returns the picture to use after all, with a
 * reference for the caller, or NULL; adoption->doubt says what is wrong with it. */
struct topology *adoption_end_round(struct adoption *adoption, uint64_t now,
                                    uint64_t patience) MUST_USE;

/* "older", for metrics, and what it means, for people. */
const char *doubt_name(enum doubt doubt);
const char *doubt_text(enum doubt doubt);

/* Do they mean the same place? */
bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);

#endif
