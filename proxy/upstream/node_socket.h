/* node_socket.h - the socket of a connection to a node, with TLS on it or without, and what watches
 * it.
 *
 *      node_socket_connect ──> writable ──> [ handshake, there and back ] ──> bytes both ways
 *                              └─ node_socket_advance, until it says OPEN ─┘
 *
 * Its owner has the callbacks. While it is connecting both of them call node_socket_advance; later
 * the one for readable reads and the one for writable flushes. TLS may keep bytes to itself that no
 * epoll tells of: then the socket becomes readable once more by itself, in the next turn. Worker's
 * thread only.
 */
#ifndef PROXY_UPSTREAM_NODE_SOCKET_H
#define PROXY_UPSTREAM_NODE_SOCKET_H

#include "common/intake.h"
#include "common/reactor.h"
#include "common/sendq.h"
#include "proxy/cluster/node_tls.h"
#include "proxy/metrics/metrics.h"

struct node_socket {
    int fd;          /* -1: none */
    int error;       /* errno of what ends the connection; 0: none */
    struct tls *tls; /* NULL: plain, or not connected yet */
    bool is_connected;
    bool reads_on_room; /* TLS has something to send before it can read on */
    struct reactor *reactor;
    ev_io readable;
    ev_io writable;
    struct turn_task read_on;
};

/* Whom it connects to. */
struct node_peer {
    struct node_door *door; /* NULL: plain */
    const char *host;
    struct tls_memory *memory; /* of that node; NULL: none */
};

enum node_socket_step {
    NODE_SOCKET_STILL, /* under way */
    NODE_SOCKET_OPEN,  /* bytes may flow */
    NODE_SOCKET_FAILED,
};

typedef void node_socket_ready(struct ev_loop *loop, ev_io *watcher, int events);

void node_socket_init(struct node_socket *socket, struct reactor *reactor,
                      node_socket_ready *readable, node_socket_ready *writable);

/* Starts to connect; when not even that can be done ->fd stays -1 and ->error says why. Sent bytes
 * may stay unacknowledged for `user_timeout_ms`. */
void node_socket_connect(struct node_socket *socket, const struct endpoint *endpoint,
                         uint32_t user_timeout_ms);

/* Gets it on, when it is readable or writable and not open yet. */
enum node_socket_step node_socket_advance(struct node_socket *socket,
                                          const struct node_peer *peer) MUST_USE;

/* For node_socket_read and _write, of one with TLS. */
enum socket_result node_socket_read_tls(struct node_socket *socket, struct intake *intake,
                                        struct inbound *inbound, size_t need,
                                        size_t *received) MUST_USE;
enum sendq_result node_socket_write_tls(struct node_socket *socket, struct sendq *queue,
                                        size_t *sent) MUST_USE;

/* As intake_read. Why TLS fails is in ->error as well: a node that refuses us says so before it
 * goes, so it may be read after a write has failed. */
static inline enum socket_result node_socket_read(struct node_socket *socket, struct intake *intake,
                                                  struct inbound *inbound, size_t need,
                                                  size_t *received)
{
    if (unlikely(socket->tls != NULL)) {
        return node_socket_read_tls(socket, intake, inbound, need, received);
    }
    return intake_read(intake, inbound, socket->fd, need, received);
}

/* As sendq_write. */
static inline enum sendq_result node_socket_write(struct node_socket *socket, struct sendq *queue,
                                                  size_t *sent)
{
    if (unlikely(socket->tls != NULL)) {
        return node_socket_write_tls(socket, queue, sent);
    }
    return sendq_write(queue, socket->fd, sent);
}

/* It is writable: a read that waited for that goes on. */
void node_socket_on_room(struct node_socket *socket);

/* Becomes writable when there is room again after a write, or not any more, unless a read waits for
 * it too. */
void node_socket_await_room(struct node_socket *socket);
void node_socket_await_no_room(struct node_socket *socket);

/* Is not read from, or is again. */
void node_socket_hold(struct node_socket *socket);
void node_socket_let_go(struct node_socket *socket);

/* Is it TLS that has failed? Then that is the reason, instead of `reason`. */
enum close_reason node_socket_blame(const struct node_socket *socket,
                                    enum close_reason reason) MUST_USE;

/* Why the connection ends, for the log: what is known best. Lives until it is closed. */
const char *node_socket_problem(const struct node_socket *socket, enum close_reason reason);

static inline bool close_is_of_tls(enum close_reason reason)
{
    return reason == CLOSE_TLS_FAILED || reason == CLOSE_TLS_SLOW;
}

/* Tells the node that nothing more will come. Reading goes on. */
void node_socket_finish(struct node_socket *socket);

/* Does nothing when there is none. */
void node_socket_close(struct node_socket *socket);

#endif
