/* clients.auth: nodes, and a node that stands still: others are asked who a client is. */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(node_users_stall, .timeout = 60, .fini = rig_clean_up);

enum { AT_ONCE = 6, LATER = 8 };

/* One connection may take longer to make than the test has: who waited for one would be noticed. */
static struct rig *start(void)
{
    return rig_start_with((struct rig_options){
        .nodes = 2,
        .with_store = true,
        .node_password = "secret",
        .request_timeout = "50s",
        .connect_timeout = "50s",
        .clients = "auth: nodes",
        .backend = "password: secret, silent_after: 50ms",
    });
}

/* So that slotway's own user has a connection to each. */
static void meet_both(struct rig *rig)
{
    for (int node = 0; node < 2; node++) {
        script(rig, node, WANT("ACL", "DRYRUN", "root", "CLIENT", "LIST"), SAY("+OK\r\n"));
    }
    cr_assert_str_eq(ask(rig, "AUTH", "root", "secret"), "OK");
    for (int node = 0; node < 2; node++) {
        EXPECT_CONTAINS(ask(rig, "CLIENT", "LIST"), " user=root ");
    }
}

static struct wire *begin_login(struct rig *rig, const char *group, int number)
{
    struct wire *wire = rig_connect(rig);

    wire_request(wire, "AUTH", rig_print(rig, "%s%d", group, number), "secret");
    return wire;
}

Test(node_users_stall, keeps_nobody_waiting_but_those_who_noticed_it)
{
    struct rig *rig = start();
    struct wire *first[AT_ONCE];

    meet_both(rig);
    fake_node_pause(rig_node(rig, 0));
    for (int i = 0; i < AT_ONCE; i++) {
        first[i] = begin_login(rig, "early", i);
    }
    cr_expect(WAIT_FOR(metric(rig, "node_suspected_total") > 0));
    for (int i = 0; i < LATER; i++) {
        cr_expect_str_eq(wire_text(begin_login(rig, "late", i)), "OK", "client %d", i);
    }
    fake_node_resume(rig_node(rig, 0));
    for (int i = 0; i < AT_ONCE; i++) {
        cr_expect_str_eq(wire_text(first[i]), "OK", "client %d", i);
    }
    rig_stop(&rig);
}
