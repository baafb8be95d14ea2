/* nodes.h - the real cluster under test, and a hand on each of its nodes.
 *
 * What takes its time goes through script/cluster; what has to be quick, or in many small steps,
 * through a connection of its own. Main thread.
 */
#ifndef TESTS_CHAOS_NODES_H
#define TESTS_CHAOS_NODES_H

#include <hiredis/hiredis.h>

#include "tests/chaos/view.h"

enum { NODES_PORTS = 24 }; /* a row of ports for nodes that move and nodes that are added */

struct nodes;

/* Three primaries with a replica each, that keep what they were told before they answer; NULL when
 * the cluster cannot be made. */
struct nodes *nodes_start(void);
void nodes_stop(struct nodes **nodes);

/* The first port of the row. */
uint16_t nodes_base_port(const struct nodes *nodes);

/* Runs script/cluster; false, with a line in the chronicle, when it fails. */
bool nodes_run_list(struct nodes *nodes, const char *const *arguments);
#define nodes_run(nodes, ...) nodes_run_list((nodes), (const char *const[]){__VA_ARGS__, NULL})

/* Likewise for a verb about the node on a port. */
bool nodes_do(struct nodes *nodes, const char *verb, uint16_t port);

/* A connection that has said its password; NULL when there is no such node, or it is silent. */
redisContext *nodes_connect(uint16_t port);

/* Asks the node on `port` one thing, formatted as for redisCommand; NULL when it does not answer.
 * The caller frees the reply. */
redisReply *nodes_ask(uint16_t port, const char *format, ...) PRINTF(2, 3);

/* Likewise; is the reply this text? */
bool nodes_answers(uint16_t port, const char *wanted, const char *command);

/* What the first node that answers sees; false when none does. */
bool nodes_view(const struct nodes *nodes, struct view *view) MUST_USE;

/* Is the node a primary, in its own eyes? */
bool nodes_is_primary(uint16_t port);

/* Is the node a primary with slots in the eyes of all nodes? */
bool nodes_agree_on_primary(const struct nodes *nodes, uint16_t port);

/* Is it a replica whose link is up? */
bool nodes_is_in_step(uint16_t port);

/* How often replicas have won an election or taken over, as all nodes' logs tell. */
int nodes_promotions(const struct nodes *nodes);

/* Moves one slot with its keys, a key at a time; false when a node refused. */
bool nodes_move_slot(const struct nodes *nodes, uint16_t slot, uint16_t from, uint16_t to);

/* A port of the row that no node has. */
uint16_t nodes_free_port(const struct nodes *nodes);

#endif
