#include "proxy/downstream/clients.h"

#include <inttypes.h>

#include "common/clock.h"
#include "common/log.h"
#include "proxy/downstream/arrival.h"
#include "proxy/downstream/client_limits.h"
#include "proxy/downstream/client_pages.h"
#include "proxy/downstream/drain.h"
#include "proxy/downstream/encrypted.h"
#include "proxy/downstream/farewell.h"
#include "proxy/downstream/halting.h"
#include "proxy/downstream/hearing.h"
#include "proxy/downstream/live.h"
#include "proxy/downstream/login.h"
#include "proxy/downstream/pause.h"
#include "proxy/downstream/roll.h"
#include "proxy/tracking/tracker.h"

enum {
    LOOK_US = US_PER_SECOND,
    HURRY_US = 50 * US_PER_MS, /* between two looks while memory is short */
    HOLDER_MIN = 4 * 1024,     /* one that holds less is not worth closing */
    STUCK_FACTOR = 2,
};

static struct client *client_at(struct list_link *link)
{
    return container_of(link, struct client, in_clients);
}

/* Said goodbye to, with replies still to come or to be taken: not for ever. */
static bool client_is_stuck(const struct client *client, uint64_t now)
{
    bool is_going = client->state == CLIENT_DRAINING || client->state == CLIENT_LEAVING;

    return is_going && client->session.extras->draining_since +
                               STUCK_FACTOR * client->clients->config->timeout_request <
                           now;
}

static bool client_is_gone(const struct client *client, uint64_t now)
{
    return client_is_stuck(client, now) ||
           (client->state == CLIENT_LEAVING && farewell_is_over(client, now));
}

static bool client_is_idle(const struct client *client, uint64_t now)
{
    uint64_t patience = client->clients->config->clients_idle;

    return patience > 0 && client->state != CLIENT_HELD && !client_is_subscribed(client) &&
           !client->is_monitor && pipeline_is_empty(&client->pipeline) &&
           client->session.last_active + patience < now;
}

static struct client *largest_holder(const struct clients *clients)
{
    struct client *largest = NULL;
    size_t most = HOLDER_MIN;

    LIST_EACH (link, &clients->open) {
        struct client *client = client_at(link);
        size_t held = client_held(client);

        if (held >= most) {
            most = held;
            largest = client;
        }
    }
    return largest;
}

void client_close_holder(struct client *client, enum close_reason reason)
{
    const struct session *session = &client->session;
    const char *name = session_text(session, TEXT_NAME);

    log_warn("client holds too much",
             "client=%" PRIu64 " name=%s reason=%s unread=%zu early=%zu "
             "gathered=%zu pending=%zu kept=%zu",
             session->id, name == NULL ? "" : name, close_reason_name(reason), client->output.size,
             client->pipeline.reply_bytes, client_gathered(client),
             client->inbound.size + client->pipeline.bytes, session_kept_bytes(session));
    client_close(client, reason);
}

static size_t bytes_in_use(void)
{
    return block_bytes_in_use() + request_bytes_in_use();
}

static void clients_publish(void)
{
    block_publish();
    request_publish();
}

/* Until requests may be taken again: those who hold memory may never let go of it. Each worker
 * looks after its own; what one frees, the others see. When one goes and nothing is freed, the
 * memory is with nodes, and the others are spared until the next look. */
static void clients_free_memory(struct clients *clients)
{
    size_t before = SIZE_MAX;

    block_bill(clients->intake->account);
    clients_publish();
    while (clients_memory(clients) == BUDGET_SPENT && bytes_in_use() < before) {
        struct client *client = largest_holder(clients);

        if (client == NULL) {
            return;
        }
        before = bytes_in_use();
        client_close_holder(client, CLOSE_MEMORY_LIMIT);
        clients_publish();
    }
}

static void client_look(struct client *client, uint64_t now)
{
    inbound_shrink(&client->inbound);
    live_look(client, now);
    if (client_is_gone(client, now)) {
        client_close(client, client->close_reason);
    } else if (client_is_over_output(client)) {
        client_close_holder(client, client_output_reason(client));
    } else if (client->session.is_encrypted && encrypted_is_late(client, now)) {
        encrypted_close_late(client);
    } else if (client_is_too_slow(client)) {
        client_close(client, CLOSE_REQUEST_TIME);
    } else if (client_is_idle(client, now)) {
        client_finish(client, CLOSE_IDLE);
    } else if (client->is_blocked && client->state == CLIENT_PAUSED &&
               socket_peer_has_closed(client_fd(client))) {
        client_close(client, CLOSE_PEER_CLOSED);
    } else if (client->state == CLIENT_HELD && socket_peer_has_closed(client_fd(client))) {
        client_finish(client, CLOSE_PEER_CLOSED);
    } else if (client->state == CLIENT_PAUSED) {
        reactor_flush_later(client->clients->reactor, &client->flush);
    }
}

