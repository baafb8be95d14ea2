#include <stdlib.h>

#include "common/log.h"
#include "common/memory.h"
#include "config/option_field.h"
#include "proxy/cluster/discovery_parts.h"

static void view_free(struct config_view *view)
{
    if (view != NULL) {
        config_view_clear(view);
        free(view);
    }
}

void discovery_use_config(struct discovery *discovery, struct config_share *share, size_t pool)
{
    struct config_view *view;

    if (!discovery->is_running) {
        config_view_show(&discovery->view, share, pool);
        return;
    }
    view = memory_new(1, sizeof *view);
    config_view_show(view, share, pool);
    view_free(atomic_exchange(&discovery->offered, view));
    discovery_wake(discovery);
}

bool discovery_has_offer(const struct discovery *discovery)
{
    return atomic_load(&discovery->offered) != NULL;
}

static bool has_changed(enum option_id id, const struct pool_config *before,
                        const struct pool_config *now)
{
    const struct option_row *row = &option_rows[id];

    return !option_equal(row, option_field_of(row, before), option_field_of(row, now));
}

/* The file of the new name is to have what is known now, without being read before. */
static void discovery_use_state_file(struct discovery *discovery, bool is_another)
{
    const struct pool_config *pool = discovery->pool;

    if (is_another) {
        state_file_clear(&discovery->state_file);
        state_file_init(&discovery->state_file, pool->state_file, pool->name, &pool->seeds);
    }
    discovery->state_file.path = pool->state_file;
    discovery->state_file.pool = pool->name;
    if (discovery->current != NULL) {
        state_file_note(&discovery->state_file, discovery->current);
    }
}

/* Asks again at once, or as soon as backend.refresh_min allows: over a new connection. */
static void discovery_ask_anew(struct discovery *discovery)
{
    node_link_close(&discovery->link);
    discovery->backoff = 0;
    atomic_store_explicit(&discovery->is_hinted, true, memory_order_release);
}

static bool has_other_way(const struct pool_config *before, const struct pool_config *now)
{
    static const enum option_id ways[] = {
        OPTION_ID_seeds,
        OPTION_ID_address_map,
        OPTION_ID_backend_username,
        OPTION_ID_backend_password,
        OPTION_ID_backend_password_next,
    };

    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        if (has_changed(ways[i], before, now)) {
            return true;
        }
    }
    return false;
}

void discovery_accept(struct discovery *discovery)
{
    struct config_view *offered = atomic_exchange(&discovery->offered, NULL);
    struct config_view before = discovery->view;
    const struct pool_config *was = &before.config;
    const struct pool_config *now = discovery->pool;

    discovery->view = *offered;
    free(offered);
    discovery_use_state_file(discovery, has_changed(OPTION_ID_state_file, was, now));
    if (has_changed(OPTION_ID_seeds, was, now)) {
        candidates_use_seeds(&discovery->candidates);
    }
    if (has_other_way(was, now)) {
        discovery_ask_anew(discovery);
    }
    if (discovery->lessons != NULL) {
        lessons_use_config(discovery->lessons, now);
        if (has_changed(OPTION_ID_commands, was, now)) {
            lessons_begin(discovery->lessons);
        }
    }
    config_view_clear(&before);
}

void discovery_take_offer(struct discovery *discovery)
{
    struct config_view *offered = atomic_exchange(&discovery->offered, NULL);

    if (offered != NULL) {
        config_view_clear(&discovery->view);
        discovery->view = *offered;
        free(offered);
    }
}

void discovery_drop_config(struct discovery *discovery)
{
    view_free(atomic_exchange(&discovery->offered, NULL));
    config_view_clear(&discovery->view);
}
