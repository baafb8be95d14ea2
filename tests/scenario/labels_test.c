/* By what nodes know the connections of slotway. */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(labels, .timeout = 60, .fini = rig_clean_up);

Test(labels, are_what_the_configuration_says)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 1,
                             .with_store = true,
                             .backend = "client_name: \"cache-{pool}-{pid}\", client_info: true"});
    const char *named = rig_print(rig, "CLIENT SETNAME cache-main-%d", (int)rig_process(rig)->pid);

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), named), 1);
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "CLIENT SETINFO lib-name slotway"), 1);
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "CLIENT SETINFO lib-ver"), 1);
    rig_stop(&rig);
}

Test(labels, are_short_by_themselves)
{
    struct rig *rig = rig_start_store(1);

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "CLIENT SETNAME slotway"), 1);
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "CLIENT SETINFO"), 0);
    rig_stop(&rig);
}
