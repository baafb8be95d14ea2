/* A transaction whose client waits for each answer: it gets what the node says, on a connection of
 * its own; and nothing that happens there before EXEC is its trouble.
 *
 * With two nodes, node 0 serves "k" (slot 7629), and node 1 serves "a".
 */
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(live, .timeout = 120, .fini = rig_clean_up);

#define BEGUN       WANT("MULTI"), SAY("+OK\r\n")
#define QUEUED(...) WANT(__VA_ARGS__), SAY("+QUEUED\r\n")
#define DONE(reply) WANT("EXEC"), SAY("%s", reply)
#define DISCARDED   WANT("DISCARD"), SAY("+OK\r\n")
#define WATCHED     WANT("WATCH", "k"), SAY("+OK\r\n")
#define OOM         "-OOM command not allowed when used memory > 'maxmemory'."
#define EXECABORT   "-EXECABORT Transaction discarded because of previous errors."
#define ABORTED     DONE(EXECABORT "\r\n")
#define OVER        WANT("DISCARD"), SAY("-ERR DISCARD without MULTI\r\n")

static const char both[] = "*2\r\n+OK\r\n$1\r\n1\r\n";

#define BOTH_DONE BEGUN, QUEUED("SET", "k", "1"), QUEUED("GET", "k"), DONE(both)

/* Each is said when the one before it is answered. */
static void expect_queued_by(struct wire *wire)
{
    cr_expect_str_eq(wire_ask(wire, "MULTI"), "OK");
    cr_expect_str_eq(wire_ask(wire, "SET", "k", "1"), "QUEUED");
}

static void expect_queued(struct rig *rig)
{
    expect_queued_by(rig_client(rig));
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

Test(live, is_queued_by_the_node_and_executed_there)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, BOTH_DONE);

    expect_queued(rig);
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET k 1"), 1);
    cr_expect_eq(metric(rig, "upstream_private_active"), 1);
    expect_done(rig);
    cr_expect_eq(metric(rig, "transactions_live_total"), 1);
    cr_expect(has_let_go(rig));
    rig_stop(&rig);
}

Test(live, uses_its_connection_again)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BOTH_DONE, BEGUN, QUEUED("SET", "k", "1"), DISCARDED, BOTH_DONE);

    expect_queued(rig);
    expect_done(rig);
    expect_queued(rig);
    cr_expect_str_eq(ask(rig, "DISCARD"), "OK");
    cr_expect(has_let_go(rig));
    expect_queued(rig);
    expect_done(rig);
    int connection = came_by(rig, 0, "MULTI");
    char *log = fake_node_log(rig_node(rig, 0), connection);
    cr_expect_str_eq(log, rig_log(rig, 0));
    free(log);
    rig_stop(&rig);
}

Test(live, is_told_at_each_command_what_the_node_says_of_it)
{
    static const char *const rows[] = {
        OOM,
        "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
        "-NOPERM this user has no permissions to run the 'get' command",
        "-ERR unknown command 'GET', with args beginning with: 'k' ",
        "-MISCONF Redis is configured to save RDB snapshots",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig *rig = rig_start(1);
        script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), WANT("GET", "k"), SAY("%s\r\n", rows[i]),
               QUEUED("STRLEN", "k"), ABORTED, OVER, BOTH_DONE);
        expect_queued(rig);
        cr_expect_str_eq(ask(rig, "GET", "k"), rows[i]);
        cr_expect_str_eq(ask(rig, "STRLEN", "k"), "QUEUED");
        cr_expect_str_eq(ask(rig, "EXEC"), EXECABORT);
        cr_expect(has_let_go(rig));
        expect_queued(rig);
        expect_done(rig);
        rig_stop(&rig);
    }
}

Test(live, exec_is_refused_in_the_words_of_the_node)
{
    static const char busy[] = "-EXECABORT Transaction discarded because of: BUSY Redis is busy";
    struct rig *rig = rig_start(1);
    script(rig, 0, BEGUN, WANT("SET", "k", "1"), SAY("-BUSY Redis is busy\r\n"), WANT("EXEC"),
           SAY("%s\r\n", busy), OVER, BEGUN, QUEUED("SET", "k", "1"), WANT("EXEC"),
           SAY("%s\r\n", busy), OVER);

    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "-BUSY Redis is busy");
    cr_expect_str_eq(ask(rig, "EXEC"), busy);
    cr_expect(has_let_go(rig));
    expect_queued(rig);
    cr_expect_str_eq(ask(rig, "EXEC"), busy);
    cr_expect(has_let_go(rig));
    rig_stop(&rig);
}

Test(live, that_we_refuse_is_ended_at_the_node)
{
    static const char crossed[] = "-CROSSSLOT Keys in request don't hash to the same slot (proxy: ";
    struct rig *rig = rig_start(2);
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), DISCARDED, BOTH_DONE);

    expect_queued(rig);
    EXPECT_STARTS(ask(rig, "SET", "a", "1"), crossed);
    cr_expect_str_eq(ask(rig, "EXEC"), EXECABORT);
    cr_expect(has_let_go(rig));
    expect_queued(rig);
    expect_done(rig);
    rig_stop(&rig);
}

