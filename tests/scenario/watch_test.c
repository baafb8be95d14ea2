/* WATCH: a connection of the client's own, on which EXEC runs or answers nil, and never anything
 * else.
 *
 * With two nodes, node 0 serves "k" (slot 7629), and node 1 serves "a".
 */
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(watch, .timeout = 120, .fini = rig_clean_up);

#define WATCHED        WANT("WATCH", "k"), SAY("+OK\r\n")
#define UNWATCHED      WANT("UNWATCH"), SAY("+OK\r\n")
#define BEGUN          WANT("MULTI"), SAY("+OK\r\n")
#define QUEUED(...)    WANT(__VA_ARGS__), SAY("+QUEUED\r\n")
#define DONE(reply)    WANT("EXEC"), SAY("%s", reply)
#define SET_DONE       BEGUN, QUEUED("SET", "k", "1"), DONE("*1\r\n+OK\r\n")
#define SHARED(...)    WANT("GET", "k"), SAY(__VA_ARGS__)
#define MOVED(rig)     SAY("-MOVED 7629 %s\r\n", rig_address((rig), 1))
#define SET_MOVED(rig) BEGUN, WANT("SET", "k", "1"), MOVED(rig), WANT("EXEC"), MOVED(rig)

/* The number of the connection by which a node got `command`; 0: by none. */
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

Test(watch, has_a_connection_and_exec_goes_there)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WATCHED, SHARED("$1\r\n0\r\n"), SET_DONE, SHARED("$1\r\n1\r\n"));

    wire_send_lines(rig_client(rig), "WATCH k|GET k|MULTI|SET k 1|EXEC|GET k");
    wire_expect(rig_client(rig), "+OK\r\n$1\r\n0\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n$1\r\n1\r\n");
    cr_expect_eq(came_by(rig, 0, "WATCH"), came_by(rig, 0, "EXEC"));
    cr_expect_neq(came_by(rig, 0, "WATCH"), came_by(rig, 0, "GET k"));
    cr_expect(WAIT_FOR(metric(rig, "upstream_private_active") == 0));
    rig_stop(&rig);
}

/* What is behind it on another connection must not overtake it, nor what is before it be late. */
Test(watch, waits_for_what_was_sent_before_and_so_does_exec)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("SET", "k", "0"), STALL, SAY("+OK\r\n"), WATCHED, WANT("INCR", "k"), STALL,
           SAY(":1\r\n"), SET_DONE);

    wire_send_lines(rig_client(rig), "SET k 0|WATCH k|INCR k|MULTI|SET k 1|EXEC");
    for (int i = 0; i < 2; i++) {
        cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
        fake_node_release(rig_node(rig, 0));
    }
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n:1\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
    rig_stop(&rig);
}

Test(watch, may_be_said_again_and_goes_the_same_way)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WATCHED, WANT("WATCH", "{k}2", "{k}3"), SAY("+OK\r\n"), SET_DONE);

    wire_send_lines(rig_client(rig), "WATCH k|WATCH {k}2 {k}3|MULTI|SET k 1|EXEC");
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
    cr_expect_eq(came_by(rig, 0, "WATCH k"), came_by(rig, 0, "WATCH {k}2"));
    rig_stop(&rig);
}

Test(watch, passes_on_what_the_node_says_to_exec)
{
    static const char *const rows[] = {"*-1\r\n", "*0\r\n", "*1\r\n-ERR wrong\r\n"};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig *rig = rig_start(1);
        script(rig, 0, WATCHED, BEGUN, QUEUED("SET", "k", "1"), DONE(rows[i]));
        wire_send_lines(rig_client(rig), "WATCH k|MULTI|SET k 1|EXEC");
        wire_expect(rig_client(rig), "+OK\r\n+OK\r\n+QUEUED\r\n");
        wire_expect(rig_client(rig), rows[i]);
        rig_stop(&rig);
    }
}

Test(watch, of_an_empty_transaction_still_asks_the_node)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WATCHED, BEGUN, DONE("*-1\r\n"));

    wire_send_lines(rig_client(rig), "WATCH k|MULTI|EXEC|MULTI|EXEC");
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n*-1\r\n+OK\r\n*0\r\n");
    rig_stop(&rig);
}

Test(watch, needs_keys_of_one_slot_also_with_the_transaction)
{
    static const struct {
        const char *lines;
        const char *after; /* the refusal */
    } rows[] = {
        {"ECHO 1|WATCH k a|ECHO 2", "$1\r\n2\r\n"},
        {"WATCH k|WATCH a|MULTI|SET k 1|EXEC", "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n"},
    };
    struct rig *rig = rig_start(2);
    script(rig, 0, WATCHED, SET_DONE, WATCHED);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wire *wire = rig_connect(rig);
        wire_send_lines(wire, rows[i].lines);
        wire_text(wire);
        EXPECT_STARTS(wire_text(wire), "-CROSSSLOT Keys in request don't hash to the same slot");
        wire_expect(wire, rows[i].after);
    }
    wire_send_lines(rig_client(rig), "WATCH k|MULTI|SET a 1");
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n");
    EXPECT_STARTS(wire_text(rig_client(rig)),
                  "-CROSSSLOT Keys in request don't hash to the same slot (proxy: those of 'set'");
    rig_stop(&rig);
}

