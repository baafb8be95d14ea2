#include "proxy/upstream/node_socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/check.h"

/* As if the kernel had told of it. */
static void on_turn(struct turn_task *task)
{
    struct node_socket *socket = container_of(task, struct node_socket, read_on);

    if (ev_is_active(&socket->readable)) {
        ev_invoke(socket->reactor->loop, &socket->readable, EV_READ);
    }
}

void node_socket_init(struct node_socket *socket, struct reactor *reactor,
                      node_socket_ready *readable, node_socket_ready *writable)
{
    *socket = (struct node_socket){.fd = -1, .reactor = reactor, .read_on = {.run = on_turn}};
    ev_init(&socket->readable, readable);
    ev_init(&socket->writable, writable);
}

void node_socket_connect(struct node_socket *socket, const struct endpoint *endpoint,
                         uint32_t user_timeout_ms)
{
    socket->fd = socket_connect(endpoint);
    if (socket->fd < 0) {
        socket->error = errno;
        return;
    }
    socket_set_user_timeout(socket->fd, user_timeout_ms);
    ev_io_set(&socket->readable, socket->fd, EV_READ);
    ev_io_set(&socket->writable, socket->fd, EV_WRITE);
    ev_io_start(socket->reactor->loop, &socket->writable);
}

/* In a handshake only what it waits for: the other direction may be ready all the time. */
static void await_handshake(struct node_socket *socket)
{
    if (tls_write_awaits(socket->tls) == TLS_AWAITS_WRITABLE) {
        ev_io_stop(socket->reactor->loop, &socket->readable);
        ev_io_start(socket->reactor->loop, &socket->writable);
    } else {
        ev_io_stop(socket->reactor->loop, &socket->writable);
        ev_io_start(socket->reactor->loop, &socket->readable);
    }
}

static void read_next_turn(struct node_socket *socket)
{
    if (ev_is_active(&socket->readable)) {
        reactor_next_turn(socket->reactor, &socket->read_on);
    }
}

/* Not watched until then: what the kernel has meanwhile would keep the thread busy. */
static void read_when_there_is_room(struct node_socket *socket)
{
    socket->reads_on_room = true;
    ev_io_stop(socket->reactor->loop, &socket->readable);
    ev_io_start(socket->reactor->loop, &socket->writable);
}

/* What TLS has taken from the socket already: the kernel will not tell of it. */
static void read_on(struct node_socket *socket)
{
    if (tls_read_awaits(socket->tls) == TLS_AWAITS_WRITABLE) {
        read_when_there_is_room(socket);
    } else if (tls_has_more(socket->tls)) {
        read_next_turn(socket);
    }
}

static enum node_socket_step node_socket_open(struct node_socket *socket)
{
    ev_io_stop(socket->reactor->loop, &socket->writable);
    ev_io_start(socket->reactor->loop, &socket->readable);
    if (socket->tls != NULL) {
        read_on(socket);
    }
    return NODE_SOCKET_OPEN;
}

static enum node_socket_step node_socket_shake_hands(struct node_socket *socket)
{
    switch (tls_handshake(socket->tls)) {
    case SOCKET_OK: return node_socket_open(socket);
    case SOCKET_AGAIN: await_handshake(socket); return NODE_SOCKET_STILL;
    case SOCKET_EOF:
    case SOCKET_ERROR: break;
    }
    socket->error = errno;
    return NODE_SOCKET_FAILED;
}

enum node_socket_step node_socket_advance(struct node_socket *socket, const struct node_peer *peer)
{
    if (!socket->is_connected) {
        socket->error = socket_connect_error(socket->fd);
        if (socket->error != 0) {
            return NODE_SOCKET_FAILED;
        }
        socket->is_connected = true;
        socket->tls = node_door_open(peer->door, socket->fd, peer->host, peer->memory);
    }
    return socket->tls == NULL ? node_socket_open(socket) : node_socket_shake_hands(socket);
}

enum socket_result node_socket_read_tls(struct node_socket *socket, struct intake *intake,
                                        struct inbound *inbound, size_t need, size_t *received)
{
    enum socket_result result = intake_read_tls(intake, inbound, socket->tls, need, received);

    switch (result) {
    case SOCKET_OK:
    case SOCKET_AGAIN: read_on(socket); break;
    case SOCKET_EOF: break;
    case SOCKET_ERROR: socket->error = errno; break;
    }
    return result;
}

enum sendq_result node_socket_write_tls(struct node_socket *socket, struct sendq *queue,
                                        size_t *sent)
{
    return sendq_write_tls(queue, socket->tls, sent);
}

void node_socket_on_room(struct node_socket *socket)
{
    if (socket->reads_on_room) {
        socket->reads_on_room = false;
        ev_io_start(socket->reactor->loop, &socket->readable);
        read_next_turn(socket);
    }
}

void node_socket_await_room(struct node_socket *socket)
{
    if (socket->tls == NULL || tls_write_awaits(socket->tls) == TLS_AWAITS_WRITABLE) {
        ev_io_start(socket->reactor->loop, &socket->writable);
    }
}

void node_socket_await_no_room(struct node_socket *socket)
{
    if (likely(!socket->reads_on_room)) {
        ev_io_stop(socket->reactor->loop, &socket->writable);
    }
}

void node_socket_hold(struct node_socket *socket)
{
    socket->reads_on_room = false;
    reactor_forget(&socket->read_on);
    ev_io_stop(socket->reactor->loop, &socket->readable);
}

void node_socket_let_go(struct node_socket *socket)
{
    ev_io_start(socket->reactor->loop, &socket->readable);
    if (socket->tls != NULL) {
        read_on(socket);
    }
}

enum close_reason node_socket_blame(const struct node_socket *socket, enum close_reason reason)
{
    if (socket->tls == NULL) {
        return reason;
    }
    if (reason == CLOSE_CONNECT_TIMEOUT && !tls_is_ready(socket->tls)) {
        return CLOSE_TLS_SLOW;
    }
    return socket->error == EPROTO ? CLOSE_TLS_FAILED : reason;
}

const char *node_socket_problem(const struct node_socket *socket, enum close_reason reason)
{
    if (socket->tls != NULL && tls_problem(socket->tls)[0] != '\0') {
        return tls_problem(socket->tls);
    }
    if (reason == CLOSE_TLS_SLOW) {
        return "no answer to the TLS handshake: does the node speak TLS at this port?";
    }
    return socket->error != 0 ? strerror(socket->error) : close_reason_text(reason);
}

void node_socket_finish(struct node_socket *socket)
{
    if (socket->tls != NULL) {
        tls_say_goodbye(socket->tls);
    }
    shutdown(socket->fd, SHUT_WR);
}

void node_socket_close(struct node_socket *socket)
{
    reactor_forget(&socket->read_on);
    ev_io_stop(socket->reactor->loop, &socket->readable);
    ev_io_stop(socket->reactor->loop, &socket->writable);
    if (socket->tls != NULL) {
        tls_free(&socket->tls);
    }
    if (socket->fd >= 0) {
        close(socket->fd);
        socket->fd = -1;
    }
    socket->error = 0;
    socket->is_connected = false;
    socket->reads_on_room = false;
}
