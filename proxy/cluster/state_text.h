/* state_text.h - what a state file says: the nodes of a cluster, without their slots.
 *
 *      slotway-state 1
 *      pool main
 *      seeds 10.0.0.1:7000 redis.example:7000
 *      epoch 12
 *      node 07c37df…f0ff3aee primary 10.0.0.1:7000
 *      node 67ed2db…0f2a1c4b replica 10.0.0.2:7000
 *      end 2
 *
 * Who configures other seeds, none of the old ones among them, means another cluster: then the file
 * must not lead back to the old one. The last line counts the nodes, so that half a file is told
 * from a whole one. Untrusted input: the file may have been damaged, or be something else. Pure.
 */
#ifndef PROXY_CLUSTER_STATE_TEXT_H
#define PROXY_CLUSTER_STATE_TEXT_H

#include "config/config.h"
#include "proxy/cluster/topology.h"

/* What a state file begins with, whatever its version. */
#define STATE_TEXT_MARK "slotway-state "

enum {
    /* More than TOPOLOGY_NODES_MAX nodes with the longest host names take. */
    STATE_TEXT_MAX = 2 * 1024 * 1024,
};

enum state_text_result {
    STATE_TEXT_OK = 0,
    STATE_TEXT_FOREIGN, /* no state file, or of a version that we do not know */
    STATE_TEXT_POOL,    /* another pool's */
    STATE_TEXT_SEEDS,   /* of a cluster that was found through other seeds */
    STATE_TEXT_DAMAGED,
};

/* The text for the nodes of `topology`, which the caller frees. `seeds` may be NULL. */
char *state_text_print(const struct topology *topology, const char *pool,
                       const struct addresses *seeds) MUST_USE;

/* On OK *topology is new and the caller's: nodes, no slots, the epoch, and endpoints where hosts
 * are numeric. Replicas follow nobody. `seeds`: those that are configured now, or NULL. */
enum state_text_result state_text_read(struct span text, const char *pool,
                                       const struct addresses *seeds,
                                       struct topology **topology) MUST_USE;

const char *state_text_result_text(enum state_text_result result);

#endif
