#include "config/config_diff.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/memory.h"
#include "config/config_share.h"
#include "config/option_field.h"
#include "config/option_value.h"

/* A configuration of `names`, as a file would have it. */
static struct config *config_with(const char *const *names, size_t count)
{
    static const char *seed = "127.0.0.1:7000";
    const struct config_overrides overrides = {.seeds = &seed, .seed_count = 1};
    struct config *whole = NULL;

    for (size_t i = 0; i < count; i++) {
        struct config_errors errors;
        struct config *config = config_load(NULL, &overrides, &errors);

        cr_assert_not_null(config);
        free(config->pools[0].name);
        config->pools[0].name = memory_copy(names[i], strlen(names[i]));
        if (whole == NULL) {
            whole = config;
            continue;
        }
        whole->pools = memory_resize(whole->pools, i + 1, sizeof *whole->pools);
        whole->pools[whole->pool_count++] = config->pools[0];
        config->pool_count = 0;
        config_free(&config);
    }
    return whole;
}

static struct config *config_of(const char *name)
{
    return config_with(&name, 1);
}

static void *fields_of(struct config *config, const struct option_row *row)
{
    return row->scope == OPTION_GLOBAL ? (void *)config : (void *)&config->pools[0];
}

/* A value that no default has. */
static const char *another(const struct option_row *row)
{
    switch (row->type) {
    case OPTION_SWITCH: return strcmp(row->fallback, "true") == 0 ? "false" : "true";
    case OPTION_WORKERS: return "77";
    case OPTION_COUNT: return strcmp(row->fallback, "1") == 0 ? "2" : "1";
    case OPTION_BYTES:
    case OPTION_MEMORY: return "123456";
    case OPTION_MODE: return "604";
    case OPTION_DURATION: return "1234ms";
    case OPTION_TEXT:
    case OPTION_SECRET:
    case OPTION_FILENAME: return "other";
    case OPTION_ADDRESSES: return "10.9.8.7:65";
    case OPTION_ADDRESS_MAP: return "10.0.0.1=10.0.0.2";
    case OPTION_COMMAND_RULES: return "keys=deny";
    case OPTION_USERS: return "alice on";
    case OPTION_LOG_LEVEL: return "error";
    case OPTION_LOG_FORMAT: return "json";
    }
    return NULL;
}

/* The name is what pools are compared by, so no pool can change it. */
static bool can_differ(const struct option_row *row)
{
    return option_row_id(row) != OPTION_ID_name;
}

static void change(struct config *config, const struct option_row *row)
{
    cr_assert_eq(
        option_parse(row, span_of(another(row)), option_field(row, fields_of(config, row))),
        OPTION_OK, "%s", row->path);
}

Test(config_diff, of_the_same_is_empty)
{
    struct config *now = config_of("main");
    struct config *next = config_of("main");
    struct config_diff diff = config_diff_of(now, next);

    cr_expect_eq(diff.count, 0);
    cr_expect_eq(diff.restart_count, 0);
    config_diff_clear(&diff);
    config_free(&now);
    config_free(&next);
}

Test(config_diff, has_every_option_that_differs_once_and_as_its_row_says)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        const struct option_row *row = &option_rows[i];
        struct config *now = config_of("main");
        struct config *next = config_of("main");

        if (can_differ(row)) {
            change(next, row);
            struct config_diff diff = config_diff_of(now, next);

            cr_assert_eq(diff.count, 1, "%s", row->path);
            cr_expect_eq(diff.items[0].row, row);
            cr_expect_eq(diff.items[0].reload, row->reload);
            cr_expect_eq(diff.items[0].pool == NULL, row->scope == OPTION_GLOBAL);
            cr_expect_eq(diff.restart_count, row->reload == OPTION_RESTART);
            cr_expect_str_neq(diff.items[0].before, diff.items[0].after, "%s", row->path);
            config_diff_clear(&diff);
        }
        config_free(&now);
        config_free(&next);
    }
}

/* Both are freed at once, so that a sanitizer sees what they should not share. */
Test(config_diff, settling_keeps_what_needs_a_restart_and_nothing_else)
{
    struct config *now = config_of("main");
    struct config *next = config_of("main");
    struct config *wanted = config_of("main");

    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        if (can_differ(&option_rows[i])) {
            change(next, &option_rows[i]);
            change(wanted, &option_rows[i]);
        }
    }
    config_settle(now, next);
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        const struct option_row *row = &option_rows[i];
        bool goes_with_tls = strncmp(row->path, "backend.tls", strlen("backend.tls")) == 0 ||
                             row == &option_rows[OPTION_ID_seeds] ||
                             row == &option_rows[OPTION_ID_address_map];
        bool is_live = row->reload == OPTION_LIVE && can_differ(row) && !goes_with_tls;
        struct config *source = is_live ? wanted : now;

        cr_expect(option_equal(row, option_field(row, fields_of(next, row)),
                               option_field(row, fields_of(source, row))),
                  "%s", row->path);
    }
    config_free(&now);
    config_free(&next);
    config_free(&wanted);
}

