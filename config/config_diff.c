#include "config/config_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/memory.h"
#include "config/option_field.h"
#include "config/option_value.h"

/* The pool of that name, unless it has none any more: then it has been moved away. */
static struct pool_config *find_pool(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->pool_count; i++) {
        const char *found = config->pools[i].name;

        if (found != NULL && strcmp(found, name) == 0) {
            return &config->pools[i];
        }
    }
    return NULL;
}

static char *copy_text(const char *text)
{
    return text == NULL ? NULL : memory_copy(text, strlen(text));
}

static void diff_add(struct config_diff *diff, struct config_change change)
{
    diff->items = memory_resize(diff->items, diff->count + 1, sizeof *diff->items);
    diff->items[diff->count++] = change;
    diff->restart_count += change.reload == OPTION_RESTART ? 1 : 0;
}

static char *value_text(const struct option_row *row, const void *fields)
{
    char *text = NULL;
    size_t size = 0;

    if (option_is_unset(row, option_field_of(row, fields))) {
        return copy_text("not set");
    }
    if (row->type == OPTION_SECRET) {
        return copy_text(HIDDEN_SECRET);
    }
    FILE *to = open_memstream(&text, &size);

    CHECK(to != NULL);
    option_print(row, option_field_of(row, fields), to);
    CHECK(fclose(to) == 0);
    return text;
}

/* backend.tls and all that says how: these are of use together only. */
static bool is_of_node_tls(const struct option_row *row)
{
    static const char prefix[] = "backend.tls";

    return row->scope == OPTION_POOL && strncmp(row->path, prefix, sizeof prefix - 1) == 0;
}

/* And where the nodes are: with TLS they have other ports, and no unix sockets. */
static bool goes_with_node_tls(const struct option_row *row)
{
    return is_of_node_tls(row) || row == &option_rows[OPTION_ID_seeds] ||
           row == &option_rows[OPTION_ID_address_map];
}

/* Does TLS to the nodes begin or end? That is for a restart, with all that belongs to it. */
static bool is_node_tls_for_later(enum option_scope scope, const void *now, const void *next)
{
    const struct pool_config *before = now;
    const struct pool_config *after = next;

    return scope == OPTION_POOL && before->backend_tls != after->backend_tls;
}

/* `pool` is NULL for options of the process. */
static void compare_fields(struct config_diff *diff, const char *pool, const void *now,
                           const void *next)
{
    enum option_scope scope = pool == NULL ? OPTION_GLOBAL : OPTION_POOL;
    bool is_later = is_node_tls_for_later(scope, now, next);

    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        const struct option_row *row = &option_rows[i];
        bool waits = is_later && goes_with_node_tls(row);

        if (row->scope == scope &&
            !option_equal(row, option_field_of(row, now), option_field_of(row, next))) {
            diff_add(diff, (struct config_change){.row = row,
                                                  .pool = copy_text(pool),
                                                  .before = value_text(row, now),
                                                  .after = value_text(row, next),
                                                  .reload = waits ? OPTION_RESTART : row->reload});
        }
    }
}

static void note_pool(struct config_diff *diff, const char *pool, const char *after,
                      enum option_reload reload)
{
    const char *before = strcmp(after, "gone") == 0 ? "there" : "none";

    diff_add(diff, (struct config_change){.pool = copy_text(pool),
                                          .before = copy_text(before),
                                          .after = copy_text(after),
                                          .reload = reload});
}

static void compare_pool(struct config_diff *diff, const struct config *now, size_t pool,
                         const struct pool_config *next)
{
    const struct pool_config *mine = &now->pools[pool];
    bool was_gone = config_has_gone(now, pool);

    if (next == NULL) {
        if (!was_gone) {
            note_pool(diff, mine->name, "gone", OPTION_LIVE);
        }
        return;
    }
    if (was_gone) {
        note_pool(diff, mine->name, "there", OPTION_LIVE);
    }
    compare_fields(diff, mine->name, mine, next);
}

struct config_diff config_diff_of(const struct config *now, const struct config *next)
{
    struct config_diff diff = {0};
    size_t count = now->pool_count;

