#include "proxy/upstream/outage.h"

#include "common/events.h"
#include "common/log.h"

/* A node ends the connections of a user whom somebody deletes, all that there are, and is well. */
static bool is_users_end(const struct pool *pool, enum close_reason reason)
{
    return pool->site->credentials != NULL && pool->attempts <= pool->upstream_count &&
           (reason == CLOSE_PEER_CLOSED || reason == CLOSE_READ_FAILED ||
            reason == CLOSE_WRITE_FAILED);
}

/* Worth a line the first time, and ever more seldom while it lasts. */
static bool is_news(const struct pool *pool, bool is_first)
{
    uint32_t told = pool->counts->told_attempts;

    if (told == 0 && is_first) {
        return true;
    }
    return pool->attempts > told && (pool->attempts & (pool->attempts - 1)) == 0;
}

static void tell(const struct pool *pool, enum close_reason reason, const char *error)
{
    if (pool->counts->told_attempts == 0) {
        events_post(EVENT_NODE_DOWN, pool->site->config->name, pool->name, "unreachable: %s",
                    error);
    }
    pool->counts->told_attempts = pool->attempts;
    log_warn("node unreachable", "pool=%s node=%s reason=%s error=%s attempts=%u",
             pool->site->config->name, pool->name, close_reason_name(reason), error,
             pool->attempts);
}

void outage_note(struct pool *pool, enum close_reason reason, const char *error)
{
    bool is_first = pool->attempts == 1 || pool->is_untold;

    pool->is_untold = is_first && is_users_end(pool, reason);
    if (pool->is_untold) {
        return;
    }
    if (!pool->misses_node) {
        pool->misses_node = true;
        pool->counts->missed_by++;
    }
    if (is_news(pool, is_first)) {
        tell(pool, reason, error);
    }
}

/* Returns whether people are to hear that it is over. */
static bool outage_leave(struct pool *pool)
{
    struct node_counts *counts = pool->counts;
    bool was_told = counts->told_attempts > 0;

    pool->is_untold = false;
    if (!pool->misses_node) {
        return false;
    }
    pool->misses_node = false;
    CHECK(counts->missed_by > 0);
    if (--counts->missed_by > 0) {
        return false;
    }
    counts->told_attempts = 0;
    return was_told;
}

void outage_end(struct pool *pool)
{
    if (outage_leave(pool)) {
        log_info("node reachable again", "pool=%s node=%s attempts=%u", pool->site->config->name,
                 pool->name, pool->attempts);
        events_post(EVENT_NODE_UP, pool->site->config->name, pool->name, "reachable again");
    }
}

void outage_forget(struct pool *pool)
{
    outage_leave(pool);
}

bool outage_is_on(const struct pool *pool)
{
    return pool->counts->missed_by > 0 || metric_read(&pool->counts->breakers_open) > 0;
}

void outage_note_silence(const struct pool *pool, enum close_reason reason, const char *error)
{
    if (metric_read(&pool->counts->breakers_open) > 0) {
        return;
    }
    log_warn("node is silent, requests for it wait", "pool=%s node=%s reason=%s error=%s",
             pool->site->config->name, pool->name, close_reason_name(reason), error);
    events_post(EVENT_BREAKER_OPEN, pool->site->config->name, pool->name,
                "silent, and its probe has no answer: requests for it wait");
}

void outage_end_silence(const struct pool *pool)
{
    if (metric_read(&pool->counts->breakers_open) > 0) {
        return;
    }
    log_info("silent node answers again", "pool=%s node=%s", pool->site->config->name, pool->name);
    events_post(EVENT_BREAKER_CLOSED, pool->site->config->name, pool->name, "answers again");
}
