#include "proxy/downstream/drain.h"

#include "proxy/downstream/encrypted.h"
#include "proxy/downstream/farewell.h"

enum {
    STEP_US = 10 * US_PER_MS,
    QUIET_US = 100 * US_PER_MS, /* of who will hardly send anything just now */
};

static struct client *client_at(struct list_link *link)
{
    return container_of(link, struct client, in_clients);
}

/* Has it begun what only this connection can end? */
static bool is_bound(const struct client *client)
{
    const struct session *session = &client->session;

    return client->is_blocked || session->is_in_multi || session->watched.is_on ||
           client_is_subscribed(client);
}

/* Is nothing of it here, nor on its way here? The kernel is asked last. */
static bool is_between_requests(const struct client *client)
{
    return client_is_open(client) && pipeline_is_empty(&client->pipeline) &&
           client->inbound.size == 0 && !is_bound(client) && !client_has_unread(client);
}

static bool is_idle(const struct client *client, uint64_t now)
{
    return client->session.last_active + QUIET_US < now && is_between_requests(client);
}

/* What it has sent and we have not read is not executed. */
static bool may_be_cut_off(const struct client *client)
{
    return client_is_open(client) && client->state != CLIENT_HELD && !is_bound(client);
}

/* How many should be on their way out by now; the first at once. */
static uint32_t drain_due(const struct drain *drain, uint64_t since)
{
    if (since >= drain->spread) {
        return UINT32_MAX;
    }
    return (uint32_t)(1 + since * drain->count / drain->spread);
}

/* Idle ones take what is due; what they leave is for those who work. */
static void drain_some(struct clients *clients)
{
    struct drain *drain = &clients->drain;
    uint64_t now = reactor_now(clients->reactor);
    uint64_t since = now - drain->began;
    uint32_t due = drain_due(drain, since);

    LIST_EACH_SAFE (link, &clients->open) {
        struct client *client = client_at(link);

        if (drain->told >= due) {
            break;
        }
        if (is_idle(client, now) || (since >= drain->patience && may_be_cut_off(client))) {
            drain->told++;
            client_finish(client, CLOSE_DRAINED);
        }
    }
    drain->allowed = due - drain->told;
    if (clients->count > 0 || !list_is_empty(&clients->arriving)) {
        reactor_timer_start(&drain->step, STEP_US);
    }
}

static void drain_on_step(struct reactor_timer *timer)
{
    drain_some(container_of(timer, struct clients, drain.step));
}

void drain_init(struct clients *clients)
{
    reactor_timer_init(&clients->drain.step, clients->reactor, drain_on_step);
}

void drain_clear(struct clients *clients)
{
    reactor_timer_stop(&clients->drain.step);
}

void drain_begin(struct clients *clients, const struct drain_plan *plan)
{
    struct drain *drain = &clients->drain;
    bool is_empty = clients->count == 0 && list_is_empty(&clients->arriving);

    drain->is_on = true;
    drain->began = reactor_now(clients->reactor);
    drain->spread = plan->spread;
    drain->patience = plan->patience;
    drain->count = clients->count;
    drain->told = 0;
    drain_some(clients);
    if (is_empty) {
        clients->drained(clients);
    }
}

void drain_call_off(struct clients *clients)
{
    clients->drain.is_on = false;
    clients->drain.allowed = 0;
    reactor_timer_stop(&clients->drain.step);
}

void drain_look_closely(struct client *client)
{
    struct drain *drain = &client->clients->drain;

    if (sendq_is_empty(&client->output)) {
        return;
    }
    if (drain->allowed > 0 && is_between_requests(client)) {
        drain->allowed--;
        drain->told++;
        client_finish(client, CLOSE_DRAINED);
    }
    if (client->state == CLIENT_DRAINING && client->close_reason == CLOSE_DRAINED &&
        pipeline_is_empty(&client->pipeline)) {
        farewell_prepare(client);
    }
}
