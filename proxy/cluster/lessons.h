/* lessons.h - what the nodes of a cluster teach us: the commands that we do not know yet.
 *
 *      every `backend.refresh` at most:  INFO server, COMMAND COUNT ─> a version
 *            │ read lately: that is all
 *            v
 *      COMMAND ─> kept rows: an edition of that version
 *            v
 *      all editions and the rules of the configuration ─> a table; other than before: published
 *
 * While a cluster is upgraded its nodes are of several versions. Commands of all of them are
 * forwarded: a node that does not know one says so. An edition that no node has had for an hour is
 * forgotten. Discovery's thread, but for making, beginning and freeing.
 */
#ifndef PROXY_CLUSTER_LESSONS_H
#define PROXY_CLUSTER_LESSONS_H

#include "proxy/cluster/node_link.h"
#include "proxy/command/command_table.h"

struct lessons;

/* Called with a reference that the callee takes. */
typedef void commands_publish(void *context, struct command_table *table);

/* Borrows `pool`. */
struct lessons *lessons_new(const struct pool_config *pool, commands_publish *publish,
                            void *context) MUST_USE;

/* Goes by `pool` from now on, which it borrows. What `commands` says counts from lessons_begin on.
 */
void lessons_use_config(struct lessons *lessons, const struct pool_config *pool);

/* Publishes what the configuration says; before any node is asked, and when `commands` is another
 * list. */
void lessons_begin(struct lessons *lessons);

/* Asks the node at the other end, if it is time to; `now` is by clock_now(). What goes wrong closes
 * the link, and is tried again later. */
void lessons_attend(struct lessons *lessons, struct node_link *link, uint64_t now);

/* NULL inside is fine. */
void lessons_free(struct lessons **lessons);

#endif
