/* tls.h - TLS over a non-blocking socket: one connection's half of it.
 *
 *      tls_context (tls_context.h)   certificate, key, authorities; immutable, shared, counted
 *           │ one reference each
 *           v
 *      tls    handshake ──> bytes both ways ──> close_notify
 *
 * The socket stays its owner's: tls neither watches nor closes it. Nothing blocks; what comes back
 * is what socket_read would say, with two differences that an owner must know:
 *
 *   SOCKET_AGAIN may mean that the *other* direction is awaited (tls_read_awaits): until the
 * handshake is over, writing waits for reading and reading for writing. To watch a socket for what
 * it is always ready for would keep the thread busy.
 *
 *   Bytes that have been taken from the socket are announced by no epoll: after a read that filled
 *   all its room, tls_has_more tells whether to read again.
 *
 * What is sent leaves in records, and nobody can read a record before its last byte is there. So
 * what tls_write has not reported as sent has certainly not been read by anybody.
 *
 * One thread at a time.
 */
#ifndef COMMON_TLS_H
#define COMMON_TLS_H

#include "common/socket.h"
#include "common/tls_context.h"

struct tls;

enum {
    TLS_RECORD_MAX = 16 * 1024, /* bytes that fit into one record */
};

/* What a call that was SOCKET_AGAIN waits for. */
enum tls_awaited {
    TLS_AWAITS_NOTHING = 0, /* it was not SOCKET_AGAIN */
    TLS_AWAITS_READABLE,
    TLS_AWAITS_WRITABLE,
};

/* What is remembered of a server, so that the next handshake with it is short. Zero: nothing. It
 * must outlive the connections that were made with it, and be theirs and one thread's only. */
struct tls_memory {
    void *session;
    uint64_t context_id; /* of which context: another one may trust other authorities */
};

/* Whom a client connects to. */
struct tls_server {
    const char *name;     /* SNI; NULL or an IP address: none is sent */
    const char *expected; /* the host name or IP address that its certificate must be for; NULL:
                             any certificate of the authorities will do */
    struct tls_memory *memory; /* NULL: each handshake is a whole one */
};

/* The server's half, for an accepted socket; takes a reference of `context`. */
struct tls *tls_accept(struct tls_context *context, int fd) MUST_USE;

/* The client's half, for a socket that is connected. Borrows `server` for the call. */
struct tls *tls_connect(struct tls_context *context, int fd,
                        const struct tls_server *server) MUST_USE;

/* Says close_notify if that takes no waiting, and frees. The socket is still open. */
void tls_free(struct tls **tls);

/* Says close_notify if that takes no waiting; reading goes on. */
void tls_say_goodbye(struct tls *tls);

/* Gets the handshake on, as reading and writing do by themselves. SOCKET_OK: it is over. EOF is an
 * error here. */
enum socket_result tls_handshake(struct tls *tls) MUST_USE;

/* Is the handshake over? */
bool tls_is_ready(const struct tls *tls);

/* Has anything come from the peer, whatever it was? */
bool tls_has_heard(const struct tls *tls);

/* Reads at most `room` bytes, of as many records as there are, but takes no more from the socket
 * than others can wait for; *size is how many came. A peer that
 * closes without close_notify is SOCKET_EOF as well: RESP has lengths of its own. After
 * SOCKET_ERROR tls_problem says why, and errno is EPROTO unless the socket failed. */
enum socket_result tls_read(struct tls *tls, char *to, size_t room, size_t *size) MUST_USE;

/* May there be bytes that were taken from the socket and not been read? Then tls_read is to be
 * called again without waiting. */
bool tls_has_more(const struct tls *tls);

/* Has anything been taken from the socket and not been read, be it only part of a record? More has
 * to come before that can be read. */
bool tls_has_unread(const struct tls *tls);

/* Sends at most one record; *sent is how many bytes of `from` the kernel has now. After
 * SOCKET_AGAIN it must be called with the same bytes again, which may have moved, and be followed
 * by more. When the socket fails, what has come before can still be read. */
enum socket_result tls_write(struct tls *tls, const char *from, size_t size, size_t *sent) MUST_USE;

/* What the last tls_read, and the last tls_write, waits for. tls_handshake counts as either. */
enum tls_awaited tls_read_awaits(const struct tls *tls);
enum tls_awaited tls_write_awaits(const struct tls *tls);

/* Why it failed, for logs: "the peer speaks no TLS", "certificate has expired", …; "" while it has
 * not. Lives as long as `tls`. */
const char *tls_problem(const struct tls *tls);

/* The common name of the peer's certificate, which was verified; to be freed. NULL: it has shown
 * none, or it has no such name, or one with a zero byte in it. */
char *tls_peer_name(const struct tls *tls) MUST_USE;

/* "TLSv1.3", for logs and texts; the handshake must be over. */
const char *tls_version(const struct tls *tls);
const char *tls_cipher(const struct tls *tls);

/* Was the handshake a short one, with what was remembered? */
bool tls_is_resumed(const struct tls *tls);

/* Lets go of what is remembered. */
void tls_memory_clear(struct tls_memory *memory);

#endif
