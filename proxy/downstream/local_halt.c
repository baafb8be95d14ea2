/* PROXY PAUSE, DRAIN, RESUME and PAUSES: what an operator has slotway do while nodes are worked on.
 */
#include <stdio.h>

#include "common/resp_write.h"
#include "proxy/downstream/halting.h"
#include "proxy/downstream/node_view.h"

enum { LONGEST_MS = 3600 * 1000 };

/* What an order says. */
struct order {
    char node[HALT_NODE_SIZE]; /* its id; "": all */
    uint64_t us;               /* how long; 0: it does not say */
};

/* Refuses the call and returns false where clients may not. */
static bool call_may(const struct local_call *call)
{
    const struct pool_config *config = call->client->clients->config;

    if (!config->clients_admin) {
        call_error(call,
                   "ERR proxy: %s is not allowed here; clients.admin: true in the configuration of "
                   "pool '%s' allows it",
                   call->command->name, config->name);
    }
    return config->clients_admin;
}

static void call_unknown_node(const struct local_call *call, struct span name)
{
    call_error(call, "ERR proxy: no node '%.*s' is known; PROXY TOPOLOGY lists them",
               call_shown(name), name.at);
}

/* Likewise when it names no node. */
static bool call_find_node(const struct local_call *call, struct span name, char *node)
{
    const struct pool *pool = node_view_find(call->client, name);

    if (pool == NULL || pool->id[0] == '\0') {
        call_unknown_node(call, name);
        return false;
    }
    memcpy(node, pool->id, sizeof pool->id);
    return true;
}

/* Likewise when it is no time. */
static bool call_read_time(const struct local_call *call, struct span word, uint64_t *us)
{
    int64_t ms;

    if (!span_to_int64(word, &ms) || ms <= 0 || ms > LONGEST_MS) {
        call_error(call, "ERR proxy: '%.*s' is not a number of milliseconds from 1 to %d",
                   call_shown(word), word.at, LONGEST_MS);
        return false;
    }
    *us = (uint64_t)ms * US_PER_MS;
    return true;
}

/* "[NODE name] [milliseconds]". */
static bool call_read_order(const struct local_call *call, struct order *order)
{
    uint32_t at = 2;

    *order = (struct order){.us = 0};
    if (call_count(call) > at && span_equal_nocase(call_word(call, at), SPAN("node"))) {
        if (call_count(call) == at + 1) {
            call_syntax_error(call);
            return false;
        }
        if (!call_find_node(call, call_word(call, at + 1), order->node)) {
            return false;
        }
        at += 2;
    }
    if (call_count(call) > at + 1) {
        call_syntax_error(call);
        return false;
    }
    return call_count(call) == at || call_read_time(call, call_word(call, at), &order->us);
}

static void call_begin_halt(const struct local_call *call, enum halt_kind kind,
                            const struct order *order, uint64_t until)
{
    struct clients *clients = call->client->clients;
    uint64_t latest = reactor_now(clients->reactor) + clients->config->timeout_request;
    uint64_t number = halts_begin(clients->house->halts, kind, order->node, until);

    if (number == 0) {
        call_error(call, "ERR proxy: %d nodes are paused or drained already", HALTS_MAX);
        return;
    }
    halting_tell(clients->house);
    halting_await(call, number, latest < until ? latest : until);
}

void local_proxy_pause(const struct local_call *call)
{
    const struct clients *clients = call->client->clients;
    struct order order;

    if (call_may(call) && call_read_order(call, &order)) {
        uint64_t us = order.us == 0 ? clients->config->pause_timeout : order.us;

        call_begin_halt(call, HALT_PAUSE, &order, reactor_now(clients->reactor) + us);
    }
}

void local_proxy_drain(const struct local_call *call)
{
    const struct clients *clients = call->client->clients;
    struct order order;

    if (!call_may(call) || !call_read_order(call, &order)) {
        return;
    }
    if (order.node[0] == '\0') {
        call_error(call, "ERR proxy: PROXY DRAIN is of one node: PROXY DRAIN NODE id|host:port");
        return;
    }
    call_begin_halt(call, HALT_DRAIN, &order,
                    order.us == 0 ? UINT64_MAX : reactor_now(clients->reactor) + order.us);
}

static size_t end_named(struct halts *halts, struct span name)
{
    char node[HALT_NODE_SIZE];

    if (name.size == 0 || name.size >= sizeof node) {
        return 0;
    }
    snprintf(node, sizeof node, "%.*s", (int)name.size, name.at);
    return halts_end(halts, node);
}

/* As the pause named it, or as its node is known: that may be gone, or not be there yet. */
static void call_resume_node(const struct local_call *call, struct span name)
{
    struct halts *halts = call->client->clients->house->halts;
    const struct pool *pool = node_view_find(call->client, name);
    size_t count = end_named(halts, name);

    if (pool != NULL) {
        count += end_named(halts, span_of(pool->id)) + end_named(halts, span_of(pool->name));
    } else if (count == 0) {
        call_unknown_node(call, name);
        return;
    }
    halting_tell(call->client->clients->house);
    call_integer(call, (int64_t)count);
}

void local_proxy_resume(const struct local_call *call)
{
    struct house *house = call->client->clients->house;

    if (!call_may(call)) {
        return;
    }
    if (call_count(call) == 4 && span_equal_nocase(call_word(call, 2), SPAN("node"))) {
        call_resume_node(call, call_word(call, 3));
        return;
    }
    if (call_count(call) != 2) {
        call_syntax_error(call);
        return;
    }

    size_t count = halts_end(house->halts, NULL);

    halting_tell(house);
    call_integer(call, (int64_t)count);
}

void local_proxy_pauses(const struct local_call *call)
{
    struct clients *clients = call->client->clients;
    struct halt halts[HALTS_MAX];
    size_t count = halts_list(clients->house->halts, reactor_now(clients->reactor), halts);
    struct sendq *to = call_begin(call);

    resp_write_array(to, count);
    for (size_t i = 0; i < count; i++) {
        halting_write(clients->house, &halts[i], to);
    }
    call_end(call);
}
