#include "proxy/status_counts.h"

#include <stdlib.h>

#include "common/memory.h"
#include "proxy/command/command_kind.h"
#include "proxy/metrics/metrics_text.h"
#include "proxy/request/error_reply.h"
#include "proxy/server_parts.h"
#include "proxy/status_heat.h"

/* One of each pool. The caller frees them. */
static struct metrics_source *list_sources(const struct server *server)
{
    struct metrics_source *sources = memory_new(server->config->pool_count, sizeof *sources);

    for (size_t i = 0; i < server->config->pool_count; i++) {
        const struct house *house = &server->pools[i].house;

        sources[i] = house->counted;
        sources[i].nodes_max = house->pool->metrics_nodes;
    }
    return sources;
}

/* 16 us to 8.7 s, by twos. */
enum { TIME_FIRST = 4, TIME_LAST = 23, TIMES = TIME_LAST - TIME_FIRST + 1 };

static void write_times(const struct command_time_sum *sum, const struct metrics_label labels[2],
                        struct sendq *to)
{
    uint64_t limits[TIMES];
    uint64_t counts[TIMES];
    uint64_t count = 0;

    for (uint32_t i = 0; i < COMMAND_TIME_BUCKETS; i++) {
        count += sum->counts[i];
        if (i >= TIME_FIRST && i <= TIME_LAST) {
            limits[i - TIME_FIRST] = command_time_limit(i);
            counts[i - TIME_FIRST] = count;
        }
    }
    metrics_write_histogram(to, FAMILY_COMMAND_SECONDS,
                            &(struct metrics_histogram){
                                .labels = labels,
                                .label_count = 2,
                                .limits = limits,
                                .counts = counts,
                                .limit_count = TIMES,
                                .all = count,
                                .sum = sum->sum,
                            });
}

static void write_command_times(const struct server *server, struct sendq *to)
{
    metrics_write_family(to, FAMILY_COMMAND_SECONDS);
    for (size_t i = 0; i < server->config->pool_count; i++) {
        struct command_time_sum sums[COMMAND_KIND_COUNT] = {{.sum = 0}};

        for (size_t j = 0; j < server->worker_count; j++) {
            command_times_sum(&server->workers[j]->pools[i].clients.times, sums);
        }
        for (size_t kind = 0; kind < COMMAND_KIND_COUNT; kind++) {
            const struct metrics_label labels[] = {{"pool", server->pools[i].name},
                                                   {"kind", command_kind_names()[kind]}};

            write_times(&sums[kind], labels, to);
        }
    }
}

void status_write_counts(const struct server *server, struct sendq *to)
{
    const struct metrics_errors errors = {error_reply_names(), ERROR_SYMBOL_COUNT};
    const struct metrics_kinds kinds = {command_kind_names(), COMMAND_KIND_COUNT};
    size_t count = server->config->pool_count;
    struct metrics_source *sources = list_sources(server);

    metrics_write_sources(to, sources, count, &errors);
    metrics_write_retries(to, sources, count);
    metrics_write_kinds(to, sources, count, &kinds);
    metrics_write_nodes(to, sources, count);
    write_command_times(server, to);
    status_write_heat_figures(server, to);
    free(sources);
}
