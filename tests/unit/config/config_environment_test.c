#include "tests/unit/config/fixture.h"

TestSuite(config_environment, .init = fixture_enter, .fini = fixture_leave);

#define SEEDS     "backend: {seeds: [\"n:1\"]}"
#define ONE_POOL  "pools: [{" SEEDS "}]"
#define TWO_POOLS "pools: [{" SEEDS "}, {name: b, listen: \"h:1\", " SEEDS "}]"

static void expect_address(const struct addresses *addresses, size_t index, const char *expected)
{
    char text[512];

    cr_assert_lt(index, addresses->count);
    cr_expect_str_eq(address_print(&addresses->items[index], text, sizeof text), expected);
}

Test(config_environment, is_enough_without_a_file)
{
    setenv("SLOTWAY_BACKEND_SEEDS", "n:7000, m:7001", 1);
    setenv("SLOTWAY_BACKEND_PASSWORD", "secret", 1);
    setenv("SLOTWAY_LISTEN", "h:1,unix:/s", 1);
    setenv("SLOTWAY_WORKERS", "5", 1);
    setenv("SLOTWAY_LOG_LEVEL", "error", 1);
    setenv("SLOTWAY_TIMEOUTS_REQUEST", "7s", 1);
    struct config *config = fixture_good(NULL, NULL);

    expect_address(&config->pools[0].seeds, 1, "m:7001");
    cr_expect_str_eq(config->pools[0].backend_password, "secret");
    expect_address(&config->pools[0].listen, 1, "unix:/s");
    cr_expect_eq(config->workers, 5);
    cr_expect_eq(config->log_level, LOG_ERROR);
    cr_expect_eq(config->pools[0].timeout_request, 7000000);
    config_free(&config);
}

Test(config_environment, short_names)
{
    setenv("SLOTWAY_SEEDS", "m:2", 1);
    setenv("SLOTWAY_PASSWORD", "secret", 1);
    struct config *config = fixture_good(NULL, NULL);

    expect_address(&config->pools[0].seeds, 0, "m:2");
    cr_expect_str_eq(config->pools[0].backend_password, "secret");
    config_free(&config);
}

Test(config_environment, short_name_of_the_password_file)
{
    fixture_write("password", "from file\n");
    setenv("SLOTWAY_PASSWORD_FILE", "password", 1);
    struct config *config = fixture_good(ONE_POOL, NULL);

    cr_expect_str_eq(config->pools[0].backend_password, "from file");
    config_free(&config);
}

Test(config_environment, wins_over_the_file_and_loses_to_the_command_line)
{
    const char *listen[] = {"c:1"};
    const struct config_overrides overrides = {.listen = listen, .listen_count = 1, .workers = "9"};

    setenv("SLOTWAY_SEEDS", "e:2", 1);
    setenv("SLOTWAY_LISTEN", "e:2", 1);
    setenv("SLOTWAY_WORKERS", "5", 1);
    struct config *config =
        fixture_good("workers: 3\npools: [{name: f, listen: \"f:3\", " SEEDS "}]", &overrides);

    cr_expect_eq(config->workers, 9);
    cr_expect_str_eq(config->pools[0].name, "f");
    cr_expect_eq(config->pools[0].seeds.count, 1);
    expect_address(&config->pools[0].seeds, 0, "e:2");
    cr_expect_eq(config->pools[0].listen.count, 1);
    expect_address(&config->pools[0].listen, 0, "c:1");
    config_free(&config);
}

Test(config_environment, a_password_replaces_a_password_file)
{
    setenv("SLOTWAY_PASSWORD", "secret", 1);
    struct config *config =
        fixture_good("pools: [{backend: {seeds: [\"n:1\"], password_file: nowhere}}]", NULL);

    cr_expect_str_eq(config->pools[0].backend_password, "secret");
    cr_expect_null(config->pools[0].backend_password_file);
    config_free(&config);
}

Test(config_environment, a_password_file_replaces_a_password)
{
    const struct config_overrides overrides = {.password_file = "password"};

    fixture_write("password", "secret");
    setenv("SLOTWAY_PASSWORD", "other", 1);
    struct config *config = fixture_good(ONE_POOL, &overrides);

    cr_expect_str_eq(config->pools[0].backend_password, "secret");
    cr_expect_str_eq(config->pools[0].backend_password_file, "password");
    config_free(&config);
}

Test(config_environment, unknown_and_empty_variables_are_not_looked_at)
{
    setenv("SLOTWAY_SERVICE_HOST", "10.0.0.1", 1);
    setenv("SLOTWAY_PORT", "tcp://10.0.0.1:6380", 1);
    setenv("SLOTWAY_WORKERS", "", 1);
    setenv("SLOTWAY_PASSWORD", "", 1);
    struct config *config = fixture_good("workers: 3\n" ONE_POOL, NULL);

    cr_expect_eq(config->workers, 3);
    cr_expect_null(config->pools[0].backend_password);
    config_free(&config);
}