/* The whole goes to the node in one request, over the shared connection. */
Test(live, is_not_what_is_pipelined)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, BOTH_DONE);

    wire_send_requests(rig_client(rig), "MULTI|SET k 1|GET k|EXEC");
    wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$1\r\n1\r\n");
    cr_expect_eq(metric(rig, "upstream_requests_total"), 1);
    cr_expect_eq(metric(rig, "transactions_live_total"), 0);
    rig_stop(&rig);
}

Test(live, is_not_who_waits_for_no_answer)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BOTH_DONE);

    wire_send_requests(rig_client(rig), "CLIENT REPLY OFF");
    wire_send_requests(rig_client(rig), "MULTI|SET k 1");
    cr_expect(WAIT_FOR(metric(rig, "downstream_requests_total") == 3));
    wire_send_requests(rig_client(rig), "GET k");
    cr_expect(WAIT_FOR(metric(rig, "downstream_requests_total") == 4));
    cr_expect_str_eq(rig_log(rig, 0), "");
    wire_send_requests(rig_client(rig), "EXEC|CLIENT REPLY ON");
    wire_expect(rig_client(rig), "+OK\r\n");
    rig_stop(&rig);
}

/* What is read there nobody would tell it of. */
Test(live, is_not_who_caches_what_it_reads)
{
    struct rig *rig = rig_start(1);

    ask(rig, "HELLO", "3");
    cr_expect_str_eq(ask(rig, "CLIENT", "TRACKING", "ON"), "OK");
    expect_queued(rig);
    cr_expect_str_eq(ask(rig, "DISCARD"), "OK");
    cr_expect_str_eq(rig_log(rig, 0), "");
    rig_stop(&rig);
}

/* Of all that could be queued without a node, the last one waits for an answer. */
Test(live, begins_with_all_that_was_queued_before)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BEGUN, QUEUED("PING"), QUEUED("SET", "k", "1"), QUEUED("PING"), QUEUED("PING"),
           QUEUED("GET", "k"), DONE("*5\r\n+PONG\r\n+OK\r\n+PONG\r\n+PONG\r\n$1\r\n1\r\n"));

    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "PING"), "QUEUED");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "MULTI"), 0);
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "QUEUED");
    cr_expect_str_eq(ask(rig, "PING"), "QUEUED");
    wire_send_requests(rig_client(rig), "PING|GET k|EXEC");
    wire_expect(rig_client(rig),
                "+QUEUED\r\n+QUEUED\r\n*5\r\n+PONG\r\n+OK\r\n+PONG\r\n+PONG\r\n$1\r\n1\r\n");
    rig_stop(&rig);
}

/* In doubt a connection is closed: nobody else's command must be queued there. */
Test(live, whose_discard_is_refused_leaves_no_connection)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), WANT("DISCARD"), SAY("-NOPERM no\r\n"),
           BOTH_DONE);

    expect_queued(rig);
    int first = came_by(rig, 0, "MULTI");
    cr_expect_str_eq(ask(rig, "RESET"), "RESET");
    cr_expect(has_let_go(rig));
    expect_queued(rig);
    expect_done(rig);
    char *log = fake_node_log(rig_node(rig, 0), first);
    cr_expect_str_eq(log, "MULTI | SET k 1 | DISCARD");
    free(log);
    rig_stop(&rig);
}

Test(live, ends_with_its_client)
{
    struct rig *rig = rig_start(1);
    struct wire *leaver = rig_connect(rig);
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"));

    expect_queued_by(leaver);
    rig_disconnect(rig, &leaver);
    cr_expect(has_let_go(rig));
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 0));
    rig_stop(&rig);
}

Test(live, ends_with_a_client_that_leaves_while_the_node_is_asked)
{
    struct rig *rig = rig_start(1);
    struct wire *leaver = rig_connect(rig);
    script(rig, 0, BEGUN, WANT("SET", "k", "1"), STALL, SAY("+QUEUED\r\n"));

    cr_expect_str_eq(wire_ask(leaver, "MULTI"), "OK");
    wire_request(leaver, "SET", "k", "1");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    rig_disconnect(rig, &leaver);
    fake_node_release(rig_node(rig, 0));
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 0));
    cr_expect(has_let_go(rig));
    rig_stop(&rig);
}

Test(live, waits_and_nothing_behind_it_is_begun)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BEGUN, WANT("SET", "k", "1"), STALL, SAY("+QUEUED\r\n"), WANT("EXEC"), STALL,
           SAY("*1\r\n+OK\r\n"), WANT("GET", "k"), SAY("$1\r\n1\r\n"));

    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    wire_request(rig_client(rig), "SET", "k", "1");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    wire_send_requests(rig_client(rig), "EXEC|GET k");
    fake_node_release(rig_node(rig, 0));
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "GET"), 0);
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), "+QUEUED\r\n*1\r\n+OK\r\n$1\r\n1\r\n");
    rig_stop(&rig);
}

