/* silence.h - nodes that give no answer: since when all of them do not, and what the log says of
 * it. One thread.
 */
#ifndef PROXY_CLUSTER_SILENCE_H
#define PROXY_CLUSTER_SILENCE_H

#include "proxy/cluster/candidates.h"
#include "proxy/cluster/node_link.h"

struct silence {
    uint64_t since; /* 0: the last round had an answer */
    uint64_t logged_at;
    char cause[NODE_LINK_ERROR_SIZE]; /* a new one is told at once */
    uint64_t seed_logged_at;
};

/* A seed gave no usable answer. */
void silence_note_seed(struct silence *silence, const char *pool, const struct endpoint *seed,
                       const char *cause);

/* A round ended without an answer. */
void silence_note(struct silence *silence, const char *pool, const struct candidates *candidates,
                  const char *cause);

/* A round ended with one. */
void silence_end(struct silence *silence, const char *pool);

#endif
