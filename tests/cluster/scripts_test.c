/* Scripts and functions on real nodes that lose them, take over, join, or get stuck in one. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "tests/support/expect.h"
#include "tests/support/real_cluster.h"
#include "tests/support/real_nodes.h"

TestSuite(scripts, .timeout = 240, .fini = rig_clean_up);

#define COUNT_UP "return redis.call('INCR', KEYS[1])"

enum { CALLERS = 3, KEYS = 40 };

/* Calls a script by its name, for all its keys at once, again and again, and checks each reply. */
struct caller {
    pthread_t thread;
    uint16_t port;
    int index;
    const char *sha;
    _Atomic bool stops;
    _Atomic uint64_t rounds;
    uint64_t wrong;
    char first_wrong[512];
};

static void caller_expect(struct caller *caller, const char *reply, uint64_t count)
{
    char wanted[32];

    snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)count);
    if (strcmp(reply, wanted) != 0 && caller->wrong++ == 0) {
        snprintf(caller->first_wrong, sizeof caller->first_wrong, "%s instead of %s", reply,
                 wanted);
    }
}

static void *caller_run(void *context)
{
    struct caller *caller = context;
    struct wire *wire = wire_open(caller->port);
    char key[32];

    for (uint64_t round = 1; !caller->stops; round++) {
        for (int i = 0; i < KEYS; i++) {
            snprintf(key, sizeof key, "count:%d:%d", caller->index, i);
            wire_request(wire, "EVALSHA", caller->sha, "1", key);
        }
        for (int i = 0; i < KEYS; i++) {
            caller_expect(caller, wire_text(wire), round);
        }
        caller->rounds++;
        if (round % 100 == 0) {
            wire_close(&wire);
            wire = wire_open(caller->port);
        }
    }
    wire_close(&wire);
    return NULL;
}

static uint64_t least_rounds(const struct caller *callers)
{
    uint64_t least = UINT64_MAX;

    for (int i = 0; i < CALLERS; i++) {
        least = callers[i].rounds < least ? callers[i].rounds : least;
    }
    return least;
}

/* Past slotway. Returns what the node says. */
static void tell_node(const struct real_cluster *cluster, int node, const char *wanted,
                      const char *const *words)
{
    struct wire *wire = wire_open(real_cluster_port(cluster, node));

    cr_assert_not_null(wire);
    cr_expect_str_eq(wire_ask(wire, "AUTH", REAL_NODES_PASSWORD), "OK");
    cr_expect_str_eq(wire_ask_list(wire, words), wanted);
    wire_close(&wire);
}

#define TELL_OK(cluster, node, ...)                                                                \
    tell_node((cluster), (node), "OK", (const char *const[]){__VA_ARGS__, NULL})

static void work_through(struct real_cluster *cluster, struct caller *callers)
{
    int primaries[] = {0, 1, 2};

    for (int i = 0; i < (int)ARRAY_LEN(primaries); i++) {
        int heir = real_cluster_replica_of(cluster, primaries[i]);
        uint64_t before = least_rounds(callers);

        cr_expect(WAIT_FOR(least_rounds(callers) > before + 20));
        TELL_OK(cluster, primaries[i], "SCRIPT", "FLUSH");
        cr_expect(WAIT_FOR(least_rounds(callers) > before + 40));
        TELL_OK(cluster, heir, "SCRIPT", "FLUSH");
        real_cluster_do(cluster, "failover", heir);
        before = least_rounds(callers);
        cr_expect(WAIT_FOR(least_rounds(callers) > before + 20));
    }
}

static void evalsha_knows_no_failover(struct real_cluster *cluster, struct rig *rig)
{
    static struct caller callers[CALLERS];
    const char *sha = ask(rig, "SCRIPT", "LOAD", COUNT_UP);

    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.port = rig_port(rig), .index = i, .sha = sha};
        pthread_create(&callers[i].thread, NULL, caller_run, &callers[i]);
    }
    work_through(cluster, callers);
    for (int i = 0; i < CALLERS; i++) {
        callers[i].stops = true;
        pthread_join(callers[i].thread, NULL);
        cr_expect_eq(callers[i].wrong, 0, "%llu, first: %s", (unsigned long long)callers[i].wrong,
                     callers[i].first_wrong);
    }
    cr_expect_gt(metric(rig, "scripts_healed_total"), 0);
    cr_expect_gt(metric(rig, "scripts_sent_total"), 0);
}

static int some_primary(const struct real_cluster *cluster)
{
    int node = 0;

    while (!real_cluster_is_primary(cluster, node)) {
        node++;
        cr_assert_lt(node, 6);
    }
    return node;
}

