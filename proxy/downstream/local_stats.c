/* PROXY STATS: the counters of the client's pool, of all workers together; names as in /metrics. */
#include <stddef.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/local_call.h"

enum { OTHER_PAIRS = 7 };

static uint64_t count_errors(const struct house *house)
{
    uint64_t count = 0;

    for (size_t i = 0; i < METRICS_ERROR_KINDS; i++) {
        count += metrics_sum(&house->counted,
                             offsetof(struct metrics, error_replies) + i * sizeof(metric));
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
        histogram_merge(all, &house->counted.workers[i]->request_time);
    }
    write_pair(to, "request_time_p50_us", histogram_percentile(all, 50));
    write_pair(to, "request_time_p99_us", histogram_percentile(all, 99));
    free(all);
}

void local_proxy_stats(const struct local_call *call)
{
    struct house *house = call->client->clients->house;
    struct sendq *to = call_begin(call);

    resp_write_map(to, OTHER_PAIRS + metrics_field_count());
    resp_write_text(to, "version");
    resp_write_text(to, SLOTWAY_VERSION);
    write_pair(to, "uptime_seconds", (clock_now() - house->started) / US_PER_SECOND);
    write_pair(to, "workers", house->worker_count);
    write_pair(to, "downstream_rejected_total", atomic_load(&house->rejected_count));
    write_pair(to, "error_replies_total", count_errors(house));
    write_times(house, to);
    for (size_t i = 0; i < metrics_field_count(); i++) {
        write_pair(to, metrics_field_name(i), metrics_field_value(&house->counted, i));
    }
    call_end(call);
}