static void set_option(struct pool_config *pool, enum option_id id, const char *text)
{
    const struct option_row *row = &option_rows[id];

    cr_assert_eq(option_parse(row, span_of(text), option_field(row, pool)), OPTION_OK);
}

Test(config_diff, tls_to_the_nodes_begins_or_ends_with_all_that_belongs_to_it)
{
    static const struct {
        bool was_tls;
        bool is_tls;
        const char *before;  /* backend.tls_ca_file: now, */
        const char *after;   /* next, */
        const char *settled; /* and what comes of it */
    } rows[] = {
        {true, true, "old.pem", "new.pem", "new.pem"},
        {true, false, "old.pem", NULL, "old.pem"},
        {true, false, "old.pem", "new.pem", "old.pem"},
        {false, true, NULL, "new.pem", NULL},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool waits = rows[i].was_tls != rows[i].is_tls;
        struct config *now = config_of("main");
        struct config *next = config_of("main");

        now->pools[0].backend_tls = rows[i].was_tls;
        next->pools[0].backend_tls = rows[i].is_tls;
        if (rows[i].before != NULL) {
            set_option(&now->pools[0], OPTION_ID_backend_tls_ca_file, rows[i].before);
        }
        if (rows[i].after != NULL) {
            set_option(&next->pools[0], OPTION_ID_backend_tls_ca_file, rows[i].after);
        }
        next->pools[0].clients_max = 7;
        struct config_diff diff = config_diff_of(now, next);
        cr_expect_eq(diff.restart_count, waits ? 2 : 0, "row %zu: %zu", i, diff.restart_count);
        config_settle(now, next);
        cr_expect_eq(next->pools[0].backend_tls, rows[i].was_tls);
        cr_expect_eq(next->pools[0].clients_max, 7);
        const char *file = next->pools[0].backend_tls_ca_file;
        cr_expect(rows[i].settled == NULL ? file == NULL
                                          : file != NULL && strcmp(file, rows[i].settled) == 0,
                  "row %zu: %s", i, file);
        config_diff_clear(&diff);
        config_free(&now);
        config_free(&next);
    }
}

static void expect_texts(const struct config_diff *diff, const char *const *texts, size_t count)
{
    cr_assert_eq(diff->count, count);
    for (size_t i = 0; i < count; i++) {
        char *text = config_change_text(&diff->items[i]);

        cr_expect_str_eq(text, texts[i]);
        free(text);
    }
}

static struct config *config_at(const char *seed, const char *map, bool is_tls)
{
    struct config *config = config_of("main");
    struct pool_config *pool = &config->pools[0];

    pool->backend_tls = is_tls;
    set_option(pool, OPTION_ID_seeds, seed);
    set_option(pool, OPTION_ID_address_map, map);
    return config;
}

/* Over TLS there are no unix sockets, and the port is another one. */
Test(config_diff, where_the_nodes_are_waits_with_whether_tls_is_spoken_there)
{
    for (int i = 0; i < 2; i++) {
        struct config *now = config_at("127.0.0.1:7000", "10.0.0.1=10.0.0.2", true);
        struct config *next = config_at("unix:/s", "10.0.0.1=10.0.0.3", i == 1);
        struct config_diff diff = config_diff_of(now, next);

        cr_expect_eq(diff.restart_count, i == 1 ? 0 : 3, "%zu", diff.restart_count);
        config_settle(now, next);
        cr_expect_eq(next->pools[0].seeds.items[0].kind, i == 1 ? ADDRESS_UNIX : ADDRESS_TCP);
        config_diff_clear(&diff);
        config_free(&now);
        config_free(&next);
    }
}

Test(config_diff, compares_pools_by_name_and_keeps_the_place_of_each)
{
    static const char *const before[] = {"a", "b", "gone"};
    static const char *const after[] = {"new", "b", "a", "newer"};
    static const char *const settled[] = {"a", "b", "gone", "new", "newer"};
    static const char *const texts[] = {"pool b, clients.max: 10000 -> 7",
                                        "pool gone: there -> gone", "pool new: none -> there",
                                        "pool newer: none -> there"};
    struct config *now = config_with(before, ARRAY_LEN(before));
    struct config *next = config_with(after, ARRAY_LEN(after));

    next->pools[1].clients_max = 7;
    struct config_diff diff = config_diff_of(now, next);
    expect_texts(&diff, texts, ARRAY_LEN(texts));
    config_settle(now, next);
    cr_assert_eq(next->pool_count, ARRAY_LEN(settled));
    for (size_t i = 0; i < ARRAY_LEN(settled); i++) {
        cr_expect_str_eq(next->pools[i].name, settled[i]);
        cr_expect_eq(config_has_gone(next, i), i == 2);
        cr_expect_eq(next->pools[i].listen.count, i == 2 ? 0 : 1);
    }
    cr_expect_eq(next->pools[1].clients_max, 7);
    cr_expect_eq(next->pools[2].clients_max, 10000);
    config_diff_clear(&diff);
    config_free(&now);
    config_free(&next);
}

