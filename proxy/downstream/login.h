/* login.h - who a client is: a user of its pool's set, from its first byte on.
 *
 *      connected ──> newcomer ── AUTH, HELLO, a certificate ──> another user
 *                       ^── RESET ──────────────────────────────────┘
 *
 * Where the nodes know the users, there is no set: a client is an identity (identity.h), at first
 * that of whom nodes take for nobody in particular.
 *
 * A set may take the place of another at any time: then each client is the user of its name in the
 * new set, and who has none any more is closed. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_LOGIN_H
#define PROXY_DOWNSTREAM_LOGIN_H

#include "proxy/acl/user_set.h"
#include "proxy/downstream/client.h"

/* It is a newcomer, who may have to say who it is before anything else. */
void login_begin(struct client *client);

/* It is `user` of its pool's set, who has been let in. */
void login_as(struct client *client, const struct acl_user *user);

/* The same for somebody whose name is proven otherwise than by a password, as by a certificate: the
 * user must be there, and on. False, and nothing changed, when he is not. */
bool session_login_as(struct client *client, struct span name) MUST_USE;

/* It is `identity`, whose reference is taken, in what it asks of the nodes from now on, and shown
 * as its user. Nothing may be on its pipeline but what it is let in by. */
void login_as_identity(struct client *client, struct identity *identity);

/* A node has refused its `command` in these words; noted where its credentials are what is wrong.
 */
void login_note_refusal(struct client *client, const struct command *command, const char *text);

/* It goes, and nothing of it is under way. */
void login_end(struct client *client);

/* Those of all clients from now on; takes the reference. A client is closed whose user is gone or
 * off, or may not have its subscriptions, MONITOR or CLIENT TRACKING any more; one that blocks is
 * woken where its user may not wait for that any more; a transaction in the making that began under
 * other rights will not be executed. Not while requests are being scanned. */
void login_use_users(struct clients *clients, struct user_set *users);

#endif
