#include "proxy/upstream/pool.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/memory.h"
#include "proxy/upstream/outage.h"
#include "proxy/upstream/private.h"

enum {
    SUSPECT_AGAIN_US = US_PER_SECOND, /* between two probes of a node that is slow, but alive */
    RENEW_AGAIN_US = US_PER_SECOND,
    DENIED_FIRST_US = 100 * US_PER_MS, /* that a node is not asked again whether it wants a user, */
    DENIED_DOUBLINGS = 4,              /* and more from one time to the next */
    TLS_LOG_US = 10 * US_PER_SECOND,
    EMPTY_US = 100 * US_PER_MS, /* that requests wait for others that are slow to be answered */
};

bool pool_finds_fit(const struct upstream *upstream)
{
    return upstream->use == USE_SHARED && upstream->state == UPSTREAM_READY &&
           upstream->worn_since == 0 && upstream->pool->breaker != BREAKER_OPEN &&
           !upstream->pool->is_halted;
}

void pool_judge(struct upstream *upstream)
{
    upstream->is_fit = pool_finds_fit(upstream);
}

void pool_wear(struct upstream *upstream)
{
    upstream->worn_since = reactor_now(upstream->pool->site->reactor);
    pool_judge(upstream);
}

static void pool_judge_all(struct pool *pool)
{
    for (uint32_t i = 0; i <= pool->upstream_count; i++) {
        pool_judge(&pool->upstreams[i]);
    }
}

void pool_set_halted(struct pool *pool, bool is_halted)
{
    if (pool->is_halted == is_halted) {
        return;
    }
    pool->is_halted = is_halted;
    if (!is_halted) {
        pool->resumed_at = reactor_now(pool->site->reactor);
    }
    pool_judge_all(pool);
}

void pool_set_breaker(struct pool *pool, enum breaker next)
{
    struct metrics *metrics = pool->site->metrics;

    if (pool->breaker == BREAKER_OPEN && next != BREAKER_OPEN) {
        metric_subtract(&metrics->breakers_open, 1);
        metric_subtract(&pool->counts->breakers_open, 1);
    } else if (pool->breaker != BREAKER_OPEN && next == BREAKER_OPEN) {
        metric_add(&metrics->breakers_open, 1);
        metric_add(&pool->counts->breakers_open, 1);
        metric_add(&metrics->breaker_opened_total, 1);
    }
    pool->breaker = next;
    pool_judge_all(pool);
}

struct pool *pool_new(const struct pool_site *site, const char *id, const struct address *address,
                      const struct endpoint *endpoint)
{
    uint32_t each = (uint32_t)site->config->backend_connections;
    uint32_t count = DIALECTS * each;
    struct pool *pool = memory_new(1, sizeof *pool + (count + 1) * sizeof pool->upstreams[0]);

    pool->site = site;
    snprintf(pool->id, sizeof pool->id, "%s", id);
    pool->address = *address;
    pool->endpoint = *endpoint;
    address_print(address, pool->name, sizeof pool->name);
    pool->counts = node_board_take(site->metrics->nodes, pool->name);
    pool->each_dialect = each;
    pool->upstream_count = count;
    for (uint32_t i = 0; i < DIALECTS; i++) {
        pool->only[i] = each == 1 ? &pool->upstreams[i] : NULL;
    }
    for (uint32_t i = 0; i <= count; i++) {
        upstream_init(&pool->upstreams[i], pool, i == count ? USE_RESERVED : USE_SHARED,
                      i == count ? DIALECT_RESP2 : (enum dialect)(i / each));
    }
    private_init(&pool->privates);
    return pool;
}

void pool_free(struct pool **pool)
{
    struct pool *gone = *pool;

    *pool = NULL;
    pool_set_breaker(gone, BREAKER_CLOSED);
    for (uint32_t i = 0; i <= gone->upstream_count; i++) {
        upstream_clear(&gone->upstreams[i]);
    }
    private_clear(gone);
    outage_forget(gone);
    node_board_give_back(gone->site->metrics->nodes, &gone->counts);
    tls_memory_clear(&gone->tls_memory);
    free(gone->scripts);
    free(gone);
}

static bool pool_is_ready(const struct pool *pool, uint64_t lane_number)
{
    return pool_pick((struct pool *)pool, lane_number)->state == UPSTREAM_READY;
}