    compare_fields(&diff, NULL, now, next);
    for (size_t i = 0; i < now->pool_count; i++) {
        compare_pool(&diff, now, i, find_pool(next, now->pools[i].name));
    }
    for (size_t i = 0; i < next->pool_count; i++) {
        if (find_pool(now, next->pools[i].name) == NULL) {
            note_pool(&diff, next->pools[i].name, "there",
                      count++ < CONFIG_POOLS_LIVE ? OPTION_LIVE : OPTION_RESTART);
        }
    }
    return diff;
}

void config_diff_clear(struct config_diff *diff)
{
    for (size_t i = 0; i < diff->count; i++) {
        free(diff->items[i].pool);
        free(diff->items[i].before);
        free(diff->items[i].after);
    }
    free(diff->items);
    *diff = (struct config_diff){0};
}

/* Takes over what `now` has: of rows that wait for a restart, or of all. */
static void copy_fields(enum option_scope scope, const void *now, void *next, bool are_all)
{
    bool is_later = is_node_tls_for_later(scope, now, next);

    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        const struct option_row *row = &option_rows[i];
        bool waits = row->reload == OPTION_RESTART || (is_later && goes_with_node_tls(row));

        if (row->scope == scope && (are_all || waits)) {
            option_copy(row, option_field_of(row, now), option_field(row, next));
        }
    }
}

static void pool_move(struct pool_config *from, struct pool_config *to)
{
    *to = *from;
    *from = (struct pool_config){0};
}

/* What one that is gone does not have any more: addresses, and files, which may be gone as well.
 * Those of TLS to the nodes, and what is for a restart, are kept, unread: it may come back when
 * they have to be as they were. */
static void retire_pool(struct pool_config *pool)
{
    static const enum option_id listens[] = {OPTION_ID_listen, OPTION_ID_tls_listen};

    for (size_t i = 0; i < ARRAY_LEN(listens); i++) {
        option_clear(&option_rows[listens[i]], option_field(&option_rows[listens[i]], pool));
    }
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        const struct option_row *row = &option_rows[i];

        if (row->scope == OPTION_POOL && row->type == OPTION_FILENAME &&
            row->reload == OPTION_LIVE && !is_of_node_tls(row)) {
            option_clear(row, option_field(row, pool));
        }
    }
}

/* What becomes of pool `pool` of `now`: as `next` says, or as it was, but for listening. */
static void settle_pool(const struct config *now, size_t pool, const struct config *next,
                        struct config *settled)
{
    struct pool_config *found = find_pool(next, now->pools[pool].name);
    struct pool_config *to = &settled->pools[pool];

    settled->gone[pool] = found == NULL;
    if (found != NULL) {
        pool_move(found, to);
    }
    copy_fields(OPTION_POOL, &now->pools[pool], to, found == NULL);
    if (found == NULL) {
        retire_pool(to);
    }
}

void config_settle(const struct config *now, struct config *next)
{
    size_t room = now->pool_count + next->pool_count;
    struct config settled = {.pools = memory_new(room, sizeof *settled.pools),
                             .gone = memory_new(room, sizeof *settled.gone)};

    copy_fields(OPTION_GLOBAL, now, next, false);
    for (; settled.pool_count < now->pool_count; settled.pool_count++) {
        settle_pool(now, settled.pool_count, next, &settled);
    }
    for (size_t i = 0; i < next->pool_count; i++) {
        struct pool_config *left = &next->pools[i];

        if (left->name != NULL && settled.pool_count < CONFIG_POOLS_LIVE) {
            pool_move(left, &settled.pools[settled.pool_count++]);
        }
        option_clear_all(OPTION_POOL, left);
    }
    free(next->pools);
    free(next->gone);
    next->pools = settled.pools;
    next->pool_count = settled.pool_count;
    next->gone = settled.gone;
}

char *config_change_text(const struct config_change *change)
{
    const char *mark = change->reload == OPTION_RESTART ? " (needs a restart)" : "";

    if (change->row == NULL) {
        return memory_print("pool %s: %s -> %s%s", change->pool, change->before, change->after,
                            mark);
    }
    return memory_print("%s%s%s%s: %s -> %s%s", change->pool == NULL ? "" : "pool ",
                        change->pool == NULL ? "" : change->pool, change->pool == NULL ? "" : ", ",
                        change->row->path, change->before, change->after, mark);
}
