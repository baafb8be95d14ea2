/* PROXY STATS: the counters of the client's pool, of all workers together; names as in /metrics. */
#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/local_call.h"

enum how { SUMMED, LOWEST };

static const struct {
    const char *name;
    size_t offset;
    enum how how;
} rows[] = {
#define COUNTER(name, help)      {#name, offsetof(struct metrics, name), SUMMED},
#define GAUGE(name, help)        {#name, offsetof(struct metrics, name), SUMMED},
#define GAUGE_LOWEST(name, help) {#name, offsetof(struct metrics, name), LOWEST},
#include "proxy/metrics/metrics.def"
};

enum { OTHER_PAIRS = 7 };

static uint64_t row_value(const struct house *house, size_t row)
{
    uint64_t value = rows[row].how == LOWEST ? UINT64_MAX : 0;

    for (size_t i = 0; i < house->worker_count; i++) {
        const char *metrics = (const char *)house->clients[i]->metrics;
        uint64_t one = metric_read((const metric *)(const void *)(metrics + rows[row].offset));

        if (rows[row].how == SUMMED) {
            value += one;
        } else if (one < value) {
            value = one;
        }
    }
    return value;
}

static uint64_t count_errors(const struct house *house)
{
    uint64_t count = 0;

    for (size_t i = 0; i < house->worker_count; i++) {
        for (size_t j = 0; j < METRICS_ERROR_KINDS; j++) {
            count += metric_read(&house->clients[i]->metrics->error_replies[j]);
        }
    }
    return count;
}

static void write_pair(struct sendq *to, const char *name, uint64_t number)
{
    resp_write_text(to, name);
    resp_write_integer(to, (int64_t)number);
}

static void write_times(const struct house *house, struct sendq *to)
{
    struct histogram *all = memory_new(1, sizeof *all);

    for (size_t i = 0; i < house->worker_count; i++) {
        histogram_merge(all, &house->clients[i]->metrics->request_time);
    }
    write_pair(to, "request_time_p50_us", histogram_percentile(all, 50));
    write_pair(to, "request_time_p99_us", histogram_percentile(all, 99));
    free(all);
}

void local_proxy_stats(const struct local_call *call)
{
    struct house *house = call->client->clients->house;
    struct sendq *to = call_begin(call);

    resp_write_map(to, OTHER_PAIRS + ARRAY_LEN(rows));
    resp_write_text(to, "version");
    resp_write_text(to, SLOTWAY_VERSION);
    write_pair(to, "uptime_seconds", (clock_now() - house->started) / US_PER_SECOND);
    write_pair(to, "workers", house->worker_count);
    write_pair(to, "downstream_rejected_total", atomic_load(&house->rejected_count));
    write_pair(to, "error_replies_total", count_errors(house));
    write_times(house, to);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        write_pair(to, rows[i].name, row_value(house, i));
    }
    call_end(call);
}
