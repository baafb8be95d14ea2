#include "proxy/pubsub/feed.h"

#include <errno.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/resp_write.h"

/* A message may be as large as its publisher likes: a bound only against garbage. */
static const size_t push_limit_bytes = (size_t)64 << 30;

enum {
    RETRY_FIRST_US = 10 * US_PER_MS,
    RETRY_MAX_US = US_PER_SECOND,
    PING_AFTER_US = US_PER_SECOND,
    PATIENCE_MIN_US = US_PER_SECOND,
    USER_TIMEOUT_FACTOR = 2,
    LAST_READS = 64,
};

static const struct {
    const char *text;
    unsigned next;
} feed_states[] = {
#define TO(symbol)                 (1u << FEED_##symbol)
#define STATE(symbol, name, after) {name, after},
    FEED_STATES(STATE)
#undef STATE
#undef TO
};

static void feed_become(struct feed *feed, enum feed_state next)
{
    struct metrics *metrics = feed->site->metrics;

    CHECK(feed_states[feed->state].next & (1u << next));
    if (next == FEED_READY) {
        metric_add(&metrics->upstream_connections_active, 1);
    } else if (feed->state == FEED_READY) {
        metric_subtract(&metrics->upstream_connections_active, 1);
    }
    log_debug("feed state", "node=%s from=%s to=%s", feed->name, feed_states[feed->state].text,
              feed_states[next].text);
    feed->state = next;
}

static void feed_want_flush(struct feed *feed)
{
    reactor_flush_later(feed->site->reactor, &feed->flush);
}

static void feed_close_socket(struct feed *feed)
{
    node_socket_close(&feed->socket);
    list_remove(&feed->flush.link);
    sendq_clear(&feed->output);
    inbound_clear(&feed->inbound);
    reply_scan_reset(&feed->scan);
    while (!list_is_empty(&feed->asks)) {
        list_take_first(&feed->asks);
    }
    feed->is_pinging = false;
}

/* Doubles with each failure in a row; jittered, so that workers do not come back together. */
static uint64_t feed_pause(const struct feed *feed)
{
    uint64_t pause = (uint64_t)RETRY_FIRST_US << (feed->failures < 7 ? feed->failures : 7);

    if (pause > RETRY_MAX_US) {
        pause = RETRY_MAX_US;
    }
    return pause - (uint64_t)random() % (pause / 2);
}

static bool is_orderly(enum close_reason reason)
{
    return reason == CLOSE_GIVEN_UP || reason == CLOSE_NODE_GONE || reason == CLOSE_DRAINED;
}

/* The first time; the pools of the same node say the rest. */
static void feed_note_tls(const struct feed *feed, enum close_reason reason)
{
    metric_add(&feed->site->metrics->upstream_tls_failed_total, 1);
    if (feed->failures == 0) {
        log_warn("no subscriptions at a node: TLS failed", "pool=%s node=%s error=%s",
                 feed->site->config->name, feed->name, node_socket_problem(&feed->socket, reason));
    }
}

void feed_close(struct feed *feed, enum close_reason reason)
{
    struct metrics *metrics = feed->site->metrics;

    if (feed->state == FEED_IDLE) {
        return;
    }
    metric_add(&metrics->upstream_closed[reason], 1);
    if (close_is_of_tls(reason)) {
        feed_note_tls(feed, reason);
    }
    if (!is_orderly(reason)) {
        metric_add(feed->state == FEED_READY ? &metrics->upstream_lost_total
                                             : &metrics->upstream_connect_failed_total,
                   1);
        log_debug("feed closed", "node=%s error=%s", feed->name,
                  node_socket_problem(&feed->socket, reason));
        feed->retry_at = reactor_now(feed->site->reactor) + feed_pause(feed);
        feed->failures++;
    }
    feed_become(feed, FEED_IDLE);
    feed_close_socket(feed);
    feed->site->events->closed(feed);
}

static void feed_on_welcome(struct feed *feed)
{
    feed_become(feed, FEED_READY);
    feed->failures = 0;
    if (feed->is_held) {
        node_socket_hold(&feed->socket);
    }
    feed->site->events->ready(feed);
}

static void feed_say_greeting(struct feed *feed)
{
    block_bill(feed->site->intake->account);
    greeting_begin(&feed->greeting, feed->site->config, DIALECT_RESP2, 0, &feed->output);
    feed_want_flush(feed);
}

