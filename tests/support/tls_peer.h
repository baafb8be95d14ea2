/* tls_peer.h - the other end of a TLS connection, made of OpenSSL alone, for what tls.h never does.
 *
 * What it says is gathered, and leaves by tls_peer_send in as few writes as the socket takes. It
 * shows the usual certificate "server", or as a client trusts everybody. The socket stays its
 * owner's. One thread.
 */
#ifndef TESTS_SUPPORT_TLS_PEER_H
#define TESTS_SUPPORT_TLS_PEER_H

#include "common/span.h"
#include "common/tls_context.h"
#include "tests/support/pki.h"

struct tls_peer;

enum tls_peer_wish { TLS_PEER_CHANGES_ALONE, TLS_PEER_WANTS_THE_SAME };

/* `pki` is lent for the call, and may be NULL for a client. */
struct tls_peer *tls_peer_new(enum tls_kind kind, int fd, struct pki *pki) MUST_USE;
void tls_peer_free(struct tls_peer **peer);

/* Gets its handshake on, and sends what belongs to it. Is it over? */
bool tls_peer_shake_hands(struct tls_peer *peer);

/* One record with those bytes. */
void tls_peer_say(struct tls_peer *peer, struct span bytes);

/* That many KeyUpdates in a row. */
void tls_peer_change_keys(struct tls_peer *peer, size_t times, enum tls_peer_wish wish);

/* That many tickets, as a server of TLS 1.3 may at any time. */
void tls_peer_give_tickets(struct tls_peer *peer, size_t times);

/* Takes what is gathered, at most `room` bytes, instead of sending it; returns how many. */
size_t tls_peer_take(struct tls_peer *peer, char *to, size_t room);

/* Reads what is there; *size is how many bytes it was, perhaps none. False: nothing more comes. */
bool tls_peer_hear(struct tls_peer *peer, char *to, size_t room, size_t *size);

/* Sends what the socket has room for; was that all? False as well when the other end is gone. */
bool tls_peer_send(struct tls_peer *peer);

#endif