/* redis-cli brings functions to a node that it adds; not everybody's tools do. */
static void functions_follow_to_a_new_node(struct real_cluster *cluster, struct rig *rig)
{
    const char *from = rig_print(rig, "%d", some_primary(cluster));
    char port[8];

    cr_expect_str_eq(ask(rig, "FUNCTION", "LOAD",
                         "#!lua name=lib\nredis.register_function('up', function(keys, args) "
                         "return redis.call('INCR', keys[1]) end)"),
                     "lib");
    snprintf(port, sizeof port, "%u", real_cluster_port(cluster, 6));
    real_cluster_run(cluster, "add-primary", port);
    TELL_OK(cluster, 6, "FUNCTION", "FLUSH");
    real_cluster_run(cluster, "reshard", "--from", from, "--to", "6", "--slots", "300");
    for (int i = 0; i < 1000; i++) {
        cr_assert_str_eq(ask(rig, "FCALL", "UP", "1", rig_print(rig, "up:%d", i)), "1");
    }
    cr_expect_gt(metric(rig, "functions_healed_total"), 0);
    TELL_OK(cluster, 6, "FUNCTION", "FLUSH");
    for (int i = 0; i < 1000; i++) {
        cr_assert_str_eq(ask(rig, "FCALL", "up", "1", rig_print(rig, "up:%d", i)), "2");
    }
    cr_expect_str_eq(ask(rig, "FCALL", "down", "1", "up:1"), "-ERR Function not found");
    cr_expect_str_eq(ask(rig, "FUNCTION", "DELETE", "lib"), "OK");
    cr_expect_str_eq(ask(rig, "FCALL", "up", "1", "up:1"), "-ERR Function not found");
}

static bool node_is_busy(const struct real_cluster *cluster, int node)
{
    struct wire *wire = wire_open(real_cluster_port(cluster, node));
    bool is_busy;

    cr_assert_not_null(wire);
    wire_ask(wire, "AUTH", REAL_NODES_PASSWORD);
    is_busy = strncmp(wire_ask(wire, "GET", "k"), "-BUSY ", 6) == 0;
    wire_close(&wire);
    return is_busy;
}

static bool some_node_is_busy(const struct real_cluster *cluster)
{
    for (int node = 0; node < 6; node++) {
        if (node_is_busy(cluster, node)) {
            return true;
        }
    }
    return false;
}

enum { OTHERS = 6 };

static bool one_has_input(struct wire *const *wires)
{
    for (int i = 0; i < OTHERS; i++) {
        if (wire_has_input(wires[i])) {
            return true;
        }
    }
    return false;
}

/* Of the two workers, the one of the client that is busy has its connection stuck: its clients
 * wait. Those of the other one hear that the node is busy. */
static void expect_killed(struct real_cluster *cluster, struct rig *rig, const char *kind,
                          const char *const *words)
{
    struct wire *busy = rig_connect(rig);
    struct wire *others[OTHERS];
    int told = 0;

    wire_request_list(busy, words);
    cr_expect(WAIT_FOR(some_node_is_busy(cluster)), "%s", kind);
    for (int i = 0; i < OTHERS; i++) {
        others[i] = rig_connect(rig);
        wire_request(others[i], "GET", "k");
    }
    cr_expect(WAIT_FOR(one_has_input(others)));
    cr_expect_str_eq(ask(rig, kind, "KILL"), "OK");
    EXPECT_CONTAINS(wire_text(busy), "killed by user");
    for (int i = 0; i < OTHERS; i++) {
        const char *reply = wire_text(others[i]);
        bool is_told = strncmp(reply, "-BUSY ", 6) == 0;

        cr_expect(is_told || strcmp(reply, "v") == 0, "%s", reply);
        told += is_told;
        rig_disconnect(rig, &others[i]);
    }
    cr_expect(told > 0 && told < OTHERS, "%d were told", told);
    rig_disconnect(rig, &busy);
}

static void what_runs_too_long_is_killed(struct real_cluster *cluster, struct rig *rig)
{
    for (int node = 0; node < 6; node++) {
        TELL_OK(cluster, node, "CONFIG", "SET", "busy-reply-threshold", "100");
    }
    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    expect_killed(cluster, rig, "SCRIPT",
                  (const char *const[]){"EVAL", "while true do end", "1", "k", NULL});
    cr_expect_str_eq(ask(rig, "FUNCTION", "LOAD",
                         "#!lua name=busy\nredis.register_function('spin', function(keys, args) "
                         "while true do end end)"),
                     "busy");
    expect_killed(cluster, rig, "FUNCTION", (const char *const[]){"FCALL", "spin", "1", "k", NULL});
}

Test(scripts, are_there_wherever_they_are_called_and_end_when_they_are_told_to)
{
    struct real_cluster *cluster = real_cluster_start();
    struct rig *rig = real_cluster_rig(cluster, 2, "20s");

    evalsha_knows_no_failover(cluster, rig);
    what_runs_too_long_is_killed(cluster, rig);
    functions_follow_to_a_new_node(cluster, rig);
    rig_stop(&rig);
    real_cluster_stop(&cluster);
}
