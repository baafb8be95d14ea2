/* fake_store.h - a handler that makes fake nodes a small working cluster.
 *
 * One map of keys and values for all nodes, so a slot takes its keys along when it moves. A node
 * answers MOVED for slots that are not its own. Knows GET SET APPEND INCR DEL UNLINK EXISTS TOUCH
 * MGET MSET DBSIZE FLUSHALL ASKING; anything else is an unknown command.
 */
#ifndef TESTS_SUPPORT_FAKE_STORE_H
#define TESTS_SUPPORT_FAKE_STORE_H

#include "tests/support/fake_node.h"

struct fake_store;

struct fake_store *fake_store_new(void);
void fake_store_free(struct fake_store **store);

/* Lets every node of `cluster` answer from `store`. */
void fake_store_serve(struct fake_store *store, struct fake_cluster *cluster);

/* Let this node answer requests for `slot` though it is not its own, when ASKING came before. */
void fake_store_import(struct fake_store *store, int slot, int node);

/* The handler: for a test that wants to see commands first. */
fake_handler fake_store_answer;

/* A copy of the value of `key`, or NULL; the caller frees it. */
char *fake_store_get(struct fake_store *store, const char *key);

#endif
