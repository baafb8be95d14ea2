#include "proxy/upstream/upstream.h"

#include <errno.h>
#include <stdio.h>

#include "common/log.h"
#include "proxy/upstream/plain.h"
#include "proxy/upstream/private.h"
#include "proxy/upstream/sampled.h"

/* A node's reply may be as large as a client's patience: a bound only against garbage. */
static const size_t reply_limit_bytes = (size_t)64 << 30;

enum { USER_TIMEOUT_FACTOR = 2, LAST_READS = 64, ERROR_SIZE = 256 };

static const struct {
    const char *text;
    unsigned next;
} upstream_states[] = {
#define TO(symbol)                 (1u << UPSTREAM_##symbol)
#define STATE(symbol, name, after) {name, after},
    UPSTREAM_STATES(STATE)
#undef STATE
#undef TO
};

static void upstream_become(struct upstream *upstream, enum upstream_state next)
{
    struct metrics *metrics = upstream->pool->site->metrics;

    CHECK(upstream_states[upstream->state].next & (1u << next));
    if (next == UPSTREAM_READY) {
        metric_add(&metrics->upstream_connections_active, 1);
        metric_add(&upstream->pool->counts->connections, 1);
    } else if (upstream->state == UPSTREAM_READY) {
        metric_subtract(&metrics->upstream_connections_active, 1);
        metric_subtract(&upstream->pool->counts->connections, 1);
    }
    log_debug("upstream state", "node=%s from=%s to=%s", upstream->pool->name,
              upstream_states[upstream->state].text, upstream_states[next].text);
    if (upstream->use == USE_PRIVATE) {
        private_note_state(upstream, next);
    }
    upstream->state = next;
    pool_judge(upstream);
}

void upstream_send(struct upstream *upstream, struct request *request)
{
    request_become(request, REQUEST_SENT);
    request->is_queued = false;
    upstream->is_used = true;
    if (request->deadline < upstream->earliest_deadline) {
        upstream->earliest_deadline = request->deadline;
    }
    if (likely(upstream->state == UPSTREAM_READY)) {
        upstream_want_flush(upstream);
        in_flight_add(upstream, request);
        return;
    }
    list_append(&upstream->waiting, &request->in_queue);
    upstream->waiting_count++;
    upstream_connect(upstream);
}

static void upstream_on_ready(struct upstream *upstream)
{
    struct list_link *link;

    reactor_timer_stop(&upstream->connect_timer);
    upstream_become(upstream, UPSTREAM_READY);
    while ((link = list_take_first(&upstream->waiting)) != NULL) {
        in_flight_add(upstream, container_of(link, struct request, in_queue));
    }
    upstream->waiting_count = 0;
    if (!sendq_is_empty(&upstream->output)) {
        upstream_want_flush(upstream);
    }
    if (upstream->use == USE_RESERVED) {
        pool_on_probe_answered(upstream->pool);
    } else {
        pool_on_ready(upstream->pool);
    }
    if (unlikely(dialect_has_pushes(upstream->dialect))) {
        pool_on_tracked(upstream);
    }
}

static void upstream_say_greeting(struct upstream *upstream)
{
    size_t before = upstream->output.size;

    greeting_begin(&upstream->greeting, upstream->pool->site->config, upstream->dialect,
                   pool_redirect(upstream), &upstream->output);
    upstream->stream_queued += upstream->output.size - before;
    upstream_want_flush(upstream);
}

static void upstream_say_switch(struct upstream *upstream)
{
    size_t before = upstream->output.size;

    greeting_switch(&upstream->greeting, &upstream->output);
    upstream->stream_queued += upstream->output.size - before;
    upstream_want_flush(upstream);
}

static void upstream_greet(struct upstream *upstream)
{
    upstream_become(upstream, UPSTREAM_GREETING);
    upstream->greeting = (struct greeting){.login = upstream->pool->login,
                                           .credentials = upstream->pool->site->credentials};
    upstream_say_greeting(upstream);
}

/* Nothing is left to do on a connection that is made for one purpose at a time, or is to end. */
static bool upstream_is_done(const struct upstream *upstream)
{
    return (upstream->use == USE_RESERVED || upstream->worn_since != 0) &&
           upstream->state == UPSTREAM_READY && list_is_empty(&upstream->in_flight);
}

static void upstream_on_welcome(struct upstream *upstream)
{
    upstream->pool->login = upstream->greeting.login;
    upstream_on_ready(upstream);
    if (upstream_is_done(upstream)) {
        upstream_close(upstream, CLOSE_PROBED);
    }
}

/* On another connection it has said who it is. What ends a script must get through; and who waits
 * for each answer in a transaction is to be told that the node is busy, and no more: nothing is
 * executed there. */
