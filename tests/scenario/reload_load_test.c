/* Reloads while clients work: nobody notices.
 *
 * 100 reloads under 200 clients, as an operator would want to see it once:
 *      SLOTWAY_TEST_RELOADS=100 SLOTWAY_TEST_RELOAD_CLIENTS=200 scenario_reload_load_test
 */
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/load.h"
#include "tests/support/rig.h"

TestSuite(reload_load, .timeout = 300, .fini = rig_clean_up);

static int number_of(const char *variable, int otherwise)
{
    const char *said = getenv(variable);

    return said == NULL ? otherwise : atoi(said);
}

/* One of three configurations that differ in everything that a client may feel, and in whether
 * there is another pool. */
static struct rig_options variant(struct rig *rig, int number)
{
    static const char *const clients[] = {
        "max: 10000",
        "max: 5000, pipeline: 64, backlog: 4096, password: null",
        "max: 4000, idle: 100s, memory_limit: 512mb",
    };
    static const char *const backends[] = {"refresh_min: 20ms", "silent_after: 2s", "private: 77"};
    static const char *const commands[] = {"", "keys: deny", "debug: deny, foo.bar: write first"};
    struct rig_options options = {.nodes = 3,
                                  .other_nodes = 1,
                                  .hides_other = number % 3 != 2,
                                  .with_store = true,
                                  .workers = 2,
                                  .request_timeout = "20s",
                                  .clients = clients[number % 3],
                                  .backend = backends[number % 3],
                                  .commands = commands[number % 3]};

    if (rig != NULL && number % 2 == 1) {
        options.listen = rig_print(rig, "\"*:%u\"", rig_port(rig));
    }
    return options;
}

/* A client that comes now is accepted and served. */
static bool serves_newcomers(struct rig *rig)
{
    struct wire *wire = wire_open(rig_port(rig));
    bool serves = wire != NULL && strcmp(wire_ask(wire, "PING"), "PONG") == 0;

    wire_close(&wire);
    return serves;
}

Test(reload_load, nobody_notices)
{
    int reloads = number_of("SLOTWAY_TEST_RELOADS", 24);
    struct rig *rig = rig_start_with(variant(NULL, 0));
    struct load *load = load_start((struct load_options){
        .port = rig_port(rig),
        .clients = number_of("SLOTWAY_TEST_RELOAD_CLIENTS", 8),
        .keys = 8,
        .counters_only = true,
        .rounds = 8,
    });

    for (int i = 1; i <= reloads; i++) {
        uint64_t before = load_progress(load);

        rig_rewrite(rig, variant(rig, i));
        cr_expect_eq(rig_reload(rig, NULL), 200);
        cr_expect(serves_newcomers(rig), "after reload %d", i);
        cr_expect(WAIT_FOR(load_progress(load) > before));
    }
    struct load_result result = load_stop(&load);
    cr_expect_gt(result.requests, 0);
    cr_expect_eq(result.errors, 0, "%s", result.first_error);
    cr_expect_eq(result.wrong, 0, "%s", result.first_wrong);
    cr_expect_eq(metric(rig, "downstream_rejected_total"), 0);
    cr_expect_eq(rig_metric(rig, "config_reloads_total", "result=\"done\""), reloads);
    rig_stop(&rig);
}
