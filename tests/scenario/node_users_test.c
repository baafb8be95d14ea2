/* clients.auth: nodes, where each client is a user of the nodes. These let everybody in who knows
 * the one password.
 */
#include "common/base.h"
#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/rig.h"

TestSuite(node_users, .timeout = 60, .fini = rig_clean_up);

#define NOAUTH    "-NOAUTH Authentication required."
#define WRONGPASS "-WRONGPASS invalid username-password pair or user is disabled."

static struct rig *start_with(int nodes, const char *clients)
{
    return rig_start_with((struct rig_options){.nodes = nodes,
                                               .with_store = true,
                                               .node_password = "secret",
                                               .clients = clients,
                                               .backend = "password: secret"});
}

static struct rig *start(int nodes)
{
    return start_with(nodes, "auth: nodes");
}

static struct wire *log_in(struct rig *rig, const char *user)
{
    struct wire *wire = rig_connect(rig);

    cr_assert_str_eq(wire_ask(wire, "AUTH", user, "secret"), "OK");
    return wire;
}

Test(node_users, hear_from_a_node_whether_they_may_come_in)
{
    struct rig *rig = start(2);

    cr_expect_str_eq(ask(rig, "GET", "k"), NOAUTH);
    cr_expect_str_eq(ask(rig, "PING"), NOAUTH);
    cr_expect_str_eq(ask(rig, "CLIENT", "ID"), NOAUTH);
    cr_expect_str_eq(ask(rig, "HELLO", "3"), NOAUTH);
    cr_expect_str_eq(ask(rig, "UNWATCH"), NOAUTH);
    cr_expect_str_eq(ask(rig, "DISCARD"), NOAUTH);
    cr_expect_str_eq(ask(rig, "MULTI"), NOAUTH);
    cr_expect_str_eq(ask(rig, "AUTH", "alice", "guess"), WRONGPASS);
    cr_expect_str_eq(ask(rig, "AUTH", "guess"), WRONGPASS);
    cr_expect_str_eq(ask(rig, "HELLO", "2", "AUTH", "alice", "guess"), WRONGPASS);
    cr_expect_eq(metric(rig, "denied_logins_total"), 3);
    cr_expect(rig_has_written(rig, "reason=wrongpass"));
    cr_expect_str_eq(ask(rig, "AUTH", "a", "b", "c"), "-ERR syntax error");
    cr_expect_str_eq(ask(rig, "AUTH", "alice", "secret"), "OK");
    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    cr_expect_str_eq(ask(rig, "ACL", "WHOAMI"), "alice");
    EXPECT_CONTAINS(ask(rig, "CLIENT", "INFO"), " user=alice ");
    EXPECT_CONTAINS(ask(rig, "HELLO", "2", "AUTH", "bob", "secret", "SETNAME", "app"), "proto 2");
    EXPECT_CONTAINS(ask(rig, "CLIENT", "INFO"), " name=app ");
    EXPECT_CONTAINS(ask(rig, "CLIENT", "INFO"), " user=bob ");
    cr_expect_str_eq(ask(rig, "RESET"), "RESET");
    cr_expect_str_eq(ask(rig, "GET", "k"), NOAUTH);
    cr_expect_str_eq(ask(rig, "AUTH", "secret"), "OK");
    cr_expect_str_eq(ask(rig, "ACL", "WHOAMI"), "default");
    cr_expect_str_eq(ask(rig, "GET", "k"), "1");
    cr_expect_not(rig_has_written(rig, "secret"));
    cr_expect_not(rig_has_written(rig, "guess"));
    rig_stop(&rig);
}

/* Of several, the last ones count, here and for whoever judges them. */
Test(node_users, are_who_they_have_proven_to_be)
{
    struct rig *rig = start(1);

    cr_expect_str_eq(ask(rig, "HELLO", "2", "AUTH", "alice", "secret", "AUTH", "bob", "guess"),
                     WRONGPASS);
    cr_expect_str_eq(ask(rig, "GET", "k"), NOAUTH);
    EXPECT_CONTAINS(ask(rig, "HELLO", "2", "AUTH", "alice", "guess", "AUTH", "bob", "secret"),
                    "proto 2");
    cr_expect_str_eq(ask(rig, "ACL", "WHOAMI"), "bob");
    EXPECT_STARTS(ask(rig, "HELLO", "2", "SETNAME", "a b", "AUTH", "carl", "secret"), "-ERR ");
    EXPECT_STARTS(ask(rig, "HELLO", "9", "AUTH", "carl", "secret"), "-NOPROTO ");
    cr_expect_str_eq(ask(rig, "ACL", "WHOAMI"), "bob");
    rig_stop(&rig);
}