static bool upstream_may_be_nameless(const struct upstream *upstream)
{
    struct list_link *first = list_first(&upstream->waiting);
    bool is_step = first != NULL && request_is_step(container_of(first, struct request, in_queue));

    return (upstream->use == USE_RESERVED || is_step) && pool_is_connected(upstream->pool);
}

static void upstream_on_greeting(struct upstream *upstream, struct span reply)
{
    struct pool *pool = upstream->pool;

    switch (greeting_hear(&upstream->greeting, reply, pool->id, pool->name)) {
    case GREETING_MORE: return;
    case GREETING_AGAIN: upstream_say_greeting(upstream); return;
    case GREETING_SWITCH: upstream_say_switch(upstream); return;
    case GREETING_WELCOME: upstream_on_welcome(upstream); return;
    case GREETING_BUSY:
        if (upstream_may_be_nameless(upstream)) {
            upstream->is_finished = upstream->use == USE_PRIVATE;
            upstream_on_welcome(upstream);
            return;
        }
        upstream_close(upstream, CLOSE_NODE_BUSY);
        return;
    case GREETING_DENIED:
        pool_on_denied(pool, reply);
        upstream_close(upstream, CLOSE_GREETING_REFUSED);
        return;
    case GREETING_REFUSED: upstream_close(upstream, CLOSE_GREETING_REFUSED); return;
    case GREETING_STRANGER: upstream_close(upstream, CLOSE_WRONG_NODE); return;
    }
}

/* Redis: a push may come at any time, and is nobody's answer. Before anything has been read here,
 * it is of no interest. */
static void upstream_on_push(struct upstream *upstream, struct span push)
{
    if (upstream->state == UPSTREAM_READY) {
        upstream->pool->site->events->pushed(upstream->pool, upstream->dialect, push);
    }
}

static void upstream_hear(struct upstream *upstream, struct span reply)
{
    if (unlikely(reply.at[0] == '>') && dialect_has_pushes(upstream->dialect)) {
        upstream_on_push(upstream, reply);
    } else if (unlikely(upstream->state == UPSTREAM_GREETING)) {
        upstream_on_greeting(upstream, reply);
    } else if (unlikely(!in_flight_answer(upstream, reply))) {
        upstream_close(upstream, CLOSE_UNASKED_REPLY);
    }
}

/* All that came has been looked at: is the connection still needed? */
static void upstream_rest(struct upstream *upstream)
{
    if (unlikely(upstream_is_done(upstream))) {
        pool_on_done(upstream->pool, upstream);
    } else if (unlikely(upstream->is_finished) && upstream_is_idle(upstream)) {
        upstream_close(upstream, CLOSE_GIVEN_UP);
    } else if (unlikely(upstream->use == USE_PRIVATE)) {
        private_rest(upstream);
    }
}

/* Hands out replies from the front of `rest` as long as they and their requests are plain. Returns
 * what is left. */
static struct span upstream_scan_plain(struct upstream *upstream, struct span rest)
{
    size_t used;

    if (unlikely(upstream->scan.started || upstream->state != UPSTREAM_READY ||
                 dialect_has_pushes(upstream->dialect))) {
        return rest;
    }
    while ((used = reply_scan_plain(rest)) > 0 &&
           in_flight_answer_plain(upstream, (struct span){rest.at, used})) {
        rest = (struct span){rest.at + used, rest.size - used};
    }
    return rest;
}

/* Hands out every whole reply that has come. The connection may be closed when it returns. */
static void upstream_scan(struct upstream *upstream)
{
    struct span rest = upstream_scan_plain(upstream, inbound_bytes(&upstream->inbound));
    enum scan_result result = SCAN_DONE;

    while (rest.size > 0) {
        size_t used = 0;

        result = reply_scan_next(&upstream->scan, reply_limit_bytes, rest, &used);
        if (result != SCAN_DONE) {
            break;
        }
        reply_scan_reset(&upstream->scan);
        upstream_hear(upstream, (struct span){rest.at, used});
        if (unlikely(upstream->state == UPSTREAM_IDLE)) {
            return;
        }
        rest = (struct span){rest.at + used, rest.size - used};
        rest = upstream_scan_plain(upstream, rest);
    }
    inbound_use(&upstream->inbound, upstream->inbound.size - rest.size);
    switch (result) {
    case SCAN_DONE: upstream_rest(upstream); return;
    case SCAN_MORE: inbound_keep(&upstream->inbound); return;
    case SCAN_BAD: upstream_close(upstream, CLOSE_PROTOCOL_ERROR); return;
    }
}

/* Reads once. Returns what the socket said. */
static enum socket_result upstream_read(struct upstream *upstream)
{
    const struct pool_site *site = upstream->pool->site;
    size_t received = 0;
    enum socket_result result = node_socket_read(
        &upstream->socket, site->intake, &upstream->inbound, upstream->scan.need, &received);

