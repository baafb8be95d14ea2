/* The configuration is read again: what changes, what does not, and what is told of it. */
#include <signal.h>
#include <stdio.h>

#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/rig.h"

TestSuite(reload, .timeout = 60, .fini = rig_clean_up);

static const struct rig_options plain = {.nodes = 1, .with_store = true, .workers = 2};

/* Does the worker of this client allow so many? */
static bool allows(struct wire *wire, int clients)
{
    char line[64];

    snprintf(line, sizeof line, "\r\nmaxclients:%d\r\n", clients);
    return strstr(wire_ask(wire, "INFO", "clients"), line) != NULL;
}

Test(reload, tells_what_has_changed_and_goes_by_it)
{
    struct rig *rig = rig_start_with(plain);
    struct rig_options next = plain;
    const char *said;

    next.clients = "max: 77, password: hush";
    next.global = "log: {level: debug}\n";
    rig_rewrite(rig, next);
    cr_expect(allows(rig_client(rig), 10000));
    cr_expect_eq(rig_reload(rig, &said), 200);
    cr_expect_str_eq(said, "configuration read again, changes: 3, of them need a restart: 0\n"
                           "log.level: info -> debug\n"
                           "pool main, clients.max: 10000 -> 77\n"
                           "pool main, clients.password: not set -> ***\n");
    cr_expect(WAIT_FOR(allows(rig_client(rig), 77)));
    cr_expect(rig_has_written(rig, "option changed pool=main option=clients.max before=10000 "
                                   "after=77 applies=now"));
    cr_expect_not(rig_has_written(rig, "hush"));
    rig_stop(&rig);
}

Test(reload, comes_by_a_signal_as_well)
{
    struct rig *rig = rig_start_with(plain);
    struct rig_options next = plain;

    next.clients = "max: 78";
    rig_rewrite(rig, next);
    kill(rig_process(rig)->pid, SIGHUP);
    cr_expect(WAIT_FOR(allows(rig_client(rig), 78)));
    cr_expect_eq(metric(rig, "config_reloads_total"), 1);
    rig_stop(&rig);
}

Test(reload, without_any_change_says_so)
{
    struct rig *rig = rig_start_with(plain);
    const char *said;

    cr_expect_eq(rig_reload(rig, &said), 200);
    cr_expect_str_eq(said, "configuration read again, changes: 0, of them need a restart: 0\n");
    cr_expect_eq(rig_reload(rig, &said), 200);
    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    rig_stop(&rig);
}

Test(reload, of_a_bad_file_changes_nothing_and_says_all_that_is_wrong)
{
    struct rig *rig = rig_start_with(plain);
    struct rig_options next = plain;
    const char *said;

    next.clients = "max: 77, pipelin: 3, idle: soon";
    rig_rewrite(rig, next);
    cr_expect_eq(rig_reload(rig, &said), 400);
    cr_expect_eq(strncmp(said, "configuration refused, nothing changes\n", 39), 0, "%s", said);
    cr_expect_not_null(strstr(said, "pipelin"), "%s", said);
    cr_expect_not_null(strstr(said, "'clients.idle', 'soon'"), "%s", said);
    cr_expect(rig_has_written(rig, "configuration refused error="));
    kill(rig_process(rig)->pid, SIGHUP);
    cr_expect(WAIT_FOR(rig_metric(rig, "config_reloads_total", "result=\"refused\"") == 2));
    cr_expect_eq(metric(rig, "config_reload_refused"), 1);
    cr_expect(allows(rig_client(rig), 10000));
    rig_rewrite(rig, plain);
    cr_expect_eq(rig_reload(rig, &said), 200);
    cr_expect_eq(metric(rig, "config_reload_refused"), 0);
    rig_stop(&rig);
}

Test(reload, leaves_what_needs_a_restart_and_says_which)
{
    struct rig *rig = rig_start_with(plain);
    struct rig_options next = plain;
    const char *said;

    next.workers = 1;
    next.clients = "max: 79";
    next.backend = "connections: 3";
    rig_rewrite(rig, next);
    for (int again = 0; again < 2; again++) {
        cr_expect_eq(rig_reload(rig, &said), 200);
        cr_expect_not_null(strstr(said, "\nworkers: 2 -> 1 (needs a restart)\n"), "%s", said);
        cr_expect_not_null(
            strstr(said, "\npool main, backend.connections: 1 -> 3 (needs a restart)\n"), "%s",
            said);
    }
    cr_expect(WAIT_FOR(allows(rig_client(rig), 79)));
    cr_expect_eq(metric(rig, "config_restart_needed"), 2);
    rig_rewrite(rig, plain);
    cr_expect_eq(rig_reload(rig, &said), 200);
    cr_expect_eq(metric(rig, "config_restart_needed"), 0);
    rig_stop(&rig);
}

Test(reload, is_no_form_of_another_site)
{
    struct rig *rig = rig_start_with(plain);

    cr_expect_eq(http_get(rig_admin_port(rig), "/reload", NULL), 405);
    cr_expect_eq(metric(rig, "config_reloads_total"), 0);
    rig_stop(&rig);
}

Test(reload, reaches_every_worker)
{
    struct rig *rig = rig_start_with(plain);
    struct rig_options next = plain;
    struct wire *wires[8];

    for (size_t i = 0; i < ARRAY_LEN(wires); i++) {
        wires[i] = rig_connect(rig);
        cr_expect_str_eq(wire_ask(wires[i], "PING"), "PONG");
    }
    next.clients = "max: 80";
    rig_rewrite(rig, next);
    cr_expect_eq(rig_reload(rig, NULL), 200);
    for (size_t i = 0; i < ARRAY_LEN(wires); i++) {
        cr_expect(WAIT_FOR(allows(wires[i], 80)));
    }
    rig_stop(&rig);
}
