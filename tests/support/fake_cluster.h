/* fake_cluster.h - some fake nodes and the slots they serve, all inside the test.
 *
 *      slot 0 ................................ 16383      split evenly at first
 *        owner: index of a node, or FAKE_NOBODY
 *
 * The map is what the nodes tell in CLUSTER SLOTS and what fake_store obeys; a test may change it
 * at any time. Any thread.
 */
#ifndef TESTS_SUPPORT_FAKE_CLUSTER_H
#define TESTS_SUPPORT_FAKE_CLUSTER_H

#include "tests/support/bytes.h"

struct fake_node;
struct fake_cluster;

enum { FAKE_NOBODY = -1, FAKE_NODES_MAX = 16 };

/* Starts `count` nodes that listen, each with its share of the slots. */
struct fake_cluster *fake_cluster_new(int count);
void fake_cluster_free(struct fake_cluster **cluster);

/* Its nodes, by index from 0; the cluster keeps them. */
struct fake_node *fake_cluster_node(const struct fake_cluster *cluster, int index);
int fake_cluster_size(const struct fake_cluster *cluster);

/* From now on `first` to `last` belong to `node`. */
void fake_cluster_give(struct fake_cluster *cluster, int first, int last, int node);
int fake_cluster_owner(struct fake_cluster *cluster, int slot);

/* Makes `replica` follow `primary`, and serve nothing. */
void fake_cluster_follow(struct fake_cluster *cluster, int replica, int primary);

/* The host that CLUSTER SLOTS tells of a node instead of 127.0.0.1; NULL is a null. */
void fake_cluster_announce(struct fake_cluster *cluster, int node, const char *host);

/* The port that nodes tell of this one instead of its own: that of a relay in front of it. Before
 * anybody asks. */
void fake_cluster_announce_port(struct fake_cluster *cluster, int node, uint16_t port);

/* "127.0.0.1:port" with the port that is told. */
const char *fake_cluster_address(const struct fake_cluster *cluster, int node);

/* cluster_current_epoch in CLUSTER INFO. */
void fake_cluster_set_epoch(struct fake_cluster *cluster, int epoch);

/* From now on the nodes are servers of `version`, and COMMAND lists `count` commands, whose
 * elements `commands` has as they are on the wire. Both texts are borrowed. At first: "7.0.0" and
 * none. */
void fake_cluster_teach(struct fake_cluster *cluster, const char *version, int count,
                        const char *commands);

/* What a node answers: INFO server, COMMAND, COMMAND COUNT. */
void fake_cluster_print_server(struct fake_cluster *cluster, struct bytes *reply);
void fake_cluster_print_commands(struct fake_cluster *cluster, struct bytes *reply);
void fake_cluster_print_command_count(struct fake_cluster *cluster, struct bytes *reply);

/* What a node answers: CLUSTER SLOTS, CLUSTER INFO, CLUSTER MYID. */
void fake_cluster_print_slots(struct fake_cluster *cluster, struct bytes *reply);
void fake_cluster_print_info(struct fake_cluster *cluster, struct bytes *reply);
const char *fake_cluster_id(const struct fake_cluster *cluster, int node);

#endif