static void feed_on_greeting(struct feed *feed, struct span reply)
{
    switch (greeting_hear(&feed->greeting, reply, feed->id, feed->name)) {
    case GREETING_MORE: return;
    case GREETING_AGAIN: feed_say_greeting(feed); return;
    case GREETING_SWITCH: CHECK(!"a feed is slotway's own user's"); return;
    case GREETING_WELCOME: feed_on_welcome(feed); return;
    case GREETING_BUSY: feed_close(feed, CLOSE_NODE_BUSY); return;
    case GREETING_DENIED:
    case GREETING_REFUSED: feed_close(feed, CLOSE_GREETING_REFUSED); return;
    case GREETING_STRANGER: feed_close(feed, CLOSE_WRONG_NODE); return;
    }
}

/* Hands out every whole reply that has come. The connection may be closed when it returns. */
static void feed_scan(struct feed *feed)
{
    while (feed->inbound.size > 0) {
        struct span bytes = inbound_bytes(&feed->inbound);
        size_t used = 0;

        switch (reply_scan_next(&feed->scan, push_limit_bytes, bytes, &used)) {
        case SCAN_MORE: inbound_keep(&feed->inbound); return;
        case SCAN_BAD: feed_close(feed, CLOSE_PROTOCOL_ERROR); return;
        case SCAN_DONE: break;
        }
        reply_scan_reset(&feed->scan);
        if (unlikely(feed->state == FEED_GREETING)) {
            feed_on_greeting(feed, (struct span){bytes.at, used});
        } else {
            feed->site->events->said(feed, (struct span){bytes.at, used});
        }
        if (unlikely(feed->state == FEED_IDLE)) {
            return;
        }
        inbound_use(&feed->inbound, used);
    }
}

/* It is the socket that has failed, or TLS on it. */
static void feed_fail(struct feed *feed, enum close_reason reason)
{
    feed_close(feed, node_socket_blame(&feed->socket, reason));
}

static void feed_greet(struct feed *feed)
{
    feed_become(feed, FEED_GREETING);
    feed->greeting = (struct greeting){.login = feed->greeting.login};
    feed_say_greeting(feed);
}

static void feed_advance(struct feed *feed)
{
    const struct node_peer peer = {feed->site->door, feed->address.host, NULL};

    switch (node_socket_advance(&feed->socket, &peer)) {
    case NODE_SOCKET_STILL: return;
    case NODE_SOCKET_OPEN: feed_greet(feed); return;
    case NODE_SOCKET_FAILED: feed_fail(feed, CLOSE_CONNECT_FAILED); return;
    }
}

static enum socket_result feed_read(struct feed *feed)
{
    size_t received = 0;
    enum socket_result result = node_socket_read(&feed->socket, feed->site->intake, &feed->inbound,
                                                 feed->scan.need, &received);

    if (result == SOCKET_ERROR) {
        feed->socket.error = errno;
    }
    if (received > 0) {
        feed->last_read = reactor_now(feed->site->reactor);
        metric_add(&feed->site->metrics->upstream_received_bytes_total, received);
        feed_scan(feed);
    }
    return result;
}

static void feed_on_readable(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
    struct feed *feed = container_of(watcher, struct feed, socket.readable);

    if (feed->state == FEED_CONNECTING) {
        feed_advance(feed);
        return;
    }

    enum socket_result result = feed_read(feed);

    if (feed->state == FEED_IDLE) {
        return;
    }
    switch (result) {
    case SOCKET_OK:
    case SOCKET_AGAIN: return;
    case SOCKET_EOF: feed_close(feed, CLOSE_PEER_CLOSED); return;
    case SOCKET_ERROR: feed_fail(feed, CLOSE_READ_FAILED); return;
    }
}

/* Writing failed, but what came before stands, and it may say why: read what is there, then close.
 */
static void feed_on_broken(struct feed *feed)
{
    feed->socket.error = errno;
    for (int reads = 0; reads < LAST_READS && !feed->is_held; reads++) {
        if (feed->state == FEED_IDLE || feed_read(feed) != SOCKET_OK) {
            break;
        }
    }
    if (feed->state != FEED_IDLE) {
        feed_fail(feed, CLOSE_WRITE_FAILED);
    }
}

static void feed_flush(struct turn_task *task)
{
    struct feed *feed = container_of(task, struct feed, flush);
    size_t sent = 0;

    if (feed->state != FEED_GREETING && feed->state != FEED_READY) {
        return;
    }

    enum sendq_result result = node_socket_write(&feed->socket, &feed->output, &sent);

    metric_add(&feed->site->metrics->upstream_sent_bytes_total, sent);
    switch (result) {
    case SENDQ_OK: node_socket_await_no_room(&feed->socket); return;
    case SENDQ_PARTLY: node_socket_await_room(&feed->socket); return;
    case SENDQ_ERROR: feed_on_broken(feed); return;
    }
}

