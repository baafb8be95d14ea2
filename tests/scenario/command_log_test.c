/* SLOWLOG and COMMANDLOG over several workers: slotway knows which node took its time, and which
 * requests and replies were large. */
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(command_log, .timeout = 120, .fini = rig_clean_up);

enum { CLIENTS = 4, SLOW_MS = 20 };

Test(command_log, names_the_node_and_the_client_whichever_worker_served_it)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1, .workers = 2, .with_store = true});
    struct wire *clients[CLIENTS];
    struct fake_node *node = rig_node(rig, 0);

    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = rig_connect(rig);
        wire_ask(clients[i], "CLIENT", "SETNAME", rig_print(rig, "client-%d", i));
        wire_ask(clients[i], "GET", "first");
    }
    fake_node_pause(node);
    for (int i = 0; i < CLIENTS; i++) {
        wire_request(clients[i], "GET", rig_print(rig, "key-%d", i));
    }
    cr_assert(WAIT_FOR(metric(rig, "upstream_in_flight") == CLIENTS));
    uint64_t since = wait_now_ms();
    cr_assert(WAIT_FOR(wait_now_ms() > since + SLOW_MS));
    fake_node_resume(node);
    for (int i = 0; i < CLIENTS; i++) {
        wire_text(clients[i]);
    }
    const char *log = ask(rig, "SLOWLOG", "GET", "-1");
    for (int i = 0; i < CLIENTS; i++) {
        EXPECT_CONTAINS(log, rig_print(rig, "GET key-%d # waited_us=0 node_us=", i));
        EXPECT_CONTAINS(log, rig_print(rig, " client-%d]", i));
    }
    EXPECT_CONTAINS(log, rig_print(rig, " node=%s]", rig_address(rig, 0)));
    rig_stop(&rig);
}

enum { LARGE = 1024 * 1024 };

Test(command_log, large_requests_and_replies_are_kept_with_their_sizes)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 2, .workers = 2, .with_store = true});
    struct wire *other = rig_connect(rig);
    char *value = malloc(LARGE + 1);
    size_t framed = strlen("$1048576\r\n\r\n") + LARGE;

    memset(value, 'x', LARGE);
    value[LARGE] = '\0';
    wire_ask(other, "CLIENT", "SETNAME", "writer");
    cr_assert_str_eq(wire_ask(other, "SET", "a", value), "OK");
    ask(rig, "SET", "b", "small");
    ask(rig, "MGET", "a", "b");
    const char *requests = ask(rig, "COMMANDLOG", "GET", "-1", "large-request");
    EXPECT_STARTS(requests, "[[0 ");
    EXPECT_CONTAINS(requests, rig_print(rig, " %zu [SET a xxxx",
                                        strlen("*3\r\n$3\r\nSET\r\n$1\r\na\r\n") + framed));
    EXPECT_CONTAINS(requests, " (1048448 more bytes) # waited_us=");
    EXPECT_CONTAINS(requests, " writer]]");
    const char *replies = ask(rig, "COMMANDLOG", "GET", "-1", "large-reply");
    EXPECT_STARTS(replies, "[[0 ");
    EXPECT_CONTAINS(replies, rig_print(rig, " %zu [MGET a b # waited_us=",
                                       strlen("*2\r\n$5\r\nsmall\r\n") + framed));
    cr_expect_str_eq(ask(rig, "COMMANDLOG", "LEN", "large-request"), "1");
    cr_expect_str_eq(ask(rig, "COMMANDLOG", "LEN", "large-reply"), "1");
    cr_expect_eq(metric(rig, "large_requests_total"), 1);
    cr_expect_eq(metric(rig, "large_replies_total"), 1);
    free(value);
    rig_stop(&rig);
}
