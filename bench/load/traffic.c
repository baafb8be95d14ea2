#include "bench/load/traffic.h"

#include <stdarg.h>

enum {
    TICK_US = 100 * US_PER_MS, /* looks after what no event tells of */
    COMPLAINTS_MAX = 3,
};

static PRINTF(2, 3) void complain(struct traffic *traffic, const char *format, ...)
{
    va_list arguments;

    if (traffic->complaints++ >= COMPLAINTS_MAX) {
        return;
    }
    fputs("load: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void traffic_fail(struct traffic *traffic, const char *what, const char *why)
{
    if (!traffic->has_failed) {
        fprintf(stderr, "load: %s: %s\n", what, why);
    }
    traffic->has_failed = true;
}

static void count(struct traffic *traffic, const struct unit *unit, struct outcome outcome)
{
    struct tally *tally = traffic->tally;
    uint64_t now = traffic->connections.now;
    char text[64];

    tally->requests++;
    tally->wrong += outcome.verdict == VERDICT_WRONG;
    tally->errors += outcome.verdict != VERDICT_WRONG && outcome.verdict != VERDICT_RIGHT;
    if (unlikely(outcome.verdict != VERDICT_RIGHT)) {
        complain(traffic, "%s: %s", work_print(unit, text, sizeof text), outcome.remark);
    }
    if (likely(outcome.verdict != VERDICT_LOST)) {
        latencies_record(&tally->latencies, now - unit->due);
        traffic->last = now;
    }
}

static uint16_t node_of(const struct traffic *traffic, const struct unit *unit)
{
    return traffic->options->cluster ? traffic->nodes.of_slot[work_slot(unit)] : 0;
}

/* Somewhere to send to; NULL when there is nothing, and trying again has to wait. */
static struct channel *channel_for(struct traffic *traffic, uint32_t client,
                                   const struct unit *unit)
{
    uint16_t node = node_of(traffic, unit);

    if (node == NODES_NONE) {
        return NULL;
    }

    struct channel *channel = traffic_channel(traffic, client, node);

    if (channel->connection.state == CONNECTION_CLOSED && !list_link_is_on(&channel->waiting)) {
        fleet_open_now(&traffic->fleet, channel);
    }
    return channel->connection.state == CONNECTION_CLOSED ? NULL : channel;
}

/* Returns false when it cannot be sent, and is over. */
static bool client_send(struct traffic *traffic, uint32_t client, const struct unit *unit)
{
    struct channel *channel = channel_for(traffic, client, unit);

    if (channel == NULL) {
        count(traffic, unit, (struct outcome){VERDICT_LOST, "there is no connection for it"});
        return false;
    }
    traffic->clients[client].in_flight++;
    traffic->in_flight++;
    connection_send(&channel->connection, unit);
    return true;
}

static bool may_send(const struct traffic *traffic)
{
    return traffic->sent < traffic->total && traffic->connections.now < traffic->until &&
           !traffic->has_failed;
}

static bool client_send_next(struct traffic *traffic, uint32_t client, uint64_t due)
{
    uint64_t number = traffic->sent++;
    struct unit unit =
        traffic->options->fill ? work_fill(number, due) : work_choose(&traffic->work, due);

    return client_send(traffic, client, &unit);
}

/* Closed loop: the next batch, when nothing is left of the last one. A client that cannot send is
 * tried again with the next tick. */
static void client_fill(struct traffic *traffic, uint32_t client)
{
    if (traffic->clients[client].in_flight > 0) {
        return;
    }
    while (traffic->clients[client].in_flight < traffic->depth && may_send(traffic) &&
           client_send_next(traffic, client, traffic->connections.now)) {
    }
}

/* Does it wait for all of its connections to be opened again? */
static bool is_cut_off(const struct client *client)
{
    for (uint16_t node = 0; node < client->room; node++) {
        const struct channel *channel = client->channels[node];

        if (channel != NULL && !list_link_is_on(&channel->waiting)) {
            return false;
        }
    }
    return client->room > 0;
}

static void clients_fill(struct traffic *traffic)
{
    for (uint32_t i = 0; i < traffic->options->clients; i++) {
        if (!is_cut_off(&traffic->clients[i])) {
            client_fill(traffic, i);
        }
    }
}

/* The next client in turn that may send one more; false when none may. */
static bool take_turn(struct traffic *traffic, uint32_t *client)
{
    for (uint64_t i = 0; i < traffic->options->clients; i++) {
        *client = (uint32_t)(traffic->turn++ % traffic->options->clients);
        if (traffic->clients[*client].in_flight < traffic->depth) {
            return true;
        }
    }
    return false;
}

/* Open loop: sends what is due by now. */
static void send_due(struct traffic *traffic)
{
    uint64_t due = schedule_due(&traffic->schedule, traffic->sent);
    uint32_t client = 0;

    while (due <= traffic->connections.now && may_send(traffic) && take_turn(traffic, &client)) {
        client_send_next(traffic, client, due);
        due = schedule_due(&traffic->schedule, traffic->sent);
    }
}

/* Sends a unit on to where its slot is now. False when nobody can say. */
static bool redirect(struct traffic *traffic, struct channel *channel, const struct unit *unit)
{
    struct unit again = *unit;

    if (node_of(traffic, unit) == channel->node &&
        !nodes_ask(&traffic->nodes, traffic->options->user, traffic->options->password)) {
        complain(traffic, "%s", traffic->nodes.why);
        return false;
    }
    again.is_redirected = true;
    client_send(traffic, channel->client, &again);
    return true;
}

static void greeting_answered(struct traffic *traffic, struct channel *channel,
                              const struct unit *unit, struct outcome outcome)
{
    if (outcome.verdict == VERDICT_LOST) {
        return;
    }
    if (outcome.verdict != VERDICT_RIGHT) {
        traffic_fail(traffic, unit->kind == WORK_AUTH ? "AUTH" : "PING", outcome.remark);
        return;
    }
    if (fleet_greeted(&traffic->fleet, channel, unit) && channel->client != CHANNEL_IDLE &&
        traffic->is_working && traffic->schedule.rate == 0) {
        client_fill(traffic, channel->client);
    }
}

void traffic_answered(void *context, struct connection *connection, const struct unit *unit,
                      struct outcome outcome)
{
    struct traffic *traffic = context;
    struct channel *channel = channel_of(connection);
    bool is_lost = outcome.verdict == VERDICT_LOST;

    if (unit->is_greeting) {
        greeting_answered(traffic, channel, unit, outcome);
        return;
    }
    traffic->clients[channel->client].in_flight--;
    traffic->in_flight--;
    if (traffic->options->connect_each && !is_lost) {
        connection_close(connection);
    }
    if (outcome.verdict == VERDICT_MOVED && traffic->options->cluster && !unit->is_redirected &&
        redirect(traffic, channel, unit)) {
        return;
    }
    count(traffic, unit, outcome);
    if (traffic->schedule.rate == 0 && !is_lost) {
        client_fill(traffic, channel->client);
    }
}

void traffic_lost(void *context, struct connection *connection, struct outcome why)
{
    struct traffic *traffic = context;
    struct channel *channel = channel_of(connection);
    bool is_idle = channel->client == CHANNEL_IDLE;

    if (!traffic->is_working) {
        traffic_fail(traffic, "cannot open all connections", why.remark);
        return;
    }
    if (why.verdict == VERDICT_WRONG) {
        traffic->tally->wrong++;
        complain(traffic, "a connection was closed: %s", why.remark);
    } else if (is_idle) {
        traffic->tally->errors++;
        complain(traffic, "an idle connection was lost: %s", why.remark);
    }
    fleet_lost(&traffic->fleet, channel, traffic->options->connect_each && !is_idle);
}

void traffic_start(struct traffic *traffic)
{
    const struct options *options = traffic->options;
    uint64_t now = traffic->connections.now;

    traffic->is_working = true;
    traffic->last = now;
    traffic->until = UINT64_MAX;
    traffic->schedule = (struct schedule){.start = now, .rate = options->rate};
    if (options->rate == 0 && options->seconds > 0) {
        traffic->until = now + (uint64_t)(options->seconds * US_PER_SECOND);
    }
}

void traffic_send(struct traffic *traffic)
{
    fleet_turn(&traffic->fleet);
    if (!traffic->is_working) {
        return;
    }
    if (traffic->schedule.rate > 0) {
        send_due(traffic);
    } else if (traffic->connections.now >= traffic->next_tick) {
        traffic->next_tick = traffic->connections.now + TICK_US;
        clients_fill(traffic);
    }
}

uint64_t traffic_pause_us(const struct traffic *traffic)
{
    uint64_t now = traffic->connections.now;

    if (!traffic->is_working || traffic->schedule.rate == 0 || traffic->sent == traffic->total ||
        traffic->in_flight / traffic->options->clients >= traffic->depth) {
        return TICK_US;
    }

    uint64_t due = schedule_due(&traffic->schedule, traffic->sent);

    return due <= now ? 0 : due - now < TICK_US ? due - now : TICK_US;
}

bool traffic_is_done(const struct traffic *traffic)
{
    return traffic->is_working && traffic->in_flight == 0 &&
           (traffic->sent == traffic->total || traffic->connections.now >= traffic->until);
}
