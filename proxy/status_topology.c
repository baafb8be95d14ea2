#include "proxy/status_topology.h"

#include "proxy/metrics/metrics_text.h"
#include "proxy/server_parts.h"

static const struct discovery_stats *stats_of(const struct server *server, size_t pool)
{
    return discovery_stats(server->pools[pool].discovery);
}

/* One sample for each pool and reason of doubt. */
static void write_doubts(const struct server *server, struct sendq *to, enum metrics_family family)
{
    metrics_write_family(to, family);
    for (size_t i = 0; i < server->config->pool_count; i++) {
        const struct discovery_stats *stats = stats_of(server, i);

        for (int doubt = DOUBT_NONE + 1; doubt < DOUBT_COUNT; doubt++) {
            uint64_t value =
                family == FAMILY_TOPOLOGY_DOUBTED ? stats->doubted[doubt] : stats->overruled[doubt];
            const struct metrics_label labels[] = {{"pool", server->config->pools[i].name},
                                                   {"kind", doubt_name((enum doubt)doubt)}};

            metrics_write_sample(to, family, labels, ARRAY_LEN(labels), (double)value);
        }
    }
}

static void write_sample(const struct server *server, struct sendq *to, enum metrics_family family,
                         size_t pool, uint64_t value)
{
    const struct metrics_label label = {"pool", server->config->pools[pool].name};

    metrics_write_sample(to, family, &label, 1, (double)value);
}

void status_write_topology(const struct server *server, struct sendq *to)
{
    size_t pools = server->config->pool_count;

    write_doubts(server, to, FAMILY_TOPOLOGY_DOUBTED);
    write_doubts(server, to, FAMILY_TOPOLOGY_OVERRULED);
    metrics_write_family(to, FAMILY_SEED_FAILURES);
    for (size_t i = 0; i < pools; i++) {
        write_sample(server, to, FAMILY_SEED_FAILURES, i, stats_of(server, i)->seed_failures);
    }
    metrics_write_family(to, FAMILY_SEEDS_UNRESOLVED);
    for (size_t i = 0; i < pools; i++) {
        write_sample(server, to, FAMILY_SEEDS_UNRESOLVED, i, stats_of(server, i)->seeds_unresolved);
    }
    metrics_write_family(to, FAMILY_STATE_FAILURES);
    for (size_t i = 0; i < pools; i++) {
        write_sample(server, to, FAMILY_STATE_FAILURES, i, stats_of(server, i)->state_failures);
    }
}
