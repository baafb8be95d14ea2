/* CLIENT PAUSE over two workers. That somebody waits is seen from others who were served since. */
#include <unistd.h>

#include <criterion/criterion.h>

#include "common/clock.h"
#include "proxy/downstream/login.h"
#include "proxy/downstream/pause.h"
#include "tests/unit/proxy/downstream/local_rig.h"

enum { PATIENCE_US = 10 * US_PER_SECOND };

static struct local_rig *rig;
static int here;  /* on worker 0 */
static int there; /* on worker 1 */

static void open_rig(void)
{
    rig = local_rig_open(NULL);
    here = local_rig_connect(rig, 0);
    there = local_rig_connect(rig, 1);
}

static void close_rig(void)
{
    close(here);
    close(there);
    local_rig_close(&rig);
}

TestSuite(pausing, .init = open_rig, .fini = close_rig, .timeout = 60);

static uint64_t held(void)
{
    return atomic_load(&rig->workers[0].metrics.downstream_held_total) +
           atomic_load(&rig->workers[1].metrics.downstream_held_total);
}

/* Turns until `count` requests in all have been held back. */
static void expect_held(uint64_t count)
{
    for (int i = 0; i < 1000 && held() < count; i++) {
        local_rig_turn(rig);
    }
    cr_expect_eq(held(), count);
}

