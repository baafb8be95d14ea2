/* socket.h - non-blocking sockets: listen, accept, connect, read, options.
 *
 * All sockets are CLOEXEC and non-blocking; TCP ones have TCP_NODELAY (without it, pipelines
 * stall) and keepalive. Errors leave errno set.
 */
#ifndef COMMON_SOCKET_H
#define COMMON_SOCKET_H

#include <sys/types.h>

#include "common/address.h"
#include "common/base.h"

enum socket_result {
    SOCKET_OK = 0,
    SOCKET_AGAIN,
    SOCKET_EOF,
    SOCKET_ERROR,
};

/* A listening socket, or -1. A stale unix socket file that nobody listens on is replaced. */
int socket_listen(const struct address *address, int backlog) MUST_USE;

struct listen_options {
    int backlog;
    uint32_t mode;  /* of the file of a unix socket, before anybody can connect; 0: the umask's */
    bool is_shared; /* as socket_share_port says */
};

/* Likewise, as the options say. */
int socket_listen_as(const struct address *address, const struct listen_options *options) MUST_USE;

/* A socket that has its address, at which nobody can come yet. */
struct bound_socket {
    int fd;
    dev_t device; /* of the file of a unix socket, and its number there */
    ino_t file;
};

/* The two halves of socket_listen_as, for who wants several addresses or none of them. Who has
 * bound one keeps others from having it, but for the file of a unix socket, which looks stale as
 * long as nobody listens there. False, with nothing open, when the address cannot be had. */
bool socket_bind_as(const struct address *address, const struct listen_options *options,
                    struct bound_socket *bound) MUST_USE;

/* With the same address and options. False when nobody can listen there after all; the socket stays
 * open. With EADDRINUSE another has taken the file of a unix socket. */
bool socket_listen_bound(const struct bound_socket *bound, const struct address *address,
                         const struct listen_options *options) MUST_USE;

/* Others of this user's sockets may listen on the same port, or not any more; all of them have to
 * say so. For the moment in which one takes the place of another. */
void socket_share_port(int fd, bool is_shared);

/* Who would connect to this listening socket from now on gets no answer, and tries again a second
 * later; who is connected can be accepted still. Nothing for a unix socket. */
void socket_answer_no_more(int fd);

/* It answers again, should it have been told not to: whoever else has this socket, too. */
void socket_answer_again(int fd);

/* Why socket_listen failed with `error`, an errno: for logs. */
const char *socket_listen_text(const struct address *address, int error);

/* The next connection, or -1 with errno (EAGAIN, EMFILE, …). `peer` may be NULL. */
int socket_accept(int listener, struct endpoint *peer) MUST_USE;

/* Starts to connect: a socket (connected or on its way), or -1. */
int socket_connect(const struct endpoint *endpoint) MUST_USE;

/* After a connecting socket became writable: 0, or the errno of the failure. */
int socket_connect_error(int fd) MUST_USE;

/* Reads at most `room` bytes; *size is how many came. */
enum socket_result socket_read(int fd, char *to, size_t room, size_t *size) MUST_USE;

/* How long sent bytes may stay unacknowledged before the kernel gives the peer up. */
void socket_set_user_timeout(int fd, uint32_t timeout_ms);

/* How long the peer's kernel has acknowledged nothing although there is something to acknowledge,
 * in microseconds; 0 when there is not, or nobody can tell. */
uint64_t socket_unacknowledged_us(int fd);

/* What is written from now on waits for shutdown() or close(), as far as it fits a segment, and
 * leaves with that; for a fifth of a second at most. */
void socket_cork(int fd);

/* Has the peer closed, at least its half, even if bytes of it lie there unread? */
bool socket_peer_has_closed(int fd);

/* How many bytes have come that nobody has read. */
size_t socket_unread(int fd);

/* The port a listening socket got, for port 0. */
uint16_t socket_port(int fd);

/* This end's address. */
void socket_local(int fd, struct endpoint *endpoint);

#endif
