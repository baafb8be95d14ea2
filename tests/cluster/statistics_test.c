/* What is said of times and memory, with real nodes: names, types and sums. */
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/real_cluster.h"
#include "tests/support/real_nodes.h"

TestSuite(statistics, .timeout = 240, .fini = rig_clean_up);

enum { PRIMARIES = 3 };

/* The number behind `name` in a list "[a 1 b 2]"; -1 when it is not there. */
static double number_behind(const char *list, const char *name)
{
    const char *at = strstr(list, name);

    return at == NULL ? -1 : strtod(at + strlen(name), NULL);
}

static struct wire *node_open(struct real_cluster *cluster, int node)
{
    struct wire *wire = wire_open(real_cluster_port(cluster, node));

    cr_assert_not_null(wire);
    cr_assert_str_eq(wire_ask(wire, "AUTH", REAL_NODES_PASSWORD), "OK");
    return wire;
}

static double sum_over_nodes(struct real_cluster *cluster, const char *name)
{
    double sum = 0;

    for (int i = 0; i < PRIMARIES; i++) {
        struct wire *node = node_open(cluster, i);

        sum += number_behind(wire_ask(node, "MEMORY", "STATS"), name);
        wire_close(&node);
    }
    return sum;
}

static void memory_is_that_of_all_primaries(struct real_cluster *cluster, struct rig *rig)
{
    ask(rig, "SET", "b", "0");
    ask(rig, "SET", "k", "1");
    ask(rig, "SET", "a", "2");

    const char *stats = ask(rig, "MEMORY", "STATS");

    cr_expect_eq(number_behind(stats, "keys.count "), 3, "%s", stats);
    cr_expect_eq(number_behind(stats, "startup.allocated "),
                 sum_over_nodes(cluster, "startup.allocated "), "%s", stats);
    cr_expect_gt(number_behind(stats, "peak.percentage "), 10, "%s", stats);
    /* A server notes its peak now and then, and may have a little more in between. */
    double most = number_behind(stats, "peak.allocated ");
    double part = 100 * number_behind(stats, "total.allocated ") / most;
    cr_expect_float_eq(number_behind(stats, "peak.percentage "), part, 0.001, "%s", stats);
    cr_expect_gt(number_behind(stats, "allocator-fragmentation.ratio "), 1, "%s", stats);
    EXPECT_CONTAINS(stats, "db.0 [overhead.hashtable.main ");
    ask(rig, "HELLO", "3");
    wire_request(rig_client(rig), "MEMORY", "STATS");
    const char *typed = wire_reply(rig_client(rig), NULL);
    EXPECT_STARTS(typed, "%");
    EXPECT_CONTAINS(typed, "$15\r\npeak.percentage\r\n,");
    EXPECT_CONTAINS(typed, "$4\r\ndb.0\r\n%");
    ask(rig, "HELLO", "2");
}

static void doctors_speak_of_their_nodes(struct real_cluster *cluster, struct rig *rig)
{
    for (int i = 0; i < PRIMARIES; i++) {
        const char *name = rig_print(rig, "# 127.0.0.1:%u\n", real_cluster_port(cluster, i));

        EXPECT_CONTAINS(ask(rig, "MEMORY", "DOCTOR"), name);
        EXPECT_CONTAINS(ask(rig, "MEMORY", "MALLOC-STATS"), name);
    }
    EXPECT_CONTAINS(ask(rig, "MEMORY", "DOCTOR"), " Sam");
}

static void times_are_told_as_a_node_tells_them(struct real_cluster *cluster, struct rig *rig)
{
    struct wire *node = node_open(cluster, 0);

    cr_expect_str_eq(ask(rig, "CONFIG", "RESETSTAT"), "OK");
    ask(rig, "GET", "b");
    EXPECT_STARTS(ask(rig, "LATENCY", "HISTOGRAM", "get", "nothing"),
                  "[get [calls 1 histogram_usec [");
    EXPECT_STARTS(wire_ask(node, "LATENCY", "HISTOGRAM", "get", "nothing"),
                  "[get [calls 1 histogram_usec [");
    wire_close(&node);
}

/* One command each: what slotway asks the nodes for itself is counted in other rows. */
static void calls_are_those_of_all_primaries(struct rig *rig)
{
    cr_expect_str_eq(ask(rig, "CONFIG", "RESETSTAT"), "OK");
    ask(rig, "SET", "b", "0");
    ask(rig, "SET", "k", "1");
    ask(rig, "SET", "a", "2");
    ask(rig, "LPUSH", "b", "wrong type");
    ask(rig, "MULTI");
    ask(rig, "GETDEL", "b");
    ask(rig, "EXEC");

    const char *commands = ask(rig, "INFO", "commandstats");

    EXPECT_STARTS(commands, "# Commandstats\r\ncmdstat_");
    EXPECT_CONTAINS(commands, "\r\ncmdstat_set:calls=3,usec=");
    EXPECT_CONTAINS(commands, "\r\ncmdstat_lpush:calls=1,usec=");
    EXPECT_CONTAINS(commands, ",rejected_calls=0,failed_calls=1\r\n");
    EXPECT_CONTAINS(commands, "\r\ncmdstat_exec:calls=1,usec=");
    EXPECT_CONTAINS(commands, "\r\ncmdstat_getdel:calls=1,usec=");
    EXPECT_CONTAINS(ask(rig, "INFO", "errorstats"), "\r\nerrorstat_WRONGTYPE:count=1\r\n");
    EXPECT_CONTAINS(ask(rig, "INFO", "latencystats"), "\r\nlatency_percentiles_usec_set:p50=");
    ask(rig, "SET", "b", "0");
}

static void what_nodes_do_not_know_they_say_themselves(struct rig *rig)
{
    EXPECT_STARTS(ask(rig, "CLUSTER", "SLOT-STATS", "SLOTSRANGE", "0", "1"),
                  "-ERR unknown subcommand 'SLOT-STATS'");
}

Test(statistics, are_of_the_whole_cluster)
{
    struct real_cluster *cluster = real_cluster_start();
    struct rig *rig = real_cluster_rig(cluster, 2, "5s");

    memory_is_that_of_all_primaries(cluster, rig);
    doctors_speak_of_their_nodes(cluster, rig);
    times_are_told_as_a_node_tells_them(cluster, rig);
    calls_are_those_of_all_primaries(rig);
    what_nodes_do_not_know_they_say_themselves(rig);
    rig_stop(&rig);
    real_cluster_stop(&cluster);
}