static void feed_on_writable(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
    struct feed *feed = container_of(watcher, struct feed, socket.writable);

    if (feed->state == FEED_CONNECTING) {
        feed_advance(feed);
        return;
    }
    node_socket_on_room(&feed->socket);
    feed_want_flush(feed);
}

struct feed *feed_new(const struct feed_site *site, const struct node *node)
{
    struct feed *feed = memory_new(1, sizeof *feed);

    feed->site = site;
    memcpy(feed->id, node->id, sizeof feed->id);
    feed->address = node->address;
    feed->endpoint = node->endpoint;
    address_print(&node->address, feed->name, sizeof feed->name);
    feed->used_at = reactor_now(site->reactor);
    feed->flush.run = feed_flush;
    list_init(&feed->taps);
    list_init(&feed->asks);
    sendq_init(&feed->output);
    node_socket_init(&feed->socket, site->reactor, feed_on_readable, feed_on_writable);
    return feed;
}

void feed_free(struct feed **feed)
{
    struct feed *gone = *feed;

    *feed = NULL;
    feed_close(gone, CLOSE_GIVEN_UP);
    CHECK(list_is_empty(&gone->taps));
    list_remove(&gone->in_carrier);
    free(gone);
}

bool feed_accepts(const struct feed *feed)
{
    return feed->state != FEED_IDLE || feed->retry_at <= reactor_now(feed->site->reactor);
}

/* What could not even be begun is told by feed_look: nobody expects to lose a feed here. */
void feed_connect(struct feed *feed)
{
    const struct feed_site *site = feed->site;

    if (feed->state != FEED_IDLE) {
        return;
    }
    metric_add(&site->metrics->upstream_connections_total, 1);
    feed_become(feed, FEED_CONNECTING);
    feed->since = feed->last_read = reactor_now(site->reactor);
    node_socket_connect(
        &feed->socket, &feed->endpoint,
        (uint32_t)(USER_TIMEOUT_FACTOR * site->config->timeout_request / US_PER_MS));
}

void feed_say(struct feed *feed, struct feed_ask *ask, const char *verb, struct span name)
{
    const struct span words[] = {span_of(verb), name};

    CHECK(feed->state == FEED_READY && !list_link_is_on(&ask->in_feed));
    block_bill(feed->site->intake->account);
    resp_write_request(&feed->output, words, ARRAY_LEN(words));
    list_append(&feed->asks, &ask->in_feed);
    feed_want_flush(feed);
}

struct feed_ask *feed_head(const struct feed *feed)
{
    struct list_link *link = list_first(&feed->asks);

    return link == NULL ? NULL : container_of(link, struct feed_ask, in_feed);
}

void feed_answered(struct feed *feed, struct feed_ask *ask)
{
    CHECK(ask == feed_head(feed));
    list_remove(&ask->in_feed);
    if (ask == &feed->ping) {
        feed->is_pinging = false;
    }
}

/* A greeting is read in any case: no message comes before its end. */
void feed_hold(struct feed *feed, bool is_held)
{
    if (feed->is_held == is_held) {
        return;
    }
    feed->is_held = is_held;
    if (feed->state != FEED_READY) {
        return;
    }
    if (is_held) {
        node_socket_hold(&feed->socket);
    } else {
        feed->last_read = reactor_now(feed->site->reactor);
        node_socket_let_go(&feed->socket);
    }
}

static void feed_ping(struct feed *feed)
{
    feed->is_pinging = true;
    feed->pinged_at = reactor_now(feed->site->reactor);
    feed_say(feed, &feed->ping, "PING", SPAN("slotway"));
}

/* A reply that is still coming is life as well, and so are others' messages. */
static void feed_look_for_life(struct feed *feed, uint64_t now)
{
    uint64_t patience = size_max(feed->site->config->timeout_connect, PATIENCE_MIN_US);

    if (feed->is_held || now - feed->last_read < PING_AFTER_US) {
        return;
    }
    if (!feed->is_pinging) {
        feed_ping(feed);
    } else if (now - feed->pinged_at > patience && now - feed->last_read > patience) {
        feed_close(feed, CLOSE_STALLED);
    }
}

void feed_look(struct feed *feed)
{
    uint64_t now = reactor_now(feed->site->reactor);

    switch (feed->state) {
    case FEED_IDLE: return;
    case FEED_CONNECTING:
    case FEED_GREETING:
        if (feed->socket.fd < 0) {
            feed_close(feed, CLOSE_CONNECT_FAILED);
        } else if (now - feed->since > feed->site->config->timeout_connect) {
            feed_fail(feed, CLOSE_CONNECT_TIMEOUT);
        }
        return;
    case FEED_READY: feed_look_for_life(feed, now); return;
    }
}