    if (received > 0) {
        upstream->last_read = reactor_now(site->reactor);
        metric_add(&site->metrics->upstream_received_bytes_total, received);
        if (unlikely(upstream->pool->breaker != BREAKER_CLOSED) && upstream->use == USE_SHARED) {
            pool_on_life(upstream->pool);
        }
        upstream_scan(upstream);
        in_flight_publish(upstream);
    }
    return result;
}

/* It is the socket that has failed, or TLS on it. */
static void upstream_fail(struct upstream *upstream, enum close_reason reason)
{
    upstream_close(upstream, node_socket_blame(&upstream->socket, reason));
}

static void upstream_advance(struct upstream *upstream)
{
    struct pool *pool = upstream->pool;
    const struct node_peer peer = {pool->site->door, pool->address.host, &pool->tls_memory};

    switch (node_socket_advance(&upstream->socket, &peer)) {
    case NODE_SOCKET_STILL: return;
    case NODE_SOCKET_OPEN: upstream_greet(upstream); return;
    case NODE_SOCKET_FAILED: upstream_fail(upstream, CLOSE_CONNECT_FAILED); return;
    }
}

static void upstream_on_readable(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
    struct upstream *upstream = container_of(watcher, struct upstream, socket.readable);

    if (unlikely(upstream->state == UPSTREAM_CONNECTING)) {
        upstream_advance(upstream);
        return;
    }

    enum socket_result result = upstream_read(upstream);

    if (upstream->state == UPSTREAM_IDLE) {
        return;
    }
    switch (result) {
    case SOCKET_OK:
    case SOCKET_AGAIN: return;
    case SOCKET_EOF: upstream_close(upstream, CLOSE_PEER_CLOSED); return;
    case SOCKET_ERROR:
        upstream->socket.error = errno;
        upstream_fail(upstream, CLOSE_READ_FAILED);
        return;
    }
}

/* Writing failed, but replies that came before stand: read what is there, then close. */
static void upstream_on_broken(struct upstream *upstream)
{
    upstream->socket.error = errno;
    for (int reads = 0; reads < LAST_READS; reads++) {
        if (upstream->state == UPSTREAM_IDLE || upstream_read(upstream) != SOCKET_OK) {
            break;
        }
    }
    if (upstream->state != UPSTREAM_IDLE) {
        upstream_fail(upstream, CLOSE_WRITE_FAILED);
    }
}

static void upstream_flush(struct turn_task *task)
{
    struct upstream *upstream = container_of(task, struct upstream, flush);
    size_t sent = 0;

    if (upstream->state != UPSTREAM_GREETING && upstream->state != UPSTREAM_READY) {
        return;
    }

    in_flight_publish(upstream);

    enum sendq_result result = node_socket_write(&upstream->socket, &upstream->output, &sent);

    upstream->stream_sent += sent;
    if (unlikely(!list_is_empty(&upstream->unsent))) {
        sampled_note_sent(upstream);
    }
    metric_add(&upstream->pool->site->metrics->upstream_sent_bytes_total, sent);
    switch (result) {
    case SENDQ_OK: node_socket_await_no_room(&upstream->socket); return;
    case SENDQ_PARTLY: node_socket_await_room(&upstream->socket); return;
    case SENDQ_ERROR: upstream_on_broken(upstream); return;
    }
}

static void upstream_on_writable(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
    struct upstream *upstream = container_of(watcher, struct upstream, socket.writable);

    if (upstream->state == UPSTREAM_CONNECTING) {
        upstream_advance(upstream);
        return;
    }
    node_socket_on_room(&upstream->socket);
    upstream_want_flush(upstream);
}

/* Also how a connection that could not even be begun is told: nobody expects to lose requests
 * while sending one. */
static void upstream_on_connect_timeout(struct reactor_timer *timer)
{
    struct upstream *upstream = container_of(timer, struct upstream, connect_timer);

    upstream_fail(upstream, upstream->socket.fd < 0 ? CLOSE_CONNECT_FAILED : CLOSE_CONNECT_TIMEOUT);
}

void upstream_init(struct upstream *upstream, struct pool *pool, enum upstream_use use,
                   enum dialect dialect)
{
    *upstream = (struct upstream){
        .pool = pool,
        .use = use,
        .dialect = dialect,
        .earliest_deadline = UINT64_MAX,
        .flush = {.run = upstream_flush},
    };
    list_init(&upstream->in_flight);
    list_init(&upstream->waiting);
    list_init(&upstream->unsent);
    sendq_init(&upstream->output);
    reactor_timer_init(&upstream->connect_timer, pool->site->reactor, upstream_on_connect_timeout);
    node_socket_init(&upstream->socket, pool->site->reactor, upstream_on_readable,
                     upstream_on_writable);
}

