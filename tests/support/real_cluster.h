/* real_cluster.h - a Redis Cluster of real nodes, driven by script/cluster.
 *
 *      nodes 0 1 2: primaries of 0-5460, 5461-10922, 10923-16383
 *      nodes 3 4 5: their replicas, in whatever order redis-cli likes
 *
 * Lives in a folder of its own on free ports. A guardian process destroys it when the test ends,
 * however that comes. The test's thread.
 */
#ifndef TESTS_SUPPORT_REAL_CLUSTER_H
#define TESTS_SUPPORT_REAL_CLUSTER_H

#include "tests/support/rig.h"

struct real_cluster;

/* Six nodes that notice each other's death after two seconds, and serve what they can. */
struct real_cluster *real_cluster_start(void);

/* Likewise, with further options of `script/cluster create`, up to NULL. */
struct real_cluster *real_cluster_start_with(const char *const *more);
void real_cluster_stop(struct real_cluster **cluster);

/* Runs script/cluster with a verb and its arguments; a test that cannot go on without it fails. */
void real_cluster_run_list(struct real_cluster *cluster, const char *const *arguments);
#define real_cluster_run(cluster, ...)                                                             \
    real_cluster_run_list((cluster), (const char *const[]){__VA_ARGS__, NULL})

/* Likewise for a verb about one node. */
void real_cluster_do(struct real_cluster *cluster, const char *verb, int node);

/* The port of a node, by its place. */
uint16_t real_cluster_port(const struct real_cluster *cluster, int node);

/* Does the node's answer to that command start with `start`? False when it is dead. */
bool real_cluster_says_list(const struct real_cluster *cluster, int node, const char *start,
                            const char *const *arguments);
#define real_cluster_says(cluster, node, start, ...)                                               \
    real_cluster_says_list((cluster), (node), (start), (const char *const[]){__VA_ARGS__, NULL})

/* Where script/cluster keeps it. */
const char *real_cluster_folder(const struct real_cluster *cluster);

/* Is this node a primary, as it sees itself? False when it is dead. */
bool real_cluster_is_primary(const struct real_cluster *cluster, int node);

/* The node that follows `primary`; a test that cannot go on without one fails. */
int real_cluster_replica_of(const struct real_cluster *cluster, int primary);

/* slotway in front of it, with `workers` and patience of `request_timeout`. */
struct rig *real_cluster_rig(const struct real_cluster *cluster, int workers,
                             const char *request_timeout);

#endif
