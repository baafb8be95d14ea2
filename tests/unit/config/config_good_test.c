#include "config/option_field.h"
#include "tests/unit/config/fixture.h"

TestSuite(config_good, .init = fixture_enter, .fini = fixture_leave);

#define SEEDS "backend: {seeds: [\"n:1\"]}"

static void expect_address(const struct addresses *addresses, size_t index, const char *expected)
{
    char text[512];

    cr_assert_lt(index, addresses->count);
    cr_expect_str_eq(address_print(&addresses->items[index], text, sizeof text), expected);
}

Test(config_good, the_shape_of_a_file)
{
    struct config *config = fixture_good("workers: 3\n"
                                         "log: {level: debug, format: json}\n"
                                         "admin: {listen: \"[::1]:9999\"}\n"
                                         "drain:\n  timeout: 1m\n"
                                         "pools:\n"
                                         "  - name: a\n"
                                         "    listen: [\"127.0.0.1:1\", \"unix:/run/s.sock\"]\n"
                                         "    clients: {max: 7, password: secret}\n"
                                         "    backend:\n"
                                         "      seeds: [\"n:7000\", \"m:7001\"]\n"
                                         "      waiting_bytes: 2mb\n"
                                         "    timeouts: {connect: 20ms, request: 250ms}\n"
                                         "  - {name: b, listen: \"h:2, h:3\", " SEEDS "}\n",
                                         NULL);

    cr_expect_eq(config->workers, 3);
    cr_expect_eq(config->log_level, LOG_DEBUG);
    cr_expect_eq(config->log_format, LOG_JSON);
    expect_address(&config->admin_listen, 0, "[::1]:9999");
    cr_expect_eq(config->drain_timeout, 60000000);
    cr_assert_eq(config->pool_count, 2);
    cr_expect_str_eq(config->pools[0].name, "a");
    expect_address(&config->pools[0].listen, 1, "unix:/run/s.sock");
    cr_expect_eq(config->pools[0].clients_max, 7);
    cr_expect_str_eq(config->pools[0].clients_password, "secret");
    expect_address(&config->pools[0].seeds, 1, "m:7001");
    cr_expect_eq(config->pools[0].waiting_bytes, 2 << 20);
    cr_expect_eq(config->pools[0].timeout_connect, 20000);
    cr_expect_eq(config->pools[0].timeout_request, 250000);
    expect_address(&config->pools[1].listen, 1, "h:3");
    cr_expect_null(config->pools[1].clients_password);
    config_free(&config);
    cr_expect_null(config);
}

Test(config_good, null_is_not_set)
{
    struct config *config = fixture_good("workers: ~\nlog:\nadmin: null\n"
                                         "pools:\n- name: null\n  clients: {password: ~}\n  " SEEDS,
                                         NULL);

    cr_expect_eq(config->log_level, LOG_INFO);
    cr_expect_eq(config->admin_listen.count, 1);
    cr_expect_str_eq(config->pools[0].name, "main");
    cr_expect_null(config->pools[0].clients_password);
    config_free(&config);
}

Test(config_good, commands_are_a_mapping_or_a_list)
{
    const char *const files[] = {
        "pools:\n- commands: {keys: deny, foo.bar: write first, \"config|set\": deny}\n  " SEEDS,
        "pools:\n- commands: [keys=deny, foo.bar=write first, config set=deny]\n  " SEEDS,
    };

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct config *config = fixture_good(files[i], NULL);
        const struct command_rules *rules = &config->pools[0].commands;
        cr_assert_eq(rules->count, 3);
        cr_expect_str_eq(rules->items[1].name, "foo.bar");
        cr_expect_eq(rules->items[1].kind, COMMAND_RULE_WRITE);
        cr_expect_str_eq(rules->items[2].name, "config set");
        config_free(&config);
    }
}

#define FOO "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"

Test(config_good, users_are_a_mapping_a_list_or_lines)
{
    const char *const files[] = {
        "pools:\n- clients: {users: {alice: \"on >${FOO} ~a\", \"b.b\": \"on\"}}\n  " SEEDS,
        "pools:\n- clients: {users: [\"user alice on >${FOO} ~a\", \"b.b on\"]}\n  " SEEDS,
        "pools:\n- clients: {users: [{alice: \"on #" FOO " ~a\"}, {\"b.b\": \"on\"}]}\n  " SEEDS,
        "pools:\n- clients:\n    users: |\n      user alice on >${FOO}  ~a\n\n      user b.b on\n"
        "  " SEEDS,
        "pools:\n- clients: {users: [\"${LINE}\", \"b.b on\"]}\n  " SEEDS,
    };

    setenv("FOO", "foo", 1);
    setenv("LINE", "alice on >foo ~a", 1);
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct config *config = fixture_good(files[i], NULL);
        const struct user_rules *users = &config->pools[0].clients_users;
        cr_assert_eq(users->count, 2, "%s", files[i]);
        cr_expect_str_eq(users->items[0].text, "alice on #" FOO " ~a");
        cr_expect_str_eq(users->items[1].text, "b.b on");
        cr_expect_not_null(users->items[0].place);
        config_free(&config);
    }
}