Test(node_users, who_says_nothing_is_let_in_by_nodes_that_let_in_everybody)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 2, .with_store = true, .clients = "auth: nodes"});

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    cr_expect_str_eq(ask(rig, "ACL", "WHOAMI"), "default");
    EXPECT_STARTS(ask(rig, "AUTH", "secret"), "-ERR AUTH <password> called without any password");
    cr_expect_str_eq(ask(rig, "MGET", "a", "b", "k"), "[(nil) (nil) 1]");
    rig_stop(&rig);
}

Test(node_users, are_served_in_order_when_they_log_in_and_go_on_in_one_breath)
{
    struct rig *rig = start(2);

    wire_send_requests(rig_client(rig),
                       "GET k|AUTH alice secret|SET k 1|PING|GET k|AUTH alice guess|GET k|"
                       "HELLO 2 AUTH bob secret|ACL WHOAMI|RESET|GET k");
    cr_expect_str_eq(wire_text(rig_client(rig)), NOAUTH);
    cr_expect_str_eq(wire_text(rig_client(rig)), "OK");
    cr_expect_str_eq(wire_text(rig_client(rig)), "OK");
    cr_expect_str_eq(wire_text(rig_client(rig)), "PONG");
    cr_expect_str_eq(wire_text(rig_client(rig)), "1");
    cr_expect_str_eq(wire_text(rig_client(rig)), WRONGPASS);
    cr_expect_str_eq(wire_text(rig_client(rig)), "1");
    EXPECT_CONTAINS(wire_text(rig_client(rig)), "proto 2");
    cr_expect_str_eq(wire_text(rig_client(rig)), "bob");
    cr_expect_str_eq(wire_text(rig_client(rig)), "RESET");
    cr_expect_str_eq(wire_text(rig_client(rig)), NOAUTH);
    rig_stop(&rig);
}

/* Each proof is a connection that ends, unless such a user has one. */
Test(node_users, share_connections_with_the_same_user_and_with_nobody_else)
{
    struct rig *rig = start(1);
    struct fake_node *node = rig_node(rig, 0);
    size_t own = fake_node_connected(node);

    for (int i = 0; i < 3; i++) {
        cr_expect_str_eq(wire_ask(log_in(rig, "alice"), "GET", "k"), "(nil)");
    }
    cr_expect(WAIT_FOR(fake_node_connected(node) == own + 1));
    cr_expect_str_eq(wire_ask(log_in(rig, "bob"), "GET", "k"), "(nil)");
    cr_expect(WAIT_FOR(fake_node_connected(node) == own + 2));
    /* Two of alice's asked over the connection of the first: a proof, a greeting, and these. */
    cr_expect_eq(fake_node_count(node, "AUTH alice secret"), 4);
    cr_expect_eq(fake_node_count(node, "AUTH bob secret"), 2);
    rig_stop(&rig);
}

Test(node_users, leave_nothing_behind_when_their_passwords_are_wrong)
{
    struct rig *rig = start(1);
    struct fake_node *node = rig_node(rig, 0);
    size_t own = fake_node_connected(node);
    size_t greeted = fake_node_count(node, "AUTH secret");

    for (int i = 0; i < 20; i++) {
        cr_expect_str_eq(ask(rig, "AUTH", "alice", rig_print(rig, "guess %d", i)), WRONGPASS);
    }
    cr_expect_eq(fake_node_count(node, "AUTH secret"), greeted + 1, "one connection is enough");
    cr_expect_str_eq(ask(rig, "AUTH", "alice", "secret"), "OK");
    cr_expect(WAIT_FOR(fake_node_connected(node) == own), "now it is alice's");
    cr_expect_eq(metric(rig, "denied_logins_total"), 20);
    rig_stop(&rig);
}

