/* Clients that block on real nodes: what is pushed reaches one of them, once, whatever becomes of
 * the nodes and of other clients.
 */
#include <stdlib.h>

#include "common/memory.h"
#include "tests/support/expect.h"
#include "tests/support/real_cluster.h"
#include "tests/support/real_nodes.h"

TestSuite(blocking, .timeout = 240, .fini = rig_clean_up);

enum { POPPERS = 60 };

static const char *list_of(struct rig *rig, int number)
{
    return rig_print(rig, "list:%d", number);
}

/* Each blocks on a list of its own, all over the slots. */
static void block_all(struct rig *rig, struct wire *poppers[POPPERS])
{
    for (int i = 0; i < POPPERS; i++) {
        poppers[i] = rig_connect(rig);
        wire_ask(poppers[i], "HELLO", i % 2 == 0 ? "2" : "3");
        wire_request(poppers[i], "BLPOP", list_of(rig, i), i % 3 == 0 ? "0" : "120");
    }
    cr_assert(WAIT_FOR(metric(rig, "upstream_private_active") == POPPERS));
}

static void fail_all_over(struct real_cluster *cluster)
{
    for (int primary = 0; primary < 3; primary++) {
        real_cluster_do(cluster, "failover", real_cluster_replica_of(cluster, primary));
    }
}

static void push_to_all(struct rig *rig)
{
    for (int i = 0; i < POPPERS; i++) {
        cr_expect_str_eq(ask(rig, "RPUSH", list_of(rig, i), list_of(rig, i)), "1");
    }
}

static void expect_each_its_own(struct rig *rig, struct wire *poppers[POPPERS])
{
    for (int i = 0; i < POPPERS; i++) {
        const char *wanted = rig_print(rig, "[list:%d list:%d]", i, i);
        cr_expect_str_eq(wire_text(poppers[i]), wanted);
        cr_expect_str_eq(ask(rig, "EXISTS", list_of(rig, i)), "0");
        rig_disconnect(rig, &poppers[i]);
    }
}

/* Does a client block, as the nodes see it? */
static bool somebody_blocks(const struct real_cluster *cluster)
{
    bool blocks = false;

    for (int node = 0; node < 3; node++) {
        struct wire *wire = wire_open(real_cluster_port(cluster, node));
        wire_ask(wire, "AUTH", REAL_NODES_PASSWORD);
        blocks |= strstr(wire_ask(wire, "INFO", "clients"), "blocked_clients:1") != NULL;
        wire_close(&wire);
    }
    return blocks;
}

/* Who has gone pops nothing of what comes through the same thread later. */
static void leave_and_push(const struct real_cluster *cluster)
{
    struct rig *rig = real_cluster_rig(cluster, 1, "8s");

    for (int i = 0; i < POPPERS; i++) {
        struct wire *leaver = rig_connect(rig);
        wire_request(leaver, "BLPOP", "left", "0");
        cr_assert(WAIT_FOR(somebody_blocks(cluster)));
        rig_disconnect(rig, &leaver);
        cr_assert(WAIT_FOR(metric(rig, "upstream_private_active") == 0));
        cr_expect_str_eq(ask(rig, "RPUSH", "left", "x"), "1");
        cr_expect_str_eq(ask(rig, "LPOP", "left"), "x");
    }
    rig_stop(&rig);
}

/* A race, with an element that is somewhere in any case: with the popper, or in the list. */
static void wake_and_push(struct rig *rig)
{
    struct wire *popper = rig_connect(rig);
    const char *id = wire_ask(popper, "CLIENT", "ID");

    for (int i = 0; i < POPPERS; i++) {
        wire_request(popper, "BLPOP", "woken", "0");
        cr_assert(WAIT_FOR(metric(rig, "upstream_private_active") == 1));
        wire_request(rig_client(rig), "RPUSH", "woken", "x");
        wire_request(rig_client(rig), "CLIENT", "UNBLOCK", id);
        cr_expect_str_eq(wire_text(rig_client(rig)), "1");
        wire_text(rig_client(rig));
        const char *popped = wire_text(popper);
        const char *left = ask(rig, "LLEN", "woken");
        cr_expect_str_eq(left, popped[0] == '[' ? "0" : "1", "%s", popped);
        ask(rig, "DEL", "woken");
    }
    rig_disconnect(rig, &popper);
}

static bool info_tells(struct rig *rig, const char *section, const char *words)
{
    return strstr(ask(rig, "INFO", section), words) != NULL;
}

/* Who is told that somebody blocks can rely on it that the node has counted the command. */
static void count_who_blocks(struct rig *rig)
{
    struct wire *popper = rig_connect(rig);

    cr_expect_str_eq(ask(rig, "CONFIG", "RESETSTAT"), "OK");
    wire_request(popper, "BLPOP", "counted", "0");
    cr_assert(WAIT_FOR(info_tells(rig, "clients", "\r\nblocked_clients:1\r\n")));
    cr_expect(info_tells(rig, "commandstats", "\r\ncmdstat_blpop:calls=1,"));
    cr_expect_str_eq(ask(rig, "RPUSH", "counted", "x"), "1");
    cr_expect_str_eq(wire_text(popper), "[counted x]");
    cr_expect(info_tells(rig, "clients", "\r\nblocked_clients:0\r\n"));
    cr_expect(info_tells(rig, "commandstats", "\r\ncmdstat_blpop:calls=1,"));
    rig_disconnect(rig, &popper);
}

