/* A transaction whose client waits for each answer, and of which the node's answers fail: it is
 * sent as one, unless EXEC may have been executed.
 *
 * With two nodes, node 0 serves "k" (slot 7629), and node 1 serves "a".
 */
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(live_lost, .timeout = 120, .fini = rig_clean_up);

#define BEGUN       WANT("MULTI"), SAY("+OK\r\n")
#define QUEUED(...) WANT(__VA_ARGS__), SAY("+QUEUED\r\n")
#define DONE(reply) WANT("EXEC"), SAY("%s", reply)
#define DISCARDED   WANT("DISCARD"), SAY("+OK\r\n")
#define WATCHED     WANT("WATCH", "k"), SAY("+OK\r\n")
#define OOM         "-OOM command not allowed when used memory > 'maxmemory'."
#define EXECABORT   "-EXECABORT Transaction discarded because of previous errors."
#define ABORTED     DONE(EXECABORT "\r\n")

static const char both[] = "*2\r\n+OK\r\n$1\r\n1\r\n";

#define BOTH_DONE BEGUN, QUEUED("SET", "k", "1"), QUEUED("GET", "k"), DONE(both)

/* Each is said when the one before it is answered. */
static void expect_queued(struct rig *rig)
{
    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "QUEUED");
}

static void expect_done(struct rig *rig)
{
    cr_expect_str_eq(ask(rig, "GET", "k"), "QUEUED");
    cr_expect_str_eq(ask(rig, "EXEC"), "[OK 1]");
}

static bool has_let_go(struct rig *rig)
{
    return WAIT_FOR(metric(rig, "upstream_private_active") == 0);
}

/* Has the node read it? What goes on another connection may be read before it. */
static bool has_discarded(struct rig *rig)
{
    return WAIT_FOR(fake_node_count(rig_node(rig, 0), "DISCARD") == 1);
}

/* The number of the connection by which a node got `command` for the first time; 0: by none. */
static int came_by(struct rig *rig, int node, const char *command)
{
    int connections = (int)fake_node_accepted(rig_node(rig, node));

    for (int i = 1; i <= connections; i++) {
        char *log = fake_node_log(rig_node(rig, node), i);
        bool has_it = strstr(log, command) != NULL;
        free(log);
        if (has_it) {
            return i;
        }
    }
    return 0;
}

Test(live_lost, that_the_node_refused_is_not_executed_when_its_connection_is_lost)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BEGUN, WANT("SET", "k", "1"), SAY(OOM "\r\n"), CLOSE);

    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), OOM);
    cr_expect(has_let_go(rig));
    cr_expect_str_eq(ask(rig, "GET", "k"), "QUEUED");
    cr_expect_str_eq(ask(rig, "EXEC"), EXECABORT);
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "EXEC"), 0);
    rig_stop(&rig);
}

/* It was told QUEUED, so the whole is sent anew, and the node says at EXEC what it has against it.
 */
Test(live_lost, goes_elsewhere_when_the_node_refuses_what_was_queued_before)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BEGUN, WANT("PING"), SAY("-NOPERM no\r\n"), QUEUED("SET", "k", "1"), DISCARDED,
           BEGUN, WANT("PING"), SAY("-NOPERM no\r\n"), QUEUED("SET", "k", "1"), ABORTED);

    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "PING"), "QUEUED");
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "QUEUED");
    cr_expect(has_let_go(rig));
    cr_expect_str_eq(ask(rig, "EXEC"), "-EXECABORT Transaction discarded because of: NOPERM no");
    rig_stop(&rig);
}

Test(live_lost, whose_connection_is_lost_with_multi_is_sent_as_one)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("MULTI"), CLOSE, BOTH_DONE);

    expect_queued(rig);
    expect_done(rig);
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET k 1"), 1);
    rig_stop(&rig);
}

