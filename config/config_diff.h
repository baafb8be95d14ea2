/* config_diff.h - what another configuration would change in one that is in use, and what it may.
 *
 *      in use:  workers: 2   log: {level: info}      pools: main, old
 *      next:    workers: 4   log: {level: debug}     pools: main, new
 *      diff:    workers: 2 -> 4 (needs a restart) · log.level: info -> debug · …
 *
 * Pools are compared by name. Which option changes at once and which at the next start only is in
 * options.def. One thread.
 */
#ifndef CONFIG_CONFIG_DIFF_H
#define CONFIG_CONFIG_DIFF_H

#include "config/option_row.h"

struct config_change {
    const struct option_row *row; /* NULL: the pool itself comes or goes */
    char *pool;                   /* its name; NULL: an option of the process */
    char *before;                 /* as in a file; "***" for a secret */
    char *after;
    enum option_reload reload;
};

struct config_diff {
    struct config_change *items;
    size_t count;
    size_t restart_count; /* of them that need a restart */
};

/* All that is not the same; empty when nothing is. The caller clears it. */
struct config_diff config_diff_of(const struct config *now, const struct config *next) MUST_USE;
void config_diff_clear(struct config_diff *diff);

/* Puts into `next` what can only change at a restart as `now` has it, so that `next` is what holds
 * when it is taken over. The pools of `now` come first, in its order: those that `next` has not are
 * kept as gone, and listen nowhere. Behind them are the new ones, as far as there is room. */
void config_settle(const struct config *now, struct config *next);

/* One change as a line for people, without its end. The caller frees it. */
char *config_change_text(const struct config_change *change) MUST_USE;

#endif