/* Its node, which is asked to wake it, has words of its own for that. */
static void wake_by_rights(const struct real_cluster *cluster)
{
    char *seeds = memory_print("\"127.0.0.1:%u\"", real_cluster_port(cluster, 0));
    struct rig_options options = {.seeds = seeds,
                                  .clients = "users: {alice: \"on nopass ~woken +blpop\"}",
                                  .backend = "password: \"" REAL_NODES_PASSWORD "\""};
    struct rig *rig = rig_start_with(options);
    struct wire *alice = rig_connect(rig);
    const char *said;

    cr_assert_str_eq(wire_ask(alice, "AUTH", "alice", ""), "OK");
    wire_request(alice, "BLPOP", "woken", "0");
    cr_assert(WAIT_FOR(somebody_blocks(cluster)));
    options.clients = "users: {alice: \"on nopass ~other +blpop\"}";
    rig_rewrite(rig, options);
    cr_expect_eq(rig_reload(rig, &said), 200, "%s", said);
    cr_expect_str_eq(wire_text(alice), "-NOPERM No permissions to access a key");
    cr_expect(WAIT_FOR(!somebody_blocks(cluster)));
    rig_stop(&rig);
    free(seeds);
}

static void nothing_comes(struct rig *rig)
{
    wire_send(rig_client(rig), "BLPOP none 0.01\r\nBLMOVE none {none}2 LEFT LEFT 0.01\r\n"
                               "XREAD BLOCK 10 STREAMS none $\r\nBLMPOP 0.01 1 none LEFT\r\n"
                               "HELLO 3 SETNAME x\r\n");
    wire_expect(rig_client(rig), "*-1\r\n*-1\r\n*-1\r\n*-1\r\n");
    wire_text(rig_client(rig));
    wire_send(rig_client(rig), "BLPOP none 0.01\r\nXREAD BLOCK 10 STREAMS none $\r\n");
    wire_expect(rig_client(rig), "_\r\n_\r\n");
}

Test(blocking, an_element_reaches_one_client_once_through_failovers_and_leavers)
{
    struct real_cluster *cluster = real_cluster_start();
    leave_and_push(cluster);
    wake_by_rights(cluster);
    struct rig *rig = real_cluster_rig(cluster, 2, "8s");
    struct wire *poppers[POPPERS];

    count_who_blocks(rig);
    wake_and_push(rig);
    block_all(rig, poppers);
    fail_all_over(cluster);
    push_to_all(rig);
    expect_each_its_own(rig, poppers);
    cr_expect_eq(metric(rig, "outcome_unknown_total"), 0);
    cr_expect(WAIT_FOR(metric(rig, "downstream_blocked") == 0));
    nothing_comes(rig);
    rig_stop(&rig);
    real_cluster_stop(&cluster);
}

static const char *xread(struct rig *rig)
{
    return ask(rig, "XREAD", "COUNT", "1", "STREAMS", "s1", "s2", "none", "s3", "0", "0", "0", "0");
}

/* Streams of three nodes. */
static void read_streams(struct rig *rig)
{
    for (int i = 1; i <= 3; i++) {
        cr_expect_str_eq(ask(rig, "XADD", rig_print(rig, "s%d", i), "1-1", "f", "v"), "1-1");
        ask(rig, "XADD", rig_print(rig, "s%d", i), "1-2", "f", "v");
    }
    cr_expect_str_eq(xread(rig), "[[s1 [[1-1 [f v]]]] [s2 [[1-1 [f v]]]] [s3 [[1-1 [f v]]]]]");
    ask(rig, "DEL", "s2");
    cr_expect_str_eq(xread(rig), "[[s1 [[1-1 [f v]]]] [s3 [[1-1 [f v]]]]]");
}

/* "{06S}" is in slot 0, of the first primary. */
Test(blocking, wait_counts_the_replicas_that_have_it)
{
    struct real_cluster *cluster = real_cluster_start();
    struct rig *rig = real_cluster_rig(cluster, 2, "8s");
    int replica = real_cluster_replica_of(cluster, 0);

    read_streams(rig);
    cr_expect(WAIT_FOR(strcmp(ask(rig, "WAIT", "1", "1000"), "1") == 0));
    real_cluster_do(cluster, "pause", replica);
    cr_expect_str_eq(ask(rig, "SET", "{06S}", "1"), "OK");
    cr_expect_str_eq(ask(rig, "WAIT", "1", "100"), "0");
    real_cluster_do(cluster, "resume", replica);
    cr_expect_str_eq(ask(rig, "WAIT", "1", "0"), "1");
    cr_expect_str_eq(ask(rig, "WAIT", "5", "100"), "1");
    cr_expect_str_eq(ask(rig, "WAIT", "1", "nothing"),
                     "-ERR timeout is not an integer or out of range");
    EXPECT_STARTS(ask(rig, "WAITAOF", "1", "0", "100"), "-ERR unknown command");
    rig_stop(&rig);
    real_cluster_stop(&cluster);
}
