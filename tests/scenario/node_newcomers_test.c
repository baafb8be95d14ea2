/* clients.auth: nodes, and clients that say nothing of who they are: what becomes of them is what
 * nodes think of nobody in particular when they come, not when somebody came before them.
 */
#include "common/base.h"
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(node_newcomers, .timeout = 60, .fini = rig_clean_up);

#define NOAUTH "-NOAUTH Authentication required."

static struct rig *start_open(const char *clients)
{
    return rig_start_with((struct rig_options){.nodes = 1,
                                               .with_store = true,
                                               .clients = clients,
                                               .backend = "username: slotway, password: secret"});
}

static const char *answer_to_new(struct rig *rig, const char *command, const char *key)
{
    struct wire *wire = rig_connect(rig);
    const char *answer = rig_print(rig, "%s", wire_ask(wire, command, key));

    rig_disconnect(rig, &wire);
    return answer;
}

/* Within the seconds for which a node's word holds they are let in, so it is waited for. */
Test(node_newcomers, are_not_let_in_over_connections_from_when_nodes_were_open)
{
    struct rig *rig = start_open("auth: nodes");
    struct wire *old = rig_connect(rig);

    cr_expect_str_eq(wire_ask(old, "SET", "k", "1"), "OK");
    fake_node_set_password(rig_node(rig, 0), "secret");
    cr_expect(WAIT_FOR(strcmp(answer_to_new(rig, "GET", "k"), NOAUTH) == 0));
    cr_expect_str_eq(answer_to_new(rig, "GET", "k"), NOAUTH);
    cr_expect_str_eq(answer_to_new(rig, "PING", "k"), NOAUTH);
    cr_expect_str_eq(wire_ask(old, "GET", "k"), "1");
    cr_expect_str_eq(wire_ask(old, "RESET"), "RESET");
    cr_expect_str_eq(wire_ask(old, "GET", "k"), NOAUTH);
    cr_expect_str_eq(wire_ask(old, "AUTH", "secret"), "OK");
    cr_expect_str_eq(wire_ask(old, "GET", "k"), "1");
    fake_node_set_password(rig_node(rig, 0), NULL);
    cr_expect(WAIT_FOR(strcmp(answer_to_new(rig, "GET", "k"), "1") == 0));
    rig_stop(&rig);
}

#define ELEVEN   "MGET", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"
#define TOO_MUCH "-ERR Protocol error: unauthenticated multibulk length"

Test(node_newcomers, may_begin_with_a_large_request)
{
    struct rig *rig = start_open("auth: nodes");

    EXPECT_STARTS(ask(rig, ELEVEN), "[(nil) ");
    rig_stop(&rig);
}

/* As with Redis before AUTH. */
Test(node_newcomers, may_not_say_much_where_nodes_do_not_let_them_in)
{
    struct rig *rig = start_open("auth: nodes");
    struct wire *stranger = rig_connect(rig);

    fake_node_set_password(rig_node(rig, 0), "secret");
    cr_expect_str_eq(ask(rig, "GET", "k"), NOAUTH);
    cr_expect_str_eq(wire_ask(stranger, ELEVEN), TOO_MUCH);
    cr_expect_str_eq(ask(rig, "AUTH", "alice", "secret"), "OK");
    EXPECT_STARTS(ask(rig, ELEVEN), "[(nil) ");
    cr_expect_str_eq(ask(rig, "RESET"), "RESET");
    cr_expect_str_eq(ask(rig, ELEVEN), TOO_MUCH);
    rig_stop(&rig);
}

enum { BURST = 100, ASKED_AT_ONCE = 64 };

/* A node's word is asked for again when one is old: until then nobody waits for it. */
static bool is_waited_for(struct rig *rig, long long before)
{
    struct wire *wire = rig_connect(rig);

    wire_request(wire, "PING");
    return metric(rig, "upstream_connections_total") > before;
}

Test(node_newcomers, who_come_by_the_hundred_are_let_in_by_the_first_answer)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1,
        .with_store = true,
        .request_timeout = "50s",
        .connect_timeout = "50s",
        .clients = "auth: nodes",
        .backend = "username: slotway, password: secret, silent_after: 50s",
    });
    struct wire *burst[BURST];

    cr_assert_str_eq(ask(rig, "SET", "k", "1"), "OK");

    size_t accepted = fake_node_accepted(rig_node(rig, 0));
    long long connections = metric(rig, "upstream_connections_total");

    fake_node_pause(rig_node(rig, 0));
    cr_assert(WAIT_FOR(is_waited_for(rig, connections)));
    for (int i = 0; i < BURST; i++) {
        burst[i] = rig_connect(rig);
        wire_request(burst[i], "PING");
    }
    cr_assert(WAIT_FOR(metric(rig, "upstream_connections_total") == connections + ASKED_AT_ONCE));
    fake_node_resume(rig_node(rig, 0));
    for (int i = 0; i < BURST; i++) {
        cr_expect_str_eq(wire_text(burst[i]), "PONG", "client %d", i);
    }
    cr_expect_leq(fake_node_accepted(rig_node(rig, 0)) - accepted, ASKED_AT_ONCE);
    rig_stop(&rig);
}