Test(live_lost, whose_connection_is_lost_is_sent_as_one)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), CLOSE, BOTH_DONE);

    expect_queued(rig);
    cr_expect(has_let_go(rig));
    expect_done(rig);
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "EXEC"), 1);
    rig_stop(&rig);
}

Test(live_lost, whose_connection_is_lost_with_a_command_is_sent_as_one)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), WANT("GET", "k"), CLOSE, BOTH_DONE);

    expect_queued(rig);
    expect_done(rig);
    rig_stop(&rig);
}

Test(live_lost, whose_connection_cannot_be_made_is_sent_as_one)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .request_timeout = "20s"});
    struct fake_node *node = rig_node(rig, 0);
    script(rig, 0, WANT("GET", "k"), SAY("$-1\r\n"));

    cr_expect_str_eq(ask(rig, "GET", "k"), "(nil)");
    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    fake_node_die(node);
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "QUEUED");
    cr_expect_str_eq(ask(rig, "GET", "k"), "QUEUED");
    script(rig, 0, BOTH_DONE);
    fake_node_return(node);
    cr_expect_str_eq(ask(rig, "EXEC"), "[OK 1]");
    cr_expect_eq(fake_node_count(node, "EXEC"), 1);
    rig_stop(&rig);
}

/* What a node says that cannot serve the slot is no answer to a client. */
Test(live_lost, that_the_node_sends_away_is_sent_as_one)
{
    static const char *const rows[] = {
        "MOVED 7629 %s",
        "ASK 7629 %s",
        "TRYAGAIN Multiple keys request during rehashing of slot",
        "CLUSTERDOWN The cluster is down",
        "LOADING Redis is loading the dataset in memory",
        "READONLY You can't write against a read only replica.",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig *rig = rig_start(2);
        const char *refusal = rig_print(rig, rows[i], rig_address(rig, 1));
        script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), WANT("GET", "k"), SAY("-%s\r\n", refusal),
               DISCARDED, BOTH_DONE);
        expect_queued(rig);
        cr_expect_str_eq(ask(rig, "GET", "k"), "QUEUED");
        cr_expect(has_let_go(rig));
        cr_expect(has_discarded(rig));
        cr_expect_str_eq(ask(rig, "EXEC"), "[OK 1]", "%s", rows[i]);
        rig_stop(&rig);
    }
}

Test(live_lost, whose_exec_is_redirected_is_sent_as_one)
{
    struct rig *rig = rig_start(2);
    const char *where = rig_address(rig, 1);
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), QUEUED("GET", "k"), WANT("EXEC"),
           SAY("-EXECABORT Transaction discarded because of: MOVED 7629 %s\r\n", where));
    fake_node_handle(rig_node(rig, 0), fake_always,
                     (void *)(uintptr_t)rig_print(rig, "-MOVED 7629 %s", where));
    script(rig, 1, BOTH_DONE);

    expect_queued(rig);
    expect_done(rig);
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "EXEC"), 1);
    cr_expect(has_let_go(rig));
    rig_stop(&rig);
}

Test(live_lost, of_a_slot_that_has_moved_is_sent_to_its_new_node)
{
    struct rig *rig = rig_start(2);
    long long version = metric(rig, "topology_version");
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), DISCARDED);
    script(rig, 1, BOTH_DONE);

    expect_queued(rig);
    fake_cluster_give(rig_cluster(rig), 1, 16383, 1); /* one that keeps nothing is not spoken to */
    cr_assert(rig_topology_passes(rig, version));
    expect_done(rig);
    cr_expect(has_let_go(rig));
    rig_stop(&rig);
}

Test(live_lost, that_is_lost_with_exec_has_an_unknown_outcome)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), WANT("EXEC"), CLOSE);

    expect_queued(rig);
    const char *reply = ask(rig, "EXEC");
    EXPECT_STARTS(reply, "-ERR proxy: connection to ");
    EXPECT_CONTAINS(reply, "outcome unknown");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "EXEC"), 1);
    cr_expect_str_eq(ask(rig, "EXEC"), "-ERR EXEC without MULTI");
    rig_stop(&rig);
}