static bool has_reply(int fd)
{
    char byte;

    local_rig_turn(rig);
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

static void expect_ok(int fd, const char *line)
{
    cr_expect_str_eq(local_rig_ask(rig, fd, line), "+OK\r\n", "%s", line);
}

Test(pausing, all_clients_of_all_workers_wait_until_unpause)
{
    int third = local_rig_connect(rig, 1);

    expect_ok(here, "CLIENT PAUSE 600000");
    local_rig_say(here, "PING 1");
    local_rig_say(there, "PING 2");
    local_rig_say(there, "PING 3");
    expect_held(2);
    cr_expect_not(has_reply(here));
    cr_expect_not(has_reply(there));
    expect_ok(third, "CLIENT UNPAUSE");
    cr_expect_str_eq(local_rig_hear(rig, here), "$1\r\n1\r\n");
    cr_expect_str_eq(local_rig_hear(rig, there), "$1\r\n2\r\n");
    cr_expect_str_eq(local_rig_hear(rig, there), "$1\r\n3\r\n");
    expect_held(2);
    close(third);
}

Test(pausing, what_the_client_sent_right_behind_waits_too)
{
    local_rig_say(here, "CLIENT PAUSE 600000 ALL");
    local_rig_say(here, "PING 1");
    local_rig_say(here, "CLIENT UNPAUSE");
    cr_expect_str_eq(local_rig_hear(rig, here), "+OK\r\n");
    expect_held(1);
    cr_expect_not(has_reply(here));
    expect_ok(there, "CLIENT UNPAUSE");
    cr_expect_str_eq(local_rig_hear(rig, here), "$1\r\n1\r\n");
    cr_expect_str_eq(local_rig_hear(rig, here), "+OK\r\n");
}

Test(pausing, unpause_may_follow_right_behind)
{
    local_rig_say(here, "CLIENT PAUSE 600000");
    local_rig_say(here, "CLIENT UNPAUSE");
    local_rig_say(here, "PING");
    cr_expect_str_eq(local_rig_hear(rig, here), "+OK\r\n");
    cr_expect_str_eq(local_rig_hear(rig, here), "+OK\r\n");
    cr_expect_str_eq(local_rig_hear(rig, here), "+PONG\r\n");
    expect_held(0);
}

Test(pausing, ends_by_itself)
{
    expect_ok(here, "CLIENT PAUSE 300");
    local_rig_say(there, "PING");
    cr_expect_str_eq(local_rig_hear(rig, there), "+PONG\r\n");
    cr_expect_eq(rig->workers[1].clients.pause, PAUSE_OFF);
}

Test(pausing, of_nothing_is_over_at_once)
{
    expect_ok(here, "CLIENT PAUSE 0");
    cr_expect_str_eq(local_rig_ask(rig, there, "PING"), "+PONG\r\n");
    expect_held(0);
}

Test(pausing, of_writes_lets_reads_pass)
{
    static const char *const others[] = {
        "PING", "CLIENT GETNAME", "CLIENT LIST", "COMMAND COUNT", "FOO", "SET k",
    };
    static const char *const reads[] = {"GET k", "EVAL_RO x 1 k", "MGET a b"};
    static const char *const writes[] = {
        "SET k v",      "MSET a 1 b 2", "EVAL x 1 k", "FCALL f 0",    "PUBLISH c m",
        "SPUBLISH c m", "PFCOUNT k",    "FLUSHALL",   "XADD k * f v",
    };

    expect_ok(here, "CLIENT PAUSE 600000 WRITE");
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        cr_expect_str_neq(local_rig_ask(rig, there, others[i]), "", "%s", others[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(reads); i++) {
        local_rig_say(there, reads[i]);
    }
    expect_held(0);
    for (size_t i = 0; i < ARRAY_LEN(writes); i++) {
        int fd = local_rig_connect(rig, i % 2);

        local_rig_say(fd, writes[i]);
        expect_held(i + 1);
        close(fd);
    }
}

Test(pausing, is_extended_and_made_stricter_never_the_opposite)
{
    enum { NOW = 1000 };
    struct house house = {.pause = 0};
    static const struct {
        enum pause_mode mode;
        uint64_t until;
        uint64_t now;
        enum pause_mode want_mode;
        uint64_t want_until;
    } rows[] = {
        {PAUSE_WRITE, 2000, NOW, PAUSE_WRITE, 2000},  {PAUSE_WRITE, 1500, NOW, PAUSE_WRITE, 2000},
        {PAUSE_ALL, 1500, NOW, PAUSE_ALL, 2000},      {PAUSE_WRITE, 3000, NOW, PAUSE_ALL, 3000},
        {PAUSE_WRITE, 3500, 3000, PAUSE_WRITE, 3500}, /* the one before is over */
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        pause_extend(&house, rows[i].mode, rows[i].until, rows[i].now);
        cr_expect_eq(pause_mode_of(&house), rows[i].want_mode, "row %zu", i);
        cr_expect_eq(pause_until_of(&house), rows[i].want_until, "row %zu", i);
    }
    pause_end(&house);
    cr_expect_eq(pause_until_of(&house), 0);
}

Test(pausing, when_everything_may_not_any_more_but_reads_may_they_go_on)
{
    expect_ok(here, "CLIENT PAUSE 600000 ALL");
    local_rig_say(there, "PING");
    expect_held(1);
    expect_ok(here, "CLIENT UNPAUSE");
    expect_ok(here, "CLIENT PAUSE 600000 WRITE");
    cr_expect_str_eq(local_rig_hear(rig, there), "+PONG\r\n");
}

Test(pausing, who_leaves_takes_the_request_back)
{
    int gone = local_rig_connect(rig, 1);
    uint64_t requests;

    expect_ok(here, "CLIENT PAUSE 600000 WRITE");
    local_rig_say(gone, "SET k v");
    expect_held(1);
    requests = atomic_load(&rig->workers[1].metrics.downstream_requests_total);
    close(gone);
    expect_ok(here, "CLIENT UNPAUSE");
    cr_expect_str_eq(local_rig_ask(rig, there, "PING"), "+PONG\r\n");
    cr_expect_eq(atomic_load(&rig->workers[1].metrics.downstream_requests_total), requests + 1);
    cr_expect_eq(rig->workers[1].clients.count, 1);
}

Test(pausing, a_held_client_can_be_killed)
{
    expect_ok(here, "CLIENT PAUSE 600000 WRITE");
    local_rig_say(there, "SET k v");
    expect_held(1);
    cr_expect_str_eq(local_rig_ask(rig, here, "CLIENT KILL TYPE normal SKIPME yes"), ":1\r\n");
    cr_expect_str_eq(local_rig_hear(rig, there), "");
}

Test(pausing, strangers_are_refused_as_ever)
{
    rig->config->pools[0].clients_password = strdup("secret");
    login_use_users(&rig->workers[1].clients, user_set_of_one(&rig->config->pools[0]));

    int stranger = local_rig_connect(rig, 1);

    expect_ok(here, "CLIENT PAUSE 600000");
    cr_expect_str_eq(local_rig_ask(rig, stranger, "PING"), "-NOAUTH Authentication required.\r\n");
    local_rig_say(stranger, "AUTH secret");
    expect_held(1);
    expect_ok(here, "CLIENT UNPAUSE");
    cr_expect_str_eq(local_rig_hear(rig, stranger), "+OK\r\n");
    close(stranger);
}

/* As when an operator's pause of all nodes begins, and when it is over. */
static void halt(bool is_on)
{
    rig->workers[0].dispatcher->halted_until =
        is_on ? reactor_now(rig->reactor) + 600 * US_PER_SECOND : 0;
    pause_refresh(&rig->workers[0].clients);
}

static void expect_resuming(bool is_resuming)
{
    uint64_t latest = clock_now() + PATIENCE_US;

    while (rig->workers[0].metrics.workers_resuming != is_resuming && clock_now() < latest) {
        local_rig_turn(rig);
    }
    cr_expect_eq(rig->workers[0].metrics.workers_resuming, is_resuming);
    cr_expect_eq(rig->workers[0].clients.pause, is_resuming ? PAUSE_CROWD : PAUSE_OFF);
}

Test(pausing, of_nodes_has_an_aftermath_while_anything_waits)
{
    struct dispatcher *dispatcher = rig->workers[0].dispatcher;

    halt(true);
    cr_expect_eq(rig->workers[0].metrics.workers_resuming, 0);
    dispatcher->waiting_count = 1;
    halt(false);
    expect_resuming(true);
    rig->workers[0].clients.aftermath_until = 1;
    pause_refresh(&rig->workers[0].clients);
    expect_resuming(true);
    cr_expect_eq(rig->workers[1].metrics.workers_resuming, 0);
    dispatcher->waiting_count = 0;
    expect_resuming(false);
}

Test(pausing, of_nodes_has_no_aftermath_when_nothing_waited)
{
    halt(true);
    halt(false);
    expect_resuming(false);
}

Test(pausing, of_nodes_that_is_ordered_anew_ends_the_aftermath)
{
    rig->workers[0].dispatcher->waiting_count = 1;
    halt(true);
    halt(false);
    expect_resuming(true);
    halt(true);
    cr_expect_eq(rig->workers[0].metrics.workers_resuming, 0);
    rig->workers[0].dispatcher->waiting_count = 0;
    halt(false);
    expect_resuming(false);
}

/* The gate of who blocks. */
Test(pausing, of_nodes_has_an_aftermath_for_gates_but_not_for_ever)
{
    struct gates *gates = &rig->workers[0].dispatcher->gates;
    struct lane lane;
    struct gate *gate;

    lane_init(&lane, 0);
    gate = gate_new(gates, &lane, 7);
    halt(true);
    halt(false);
    expect_resuming(true);
    rig->workers[0].clients.aftermath_until = 1;
    pause_refresh(&rig->workers[0].clients);
    expect_resuming(false);
    gate_free(gates, &gate);
}
