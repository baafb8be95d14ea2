/* A write whose bytes may have reached a node is never sent twice; whatever certainly was not
 * executed, and every read, is sent again.
 */
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(once, .timeout = 120, .fini = rig_clean_up);

#define EXPECT_OUTCOME_UNKNOWN(text)                                                               \
    do {                                                                                           \
        const char *outcome = (text);                                                              \
        EXPECT_STARTS(outcome, "-ERR proxy: connection to ");                                      \
        EXPECT_CONTAINS(outcome, "outcome unknown");                                               \
    } while (0)

Test(once, a_write_that_was_received_is_not_sent_again)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("SET", "k", "1"), CLOSE, WANT("GET", "k"), SAY("$1\r\n1\r\n"));

    const char *reply = ask(rig, "SET", "k", "1");
    EXPECT_OUTCOME_UNKNOWN(reply);
    EXPECT_CONTAINS(reply, rig_address(rig, 0));
    cr_expect_str_eq(ask(rig, "GET", "k"), "1");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET"), 1);
    cr_expect_eq(metric(rig, "outcome_unknown_total"), 1);
    rig_stop(&rig);
}

Test(once, replies_that_came_before_the_end_stand)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("SET", "k", "1"), WANT("SET", "k", "2"), WANT("SET", "c", "3"),
           SAY("+OK\r\n"), CLOSE);

    wire_request(rig_client(rig), "SET", "k", "1");
    wire_request(rig_client(rig), "SET", "k", "2");
    wire_request(rig_client(rig), "SET", "c", "3");
    cr_expect_str_eq(wire_text(rig_client(rig)), "OK");
    EXPECT_OUTCOME_UNKNOWN(wire_text(rig_client(rig)));
    EXPECT_OUTCOME_UNKNOWN(wire_text(rig_client(rig)));
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET"), 3);
    rig_stop(&rig);
}

Test(once, half_an_answer_is_none)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("SET", "k", "1"), SAY("+O"), CLOSE, WANT("GET", "k"), SAY("$10\r\nabc"),
           CLOSE, WANT("GET", "k"), SAY("$10\r\n0123456789\r\n"));

    EXPECT_OUTCOME_UNKNOWN(ask(rig, "SET", "k", "1"));
    cr_expect_str_eq(ask(rig, "GET", "k"), "0123456789");
    rig_stop(&rig);
}

Test(once, a_read_is_sent_again)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("GET", "k"), CLOSE, WANT("GET", "k"), CLOSE, WANT("GET", "k"),
           SAY("$1\r\nv\r\n"));

    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    cr_expect_eq(metric(rig, "retry_read_total"), 2);
    rig_stop(&rig);
}

Test(once, a_read_is_sent_again_behind_a_write_of_unknown_outcome)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("SET", "k", "1"), WANT("GET", "k"), CLOSE, WANT("GET", "k"),
           SAY("$1\r\n1\r\n"));

    wire_request(rig_client(rig), "SET", "k", "1");
    wire_request(rig_client(rig), "GET", "k");
    EXPECT_OUTCOME_UNKNOWN(wire_text(rig_client(rig)));
    cr_expect_str_eq(wire_text(rig_client(rig)), "1");
    rig_stop(&rig);
}

Test(once, only_the_broken_connection_is_concerned)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("SET", "k", "1"), STALL, CLOSE);
    script(rig, 1, WANT("SET", "a", "2"), SAY("+OK\r\n"));
    struct wire *other = rig_connect(rig);

    wire_request(rig_client(rig), "SET", "k", "1");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    cr_expect_str_eq(wire_ask(other, "SET", "a", "2"), "OK");
    fake_node_release(rig_node(rig, 0));
    EXPECT_OUTCOME_UNKNOWN(wire_text(rig_client(rig)));
    rig_stop(&rig);
}

Test(once, a_write_that_no_node_could_be_given_is_sent_when_one_is_there)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .request_timeout = "10s"});
    fake_node_die(rig_node(rig, 0));

    wire_request(rig_client(rig), "SET", "k", "1");
    wire_request(rig_client(rig), "APPEND", "k", "2");
    cr_expect(WAIT_FOR(metric(rig, "upstream_connect_failed_total") > 0));
    script(rig, 0, WANT("SET", "k", "1"), SAY("+OK\r\n"), WANT("APPEND", "k", "2"), SAY(":2\r\n"));
    fake_node_return(rig_node(rig, 0));
    wire_expect(rig_client(rig), "+OK\r\n:2\r\n");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET"), 1);
    rig_stop(&rig);
}

enum { BIG_WRITES = 300, BIG_SIZE = 100 * 1024 };

static void send_big_writes(struct wire *wire)
{
    char *value = malloc(BIG_SIZE + 1);

    memset(value, 'x', BIG_SIZE);
    value[BIG_SIZE] = '\0';
    for (int i = 0; i < BIG_WRITES; i++) {
        wire_send(wire, "*3\r\n$3\r\nSET\r\n$6\r\nkey%03d\r\n$%d\r\n%s\r\n", i, BIG_SIZE, value);
    }
    free(value);
}

Test(once, of_a_half_written_pipeline_exactly_the_unsent_part_is_sent_again)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1,
                                                          .request_timeout = "20s",
                                                          .clients = "pending_bytes: 128mb",
                                                          .with_store = true});
    struct fake_node *node = rig_node(rig, 0);
    int unknown = 0;

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_node_pause(node);
    send_big_writes(rig_client(rig));
    cr_expect(WAIT_FOR(metric(rig, "downstream_requests_total") >= BIG_WRITES + 1));
    fake_node_drop_connections(node);
    fake_node_resume(node);
    for (int i = 0; i < BIG_WRITES; i++) {
        const char *reply = wire_text(rig_client(rig));
        size_t seen = fake_node_count(node, rig_print(rig, "SET key%03d", i));
        if (reply[0] == '-') {
            EXPECT_OUTCOME_UNKNOWN(reply);
            cr_expect_eq(unknown, i, "a write behind one that was sent again is unknown");
            cr_expect_leq(seen, 1);
            unknown++;
        } else {
            cr_expect_str_eq(reply, "OK");
            cr_expect_eq(seen, 1, "%s", rig_print(rig, "key%03d came %zu times", i, seen));
        }
    }
    cr_expect_gt(unknown, 0);
    cr_expect_lt(unknown, BIG_WRITES);
    cr_expect_eq(metric(rig, "outcome_unknown_total"), unknown);
    rig_stop(&rig);
}
