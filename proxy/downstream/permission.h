/* permission.h - may the request in hand be made by its client's user? Only clients with
 * session.is_limited need be asked about. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_PERMISSION_H
#define PROXY_DOWNSTREAM_PERMISSION_H

#include "proxy/acl/acl_check.h"
#include "proxy/downstream/client.h"

/* The request in hand as the check sees it. */
struct acl_request permission_request(const struct client *client, const struct command *command);

/* Would it be refused? */
bool permission_is_lacking(const struct client *client, const struct command *command);

/* True: it has been refused, noted in the pool's ACL LOG, and spoils a transaction. */
bool permission_forbids(struct client *client, const struct command *command);

/* The same for `inner`, a request that is an argument of `outer`, the one in hand. */
bool permission_forbids_inner(struct client *client, const struct command *outer,
                              const struct acl_request *inner);

/* Counts that the client's user has been refused `request`, and notes it in the pool's ACL LOG. */
void permission_note(struct client *client, const struct acl_request *request,
                     struct acl_ruling ruling);

/* A wrong password or name for `user`: counts and notes it. */
void permission_note_login(struct client *client, const struct command *command, struct span user);

#endif
