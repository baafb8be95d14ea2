/* silence.h - no node of the cluster answers: since when, and what the log says of it. One thread.
 */
#ifndef PROXY_CLUSTER_SILENCE_H
#define PROXY_CLUSTER_SILENCE_H

#include "proxy/cluster/candidates.h"
#include "proxy/cluster/node_link.h"

struct silence {
    uint64_t since; /* 0: the last round had an answer */
    uint64_t logged_at;
    char cause[NODE_LINK_ERROR_SIZE]; /* a new one is told at once */
};

/* A round ended without an answer. */
void silence_note(struct silence *silence, const char *pool, const struct candidates *candidates,
                  const char *cause);

/* A round ended with one. */
void silence_end(struct silence *silence, const char *pool);

#endif
