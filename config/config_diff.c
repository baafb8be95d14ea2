#include "config/config_diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/memory.h"
#include "config/option_field.h"
#include "config/option_value.h"

const struct pool_config *config_find_pool(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->pool_count; i++) {
        if (strcmp(config->pools[i].name, name) == 0) {
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

/* `pool` is NULL for options of the process. */
static void compare_fields(struct config_diff *diff, const char *pool, const void *now,
                           const void *next)
{
    enum option_scope scope = pool == NULL ? OPTION_GLOBAL : OPTION_POOL;

    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        const struct option_row *row = &option_rows[i];

        if (row->scope == scope &&
            !option_equal(row, option_field_of(row, now), option_field_of(row, next))) {
            diff_add(diff, (struct config_change){.row = row,
                                                  .pool = copy_text(pool),
                                                  .before = value_text(row, now),
                                                  .after = value_text(row, next),
                                                  .reload = row->reload});
        }
    }
}

static void note_pool(struct config_diff *diff, const char *pool, const char *before,
                      const char *after)
{
    diff_add(diff, (struct config_change){.pool = copy_text(pool),
                                          .before = copy_text(before),
                                          .after = copy_text(after),
                                          .reload = OPTION_RESTART});
}

struct config_diff config_diff_of(const struct config *now, const struct config *next)
{
    struct config_diff diff = {0};

    compare_fields(&diff, NULL, now, next);
    for (size_t i = 0; i < now->pool_count; i++) {
        const struct pool_config *mine = &now->pools[i];
        const struct pool_config *other = config_find_pool(next, mine->name);

        if (other == NULL) {
            note_pool(&diff, mine->name, "there", "gone");
        } else {
            compare_fields(&diff, mine->name, mine, other);
        }
    }
    for (size_t i = 0; i < next->pool_count; i++) {
        if (config_find_pool(now, next->pools[i].name) == NULL) {
            note_pool(&diff, next->pools[i].name, "none", "new");
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

/* Takes over what `now` has: of RESTART rows, or of all. */
static void copy_fields(enum option_scope scope, const void *now, void *next, bool are_all)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        const struct option_row *row = &option_rows[i];

        if (row->scope == scope && (are_all || row->reload == OPTION_RESTART)) {
            option_copy(row, option_field_of(row, now), option_field(row, next));
        }
    }
}

/* The same pool in `next` moves to *to and leaves nothing behind. */
static bool move_pool(struct config *next, const char *name, struct pool_config *to)
{
    struct pool_config *found = (struct pool_config *)config_find_pool(next, name);

    if (found == NULL) {
        return false;
    }
    *to = *found;
    *found = next->pools[--next->pool_count];
    return true;
}

static void clear_pool(struct pool_config *pool)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        if (option_rows[i].scope == OPTION_POOL) {
            option_clear(&option_rows[i], option_field(&option_rows[i], pool));
        }
    }
}

void config_settle(const struct config *now, struct config *next)
{
    struct pool_config *pools = memory_new(now->pool_count, sizeof *pools);

    copy_fields(OPTION_GLOBAL, now, next, false);
    for (size_t i = 0; i < now->pool_count; i++) {
        bool is_there = move_pool(next, now->pools[i].name, &pools[i]);

        copy_fields(OPTION_POOL, &now->pools[i], &pools[i], !is_there);
    }
    for (size_t i = 0; i < next->pool_count; i++) {
        clear_pool(&next->pools[i]);
    }
    free(next->pools);
    next->pools = pools;
    next->pool_count = now->pool_count;
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
