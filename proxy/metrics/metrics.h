/* metrics.h - counters of one worker and one pool; text for Prometheus.
 *
 * Each struct metrics has one writer, the worker; any thread may read, which is why fields are
 * relaxed atomics. Reading sums over the workers of a pool.
 */
#ifndef PROXY_METRICS_METRICS_H
#define PROXY_METRICS_METRICS_H

#include <stdatomic.h>

#include "common/histogram.h"
#include "common/span.h"
#include "proxy/metrics/steps.h"

struct node_board;

typedef _Atomic uint64_t metric;

enum close_reason {
#define CLOSE_REASON(symbol, name, is_error, text) CLOSE_##symbol,
#include "proxy/metrics/close_reasons.def"
    CLOSE_REASON_COUNT,
};

/* Codes of nodes' errors: their first word. */
enum node_error {
#define NODE_ERROR(symbol, code, help) NODE_ERROR_##symbol,
#include "proxy/metrics/node_errors.def"
    NODE_ERROR_COUNT,
};

enum {
    METRICS_ERROR_KINDS = 64,
    METRICS_COMMAND_KINDS = 8,
};

/* What is known of requests of one kind of command, from samples. */
struct kind_metrics {
    struct steps queue_time;    /* microseconds until the kernel has it, of each time it is sent */
    struct steps backend_time;  /* from then until its answer */
    struct steps request_bytes; /* of its client's wire */
    struct steps reply_bytes;
};

struct metrics {
#define COUNTER(name, help) metric name;
#define GAUGE(name, help)   metric name;
#include "proxy/metrics/metrics.def"
    metric downstream_closed[CLOSE_REASON_COUNT];
    metric upstream_closed[CLOSE_REASON_COUNT];
    metric error_replies[METRICS_ERROR_KINDS]; /* by enum error_symbol */
    struct histogram request_time;             /* arrival to reply, microseconds */
    struct histogram waiting_time;             /* at a gate: of each wait */
    struct histogram blocked_time;             /* arrival to reply of what has blocked */
    metric node_errors[NODE_ERROR_COUNT];
    struct kind_metrics kinds[METRICS_COMMAND_KINDS]; /* by enum command_kind */
    struct node_board *nodes; /* set before the worker starts; NULL: none is kept */
};

/* The writer's thread only. */
static inline void metric_add(metric *value, uint64_t by)
{
    atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + by,
                          memory_order_relaxed);
}

static inline void metric_subtract(metric *value, uint64_t by)
{
    atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) - by,
                          memory_order_relaxed);
}

static inline uint64_t metric_read(const metric *value)
{
    return atomic_load_explicit((metric *)value, memory_order_relaxed);
}

/* Which code the error `reply`, "-CODE text", begins with. */
enum node_error node_error_of(struct span reply);

const char *close_reason_text(enum close_reason reason); /* a sentence's end, for logs */
const char *close_reason_name(enum close_reason reason); /* "peer_closed", for labels */

#endif