Test(node_users, that_nodes_do_not_want_any_more_are_told_so_and_nobody_else)
{
    struct rig *rig = start(1);
    struct fake_node *node = rig_node(rig, 0);
    struct wire *alice = log_in(rig, "alice");
    struct wire *bob = log_in(rig, "bob");

    cr_expect_str_eq(wire_ask(alice, "SET", "k", "1"), "OK");
    cr_expect_str_eq(wire_ask(bob, "GET", "k"), "1");
    fake_node_refuse_user(node, "alice");
    fake_node_drop_connections(node);
    cr_expect_str_eq(wire_ask(alice, "GET", "k"), WRONGPASS);
    cr_expect_str_eq(wire_ask(alice, "SET", "k", "2"), WRONGPASS);
    cr_expect_str_eq(wire_ask(alice, "PING"), WRONGPASS);
    cr_expect_str_eq(wire_ask(alice, "BLPOP", "k", "1"), WRONGPASS);
    cr_expect_str_eq(wire_ask(alice, "AUTH", "alice", "secret"), WRONGPASS);
    cr_expect_str_eq(wire_ask(bob, "GET", "k"), "1");
    cr_expect_str_eq(wire_ask(bob, "SET", "k", "3"), "OK");
    cr_expect_eq(metric(rig, "breaker_opened_total"), 0);
    cr_expect_not(rig_has_written(rig, "node unreachable"));
    fake_node_refuse_user(node, NULL);
    cr_expect(WAIT_FOR(strcmp(wire_ask(alice, "GET", "k"), "3") == 0));
    cr_expect_str_eq(wire_ask(alice, "AUTH", "alice", "secret"), "OK");
    rig_stop(&rig);
}

Test(node_users, are_served_at_once_when_they_have_proven_who_they_are_again)
{
    struct rig *rig = start(1);
    struct fake_node *node = rig_node(rig, 0);

    cr_expect_str_eq(ask(rig, "AUTH", "alice", "secret"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_node_refuse_user(node, "alice");
    fake_node_drop_connections(node);
    cr_expect(WAIT_FOR(strcmp(ask(rig, "GET", "k"), WRONGPASS) == 0));
    fake_node_refuse_user(node, NULL);
    cr_expect_str_eq(ask(rig, "AUTH", "alice", "secret"), "OK");
    cr_expect_str_eq(ask(rig, "GET", "k"), "1");
    rig_stop(&rig);
}

Test(node_users, cannot_come_in_while_no_node_can_be_asked)
{
    struct rig *rig = start(1);

    cr_expect_str_eq(ask(rig, "AUTH", "alice", "secret"), "OK");
    fake_node_die(rig_node(rig, 0));
    EXPECT_STARTS(ask(rig, "AUTH", "bob", "secret"), "-");
    cr_expect_eq(metric(rig, "denied_logins_total"), 0);
    fake_node_return(rig_node(rig, 0));
    cr_expect(WAIT_FOR(strcmp(ask(rig, "AUTH", "bob", "secret"), "OK") == 0));
    cr_expect_str_eq(ask(rig, "ACL", "WHOAMI"), "bob");
    rig_stop(&rig);
}

Test(node_users, may_go_away_while_a_node_is_asked)
{
    struct rig *rig = start(1);
    struct wire *wire = rig_connect(rig);
    long long closed = metric(rig, "downstream_closed_total");

    fake_node_pause(rig_node(rig, 0));
    wire_request(wire, "AUTH", "alice", "secret");
    wire_reset_on_close(wire);
    rig_disconnect(rig, &wire);
    cr_expect(WAIT_FOR(metric(rig, "downstream_closed_total") > closed));
    fake_node_resume(rig_node(rig, 0));
    cr_expect(WAIT_FOR(strcmp(ask(rig, "AUTH", "alice", "secret"), "OK") == 0));
    rig_stop(&rig);
}

/* More than a worker asks about at once. */
Test(node_users, have_their_turn_when_many_come_at_once)
{
    enum { MANY = 200, AT_ONCE = 64 };
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1,
                                                          .with_store = true,
                                                          .node_password = "secret",
                                                          .request_timeout = "30s",
                                                          .connect_timeout = "30s",
                                                          .clients = "auth: nodes",
                                                          .backend = "password: secret"});
    struct fake_node *node = rig_node(rig, 0);
    struct wire *wires[MANY];
    size_t own = fake_node_connected(node);

    for (int i = 0; i < MANY; i++) {
        wires[i] = rig_connect(rig);
    }
    fake_node_pause(node);
    for (int i = 0; i < MANY; i++) {
        wire_request(wires[i], "AUTH", rig_print(rig, "user%d", i % 50),
                     i % 2 ? "secret" : "guess");
    }
    cr_expect(WAIT_FOR(metric(rig, "upstream_private_active") == AT_ONCE));
    for (int i = MANY / 2; i < MANY; i += 5) {
        wire_reset_on_close(wires[i]);
        rig_disconnect(rig, &wires[i]);
    }
    fake_node_resume(node);
    for (int i = 0; i < MANY; i++) {
        if (wires[i] != NULL) {
            cr_expect_str_eq(wire_text(wires[i]), i % 2 ? "OK" : WRONGPASS, "client %d", i);
        }
    }
    cr_expect(WAIT_FOR(metric(rig, "upstream_private_active") == 0));
    cr_expect(WAIT_FOR(fake_node_connected(node) <= own + AT_ONCE));
    rig_stop(&rig);
}

