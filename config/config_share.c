#include "config/config_share.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

struct config_share *config_share_new(struct config **config)
{
    struct config_share *share = memory_new(1, sizeof *share);

    share->config = *config;
    *config = NULL;
    atomic_store_explicit(&share->references, 1, memory_order_relaxed);
    return share;
}

struct config_share *config_share_take(struct config_share *share)
{
    atomic_fetch_add_explicit(&share->references, 1, memory_order_relaxed);
    return share;
}

void config_share_release(struct config_share **share)
{
    struct config_share *gone = *share;

    *share = NULL;
    if (gone == NULL || atomic_fetch_sub_explicit(&gone->references, 1, memory_order_acq_rel) > 1) {
        return;
    }
    struct config *config = (struct config *)gone->config;
    config_free(&config);
    free(gone);
}

void config_view_show(struct config_view *view, struct config_share *share, size_t pool)
{
    struct config_share *before = view->share;

    CHECK(pool < share->config->pool_count);
    view->config = share->config->pools[pool];
    view->share = config_share_take(share);
    config_share_release(&before);
}

void config_view_clear(struct config_view *view)
{
    config_share_release(&view->share);
    view->config = (struct pool_config){0};
}
