#include "bench/nodes/node.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/memory.h"
#include "common/resp_scan.h"

enum { BACKLOG = 4096 };

struct connection {
    struct list_link in_node;
    struct node *node;
    int fd; /* -1: closed, and about to be buried */
    struct inbound inbound;
    struct request_scan scan;
    struct sendq output;
    struct turn_task flush;
    struct turn_task bury;
    ev_io readable;
    ev_io writable;
};

static void connection_close(struct connection *connection)
{
    struct reactor *reactor = connection->node->site->reactor;

    ev_io_stop(reactor->loop, &connection->readable);
    ev_io_stop(reactor->loop, &connection->writable);
    close(connection->fd);
    connection->fd = -1;
    inbound_clear(&connection->inbound);
    sendq_clear(&connection->output);
    list_remove(&connection->in_node);
    connection->node->connection_count--;
    list_remove(&connection->flush.link);
    reactor_bury(reactor, &connection->bury);
}

static void connection_on_bury(struct turn_task *task)
{
    free(container_of(task, struct connection, bury));
}

static void connection_on_flush(struct turn_task *task)
{
    struct connection *connection = container_of(task, struct connection, flush);
    struct ev_loop *loop = connection->node->site->reactor->loop;
    size_t sent;

    switch (sendq_write(&connection->output, connection->fd, &sent)) {
    case SENDQ_OK: ev_io_stop(loop, &connection->writable); return;
    case SENDQ_PARTLY: ev_io_start(loop, &connection->writable); return;
    case SENDQ_ERROR: connection_close(connection); return;
    }
}

static void connection_on_writable(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
    struct connection *connection = container_of(watcher, struct connection, writable);

    reactor_flush_later(connection->node->site->reactor, &connection->flush);
}

/* Answers all whole requests that are there; false: what comes is none. */
static bool connection_scan(struct connection *connection)
{
    static const struct scan_limits limits = {
        .arguments = 1024 * 1024, .bulk_bytes = 512 << 20, .request_bytes = 1 << 30, true};
    struct site *site = connection->node->site;

    while (connection->inbound.size > 0) {
        size_t used;
        enum scan_result found =
            request_scan_next(&connection->scan, &limits, inbound_bytes(&connection->inbound),
                              site->arguments, &used);

        if (found != SCAN_DONE) {
            inbound_keep(&connection->inbound);
            return found == SCAN_MORE;
        }
        if (site->arguments->count > 0) {
            node_answer(connection->node, &connection->output);
        }
        request_scan_reset(&connection->scan);
        inbound_use(&connection->inbound, used);
    }
    return true;
}

static void connection_on_readable(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
    struct connection *connection = container_of(watcher, struct connection, readable);
    struct site *site = connection->node->site;
    size_t received = 0;
    enum socket_result result = intake_read(&site->intake, &connection->inbound, connection->fd,
                                            connection->scan.need, &received);

    if (received > 0 && !connection_scan(connection)) {
        result = SOCKET_ERROR;
    }
    if (result == SOCKET_EOF || result == SOCKET_ERROR) {
        connection_close(connection);
        return;
    }
    reactor_flush_later(site->reactor, &connection->flush);
}

static void connection_open(struct node *node, int fd)
{
    struct connection *connection = memory_new(1, sizeof *connection);

    connection->node = node;
    connection->fd = fd;
    connection->flush.run = connection_on_flush;
    connection->bury.run = connection_on_bury;
    sendq_init(&connection->output);
    ev_io_init(&connection->readable, connection_on_readable, fd, EV_READ);
    ev_io_init(&connection->writable, connection_on_writable, fd, EV_WRITE);
    ev_io_start(node->site->reactor->loop, &connection->readable);
    list_append(&node->connections, &connection->in_node);
    node->connection_count++;
    node->site->connections_made++;
}

static void node_on_readable(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
    struct node *node = container_of(watcher, struct node, readable);
    int fd;

    while ((fd = socket_accept(node->fd, NULL)) >= 0) {
        connection_open(node, fd);
    }
}

bool node_open(struct node *node, struct site *site, uint16_t number)
{
    struct address address = {.kind = ADDRESS_TCP,
                              .host = "127.0.0.1",
                              .port = (uint16_t)(site->picture.base_port + number)};

    *node = (struct node){.site = site, .number = number};
    list_init(&node->connections);
    node->fd = socket_listen(&address, BACKLOG);
    if (node->fd < 0) {
        return false;
    }
    ev_io_init(&node->readable, node_on_readable, node->fd, EV_READ);
    ev_io_start(site->reactor->loop, &node->readable);
    return true;
}

void node_close(struct node *node)
{
    if (node->fd < 0) {
        return;
    }
    ev_io_stop(node->site->reactor->loop, &node->readable);
    close(node->fd);
    node->fd = -1;
    LIST_EACH_SAFE (link, &node->connections) {
        connection_close(container_of(link, struct connection, in_node));
    }
}
