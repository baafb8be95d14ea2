#include "proxy/history.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/events.h"
#include "common/memory.h"

enum {
    LOOK_US = US_PER_SECOND,
    BURST_PER_SECOND = 50, /* redirections that are worth an event */
    BURST_REST = 10,       /* seconds without, before the next ones are another event */
};

/* All that the workers of a pool have counted by now. */
struct totals {
    uint64_t requests;
    uint64_t errors;
    uint64_t redirects;
    uint64_t retries;
    uint64_t received;
    uint64_t sent;
    uint64_t clients;
    uint64_t in_flight;
    uint64_t waiting;
    uint64_t times[HISTOGRAM_BUCKETS];
};

struct pool_history {
    struct metrics_source source;
    struct totals last;
    uint32_t quiet; /* seconds since there were many redirections */
    uint32_t values[HISTORY_SERIES_COUNT][HISTORY_SECONDS];
};

struct history {
    struct reactor_timer timer;
    uint64_t looked_at; /* 0: not yet */
    uint64_t count;     /* seconds that were seen; number n is at n % HISTORY_SECONDS */
    size_t room;
    size_t pool_count;
    struct pool_history pools[];
};

static const char *const series_names[] = {
#define ROW(symbol, name) [HISTORY_##symbol] = name,
    HISTORY_SERIES(ROW)
#undef ROW
};

static void totals_add(struct totals *totals, const struct metrics *metrics)
{
    totals->requests += metric_read(&metrics->downstream_requests_total);
    totals->redirects +=
        metric_read(&metrics->redirect_moved_total) + metric_read(&metrics->redirect_ask_total);
    totals->retries += metric_read(&metrics->retry_unsent_total) +
                       metric_read(&metrics->retry_read_total) +
                       metric_read(&metrics->retry_silent_total);
    totals->received += metric_read(&metrics->downstream_received_bytes_total);
    totals->sent += metric_read(&metrics->downstream_sent_bytes_total);
    totals->clients += metric_read(&metrics->downstream_connections_active);
    totals->in_flight += metric_read(&metrics->upstream_in_flight);
    totals->waiting += metric_read(&metrics->waiting_requests);
    for (size_t i = 0; i < METRICS_ERROR_KINDS; i++) {
        totals->errors += metric_read(&metrics->error_replies[i]);
    }
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        totals->times[i] +=
            atomic_load_explicit(&metrics->request_time.counts[i], memory_order_relaxed);
    }
}

/* Of what came between two looks; 0 when nothing did. */
static uint64_t percentile(const struct totals *before, const struct totals *after,
                           unsigned percent)
{
    uint64_t count = 0;
    uint64_t seen = 0;

    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        count += after->times[i] - before->times[i];
    }
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS && count > 0; i++) {
        seen += after->times[i] - before->times[i];
        if (seen * 100 >= count * percent) {
            return histogram_bucket_limit(i);
        }
    }
    return 0;
}

