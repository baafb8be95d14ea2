/* clients.auth: nodes, and scripts: what nodes have not allowed to a client is not done for it.
 *
 * With two nodes, node 0 serves "k" (slot 7629), and node 1 serves "a".
 */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(node_users_scripts, .timeout = 60, .fini = rig_clean_up);

#define BODY     "return 1"
#define SHA      "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
#define NOPERM   "-NOPERM User alice has no permissions to run the 'eval' command\r\n"
#define NOSCRIPT "-NOSCRIPT No matching script. Please use EVAL.\r\n"

static struct rig *start(void)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2,
                                                          .node_password = "secret",
                                                          .clients = "auth: nodes",
                                                          .backend = "password: secret"});

    cr_assert_str_eq(ask(rig, "AUTH", "alice", "secret"), "OK");
    return rig;
}

Test(node_users_scripts, are_remembered_when_a_node_has_run_them)
{
    struct rig *rig = start();

    script(rig, 0, WANT("EVAL", BODY, "1", "k"), SAY(":1\r\n"));
    script(rig, 1, WANT("EVALSHA", SHA, "1", "a"), SAY(NOSCRIPT), WANT("eval", BODY, "1", "a"),
           SAY(":2\r\n"));
    cr_expect_str_eq(ask(rig, "EVAL", BODY, "1", "k"), "1");
    cr_expect_str_eq(ask(rig, "EVALSHA", SHA, "1", "a"), "2");
    cr_expect_eq(metric(rig, "scripts_healed_total"), 1);
    rig_stop(&rig);
}

Test(node_users_scripts, are_not_remembered_of_who_may_not_run_them)
{
    struct rig *rig = start();

    script(rig, 0, WANT("EVAL", BODY, "1", "k"), SAY(NOPERM));
    script(rig, 1, WANT("EVALSHA", SHA, "1", "a"), SAY(NOSCRIPT));
    EXPECT_STARTS(ask(rig, "EVAL", BODY, "1", "k"), "-NOPERM ");
    EXPECT_STARTS(ask(rig, "EVALSHA", SHA, "1", "a"), "-NOSCRIPT ");
    rig_stop(&rig);
}

Test(node_users_scripts, go_by_their_name_where_a_node_may_have_them)
{
    struct rig *rig = start();

    script(rig, 0, WANT("EVAL", BODY, "1", "k"), SAY(":1\r\n"));
    script(rig, 1, WANT("EVALSHA", SHA, "1", "a"), SAY(":2\r\n"));
    cr_expect_str_eq(ask(rig, "EVAL", BODY, "1", "k"), "1");
    cr_expect_str_eq(ask(rig, "EVALSHA", SHA, "1", "a"), "2");
    cr_expect_eq(metric(rig, "scripts_sent_total"), 0);
    rig_stop(&rig);
}