/* The list is in no order of idleness; a look once a second costs nothing that matters. */
static void clients_on_look(struct reactor_timer *timer)
{
    struct clients *clients = container_of(timer, struct clients, look);
    uint64_t now = reactor_now(clients->reactor);

    sampling_look(&clients->sampling, now);
    clients_free_memory(clients);
    LIST_EACH_SAFE (link, &clients->open) {
        if (clients->identities.is_on) {
            hearing_look(client_at(link));
        }
        client_look(client_at(link), now);
    }
    clients->is_hurried = clients->count > 0 && clients_memory(clients) == BUDGET_SPENT;
    if (clients->count > 0) {
        reactor_timer_start(&clients->look, clients->is_hurried ? HURRY_US : LOOK_US);
    }
}

void clients_hurry(struct clients *clients)
{
    if (!clients->is_hurried) {
        clients->is_hurried = true;
        reactor_timer_start(&clients->look, HURRY_US);
    }
}

static void clients_on_pause_end(struct reactor_timer *timer)
{
    pause_refresh(container_of(timer, struct clients, pause_end));
}

void clients_init(struct clients *clients)
{
    struct user_set *users = clients->house->users;

    clients->users = users == NULL ? user_set_of_one(clients->config) : user_set_take(users);
    identities_init(&clients->identities, clients);
    clients->tracker = tracker_new(clients->dispatcher, clients->metrics);
    list_init(&clients->open);
    list_init(&clients->arriving);
    list_init(&clients->vigils);
    for (size_t i = 0; i < LOG_COUNT; i++) {
        command_log_init(&clients->logs[i]);
    }
    command_times_init(&clients->times);
    sampling_init(&clients->sampling, clock_now(), trace_distance(clients),
                  clients->house->heats[clients->worker]);
    monitor_init(&clients->monitor);
    reactor_timer_init(&clients->look, clients->reactor, clients_on_look);
    reactor_timer_init(&clients->pause_end, clients->reactor, clients_on_pause_end);
    drain_init(clients);
}

void clients_clear(struct clients *clients)
{
    CHECK(list_is_empty(&clients->open) && list_is_empty(&clients->arriving));
    halting_clear(clients);
    reactor_timer_stop(&clients->look);
    drain_clear(clients);
    reactor_timer_stop(&clients->pause_end);
    tracker_free(&clients->tracker);
    identities_clear(&clients->identities);
    for (size_t i = 0; i < LOG_COUNT; i++) {
        command_log_clear(&clients->logs[i]);
    }
    command_times_clear(&clients->times);
    sampling_clear(&clients->sampling);
    monitor_clear(&clients->monitor);
    arguments_clear(&clients->arguments);
    keys_clear(&clients->keys);
    user_set_release(&clients->users);
}

void clients_close_all(struct clients *clients, enum close_reason reason)
{
    arrivals_close(clients);
    LIST_EACH_SAFE (link, &clients->open) {
        client_close(client_at(link), reason);
    }
}

void clients_on_open(struct clients *clients, struct list_link *link)
{
    list_append(&clients->open, link);
    roll_add(clients->house->roll, client_at(link));
    login_begin(client_at(link));
    clients->count++;
    if (!reactor_timer_is_running(&clients->look)) {
        reactor_timer_start(&clients->look, LOOK_US);
    }
    metric_add(&clients->metrics->downstream_connections_total, 1);
    metric_add(&clients->metrics->downstream_connections_active, 1);
}

void clients_on_turned_away(struct clients *clients)
{
    atomic_fetch_sub(&clients->house->client_count, 1);
    atomic_fetch_sub(clients->load, 1);
    if (clients->drain.is_on && clients->count == 0 && list_is_empty(&clients->arriving)) {
        clients->drained(clients);
    }
}

void clients_on_close(struct clients *clients, struct list_link *link)
{
    client_pages_on_close(clients, link);
    list_remove(link);
    roll_remove(clients->house->roll, client_at(link));
    clients->count--;
    metric_subtract(&clients->metrics->downstream_connections_active, 1);
    clients_on_turned_away(clients);
}