bool pool_is_connected(const struct pool *pool)
{
    for (uint32_t i = 0; i < pool->upstream_count; i++) {
        if (pool->upstreams[i].state == UPSTREAM_READY) {
            return true;
        }
    }
    return false;
}

bool pool_is_down(const struct pool *pool, uint64_t lane_number)
{
    return pool->breaker == BREAKER_OPEN ||
           (pool->attempts > 0 && !pool_is_ready(pool, lane_number));
}

bool pool_may_connect(const struct pool *pool)
{
    return pool->attempts == 0 || reactor_now(pool->site->reactor) >= pool->retry_at;
}

bool pool_accepts(const struct pool *pool, uint64_t lane_number)
{
    return pool->breaker != BREAKER_OPEN &&
           (pool_is_ready(pool, lane_number) || pool_may_connect(pool));
}

static bool upstream_is_full(const struct upstream *upstream)
{
    const struct pool_config *config = upstream->pool->site->config;

    return upstream->in_flight_count + upstream->waiting_count >= config->backend_in_flight ||
           upstream_owes_too_much(upstream, config->waiting_bytes);
}

bool pool_is_full(const struct pool *pool, uint64_t lane_number)
{
    return upstream_is_full(pool_pick((struct pool *)pool, lane_number));
}

bool pool_is_reserved_full(const struct pool *pool)
{
    return upstream_is_full(&pool->upstreams[pool->upstream_count]);
}

void pool_renew(struct pool *pool, uint64_t lane_number)
{
    struct upstream *upstream = pool_pick(pool, lane_number);
    uint64_t now = reactor_now(pool->site->reactor);

    if (upstream->state != UPSTREAM_READY || pool->is_leaving ||
        (upstream->renewed_at != 0 && now - upstream->renewed_at < RENEW_AGAIN_US)) {
        return;
    }
    log_info("redirections lead in circles, connecting anew", "pool=%s node=%s",
             pool->site->config->name, pool->name);
    upstream->renewed_at = now;
    pool_wear(upstream);
}

bool pool_is_emptied(const struct pool *pool, uint64_t lane_number)
{
    uint64_t since = pool_pick((struct pool *)pool, lane_number)->worn_since;

    return unlikely(since != 0) && reactor_now(pool->site->reactor) - since < EMPTY_US;
}

void pool_send(struct pool *pool, struct request *request, uint64_t lane_number)
{
    upstream_send(pool_pick(pool, lane_number), request);
}

void pool_send_reserved(struct pool *pool, struct request *request)
{
    upstream_send(&pool->upstreams[pool->upstream_count], request);
}

bool pool_is_idle(const struct pool *pool)
{
    for (uint32_t i = 0; i <= pool->upstream_count; i++) {
        if (!upstream_is_idle(&pool->upstreams[i])) {
            return false;
        }
    }
    return private_is_idle(pool);
}

void pool_probe(struct pool *pool)
{
    bool has_stalled = pool->breaker == BREAKER_OPEN;

    if ((pool->attempts == 0 && !has_stalled) || !pool_may_connect(pool)) {
        return;
    }
    for (uint32_t i = 0; i < pool->upstream_count + (has_stalled ? 1 : 0); i++) {
        if (pool->upstreams[i].is_used || pool->upstreams[i].dialect == DIALECT_RESP2) {
            upstream_connect(&pool->upstreams[i]);
        }
    }
}

bool pool_suspect(struct pool *pool)
{
    if (pool->breaker != BREAKER_CLOSED || reactor_now(pool->site->reactor) < pool->suspect_at) {
        return false;
    }
    pool_set_breaker(pool, BREAKER_SUSPECT);
    metric_add(&pool->site->metrics->node_suspected_total, 1);
    upstream_connect(&pool->upstreams[pool->upstream_count]);
    return true;
}

void pool_ping(struct pool *pool)
{
    for (uint32_t i = 0; i < pool->upstream_count; i++) {
        struct upstream *upstream = &pool->upstreams[i];

        if (upstream->state == UPSTREAM_READY && upstream_is_idle(upstream)) {
            upstream_ping(upstream);
            return;
        }
    }
}

void pool_on_ready(struct pool *pool)
{
    outage_end(pool);
    if (pool->down_since != 0) {
        /* It may have been started anew, and allow us less. */
        pool->takes_multi = false;
    }
    pool->attempts = 0;
    pool->down_since = 0;
    pool_forgive(pool);
    pool->site->events->ready(pool);
}