Test(config_diff, a_pool_that_is_gone_is_told_of_once_and_may_come_back)
{
    static const char *const both[] = {"a", "b"};
    static const char *const texts[] = {"pool b: none -> there",
                                        "pool b, listen: [] -> [\"127.0.0.1:6380\"]"};
    struct config *now = config_with(both, 2);
    struct config *without = config_with(both, 1);
    struct config *again = config_with(both, 1);
    struct config *back = config_with(both, 2);

    set_option(&now->pools[1], OPTION_ID_trace_file, "/trace");
    set_option(&back->pools[1], OPTION_ID_trace_file, "/trace");
    config_settle(now, without);
    struct config_diff diff = config_diff_of(without, again);
    cr_expect_eq(diff.count, 0);
    config_diff_clear(&diff);
    config_settle(without, again);
    cr_expect(config_has_gone(again, 1));
    cr_expect(config_has_one_pool(again));
    cr_expect_eq(config_first_pool(again), 0);
    diff = config_diff_of(again, back);
    expect_texts(&diff, texts, ARRAY_LEN(texts));
    config_settle(again, back);
    cr_expect_not(config_has_gone(back, 1));
    cr_expect_not(config_has_one_pool(back));
    cr_expect_eq(back->pools[1].listen.count, 1);
    config_diff_clear(&diff);
    config_free(&now);
    config_free(&without);
    config_free(&again);
    config_free(&back);
}

Test(config_diff, more_pools_than_there_is_room_for_wait_for_a_restart)
{
    const char *names[CONFIG_POOLS_LIVE + 1];

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        names[i] = memory_print("pool-%zu", i);
    }
    struct config *now = config_with(names, 1);
    struct config *next = config_with(names, ARRAY_LEN(names));
    struct config_diff diff = config_diff_of(now, next);
    cr_expect_eq(diff.count, CONFIG_POOLS_LIVE);
    cr_expect_eq(diff.restart_count, 1);
    config_settle(now, next);
    cr_expect_eq(next->pool_count, CONFIG_POOLS_LIVE);
    config_diff_clear(&diff);
    config_free(&now);
    config_free(&next);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        free((char *)names[i]);
    }
}

Test(config_diff, changes_are_lines_without_secrets)
{
    static const struct {
        enum option_id id;
        const char *text;
    } rows[] = {
        {OPTION_ID_log_level, "log.level: info -> error"},
        {OPTION_ID_workers, "workers: 3 -> 77 (needs a restart)"},
        {OPTION_ID_clients_password, "pool main, clients.password: not set -> ***"},
        {OPTION_ID_backend_password, "pool main, backend.password: not set -> ***"},
        {OPTION_ID_state_file, "pool main, backend.state_file: not set -> \"other\""},
        {OPTION_ID_seeds, "pool main, backend.seeds: [\"127.0.0.1:7000\"] -> [\"10.9.8.7:65\"]"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct config *now = config_of("main");
        struct config *next = config_of("main");

        now->workers = next->workers = 3;
        change(next, &option_rows[rows[i].id]);
        struct config_diff diff = config_diff_of(now, next);
        cr_assert_eq(diff.count, 1);
        char *text = config_change_text(&diff.items[0]);
        cr_expect_str_eq(text, rows[i].text);
        free(text);
        config_diff_clear(&diff);
        config_free(&now);
        config_free(&next);
    }
}

Test(config_share, a_view_shows_the_next_one_at_the_same_place)
{
    struct config *first = config_of("main");
    struct config *second = config_of("main");
    struct config_view view = {.share = NULL};
    const struct pool_config *seen = &view.config;

    second->pools[0].clients_max = 7;
    struct config_share *one = config_share_new(&first);
    struct config_share *other = config_share_new(&second);
    cr_expect_null(first);
    config_view_show(&view, one, 0);
    config_share_release(&one);
    cr_expect_null(one);
    cr_expect_eq(seen->clients_max, 10000);
    cr_expect_str_eq(seen->name, "main");
    config_view_show(&view, other, 0);
    cr_expect_eq(seen->clients_max, 7);
    config_share_release(&other);
    cr_expect_str_eq(seen->name, "main");
    config_view_clear(&view);
    cr_expect_null(view.share);
}