/* Each way out of watching, and that a transaction afterwards is an ordinary one. */
Test(watch, ends_and_the_node_is_told)
{
    static const struct {
        const char *lines;
        const char *replies;
    } rows[] = {
        {"UNWATCH", "+OK\r\n"},
        {"MULTI|SET k 2|DISCARD", "+OK\r\n+QUEUED\r\n+OK\r\n"},
        {"RESET", "+RESET\r\n"},
        {"MULTI|NOTHING|EXEC",
         "+OK\r\n-ERR unknown command 'NOTHING', with args beginning with: \r\n"
         "-EXECABORT Transaction discarded because of previous errors.\r\n"},
        {"EXEC 1", "-EXECABORT Transaction discarded because of: wrong number of arguments for "
                   "'exec' command\r\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig *rig = rig_start(1);
        script(rig, 0, WATCHED, UNWATCHED, SET_DONE);
        wire_send_lines(rig_client(rig), rig_print(rig, "WATCH k|%s", rows[i].lines));
        wire_expect(rig_client(rig), "+OK\r\n");
        wire_expect(rig_client(rig), rows[i].replies);
        cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, 0), "UNWATCH") == 1), "%s", rows[i].lines);
        wire_send_lines(rig_client(rig), "MULTI|SET k 1|EXEC");
        wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
        cr_expect_eq(came_by(rig, 0, "UNWATCH"), came_by(rig, 0, "WATCH k"));
        cr_expect_neq(came_by(rig, 0, "EXEC"), came_by(rig, 0, "WATCH k"));
        cr_expect(WAIT_FOR(metric(rig, "upstream_private_active") == 0));
        rig_stop(&rig);
    }
}

Test(watch, uses_its_connection_again)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WATCHED, SET_DONE, WATCHED, SET_DONE, WATCHED, UNWATCHED, WATCHED, SET_DONE);

    for (int i = 0; i < 2; i++) {
        wire_send_lines(rig_client(rig), "WATCH k|MULTI|SET k 1|EXEC");
        wire_expect(rig_client(rig), "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
    }
    wire_send_lines(rig_client(rig), "WATCH k|UNWATCH");
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n");
    cr_expect(WAIT_FOR(metric(rig, "upstream_private_active") == 0));
    wire_send_lines(rig_client(rig), "WATCH k|MULTI|SET k 1|EXEC");
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
    int connection = came_by(rig, 0, "WATCH k");
    char *log = fake_node_log(rig_node(rig, 0), connection);
    cr_expect_str_eq(log, rig_log(rig, 0));
    free(log);
    rig_stop(&rig);
}

Test(watch, whose_connection_is_lost_makes_exec_nil)
{
    static const struct {
        const char *hello;
        const char *nil;
    } rows[] = {{"PING", "*-1\r\n"}, {"HELLO 3", "_\r\n"}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig *rig = rig_start(1);
        script(rig, 0, WATCHED, CLOSE, SET_DONE);
        wire_send_lines(rig_client(rig), rows[i].hello);
        wire_text(rig_client(rig));
        wire_send_lines(rig_client(rig), "WATCH k");
        wire_expect(rig_client(rig), "+OK\r\n");
        cr_expect(WAIT_FOR(metric(rig, "upstream_private_active") == 0));
        wire_send_lines(rig_client(rig), "WATCH {k}2|MULTI|SET k 1|EXEC");
        wire_expect(rig_client(rig), "+OK\r\n+OK\r\n+QUEUED\r\n");
        wire_expect(rig_client(rig), rows[i].nil);
        wire_send_lines(rig_client(rig), "MULTI|SET k 1|EXEC");
        wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
        cr_expect_eq(fake_node_count(rig_node(rig, 0), "EXEC"), 1);
        rig_stop(&rig);
    }
}

Test(watch, whose_connection_is_lost_with_exec_has_an_unknown_outcome)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WATCHED, BEGUN, QUEUED("SET", "k", "1"), WANT("EXEC"), CLOSE);

    wire_send_lines(rig_client(rig), "WATCH k|MULTI|SET k 1|EXEC");
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n+QUEUED\r\n");
    EXPECT_CONTAINS(wire_text(rig_client(rig)), "outcome unknown");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "EXEC"), 1);
    rig_stop(&rig);
}

Test(watch, of_a_slot_that_has_moved_makes_exec_nil)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WATCHED, SET_MOVED(rig), UNWATCHED);
    script(rig, 1, WANT("GET", "a"), SAY("$-1\r\n"));

    wire_send_lines(rig_client(rig), "WATCH k|MULTI|SET k 1|EXEC|GET a");
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n+QUEUED\r\n*-1\r\n$-1\r\n");
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "EXEC"), 0);
    cr_expect(WAIT_FOR(metric(rig, "upstream_private_active") == 0));
    rig_stop(&rig);
}