Test(config_good, users_come_from_a_variable_one_a_line)
{
    setenv("SLOTWAY_CLIENTS_USERS", "user alice on >foo ~a,b\nbob on\n", 1);
    struct config *config = fixture_good("pools: [{" SEEDS "}]", NULL);
    const struct user_rules *users = &config->pools[0].clients_users;

    cr_assert_eq(users->count, 2);
    cr_expect_str_eq(users->items[0].text, "alice on #" FOO " ~a,b");
    cr_expect_str_eq(users->items[0].place, "SLOTWAY_CLIENTS_USERS");
    config_free(&config);
}

Test(config_good, quoted_null_is_text)
{
    struct config *config = fixture_good("pools:\n- name: \"null\"\n  " SEEDS, NULL);

    cr_expect_str_eq(config->pools[0].name, "null");
    config_free(&config);
}

Test(config_good, admin_can_be_turned_off)
{
    const char *const files[] = {
        "admin: {listen: []}\npools: [{" SEEDS "}]",
        "admin: {listen: off}\npools: [{" SEEDS "}]",
    };

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct config *config = fixture_good(files[i], NULL);
        cr_expect_eq(config->admin_listen.count, 0);
        config_free(&config);
    }
}

Test(config_good, variables_are_filled_in)
{
    setenv("TEST_HOST", "redis.example", 1);
    setenv("TEST_SECRET", "p@ss: #word", 1);
    struct config *config =
        fixture_good("pools: [{name: \"$${x}\", backend: {seeds: [\"${TEST_HOST}:7000\"],"
                     " password: \"${TEST_SECRET}\"}}]",
                     NULL);

    cr_expect_str_eq(config->pools[0].name, "${x}");
    expect_address(&config->pools[0].seeds, 0, "redis.example:7000");
    cr_expect_str_eq(config->pools[0].backend_password, "p@ss: #word");
    config_free(&config);
}

Test(config_good, passwords_come_from_files)
{
    fixture_write("password", "s3cret\r\nsecond line\n");
    struct config *config = fixture_good("pools: [{clients: {password_file: password},"
                                         " backend: {seeds: [\"n:1\"], password_file: password}}]",
                                         NULL);

    cr_expect_str_eq(config->pools[0].clients_password, "s3cret");
    cr_expect_str_eq(config->pools[0].backend_password, "s3cret");
    config_free(&config);
}

Test(config_good, an_empty_file_and_a_seed_make_one_pool)
{
    const char *seeds[] = {"n:1", "n:2"};
    const struct config_overrides overrides = {.seeds = seeds, .seed_count = 2};
    const char *const files[] = {NULL, "", "---\n", "# nothing\n", "null\n", "pools:\n", "{}"};

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct config *config = fixture_good(files[i], &overrides);
        cr_assert_eq(config->pool_count, 1);
        cr_expect_str_eq(config->pools[0].name, "main");
        expect_address(&config->pools[0].seeds, 1, "n:2");
        config_free(&config);
    }
}

/* Adds the only thing that has no default. */
static struct config *defaults_with_seeds_of(const struct pool_config *pool)
{
    char text[512];
    const char **seeds = memory_new(pool->seeds.count, sizeof *seeds);

    for (size_t i = 0; i < pool->seeds.count; i++) {
        address_print(&pool->seeds.items[i], text, sizeof text);
        seeds[i] = memory_copy(text, strlen(text));
    }
    struct config_overrides overrides = {.seeds = seeds, .seed_count = pool->seeds.count};
    struct config *config = fixture_good(NULL, &overrides);
    for (size_t i = 0; i < pool->seeds.count; i++) {
        free((char *)seeds[i]);
    }
    free(seeds);
    return config;
}

