#include "proxy/downstream/clients.h"

#include "proxy/downstream/client.h"

enum {
    LOOK_US = US_PER_SECOND,
    STUCK_FACTOR = 2,
};

static struct client *client_at(struct list_link *link)
{
    return container_of(link, struct client, in_clients);
}

/* Said goodbye to, with replies still to come or to be taken: not for ever. */
static bool client_is_stuck(const struct client *client, uint64_t now)
{
    return client->state == CLIENT_DRAINING &&
           client->draining_since + STUCK_FACTOR * client->clients->config->timeout_request < now;
}

static bool client_is_idle(const struct client *client, uint64_t now)
{
    uint64_t patience = client->clients->config->clients_idle;

    return patience > 0 && pipeline_is_empty(&client->pipeline) &&
           client->session.last_request + patience < now;
}

/* The list is in no order of idleness; a look once a second costs nothing that matters. */
static void clients_on_look(struct reactor_timer *timer)
{
    struct clients *clients = container_of(timer, struct clients, look);
    uint64_t now = reactor_now(clients->reactor);

    LIST_EACH_SAFE (link, &clients->open) {
        struct client *client = client_at(link);

        inbound_shrink(&client->inbound);
        if (client_is_stuck(client, now)) {
            client_close(client, client->close_reason);
        } else if (client_is_idle(client, now)) {
            client_finish(client, CLOSE_IDLE);
        }
    }
    if (clients->count > 0) {
        reactor_timer_start(&clients->look, LOOK_US);
    }
}

void clients_init(struct clients *clients)
{
    list_init(&clients->open);
    reactor_timer_init(&clients->look, clients->reactor, clients_on_look);
}

void clients_clear(struct clients *clients)
{
    CHECK(list_is_empty(&clients->open));
    reactor_timer_stop(&clients->look);
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
    if (!reactor_timer_is_running(&clients->look)) {
        reactor_timer_start(&clients->look, LOOK_US);
    }
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