void pool_forgive(struct pool *pool)
{
    pool->denied_until = 0;
    pool->denials = 0;
}

bool pool_is_denied(const struct pool *pool)
{
    return unlikely(pool->denied_until != 0) &&
           reactor_now(pool->site->reactor) < pool->denied_until;
}

bool pool_denies(const struct pool *pool, uint64_t lane_number)
{
    return pool_is_denied(pool) && !pool_is_ready(pool, lane_number);
}

/* Several connections may be refused for one question. */
static void pool_note_denial(struct pool *pool)
{
    uint64_t now = reactor_now(pool->site->reactor);

    if (now >= pool->denied_until) {
        pool->denied_until = now + ((uint64_t)DENIED_FIRST_US << pool->denials);
        pool->denials += pool->denials < DENIED_DOUBLINGS;
    }
}

/* "-WRONGPASS ...\r\n" */
void pool_on_denied(struct pool *pool, struct span reply)
{
    snprintf(pool->denial, sizeof pool->denial, "%.*s",
             (int)(reply.size - sizeof "-\r\n" + sizeof ""), reply.at + 1);
    pool_note_denial(pool);
    log_debug("a node does not want a client's user", "pool=%s node=%s error=%s",
              pool->site->config->name, pool->name, pool->denial);
    if (pool->breaker != BREAKER_CLOSED) {
        pool_on_life(pool);
    }
    outage_end(pool);
    pool->attempts = 0;
    pool->down_since = 0;
}

void pool_on_failure(struct pool *pool, enum close_reason reason, const char *error)
{
    uint64_t now = reactor_now(pool->site->reactor);

    pool->attempts++;
    pool->retry_at = now + backoff_us(pool->attempts);
    if (pool->down_since == 0) {
        pool->down_since = now;
    }
    free(pool->scripts);
    pool->scripts = NULL;
    outage_note(pool, reason, error);
    pool->site->events->unreachable(pool);
}

/* While another connection lives nobody else says it, and new certificates may be of no use. */
void pool_on_tls_failure(struct pool *pool, bool quiet, const char *error)
{
    uint64_t now = reactor_now(pool->site->reactor);

    metric_add(&pool->site->metrics->upstream_tls_failed_total, 1);
    if (quiet && (pool->tls_logged_at == 0 || now - pool->tls_logged_at >= TLS_LOG_US)) {
        pool->tls_logged_at = now;
        log_warn("no further connection to a node: TLS failed", "pool=%s node=%s error=%s",
                 pool->site->config->name, pool->name, error);
    }
}

void pool_on_life(struct pool *pool)
{
    bool was_open = pool->breaker == BREAKER_OPEN;

    pool->suspect_at = reactor_now(pool->site->reactor) + SUSPECT_AGAIN_US;
    pool_set_breaker(pool, BREAKER_CLOSED);
    if (was_open) {
        outage_end_silence(pool);
        outage_end(pool);
        pool->attempts = 0;
        pool->down_since = 0;
        pool->site->events->ready(pool);
    }
}

void pool_on_probe_answered(struct pool *pool)
{
    pool_on_life(pool);
    for (uint32_t i = 0; i < pool->upstream_count; i++) {
        if (upstream_is_cut_off(&pool->upstreams[i])) {
            upstream_close(&pool->upstreams[i], CLOSE_CUT_OFF);
        }
    }
}

void pool_on_done(struct pool *pool, struct upstream *upstream)
{
    if (upstream->use == USE_RESERVED) {
        pool_on_probe_answered(pool);
        upstream_close(upstream, CLOSE_PROBED);
        return;
    }
    upstream_close(upstream, CLOSE_WORN);
    upstream_connect(upstream);
}

/* The first time it is the answer to a suspicion. With the breaker closed it was no probe. */
void pool_on_probe_failed(struct pool *pool, enum close_reason reason, const char *error)
{
    uint64_t now = reactor_now(pool->site->reactor);

    if (pool->breaker == BREAKER_CLOSED) {
        return;
    }
    pool->attempts++;
    pool->retry_at = now + backoff_us(pool->attempts);
    if (pool->down_since == 0) {
        pool->down_since = now;
    }
    if (pool->breaker == BREAKER_SUSPECT) {
        outage_note_silence(pool, reason, error);
        pool_set_breaker(pool, BREAKER_OPEN);
        pool->site->events->stalled(pool);
    }
}