Test(config_environment, errors_name_the_variable_or_the_option)
{
    const char *listen[] = {"nonsense"};
    const struct config_overrides overrides = {
        .listen = listen, .listen_count = 1, .log_level = "loud"};

    setenv("SLOTWAY_WORKERS", "many", 1);
    setenv("SLOTWAY_TIMEOUTS_REQUEST", "0s", 1);
    fixture_bad(
        "places", ONE_POOL, &overrides,
        "SLOTWAY_WORKERS: bad value for 'workers', 'many', expected auto or a number from 1 "
        "to 256\n"
        "SLOTWAY_TIMEOUTS_REQUEST: value out of bounds for 'timeouts.request', '0s', "
        "expected a duration as 250us, 50ms, 5s, 1m or 1h, from 1ms to 1h\n"
        "--listen: bad value for 'listen', 'nonsense', expected host:port, [v6]:port or "
        "unix:/path\n"
        "--log-level: bad value for 'log.level', 'loud', expected debug, info, warn or "
        "error\n");
}

Test(config_environment, errors_of_file_and_variables_come_together)
{
    setenv("SLOTWAY_LISTEN", "nonsense", 1);
    fixture_bad(
        "together", "quux: 1\n", NULL,
        "f.yaml:1:1: unknown key, 'quux', expected one of workers, memory, log, admin, drain, "
        "upgrade, watchdog, pools\n"
        "SLOTWAY_LISTEN: bad value for 'listen', 'nonsense', expected host:port, [v6]:port "
        "or unix:/path\n"
        "f.yaml: no seeds, pool 'main', expected a node of the cluster in 'backend.seeds' "
        "or --seed\n");
}

Test(config_environment, nothing_at_all_lacks_seeds)
{
    fixture_bad("no seeds", NULL, NULL,
                "--seed: no seeds, pool 'main', expected a node of the cluster in 'backend.seeds' "
                "or --seed\n");
}

Test(config_environment, a_secret_is_not_shown)
{
    char secret[600];

    memset(secret, 's', sizeof secret - 1);
    secret[sizeof secret - 1] = '\0';
    setenv("SLOTWAY_PASSWORD", secret, 1);
    fixture_bad(
        "secret", ONE_POOL, NULL,
        "SLOTWAY_PASSWORD: value out of bounds for 'backend.password', '***', expected text "
        "of 1 to 512 bytes\n");
}

Test(config_environment, a_name_said_twice)
{
    setenv("SLOTWAY_SEEDS", "m:2", 1);
    setenv("SLOTWAY_BACKEND_SEEDS", "m:2", 1);
    fixture_bad("twice", ONE_POOL, NULL,
                "SLOTWAY_SEEDS: said twice, also as SLOTWAY_BACKEND_SEEDS, expected one of them\n");
}

Test(config_environment, a_pool_must_be_the_only_one)
{
    const char *seeds[] = {"n:1"};
    const struct config_overrides overrides = {.seeds = seeds, .seed_count = 1, .workers = "2"};

    setenv("SLOTWAY_LISTEN", "h:9", 1);
    setenv("SLOTWAY_LOG_LEVEL", "warn", 1);
    fixture_bad(
        "which pool", TWO_POOLS, &overrides,
        "SLOTWAY_LISTEN: not clear for which pool, the file has 2, expected 'listen' in the "
        "file\n"
        "--seed: not clear for which pool, the file has 2, expected 'backend.seeds' in the "
        "file\n");
}

static char *unknown_variables(void)
{
    char *all = memory_copy("", 0);
    char *name = NULL;

    for (size_t at = 0; (name = config_unknown_variable(&at)) != NULL;) {
        char *longer = memory_print("%s%s|", all, name);
        free(all);
        free(name);
        all = longer;
    }
    return all;
}

Test(config_environment, variables_that_mean_nothing_are_known_as_such)
{
    clearenv();
    setenv("SLOTWAY_LOG_LEVEL", "info", 1);
    setenv("SLOTWAY_SEEDS", "h:1", 1);
    setenv("SLOTWAY_CONFIG", "f.yaml", 1);
    setenv("SLOTWAY_SERVICE_HOST", "10.0.0.1", 1);
    setenv("SLOTWAY_PORT_6380_TCP", "tcp://10.0.0.1:6380", 1);
    setenv("PATH", "/bin", 1);
    char *none = unknown_variables();
    cr_expect_str_eq(none, "");
    free(none);
    setenv("SLOTWAY_SEED", "h:1", 1);
    setenv("SLOTWAY_LOG_LEVEL_", "info", 1);
    setenv("slotway_workers", "1", 1);
    char *two = unknown_variables();
    cr_expect(strcmp(two, "SLOTWAY_SEED|SLOTWAY_LOG_LEVEL_|") == 0 ||
                  strcmp(two, "SLOTWAY_LOG_LEVEL_|SLOTWAY_SEED|") == 0,
              "%s", two);
    free(two);
}
