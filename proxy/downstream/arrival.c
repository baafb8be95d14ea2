#include "proxy/downstream/arrival.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "common/memory.h"
#include "common/proxy_header.h"
#include "common/socket.h"
#include "common/tls_context.h"
#include "proxy/downstream/client.h"

enum {
    PATIENCE_US = 5 * US_PER_SECOND, /* balancers send it at once */
    SKIPPED_AT_ONCE = 4096,
    END_TEXT_SIZE = 64,
};

struct arrival {
    struct list_link in_clients;
    struct clients *clients;
    ev_io readable; /* it has the socket */
    struct reactor_timer patience;
    struct tls_context *tls; /* of the client; NULL: without TLS */
    struct proxy_header header;
};

/* Takes the pointer; returns the socket. */
static int arrival_end(struct arrival **arrival)
{
    struct arrival *gone = *arrival;
    int fd = gone->readable.fd;

    *arrival = NULL;
    ev_io_stop(gone->clients->reactor->loop, &gone->readable);
    reactor_timer_stop(&gone->patience);
    list_remove(&gone->in_clients);
    tls_context_release(&gone->tls);
    free(gone);
    return fd;
}

static void arrival_close(struct arrival *arrival)
{
    struct clients *clients = arrival->clients;

    close(arrival_end(&arrival));
    clients_on_turned_away(clients);
}

static void arrival_refuse(struct arrival *arrival, const char *problem)
{
    struct endpoint peer = {.size = sizeof peer.storage};
    char text[sizeof(struct address)] = "";

    if (getpeername(arrival->readable.fd, (struct sockaddr *)&peer.storage, &peer.size) == 0) {
        endpoint_print(&peer, text, sizeof text);
    }
    log_warn("no PROXY header where one must be", "pool=%s peer=%s problem=%s",
             arrival->clients->config->name, text, problem);
    metric_add(&arrival->clients->metrics->proxy_headers_refused_total, 1);
    arrival_close(arrival);
}

static void client_set_end(struct client *client, enum extra_text which,
                           const struct endpoint *endpoint)
{
    char text[END_TEXT_SIZE];

    session_set(&client->session, which, span_of(endpoint_print(endpoint, text, sizeof text)));
}

static void arrival_become_client(struct arrival *arrival)
{
    struct clients *clients = arrival->clients;
    struct proxy_header header = arrival->header;
    struct tls_context *tls = arrival->tls;

    arrival->tls = NULL;

    struct client *client = client_open(clients, arrival_end(&arrival), tls);

    tls_context_release(&tls);

    metric_add(&clients->metrics->proxy_headers_total, 1);
    if (header.has_addresses) {
        client_set_end(client, TEXT_PEER, &header.source);
        client_set_end(client, TEXT_LOCAL, &header.destination);
    }
}

static void arrival_on_eof(struct arrival *arrival)
{
    if (proxy_header_has_begun(&arrival->header)) {
        arrival_refuse(arrival, "it ends too early");
        return;
    }
    arrival_close(arrival);
}

/* Reads the next piece. Returns false when there is nothing more to do, now or ever. */
static bool arrival_read(struct arrival *arrival)
{
    char bytes[SKIPPED_AT_ONCE];
    size_t room = size_min(proxy_header_room(&arrival->header), sizeof bytes);
    size_t size;

    switch (socket_read(arrival->readable.fd, bytes, room, &size)) {
    case SOCKET_OK: break;
    case SOCKET_AGAIN: return false;
    case SOCKET_EOF:
    case SOCKET_ERROR: arrival_on_eof(arrival); return false;
    }
    switch (proxy_header_take(&arrival->header, (struct span){bytes, size})) {
    case PROXY_HEADER_MORE: return true;
    case PROXY_HEADER_DONE: arrival_become_client(arrival); return false;
    case PROXY_HEADER_BAD: arrival_refuse(arrival, arrival->header.problem); return false;
    }
    return false;
}

/* What is there is soon read: a header has 64 kB at most. */
static void arrival_on_readable(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
    struct arrival *arrival = container_of(watcher, struct arrival, readable);

    while (arrival_read(arrival)) {
    }
}

static void arrival_on_patience_over(struct reactor_timer *timer)
{
    arrival_refuse(container_of(timer, struct arrival, patience), "it does not come");
}

void arrival_open(struct clients *clients, int fd, struct tls_context *tls)
{
    struct arrival *arrival;

    if (clients->drain.is_on) {
        close(fd);
        clients_on_turned_away(clients);
        return;
    }
    arrival = memory_new(1, sizeof *arrival);
    arrival->clients = clients;
    arrival->tls = tls == NULL ? NULL : tls_context_take(tls);
    list_append(&clients->arriving, &arrival->in_clients);
    reactor_timer_init(&arrival->patience, clients->reactor, arrival_on_patience_over);
    reactor_timer_start(&arrival->patience, PATIENCE_US);
    ev_io_init(&arrival->readable, arrival_on_readable, fd, EV_READ);
    ev_io_start(clients->reactor->loop, &arrival->readable);
}

void arrivals_close(struct clients *clients)
{
    LIST_EACH_SAFE (link, &clients->arriving) {
        arrival_close(container_of(link, struct arrival, in_clients));
    }
}