static void pool_put(struct pool_history *pool, enum history_series series, size_t place,
                     uint64_t value)
{
    pool->values[series][place] = value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static void pool_tell_burst(struct pool_history *pool, uint64_t redirects)
{
    if (redirects < BURST_PER_SECOND) {
        pool->quiet += pool->quiet < BURST_REST;
        return;
    }
    if (pool->quiet >= BURST_REST) {
        events_post(EVENT_REDIRECTS, pool->source.pool, NULL, "%llu redirections within a second",
                    (unsigned long long)redirects);
    }
    pool->quiet = 0;
}

static void pool_note(struct pool_history *pool, const struct totals *now, size_t place,
                      uint64_t elapsed)
{
    const struct totals *last = &pool->last;

#define PER_SECOND(field) ((now->field - last->field) * US_PER_SECOND / elapsed)
    pool_put(pool, HISTORY_REQUESTS, place, PER_SECOND(requests));
    pool_put(pool, HISTORY_ERRORS, place, PER_SECOND(errors));
    pool_put(pool, HISTORY_REDIRECTS, place, PER_SECOND(redirects));
    pool_put(pool, HISTORY_RETRIES, place, PER_SECOND(retries));
    pool_put(pool, HISTORY_RECEIVED, place, PER_SECOND(received));
    pool_put(pool, HISTORY_SENT, place, PER_SECOND(sent));
#undef PER_SECOND
    pool_put(pool, HISTORY_P50, place, percentile(last, now, 50));
    pool_put(pool, HISTORY_P99, place, percentile(last, now, 99));
    pool_put(pool, HISTORY_CLIENTS, place, now->clients);
    pool_put(pool, HISTORY_IN_FLIGHT, place, now->in_flight);
    pool_put(pool, HISTORY_WAITING, place, now->waiting);
    pool_tell_burst(pool, now->redirects - last->redirects);
}

void history_look(struct history *history, uint64_t now)
{
    uint64_t elapsed = now - history->looked_at;
    size_t place = history->count % HISTORY_SECONDS;

    if (history->looked_at != 0 && elapsed == 0) {
        return;
    }
    for (size_t i = 0; i < history->pool_count; i++) {
        struct pool_history *pool = &history->pools[i];
        struct totals totals = {0};

        for (size_t j = 0; j < pool->source.worker_count; j++) {
            totals_add(&totals, pool->source.workers[j]);
        }
        if (history->looked_at != 0) {
            pool_note(pool, &totals, place, elapsed);
        }
        pool->last = totals;
    }
    history->count += history->looked_at != 0;
    history->looked_at = now;
}

static void history_on_timer(struct reactor_timer *timer)
{
    history_look(container_of(timer, struct history, timer), clock_now());
    reactor_timer_start(timer, LOOK_US);
}

struct history *history_new(struct reactor *reactor, size_t room)
{
    struct history *history = memory_new(1, sizeof *history + room * sizeof history->pools[0]);

    history->room = room;
    reactor_timer_init(&history->timer, reactor, history_on_timer);
    reactor_timer_start(&history->timer, 0);
    return history;
}

void history_add(struct history *history, const struct metrics_source *source)
{
    struct pool_history *pool = &history->pools[history->pool_count];

    CHECK(history->pool_count < history->room);
    history->pool_count++;
    pool->source = *source;
    pool->quiet = BURST_REST;
}

void history_free(struct history **history)
{
    struct history *gone = *history;

    *history = NULL;
    if (gone == NULL) {
        return;
    }
    reactor_timer_stop(&gone->timer);
    free(gone);
}

size_t history_length(const struct history *history)
{
    return history->count < HISTORY_SECONDS ? (size_t)history->count : HISTORY_SECONDS;
}

uint64_t history_seconds(const struct history *history)
{
    return history->count;
}

void history_write_last(const struct history *history, size_t number, struct json *json)
{
    size_t place = (history->count + HISTORY_SECONDS - 1) % HISTORY_SECONDS;

    CHECK(number < history->pool_count);
    for (size_t i = 0; i < HISTORY_SERIES_COUNT && history->count > 0; i++) {
        json_add_number(json, series_names[i], history->pools[number].values[i][place]);
    }
}

static void write_series(const struct history *history, const uint32_t *values, size_t most,
                         struct json *json)
{
    size_t length = size_min(history_length(history), most);

    for (uint64_t second = history->count - length; second < history->count; second++) {
        json_add_number(json, NULL, values[second % HISTORY_SECONDS]);
    }
}

void history_write(const struct history *history, size_t number, size_t most, struct json *json)
{
    CHECK(number < history->pool_count);
    for (size_t i = 0; i < HISTORY_SERIES_COUNT; i++) {
        json_begin_array(json, series_names[i]);
        write_series(history, history->pools[number].values[i], most, json);
        json_end_array(json);
    }
}
