#include "proxy/status_heat.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "proxy/metrics/metrics_text.h"
#include "proxy/server_parts.h"

enum { KEYS_TOLD = 50 };

struct heat_view *status_read_heat(const struct server *server, size_t pool)
{
    return heat_read(server->pools[pool].house.heats, server->worker_count, clock_now(), KEYS_TOLD);
}

static double seconds(uint64_t us)
{
    return (double)us / US_PER_SECOND;
}

/* Of a share that is larger than the whole, as two readers saw different moments, the whole. */
static double share(uint64_t part, uint64_t all)
{
    return all == 0 ? 0 : part >= all ? 1 : (double)part / (double)all;
}

static double hottest_slot(const struct heat_view *view)
{
    uint64_t most = 0;

    for (size_t slot = 0; slot < HEAT_SLOTS; slot++) {
        most = view->slots[slot] > most ? view->slots[slot] : most;
    }
    return share(most, view->requests);
}

static double hottest_key(const struct heat_view *view)
{
    const struct top_key *key = view->key_count == 0 ? NULL : &view->keys[0].key;

    return key == NULL ? 0 : share(key->count - key->error, view->requests);
}

/* The figures of one pool, in the order of heat_families. */
static const enum metrics_family heat_families[] = {
    FAMILY_HEAT_SECONDS,
    FAMILY_HOTTEST_KEY,
    FAMILY_HOTTEST_SLOT,
    FAMILY_BIGGEST_KEY,
};

struct heat_figures {
    double values[ARRAY_LEN(heat_families)];
};

static struct heat_figures figures_of(const struct server *server, size_t pool)
{
    struct heat_view *view = status_read_heat(server, pool);
    struct heat_figures figures = {{
        seconds(view->since_us),
        hottest_key(view),
        hottest_slot(view),
        view->big_key_count == 0 ? 0 : (double)view->big_keys[0].bytes,
    }};

    heat_view_free(&view);
    return figures;
}

void status_write_heat_figures(const struct server *server, struct sendq *to)
{
    size_t count = server->config->pool_count;
    struct heat_figures *figures = memory_new(count, sizeof *figures);

    for (size_t pool = 0; pool < count; pool++) {
        figures[pool] = figures_of(server, pool);
    }
    for (size_t i = 0; i < ARRAY_LEN(heat_families); i++) {
        metrics_write_family(to, heat_families[i]);
        for (size_t pool = 0; pool < count; pool++) {
            const struct metrics_label label = {"pool", server->pools[pool].name};

            metrics_write_sample(to, heat_families[i], &label, 1, figures[pool].values[i]);
        }
    }
    free(figures);
}
