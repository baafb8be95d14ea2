/* Redirections that lead nowhere: followed a few times, then slowly, then told; never a storm.
 *
 * With two nodes, node 0 serves "k" (slot 7629), "b" and "c", and node 1 serves "a" and "d".
 */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(moved_loop, .timeout = 60, .fini = rig_clean_up);

enum { TRIES_MAX = 100 };

static const char disagree[] =
    "-CLUSTERDOWN Hash slot not served (proxy: the nodes disagree on who serves it)";

/* Says that slot 7629 is served by the node that the context names, and anything else well. */
static void moved_to(void *context, const struct fake_command *command, struct bytes *answer)
{
    if (command->count > 1 && span_equal(command->arguments[1], SPAN("k"))) {
        bytes_print(answer, "-MOVED 7629 %s\r\n", (const char *)context);
    } else {
        bytes_print(answer, "+OK\r\n");
    }
}

static struct rig *start_hasty(int nodes)
{
    return rig_start_with((struct rig_options){.nodes = nodes, .request_timeout = "500ms"});
}

static size_t count_tries(const struct rig *rig, const char *prefix)
{
    size_t count = 0;

    for (int i = 0; i < fake_cluster_size(rig_cluster(rig)); i++) {
        count += fake_node_count(rig_node(rig, i), prefix);
    }
    return count;
}

Test(moved_loop, to_itself_ends_with_an_error_that_says_why)
{
    struct rig *rig = start_hasty(1);
    fake_node_handle(rig_node(rig, 0), moved_to, (void *)rig_address(rig, 0));

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), disagree);
    cr_expect_gt(count_tries(rig, "SET k"), 5);
    cr_expect_lt(count_tries(rig, "SET k"), TRIES_MAX);
    cr_expect_str_eq(ask(rig, "SET", "c", "v"), "OK");
    rig_stop(&rig);
}

Test(moved_loop, around_three_nodes_ends_with_an_error_that_says_why)
{
    struct rig *rig = start_hasty(3);

    for (int i = 0; i < 3; i++) {
        fake_node_handle(rig_node(rig, i), moved_to, (void *)rig_address(rig, (i + 1) % 3));
    }
    cr_expect_str_eq(ask(rig, "SET", "k", "v"), disagree);
    cr_expect_lt(count_tries(rig, "SET k"), TRIES_MAX);
    cr_expect_str_eq(ask(rig, "SET", "b", "v"), "OK");
    rig_stop(&rig);
}

Test(moved_loop, that_comes_to_an_end_in_time_is_not_noticed)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2, .request_timeout = "30s"});
    fake_node_handle(rig_node(rig, 0), moved_to, (void *)rig_address(rig, 1));
    fake_node_handle(rig_node(rig, 1), moved_to, (void *)rig_address(rig, 0));

    wire_request(rig_client(rig), "SET", "k", "v");
    wire_request(rig_client(rig), "APPEND", "k", "w");
    cr_expect(WAIT_FOR(metric(rig, "redirect_moved_total") > 20));
    cr_expect_leq(count_tries(rig, "APPEND"), 1);
    fake_node_handle(rig_node(rig, 0), fake_always, "+OK");
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n");
    rig_stop(&rig);
}

/* Fifty clients in the loop do not make fifty loops that nobody slows down. */
Test(moved_loop, of_many_clients_is_no_storm)
{
    enum { CLIENTS = 50 };
    struct rig *rig = start_hasty(2);
    struct wire *wires[CLIENTS];
    fake_node_handle(rig_node(rig, 0), moved_to, (void *)rig_address(rig, 1));
    fake_node_handle(rig_node(rig, 1), moved_to, (void *)rig_address(rig, 0));
    size_t asked = count_tries(rig, "CLUSTER SLOTS");

    for (int i = 0; i < CLIENTS; i++) {
        wires[i] = rig_connect(rig);
        wire_request(wires[i], "SET", "k", "v");
    }
    for (int i = 0; i < CLIENTS; i++) {
        cr_expect_str_eq(wire_text(wires[i]), disagree);
    }
    cr_expect_lt(count_tries(rig, "SET k"), CLIENTS * TRIES_MAX);
    cr_expect_lt(count_tries(rig, "CLUSTER SLOTS") - asked, 2 * TRIES_MAX);
    rig_stop(&rig);
}