/* Half of the connections are for those who block and watch. */
Test(live, is_not_who_would_take_more_than_half_of_the_connections)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .backend = "private: 3"});
    struct wire *second = rig_connect(rig);
    struct wire *third = rig_connect(rig);
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), WATCHED, WATCHED, BOTH_DONE);

    expect_queued(rig);
    expect_queued_by(second);
    cr_expect_eq(metric(rig, "transactions_live_total"), 1);
    cr_expect_str_eq(wire_ask(third, "WATCH", "k"), "OK");
    cr_expect_str_eq(wire_ask(rig_connect(rig), "WATCH", "k"), "OK");
    cr_expect_str_eq(wire_ask(second, "GET", "k"), "QUEUED");
    cr_expect_str_eq(wire_ask(second, "EXEC"), "[OK 1]");
    rig_stop(&rig);
}

/* A node that refuses MULTI executes what stands behind it. */
Test(live, is_sent_to_no_node_that_has_not_taken_multi)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("MULTI"), SAY("-NOPERM no\r\n"), OVER);

    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "-NOPERM no");
    cr_expect_str_eq(ask(rig, "EXEC"), EXECABORT);
    cr_expect(has_let_go(rig));
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET"), 0);
    rig_stop(&rig);
}

Test(live, that_a_node_takes_for_single_commands_is_not_called_one)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BOTH_DONE, WANT("MULTI"), SAY("-NOPERM no\r\n"), WANT("SET", "k", "1"),
           SAY("+OK\r\n"), OVER);

    expect_queued(rig);
    expect_done(rig);
    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    const char *reply = ask(rig, "SET", "k", "1");
    EXPECT_STARTS(reply, "-ERR proxy: the node refuses MULTI, ");
    EXPECT_CONTAINS(reply, "outcome unknown: NOPERM no");
    cr_expect_str_eq(ask(rig, "EXEC"), EXECABORT);
    cr_expect(has_let_go(rig));
    rig_stop(&rig);
}

/* Of what a node says instead, nothing but an error is a line. */
Test(live, of_a_node_that_talks_nonsense_at_multi_answers_in_one_line)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BOTH_DONE, WANT("MULTI"), SAY("$2\r\nno\r\n"), WANT("SET", "k", "1"),
           SAY("+OK\r\n"), OVER);

    expect_queued(rig);
    expect_done(rig);
    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    EXPECT_CONTAINS(ask(rig, "SET", "k", "1"), "outcome unknown: it does not queue commands");
    cr_expect_str_eq(ask(rig, "PING"), "QUEUED");
    rig_stop(&rig);
}

Test(live, that_is_refused_from_multi_on_was_not_executed)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BOTH_DONE, WANT("MULTI"), SAY("-BUSY no\r\n"), WANT("SET", "k", "1"),
           SAY("-BUSY no\r\n"), OVER, WANT("MULTI"), SAY("-BUSY no\r\n"), OVER);

    expect_queued(rig);
    expect_done(rig);
    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "-BUSY no");
    cr_expect_str_eq(ask(rig, "EXEC"), EXECABORT);
    cr_expect(has_let_go(rig));
    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "-BUSY no");
    cr_expect_str_eq(ask(rig, "EXEC"), EXECABORT);
    cr_expect(has_let_go(rig));
    rig_stop(&rig);
}

Test(live, goes_where_it_is_watched)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WATCHED, BOTH_DONE, WATCHED, BEGUN, QUEUED("SET", "k", "1"), DONE("*-1\r\n"));

    cr_expect_str_eq(ask(rig, "WATCH", "k"), "OK");
    expect_queued(rig);
    expect_done(rig);
    cr_expect_eq(came_by(rig, 0, "WATCH"), came_by(rig, 0, "EXEC"));
    cr_expect(has_let_go(rig));
    cr_expect_str_eq(ask(rig, "WATCH", "k"), "OK");
    expect_queued(rig);
    cr_expect_str_eq(ask(rig, "EXEC"), "(nil)");
    cr_expect(has_let_go(rig));
    rig_stop(&rig);
}

/* Who is told nil tries again, and is told so again for as long as the node refuses it. */
Test(live, where_it_is_watched_is_refused_and_not_nil_for_what_was_queued_before)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WATCHED, BEGUN, WANT("SET", "k", "1"), SAY(OOM "\r\n"), QUEUED("GET", "k"),
           ABORTED, OVER);

    cr_expect_str_eq(ask(rig, "WATCH", "k"), "OK");
    wire_send_requests(rig_client(rig), "MULTI|SET k 1|GET k");
    wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
    cr_expect_str_eq(ask(rig, "EXEC"), EXECABORT);
    cr_expect(has_let_go(rig));
    rig_stop(&rig);
}

Test(live, where_it_is_watched_may_be_refused_and_is_watched_no_more)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WATCHED, BEGUN, WANT("SET", "k", "1"), SAY(OOM "\r\n"), ABORTED, OVER,
           BOTH_DONE);

    cr_expect_str_eq(ask(rig, "WATCH", "k"), "OK");
    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), OOM);
    cr_expect_str_eq(ask(rig, "EXEC"), EXECABORT);
    cr_expect(has_let_go(rig));
    expect_queued(rig);
    expect_done(rig);
    rig_stop(&rig);
}