Test(node_users, are_not_more_at_once_than_the_configuration_says)
{
    struct rig *rig = start_with(1, "auth: nodes, auth_users: 1");
    struct wire *alice = log_in(rig, "alice");

    EXPECT_STARTS(ask(rig, "AUTH", "bob", "secret"), "-ERR proxy: too many users");
    cr_expect_str_eq(ask(rig, "AUTH", "alice", "secret"), "OK");
    cr_expect_str_eq(ask(rig, "RESET"), "RESET");
    rig_disconnect(rig, &alice);
    cr_expect(WAIT_FOR(strcmp(ask(rig, "AUTH", "bob", "secret"), "OK") == 0));
    rig_stop(&rig);
}

/* One who may say any password has connections with few of them, and leaves the rest to others. */
Test(node_users, leave_room_for_others_whatever_passwords_they_say)
{
    enum { GUESTS = 6, ROOM = 4 };
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .with_store = true, .clients = "auth: nodes, auth_users: 6"});
    struct wire *guests[GUESTS];

    for (int i = 0; i < GUESTS; i++) {
        const char *reply;

        guests[i] = rig_connect(rig);
        reply = wire_ask(guests[i], "AUTH", "guest", rig_print(rig, "any %d", i));
        if (i < ROOM) {
            cr_expect_str_eq(reply, "OK");
        } else {
            EXPECT_CONTAINS(reply, "or this one with too many passwords");
        }
    }
    cr_expect_str_eq(wire_ask(log_in(rig, "alice"), "GET", "k"), "(nil)");
    rig_disconnect(rig, &guests[0]);
    cr_expect(WAIT_FOR(strcmp(wire_ask(guests[GUESTS - 1], "AUTH", "guest", "late"), "OK") == 0));
    rig_stop(&rig);
}

/* Whatever a node is not asked to do itself. */
Test(node_users, need_the_right_to_what_slotway_does_itself)
{
    struct rig *rig = start(1);

    cr_expect_str_eq(ask(rig, "AUTH", "alice", "secret"), "OK");
    script(rig, 0, WANT("ACL", "DRYRUN", "alice", "CLIENT", "LIST"),
           SAY("$22\r\nUser alice may not: \r!\r\n"),
           WANT("ACL", "DRYRUN", "alice", "CLIENT", "LIST"), SAY("+OK\r\n"),
           WANT("ACL", "DRYRUN", "alice", "SLOWLOG", "LEN"),
           SAY("-NOPERM slotway may not ask\r\n"));
    cr_expect_str_eq(ask(rig, "CLIENT", "LIST"), "-NOPERM User alice may not:  !");
    EXPECT_CONTAINS(ask(rig, "CLIENT", "LIST"), " user=alice ");
    cr_expect_str_eq(ask(rig, "SLOWLOG", "LEN"),
                     "-NOPERM slotway cannot ask the nodes about it by ACL DRYRUN: "
                     "NOPERM slotway may not ask");
    rig_stop(&rig);
}

