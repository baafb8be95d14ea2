/* fake_keys.h - a handler that gives fake nodes keys of their own, wherever a test puts them.
 *
 * Unlike fake_store, where a slot takes its keys along, a key is on the node where it was put, also
 * when that does not serve its slot. Nodes list the keys of a slot (CLUSTER GETKEYSINSLOT), and say
 * MOVED, ASK and TRYAGAIN to EXISTS and TYPE as real ones do. One world per test; any thread.
 */
#ifndef TESTS_SUPPORT_FAKE_KEYS_H
#define TESTS_SUPPORT_FAKE_KEYS_H

#include "tests/support/fake_node.h"

enum { FAKE_KEYS_NOBODY = -1 };

/* No keys, and no slot on its way. */
void fake_keys_clear(void);

/* The handler; it has no context. */
fake_handler fake_keys_answer;

/* Names with an 'l' are lists, all others are strings. */
void fake_keys_put(const char *name, int node);

/* Its time is over: it is listed, and there in no other way. */
void fake_keys_expire(const char *name);

/* From now on `slot` is on its way from `source` to node 1. With `target` FAKE_KEYS_NOBODY that
 * node knows nothing of it. As soon as the source has sent somebody there, so many keys go. */
void fake_keys_move(int slot, int source, int target, int leaving);

/* How many of these have not gone. */
int fake_keys_leaving(void);

/* All keys of these slots, and the slots, are `node`'s from now on. */
void fake_keys_give(struct fake_cluster *cluster, int first, int last, int node);

#endif