Test(live_lost, of_reads_that_is_lost_with_exec_is_sent_again_as_one)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BEGUN, QUEUED("GET", "k"), WANT("EXEC"), CLOSE, BEGUN, QUEUED("GET", "k"),
           DONE("*1\r\n$1\r\n1\r\n"));

    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "GET", "k"), "QUEUED");
    cr_expect_str_eq(ask(rig, "EXEC"), "[1]");
    rig_stop(&rig);
}

Test(live_lost, gives_its_connection_back_when_its_client_is_idle)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), DISCARDED, BOTH_DONE);

    expect_queued(rig);
    cr_expect(has_let_go(rig));
    cr_expect(has_discarded(rig));
    expect_done(rig);
    cr_expect_eq(came_by(rig, 0, "GET k"), came_by(rig, 0, "EXEC"));
    rig_stop(&rig);
}

static bool dawdles_until_it_has_let_go(struct rig *rig)
{
    wire_send(rig_client(rig), "x");
    return metric(rig, "upstream_private_active") == 0;
}

Test(live_lost, gives_its_connection_back_when_its_client_only_dawdles)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), DISCARDED);

    expect_queued(rig);
    wire_send(rig_client(rig), "*2\r\n$3\r\nGET\r\n$1000000\r\n");
    cr_expect(WAIT_FOR(dawdles_until_it_has_let_go(rig)));
    cr_expect(has_discarded(rig));
    rig_stop(&rig);
}

/* The deadline is further away than the test waits. */
Test(live_lost, does_not_wait_for_a_node_that_stands_still)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .request_timeout = "100s"});
    script(rig, 0, WANT("GET", "k"), SAY("$-1\r\n"), BEGUN, QUEUED("SET", "k", "1"));

    cr_expect_str_eq(ask(rig, "GET", "k"), "(nil)");
    expect_queued(rig);
    fake_node_pause(rig_node(rig, 0));
    cr_expect_str_eq(ask(rig, "GET", "k"), "QUEUED");
    script(rig, 0, WANT("GET", "k"), SAY("+QUEUED\r\n"), BOTH_DONE);
    fake_node_resume(rig_node(rig, 0));
    cr_expect_str_eq(ask(rig, "EXEC"), "[OK 1]");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "EXEC"), 1);
    rig_stop(&rig);
}

Test(live_lost, where_it_is_watched_is_nil_when_the_connection_is_gone)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WATCHED, BEGUN, QUEUED("SET", "k", "1"), CLOSE, WATCHED, BEGUN,
           WANT("SET", "k", "1"), SAY("-MOVED 7629 %s\r\n", rig_address(rig, 1)), DISCARDED);

    cr_expect_str_eq(ask(rig, "WATCH", "k"), "OK");
    expect_queued(rig);
    cr_expect(has_let_go(rig));
    cr_expect_str_eq(ask(rig, "EXEC"), "(nil)");
    cr_expect_str_eq(ask(rig, "WATCH", "k"), "OK");
    expect_queued(rig);
    cr_expect(has_let_go(rig));
    cr_expect_str_eq(ask(rig, "EXEC"), "(nil)");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "EXEC"), 0);
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "EXEC"), 0);
    rig_stop(&rig);
}

/* Each request is sampled. Another client's arguments are in hand by then. */
Test(live_lost, is_no_sample_of_what_others_say_while_its_node_is_asked)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1, .pool = "metrics: {sample: 1}"});
    struct wire *other = rig_connect(rig);
    script(rig, 0, WANT("MULTI"), STALL, SAY("+OK\r\n"), QUEUED("SET", "k", "1"), DISCARDED);

    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    wire_request(rig_client(rig), "SET", "k", "1");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    cr_expect_str_eq(wire_ask(other, "PING"), "PONG");
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), "+QUEUED\r\n");
    cr_expect_str_eq(ask(rig, "DISCARD"), "OK");
    rig_stop(&rig);
}
