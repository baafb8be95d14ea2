/* acl_load.h - ACL LOAD: the control thread makes the pool's users anew, for all workers.
 *
 *      asking worker ──> control thread: house->load_users ──> all workers: the new set
 *            ^─────────────────────────────────────────────────── and then the answer
 *
 * So the client that asked sees the new rights with the answer; others may see them a moment later.
 */
#ifndef PROXY_DOWNSTREAM_ACL_LOAD_H
#define PROXY_DOWNSTREAM_ACL_LOAD_H

#include "proxy/downstream/local_call.h"

/* Worker's thread. The reply comes later. */
void acl_load_start(const struct local_call *call);

#endif
