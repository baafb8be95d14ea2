/* acl_log.h - ACL LOG: what clients were refused, of all workers of a pool.
 *
 * The newest entries, a bounded number of bounded size; one like a recent one counts once more
 * instead, as with Redis. Written behind a lock, which only refusals and ACL LOG take.
 */
#ifndef PROXY_DOWNSTREAM_ACL_LOG_H
#define PROXY_DOWNSTREAM_ACL_LOG_H

#include "proxy/acl/acl_check.h"
#include "proxy/downstream/client.h"

enum { ACL_LOG_MAX = 128, ACL_LOG_OBJECT_MAX = 1024 };

struct acl_log;

/* Control thread, with no workers. */
struct acl_log *acl_log_new(void) MUST_USE;
void acl_log_free(struct acl_log **log);

/* Worker's thread. `object` is what was refused to `user`: a command, a key, a channel. Does
 * nothing where the house keeps no log. */
void acl_log_note(struct client *client, enum acl_verdict verdict, struct span object,
                  struct span user);

/* Any thread: writes the `most` newest entries, as ACL LOG shows them. */
void acl_log_write(struct acl_log *log, size_t most, struct sendq *to);

/* Any thread: forgets all of them. */
void acl_log_reset(struct acl_log *log);

#endif
