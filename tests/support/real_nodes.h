/* real_nodes.h - redis-server nodes of one cluster, in a folder of their own, driven by
 * script/cluster. Knows nothing of tests, so that other programs can use it as well.
 *
 * A guardian process (lifeline.h) kills the nodes when the program ends, however that comes. Main
 * thread.
 */
#ifndef TESTS_SUPPORT_REAL_NODES_H
#define TESTS_SUPPORT_REAL_NODES_H

#include "tests/support/bytes.h"

#define REAL_NODES_PASSWORD "123456"

struct real_nodes;

/* A folder, and `ports` free ports in a row; no node runs yet. */
struct real_nodes *real_nodes_new(uint16_t ports);

/* Ends the nodes, and removes the folder. */
void real_nodes_free(struct real_nodes **nodes);

/* The first port of the row. */
uint16_t real_nodes_base_port(const struct real_nodes *nodes);

/* Where script/cluster keeps the nodes. */
const char *real_nodes_folder(const struct real_nodes *nodes);

/* Runs script/cluster with a verb and its arguments, NULL-terminated; returns its exit code. What
 * it wrote goes into *output, which the caller clears. */
int real_nodes_run(struct real_nodes *nodes, const char *const *arguments, struct bytes *output);

#endif
