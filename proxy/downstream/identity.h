/* identity.h - who a worker's clients are to the nodes, where those know the users.
 *
 *      clients  c1 c2 ──> alice ──> credentials, dispatcher ── connections as alice ──> nodes
 *               c3 ─────> (none) ─> dispatcher ────────────── connections of whom nodes take
 *                                                             for nobody in particular
 *
 * Clients with the same name and password are one identity, and share its connections, as all of
 * them do where slotway judges them. One without clients is kept for a while, for those that come
 * back; how many there are is bounded, and how many of one name: who needs no password may give
 * any. It proves nothing to have one: login.h has a node asked before it gives one to a client.
 * Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_IDENTITY_H
#define PROXY_DOWNSTREAM_IDENTITY_H

#include "common/reactor.h"
#include "proxy/acl/acl_user.h"
#include "proxy/downstream/proofs.h"
#include "proxy/upstream/credentials.h"

struct clients;
struct client;

struct identity {
    struct list_link in_identities;
    struct identities *identities;
    struct credentials credentials;
    struct acl_user user; /* as which slotway sees its clients: all is for the nodes to allow */
    struct dispatcher *dispatcher; /* of its requests */
    uint32_t references;           /* clients that are it, or are about to be */
    bool is_retired;               /* a newcomer whom nodes do not let in anew: takes no clients */
    uint64_t proven_at;            /* a newcomer: none of its connections that are in use would
                                    * have been refused then */
    uint64_t idle_since;           /* without references: since then */
};

struct identities {
    bool is_on;                      /* the nodes know the users; otherwise there is none in here */
    uint64_t newcomers_denied_until; /* a node has said NOAUTH of who says nothing: for so long one
                                      * takes it for granted */
    struct clients *clients;
    struct list all;
    uint32_t count;
    struct reactor_timer sweep; /* frees those that nobody is; runs while there are any */
    struct proofs proofs;
};

void identities_init(struct identities *identities, struct clients *clients);

/* All clients are gone. */
void identities_clear(struct identities *identities);

/* Who said nothing yet. With a reference. */
struct identity *identity_newcomer(struct identities *identities) MUST_USE;

/* Who gives these; `name` is NULL for a password alone. With a reference; NULL: too many others are
 * there, in all or with this name. */
struct identity *identity_of(struct identities *identities, const struct span *name,
                             struct span password) MUST_USE;

/* The same if there is one already, and a node has let it in and not closed since; or NULL. */
struct identity *identity_proven(struct identities *identities, const struct span *name,
                                 struct span password) MUST_USE;

/* Has it a connection that a node has let in? Such a node would close it if its user were gone. */
bool identity_is_let_in(const struct identity *identity);

/* Has it any connection, in whatever state? What a node thinks of its user now need not be what it
 * thought when that was made. */
bool identity_has_connections(const struct identity *identity);

/* A node has just taken its credentials: what others have said before is out of date. */
void identity_forgive(struct identity *identity);

void identity_release(struct identity **identity);

#endif