void upstream_connect(struct upstream *upstream)
{
    const struct pool_site *site = upstream->pool->site;

    if (upstream->state != UPSTREAM_IDLE || !pool_may_open(upstream)) {
        return;
    }
    metric_add(&site->metrics->upstream_connections_total, 1);
    upstream_become(upstream, UPSTREAM_CONNECTING);
    upstream->begun_at = reactor_now(site->reactor);
    reactor_timer_start(&upstream->connect_timer, site->config->timeout_connect);
    node_socket_connect(
        &upstream->socket, &upstream->pool->endpoint,
        (uint32_t)(USER_TIMEOUT_FACTOR * site->config->timeout_request / US_PER_MS));
    if (upstream->socket.fd < 0) {
        reactor_timer_start(&upstream->connect_timer, 0);
    }
}

static void upstream_close_socket(struct upstream *upstream)
{
    reactor_timer_stop(&upstream->connect_timer);
    node_socket_close(&upstream->socket);
    list_remove(&upstream->flush.link);
    sendq_clear(&upstream->output);
    inbound_clear(&upstream->inbound);
    reply_scan_reset(&upstream->scan);
}

/* Whose pool is not to be told: nobody is in trouble. */
static bool is_orderly(const struct upstream *upstream, enum close_reason reason)
{
    if (reason == CLOSE_GREETING_REFUSED && pool_is_denied(upstream->pool)) {
        return true;
    }
    switch (upstream->use) {
    case USE_PRIVATE:
        return upstream->is_finished || reason == CLOSE_GIVEN_UP || reason == CLOSE_NODE_GONE ||
               reason == CLOSE_DRAINED || pool_is_connected(upstream->pool) ||
               (upstream->state == UPSTREAM_READY && upstream_is_idle(upstream));
    case USE_RESERVED:
    case USE_SHARED: break;
    }
    return reason == CLOSE_NODE_GONE || reason == CLOSE_DRAINED || reason == CLOSE_PROBED ||
           reason == CLOSE_WORN;
}

void upstream_close(struct upstream *upstream, enum close_reason reason)
{
    struct metrics *metrics = upstream->pool->site->metrics;
    char error[ERROR_SIZE];
    bool was_ready = upstream->state == UPSTREAM_READY;
    bool orderly = is_orderly(upstream, reason);
    uint64_t sent = upstream->stream_sent;
    struct list sent_requests;
    struct list unsent_requests;

    snprintf(error, sizeof error, "%s", node_socket_problem(&upstream->socket, reason));
    list_init(&sent_requests);
    list_init(&unsent_requests);
    list_splice(&sent_requests, &upstream->in_flight);
    list_splice(&unsent_requests, &upstream->waiting);
    metric_add(&metrics->upstream_closed[reason], 1);
    if (!orderly) {
        metric_add(
            was_ready ? &metrics->upstream_lost_total : &metrics->upstream_connect_failed_total, 1);
        metric_add(&upstream->pool->counts->failures_total, 1);
    }
    if (unlikely(close_is_of_tls(reason))) {
        pool_on_tls_failure(upstream->pool, orderly, error);
    }
    upstream_become(upstream, UPSTREAM_IDLE);
    upstream_close_socket(upstream);
    upstream->in_flight_count = upstream->waiting_count = 0;
    upstream->stream_sent = upstream->stream_queued = upstream->gated_to = upstream->worn_since = 0;
    in_flight_publish(upstream);
    upstream->earliest_deadline = UINT64_MAX;
    if (upstream->use == USE_PRIVATE) {
        private_on_close(upstream, reason, was_ready);
    }
    if (upstream->use == USE_RESERVED && !orderly) {
        pool_on_probe_failed(upstream->pool, reason, error);
    } else if (!orderly) {
        pool_on_failure(upstream->pool, reason, error);
    }
    if (was_ready && dialect_is_tracked(upstream->dialect)) {
        pool_on_untracked(upstream);
    }
    in_flight_give_back(upstream->pool, &sent_requests, sent);
    in_flight_give_back(upstream->pool, &unsent_requests, 0);
}

void upstream_finish(struct upstream *upstream)
{
    CHECK(upstream->use == USE_PRIVATE && upstream->state == UPSTREAM_READY);
    if (!sendq_is_empty(&upstream->output)) {
        upstream_close(upstream, CLOSE_GIVEN_UP);
        return;
    }
    upstream->is_finished = true;
    node_socket_finish(&upstream->socket);
}

void upstream_clear(struct upstream *upstream)
{
    if (upstream->state != UPSTREAM_IDLE) {
        upstream_close(upstream, upstream->pool->is_leaving ? CLOSE_NODE_GONE : CLOSE_DRAINED);
    }
    CHECK(upstream_is_idle(upstream));
}