Test(node_users, are_told_what_is_not_to_be_had)
{
    static const char *const commands[] = {
        "MONITOR", "CLIENT TRACKING ON", "ACL SETUSER x", "ACL LOAD", "PROXY STATS",
    };
    struct rig *rig = start(1);

    cr_expect_str_eq(ask(rig, "AUTH", "alice", "secret"), "OK");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        wire_send_requests(rig_client(rig), commands[i]);
        EXPECT_CONTAINS(wire_text(rig_client(rig)), "is not available where clients.auth is nodes");
    }
    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    rig_stop(&rig);
}

Test(node_users, are_what_the_nodes_are_told_of_a_list_of_users)
{
    struct rig *rig = start(1);

    script(rig, 0, WANT("ACL", "LIST"), SAY("-NOPERM alice may not\r\n"));
    cr_expect_str_eq(ask(rig, "AUTH", "alice", "secret"), "OK");
    cr_expect_str_eq(ask(rig, "ACL", "LIST"), "-NOPERM alice may not");
    rig_stop(&rig);
}

Test(node_users, wait_for_an_operator_like_everybody)
{
    struct rig *rig = start(1);
    struct wire *alice = log_in(rig, "alice");

    cr_expect_str_eq(wire_ask(alice, "SET", "k", "1"), "OK");
    cr_expect_eq(http_post(rig_admin_port(rig), "/pause?timeout=600s", NULL), 202);
    wire_request(alice, "GET", "k");
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == 1));
    cr_expect_not(wire_has_input(alice));
    cr_expect_eq(http_post(rig_admin_port(rig), "/resume", NULL), 200);
    cr_expect_str_eq(wire_text(alice), "1");
    rig_stop(&rig);
}

Test(node_users, are_not_concerned_by_what_a_node_says_of_who_they_were)
{
    struct rig *rig = start(1);
    struct fake_node *node = rig_node(rig, 0);

    EXPECT_CONTAINS(ask(rig, "HELLO", "3", "AUTH", "alice", "secret"), "proto\\r\\n:3");
    script(rig, 0, WANT("ACL", "DRYRUN", "alice", "SUBSCRIBE", "news"), SAY("+OK\r\n"),
           WANT("subscribe", "news"), SAY("*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"),
           WANT("ACL", "DRYRUN", "alice", "SUBSCRIBE", "news"),
           SAY_LATER("$27\r\nUser alice may hear nothing\r\n"),
           WANT("ACL", "DRYRUN", "bob", "SUBSCRIBE", "news"), SAY("+OK\r\n"));
    EXPECT_CONTAINS(ask(rig, "SUBSCRIBE", "news"), ">3\\r\\n$9\\r\\nsubscribe");
    cr_assert(WAIT_FOR(fake_node_has_stalled(node)));
    cr_expect_str_eq(ask(rig, "AUTH", "bob", "secret"), "OK");
    fake_node_release(node);
    cr_expect(WAIT_FOR(fake_node_count(node, "ACL DRYRUN bob SUBSCRIBE") == 1));
    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    rig_stop(&rig);
}

/* Redis before 7.0 has no ACL DRYRUN, and says so: a node may be older than the one before it. */
Test(node_users, do_not_go_on_to_hear_what_nobody_can_judge)
{
    struct rig *rig = start(1);
    struct wire *alice = log_in(rig, "alice");

    script(rig, 0, WANT("ACL", "DRYRUN", "alice", "SUBSCRIBE", "news"), SAY("+OK\r\n"),
           WANT("subscribe", "news"), SAY("*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n"),
           WANT("ACL", "DRYRUN", "alice", "SUBSCRIBE", "news"),
           SAY("-ERR Unknown subcommand or wrong number of arguments for 'DRYRUN'.\r\n"),
           WANT("unsubscribe", "news"), SAY("*3\r\n$11\r\nunsubscribe\r\n$4\r\nnews\r\n:0\r\n"));
    cr_expect_str_eq(wire_ask(alice, "SUBSCRIBE", "news"), "[subscribe news 1]");
    cr_expect(wire_is_closed(alice));
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "ACL DRYRUN alice SUBSCRIBE"), 2);
    rig_stop(&rig);
}