/* The node may not know it yet, or be cut off from those who do. */
Test(watch, of_a_slot_that_is_known_to_have_moved_is_not_even_tried)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WATCHED, WANT("GET", "k"), MOVED(rig), UNWATCHED);
    script(rig, 1, WANT("GET", "k"), SAY("$1\r\n0\r\n"));

    wire_send_lines(rig_client(rig), "WATCH k|GET k|MULTI|SET k 1|EXEC");
    wire_expect(rig_client(rig), "+OK\r\n$1\r\n0\r\n+OK\r\n+QUEUED\r\n*-1\r\n");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "EXEC"), 0);
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, 0), "UNWATCH") == 1));
    rig_stop(&rig);
}

Test(watch, itself_is_redirected)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("WATCH", "k"), MOVED(rig));
    script(rig, 1, WATCHED, SET_DONE);

    wire_send_lines(rig_client(rig), "WATCH k|MULTI|SET k 1|EXEC");
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
    cr_expect_eq(came_by(rig, 1, "WATCH k"), came_by(rig, 1, "EXEC"));
    rig_stop(&rig);
}

/* Redis Cluster: what has gone to the slot's next owner is there for those who say ASKING. */
Test(watch, that_was_asked_for_elsewhere_asks_there_again)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("WATCH", "k"), SAY("-ASK 7629 %s\r\n", rig_address(rig, 1)));
    script(rig, 1, WANT("ASKING"), SAY("+OK\r\n"), WATCHED, WANT("ASKING"), SAY("+OK\r\n"),
           WANT("WATCH", "{k}2"), SAY("+OK\r\n"), WANT("ASKING"), SAY("+OK\r\n"), SET_DONE);

    wire_send_lines(rig_client(rig), "WATCH k|WATCH {k}2|MULTI|SET k 1|EXEC");
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
    rig_stop(&rig);
}

Test(watch, whose_answer_is_lost_is_said_again)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("WATCH", "k"), CLOSE, WATCHED, SET_DONE);

    wire_send_lines(rig_client(rig), "WATCH k|MULTI|SET k 1|EXEC");
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
    rig_stop(&rig);
}

Test(watch, that_the_node_refuses_watches_nothing)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("WATCH", "k"), SAY("-NOPERM no\r\n"), SET_DONE);

    wire_send_lines(rig_client(rig), "WATCH k|MULTI|SET k 1|EXEC");
    wire_expect(rig_client(rig), "-NOPERM no\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
    cr_expect_neq(came_by(rig, 0, "WATCH k"), came_by(rig, 0, "EXEC"));
    rig_stop(&rig);
}

Test(watch, ends_with_its_client)
{
    struct rig *rig = rig_start(1);
    struct wire *leaver = rig_connect(rig);
    script(rig, 0, WATCHED);

    cr_expect_str_eq(wire_ask(leaver, "WATCH", "k"), "OK");
    cr_expect_eq(metric(rig, "upstream_private_active"), 1);
    rig_disconnect(rig, &leaver);
    cr_expect(WAIT_FOR(metric(rig, "upstream_private_active") == 0));
    cr_expect(WAIT_FOR(fake_node_connected(rig_node(rig, 0)) == 1));
    rig_stop(&rig);
}

Test(watch, has_a_limit)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .backend = "private: 1"});
    struct wire *other = rig_connect(rig);
    script(rig, 0, WATCHED, UNWATCHED, WATCHED);

    cr_expect_str_eq(ask(rig, "WATCH", "k"), "OK");
    EXPECT_STARTS(wire_ask(other, "WATCH", "k"), "-ERR proxy: too many clients ");
    cr_expect_str_eq(ask(rig, "UNWATCH"), "OK");
    cr_expect(WAIT_FOR(metric(rig, "upstream_private_active") == 0));
    cr_expect_str_eq(wire_ask(other, "WATCH", "k"), "OK");
    rig_stop(&rig);
}

/* The connection that watches speaks RESP3, in which nothing is "_". */
Test(watch, of_a_client_that_changed_its_protocol_is_no_place_to_block)
{
    struct rig *rig = rig_start(1);

    script(rig, 0, WATCHED);
    EXPECT_CONTAINS(ask(rig, "HELLO", "3"), "proto");
    cr_expect_str_eq(ask(rig, "WATCH", "k"), "OK");
    EXPECT_CONTAINS(ask(rig, "HELLO", "2"), "proto");
    script(rig, 0, WANT("BLPOP", "k", "1"), SAY("*-1\r\n"));
    cr_expect_str_eq(ask(rig, "BLPOP", "k", "1"), "(nil)");
    cr_expect_neq(came_by(rig, 0, "BLPOP"), came_by(rig, 0, "WATCH"));
    rig_stop(&rig);
}
