/* history.h - how each pool did in each of the last ten minutes' seconds.
 *
 *      once a second: what workers have counted ── minus a second ago ──> [ 600 s ago … now ]
 *
 * So that a page that is just opened shows more than a moment, without anything that stores
 * metrics. It reads what workers count in relaxed atomics and disturbs nobody. Many redirections in
 * one second are told as an event. Control thread.
 */
#ifndef PROXY_HISTORY_H
#define PROXY_HISTORY_H

#include "common/json.h"
#include "common/reactor.h"
#include "proxy/metrics/metrics_text.h"

enum { HISTORY_SECONDS = 600 };

/*  symbol, name in JSON */
#define HISTORY_SERIES(ROW)                                                                        \
    ROW(REQUESTS, "requests_per_second")                                                           \
    ROW(ERRORS, "errors_per_second")       /* of slotway's own */                                  \
    ROW(REDIRECTS, "redirects_per_second") /* MOVED and ASK that were followed */                  \
    ROW(RETRIES, "retries_per_second")                                                             \
    ROW(RECEIVED, "received_bytes_per_second")                                                     \
    ROW(SENT, "sent_bytes_per_second")                                                             \
    ROW(P50, "p50_us")                                                                             \
    ROW(P99, "p99_us")                                                                             \
    ROW(CLIENTS, "clients")                                                                        \
    ROW(IN_FLIGHT, "in_flight")                                                                    \
    ROW(WAITING, "waiting")

enum history_series {
#define ROW(symbol, name) HISTORY_##symbol,
    HISTORY_SERIES(ROW)
#undef ROW
        HISTORY_SERIES_COUNT,
};

struct history;

/* Of up to `room` pools, none at first; looks once a second from now on. */
struct history *history_new(struct reactor *reactor, size_t room) MUST_USE;

/* The next pool. Borrows what is inside of `source`. */
void history_add(struct history *history, const struct metrics_source *source);
void history_free(struct history **history);

/* Looks now: what the timer does. `now` is clock_now(). */
void history_look(struct history *history, uint64_t now);

/* Adds the newest figures of pool `number` to the object that is open; none before two looks. */
void history_write_last(const struct history *history, size_t number, struct json *json);

/* Adds an array for each series of that pool to the object that is open: one number for each of the
 * last `most` seconds, the oldest first. */
void history_write(const struct history *history, size_t number, size_t most, struct json *json);

/* How many seconds there are to tell of, and how many there have ever been: who keeps what it was
 * told knows by that what it lacks. */
size_t history_length(const struct history *history);
uint64_t history_seconds(const struct history *history);

#endif
