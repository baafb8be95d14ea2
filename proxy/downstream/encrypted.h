/* encrypted.h - a client over TLS: what is different about it.
 *
 *      readable ─> handshake ─> as any other client: read, scan, …
 *                    │   └────> its certificate may say who it is
 *                    └ fails, or takes longer than timeouts.handshake: closed
 *
 * It is a client like any other from the moment it is accepted, so all limits hold. Until its
 * handshake is over, nothing comes of it, and it has nothing to get. What OpenSSL has taken from
 * the socket and nobody has read yet is gone on with in the next turn. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_ENCRYPTED_H
#define PROXY_DOWNSTREAM_ENCRYPTED_H

#include "common/sendq.h"
#include "common/tls.h"
#include "proxy/downstream/client.h"

/* What only such clients have. */
struct encrypted {
    struct client *client;
    struct tls *tls;
    struct turn_task read_on;
    bool reads_on_room; /* TLS has something to send before it can read on */
};

/* The client, just opened, is to speak TLS with what `context` says; takes a reference of it. */
void encrypted_open(struct client *client, struct tls_context *context);

/* With a close_notify if that takes no waiting. Before the socket is closed. */
void encrypted_close(struct client *client);

/* No more will be written. */
void encrypted_say_goodbye(struct client *client);

/* Writes its output. SENDQ_PARTLY: the socket is to be watched until it is writable, perhaps also
 * for the sake of what is to be read. */
enum sendq_result encrypted_write(struct client *client, size_t *sent) MUST_USE;

/* It is read from again after a break: if there is something that no epoll will tell of, that is
 * read in the next turn. */
void encrypted_read_on(struct client *client);

/* Of any client: has something come that nobody has read, or is it at its handshake, so that it
 * surely will? */
bool client_has_unread(const struct client *client);

/* Has its handshake taken too long? Then it is closed. */
bool encrypted_is_late(const struct client *client, uint64_t now);
void encrypted_close_late(struct client *client);

#endif
