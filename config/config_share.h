/* config_share.h - a configuration that several threads read, and how each goes over to the next.
 *
 *      control thread: config_share_new ─ take ─> worker's mailbox ─> its view ─┐
 *                                       ─ take ─> discovery ────────> its view ─┤ release: the last
 *                                                                               v one frees
 *      view: [ struct pool_config, copied ] ── texts and lists ──> in the config of the share
 *
 * What a share has never changes. A view stays at its place for as long as its owner lives, so that
 * who belongs to that thread may keep a pointer to its `config` and always reads what holds now; of
 * texts and lists in it, which go with their share, only until the thread turns to something else.
 */
#ifndef CONFIG_CONFIG_SHARE_H
#define CONFIG_CONFIG_SHARE_H

#include <stdatomic.h>

#include "config/config.h"

struct config_share {
    const struct config *config;
    _Atomic uint32_t references;
};

/* With one reference. Takes *config. */
struct config_share *config_share_new(struct config **config) MUST_USE;

/* Any thread. */
struct config_share *config_share_take(struct config_share *share);
void config_share_release(struct config_share **share);

/* One pool's options, as one thread sees them. */
struct config_view {
    struct pool_config config;
    struct config_share *share; /* NULL: `config` is the caller's, in tests */
};

/* From now on `view`, which may be zeroed memory, shows pool `pool` of `share`; takes a reference,
 * and releases the one to what it showed before. The thread of the view. */
void config_view_show(struct config_view *view, struct config_share *share, size_t pool);

void config_view_clear(struct config_view *view);

#endif
