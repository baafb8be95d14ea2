#include "proxy/downstream/clients.h"

#include "proxy/downstream/client.h"

enum { IDLE_LOOK_US = US_PER_SECOND };

static struct client *client_at(struct list_link *link)
{
    return container_of(link, struct client, in_clients);
}

/* The list is in no order of idleness; a look once a second costs nothing that matters. */
static void clients_on_idle(struct reactor_timer *timer)
{
    struct clients *clients = container_of(timer, struct clients, idle);
    uint64_t now = reactor_now(clients->reactor);

    LIST_EACH_SAFE (link, &clients->open) {
        struct client *client = client_at(link);

        if (pipeline_is_empty(&client->pipeline) &&
            client->session.last_request + clients->config->clients_idle < now) {
            client_finish(client, CLOSE_IDLE);
        }
    }
    reactor_timer_start(&clients->idle, IDLE_LOOK_US);
}

void clients_init(struct clients *clients)
{
    list_init(&clients->open);
    reactor_timer_init(&clients->idle, clients->reactor, clients_on_idle);
    if (clients->config->clients_idle > 0) {
        reactor_timer_start(&clients->idle, IDLE_LOOK_US);
    }
}

void clients_clear(struct clients *clients)
{
    CHECK(list_is_empty(&clients->open));
    reactor_timer_stop(&clients->idle);
    arguments_clear(&clients->arguments);
    keys_clear(&clients->keys);
}

void clients_drain(struct clients *clients)
{
    clients->is_draining = true;
    LIST_EACH_SAFE (link, &clients->open) {
        client_finish(client_at(link), CLOSE_DRAINED);
    }
    if (clients->count == 0) {
        clients->drained(clients);
    }
}

void clients_close_all(struct clients *clients, enum close_reason reason)
{
    LIST_EACH_SAFE (link, &clients->open) {
        client_close(client_at(link), reason);
    }
}

void clients_on_open(struct clients *clients, struct list_link *link)
{
    list_append(&clients->open, link);
    clients->count++;
    metric_add(&clients->metrics->downstream_connections_total, 1);
    metric_add(&clients->metrics->downstream_connections_active, 1);
    if (clients->is_draining) {
        client_finish(client_at(link), CLOSE_DRAINED);
    }
}

void clients_on_close(struct clients *clients, struct list_link *link)
{
    list_remove(link);
    clients->count--;
    metric_subtract(&clients->metrics->downstream_connections_active, 1);
    atomic_fetch_sub(&clients->house->client_count, 1);
    atomic_fetch_sub(clients->load, 1);
    if (clients->is_draining && clients->count == 0) {
        clients->drained(clients);
    }
}