static void expect_same(const struct config *a, const struct config *b)
{
    cr_assert_eq(a->pool_count, b->pool_count);
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        const struct option_row *row = &option_rows[i];
        size_t pools = row->scope == OPTION_GLOBAL ? 1 : a->pool_count;
        for (size_t pool = 0; pool < pools; pool++) {
            const char *left = row->scope == OPTION_GLOBAL ? (char *)a : (char *)&a->pools[pool];
            const char *right = row->scope == OPTION_GLOBAL ? (char *)b : (char *)&b->pools[pool];
            cr_expect(option_equal(row, left + row->offset, right + row->offset), "%s differs",
                      row->path);
        }
    }
}

static char *read_source(const char *name)
{
    char *path = memory_print(SOURCE_FOLDER "/%s", name);
    FILE *file = fopen(path, "re");
    char *text = memory_new(1 << 20, 1);

    cr_assert_not_null(file, "cannot open %s", path);
    cr_assert_gt(fread(text, 1, (1 << 20) - 1, file), 0);
    fclose(file);
    free(path);
    return text;
}

Test(config_good, the_sample_is_the_defaults)
{
    char *sample = read_source("config/proxy.yaml");
    struct config *config = fixture_good(sample, NULL);
    struct config *defaults = defaults_with_seeds_of(&config->pools[0]);

    cr_expect_gt(config->pools[0].seeds.count, 0);
    expect_same(config, defaults);
    config_free(&config);
    config_free(&defaults);
    free(sample);
}

/* Comment marks and line breaks become one blank each. */
static void unfold(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        char byte = *from == '\n' || *from == '#' ? ' ' : *from;
        if (byte != ' ' || to == text || to[-1] != ' ') {
            *to++ = byte;
        }
    }
    *to = '\0';
}

Test(config_good, the_sample_has_every_option_under_its_help)
{
    char *sample = read_source("config/proxy.yaml");

    unfold(sample);
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        const char *dot = strrchr(option_rows[i].path, '.');
        const char *key = dot == NULL ? option_rows[i].path : dot + 1;
        const char *dash = strcmp(key, "name") == 0 ? "- " : "";
        char *text = memory_print(" %s %s%s: ", option_rows[i].help, dash, key);
        cr_expect_not_null(strstr(sample, text), "not in the sample: %s", text);
        free(text);
    }
    free(sample);
}

Test(config_good, what_is_printed_loads_to_the_same)
{
    fixture_write("password", "secret\n");
    struct config *config =
        fixture_good("workers: 3\nlog: {level: warn}\nadmin: {listen: []}\npools:\n"
                     "- {name: \"a \\\" \\\\ $${x} \\u00e9 \\u2028 \\x80\", listen: \"[::1]:1\","
                     " clients: {password_file: password, idle: 90s}, " SEEDS "}\n"
                     "- {name: b, listen: [\"unix:/a b\", \"h:3\"], timeouts: {request: 1500us},"
                     " clients: {request_bytes: 1500, pending_bytes: 3mb}, " SEEDS "}\n",
                     NULL);
    char *printed = NULL;
    FIXTURE_PRINTED(printed, config_print(config, to));
    struct config *again = fixture_good(printed, NULL);

    expect_same(config, again);
    config_free(&config);
    config_free(&again);
    free(printed);
}

Test(config_good, secrets_are_not_printed)
{
    struct config *config = fixture_good("pools: [{clients: {password: hidden1},"
                                         " backend: {password: hidden2, seeds: [\"n:1\"]}}]",
                                         NULL);
    char *printed = NULL;
    FIXTURE_PRINTED(printed, config_print(config, to));

    cr_expect_null(strstr(printed, "hidden"));
    cr_expect_not_null(strstr(printed, "password: \"***\""));
    config_free(&config);
    free(printed);
}

Test(config_good, the_page_of_options_is_up_to_date)
{
    char *page = read_source("docs/options.md");
    char *printed = NULL;
    FIXTURE_PRINTED(printed, config_print_options_markdown(to));

    cr_expect_str_eq(page, printed,
                     "docs/options.md is stale: slotway --help-options=markdown > docs/options.md");
    free(page);
    free(printed);
}

Test(config_good, help_names_every_option_and_its_variable)
{
    char *printed = NULL;
    FIXTURE_PRINTED(printed, config_print_options(to));

    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        char *line = memory_print("  %s\n      %s\n", option_rows[i].path, option_rows[i].help);
        cr_expect_not_null(strstr(printed, line), "not in the help: %s", option_rows[i].path);
        free(line);
    }
    cr_expect_not_null(strstr(printed, "SLOTWAY_TIMEOUTS_REQUEST"));
    cr_expect_not_null(strstr(printed, "SLOTWAY_BACKEND_SEEDS, SLOTWAY_SEEDS"));
    free(printed);
}
