/* Redirections that lead nowhere: followed a few times, then slowly, then told; never a storm.
 *
 * With two nodes, node 0 serves "k" (slot 7629), "b" and "c", and node 1 serves "a" and "d".
 */
#include <limits.h>
#include <stdlib.h>

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

/* How often the nodes were asked until the client was told. Where one has just been asked when the
 * time is over, that is what the client hears: on a busy machine it is asked once more. */
static size_t count_tries_until_told(struct rig *rig)
{
    const char *answer;
    size_t before;

    do {
        before = count_tries(rig, "SET k");
        answer = ask(rig, "SET", "k", "v");
    } while (strstr(answer, "in time, outcome unknown") != NULL);
    cr_expect_str_eq(answer, disagree);
    return count_tries(rig, "SET k") - before;
}

Test(moved_loop, to_itself_ends_with_an_error_that_says_why)
{
    struct rig *rig = start_hasty(1);
    fake_node_handle(rig_node(rig, 0), moved_to, (void *)rig_address(rig, 0));

    size_t tries = count_tries_until_told(rig);

    cr_expect_gt(tries, 5);
    cr_expect_lt(tries, TRIES_MAX);
    cr_expect_str_eq(ask(rig, "SET", "c", "v"), "OK");
    rig_stop(&rig);
}

Test(moved_loop, around_three_nodes_ends_with_an_error_that_says_why)
{
    struct rig *rig = start_hasty(3);

    for (int i = 0; i < 3; i++) {
        fake_node_handle(rig_node(rig, i), moved_to, (void *)rig_address(rig, (i + 1) % 3));
    }
    cr_expect_lt(count_tries_until_told(rig), TRIES_MAX);
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

/* A node that has lost slot 7629 without knowing that another one has its address by now. */
struct former {
    const char *owner;    /* whom it names */
    _Atomic int its_last; /* connection: those made later lead to the new one */
    fake_handler *then;   /* what that one says */
    void *store;
};

static void moved_by_former(void *context, const struct fake_command *command, struct bytes *answer)
{
    const struct former *former = context;

    if (command->count > 1 && span_equal(command->arguments[1], SPAN("k")) &&
        command->connection <= former->its_last) {
        bytes_print(answer, "-MOVED 7629 %s\r\n", former->owner);
    } else {
        former->then(former->store, command, answer);
    }
}

Test(moved_loop, to_itself_ends_with_a_new_connection_where_the_address_leads_elsewhere_by_now)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .request_timeout = "30s"});
    struct fake_node *node = rig_node(rig, 0);
    struct former former = {rig_address(rig, 0), INT_MAX, fake_always, "+OK"};

    fake_node_handle(node, moved_by_former, &former);
    cr_expect_str_eq(ask(rig, "SET", "c", "v"), "OK");
    former.its_last = (int)fake_node_accepted(node);
    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    cr_expect_geq(rig_metric(rig, "upstream_closed_total", "\"worn\""), 1);
    cr_expect(WAIT_FOR((int)fake_node_accepted(node) >= former.its_last + 2),
              "discovery looks anew who lives there, too");
    cr_expect_eq(metric(rig, "upstream_lost_total"), 0, "nothing is wrong with the connection");
    rig_stop(&rig);
}

Test(moved_loop, around_two_nodes_ends_with_a_new_connection_to_the_one_that_was_replaced)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2, .request_timeout = "30s"});
    struct former former = {rig_address(rig, 1), INT_MAX, fake_always, "+OK"};

    fake_node_handle(rig_node(rig, 0), moved_by_former, &former);
    fake_node_handle(rig_node(rig, 1), moved_to, (void *)rig_address(rig, 0));
    cr_expect_str_eq(ask(rig, "SET", "c", "v"), "OK");
    former.its_last = (int)fake_node_accepted(rig_node(rig, 0));
    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    cr_expect_geq(rig_metric(rig, "upstream_closed_total", "\"worn\""), 1);
    rig_stop(&rig);
}

/* One client goes round in the circle all the time, others work on the same connection. */
Test(moved_loop, costs_no_other_request_when_its_connection_is_made_anew)
{
    enum { CLIENTS = 4, BATCH = 200 };
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .request_timeout = "30s"});
    struct former former = {rig_address(rig, 0), INT_MAX, fake_store_answer, rig_store(rig)};
    struct wire *wires[CLIENTS];
    int done = 0;

    fake_node_handle(rig_node(rig, 0), moved_by_former, &former);
    for (int i = 0; i < CLIENTS; i++) {
        wires[i] = rig_connect(rig);
    }
    wire_request(rig_client(rig), "INCR", "k");
    for (; rig_metric(rig, "upstream_closed_total", "\"worn\"") < 2; done += BATCH) {
        for (int i = 0; i < CLIENTS * BATCH; i++) {
            wire_request(wires[i % CLIENTS], "INCR", rig_print(rig, "%d", i % CLIENTS));
        }
        for (int i = 0; i < CLIENTS * BATCH; i++) {
            cr_assert_eq(atoi(wire_text(wires[i % CLIENTS])), done + i / CLIENTS + 1);
        }
    }
    former.its_last = 0;
    cr_expect_str_eq(wire_text(rig_client(rig)), "1");
    cr_expect_eq(metric(rig, "outcome_unknown_total") + metric(rig, "retry_unsent_total"), 0);
    rig_stop(&rig);
}

/* A write whose time is over while it is with a node may have been executed, for all we know. */
static bool is_told_why(const char *reply, uint32_t *disagreed)
{
    *disagreed += strcmp(reply, disagree) == 0;
    return strcmp(reply, disagree) == 0 || strstr(reply, " in time, outcome unknown") != NULL;
}

/* Fifty clients in the loop do not make fifty loops that nobody slows down. */
Test(moved_loop, of_many_clients_is_no_storm)
{
    enum { CLIENTS = 50 };
    struct rig *rig = start_hasty(2);
    struct wire *wires[CLIENTS];
    uint32_t disagreed = 0;
    fake_node_handle(rig_node(rig, 0), moved_to, (void *)rig_address(rig, 1));
    fake_node_handle(rig_node(rig, 1), moved_to, (void *)rig_address(rig, 0));
    size_t asked = count_tries(rig, "CLUSTER SLOTS");

    for (int i = 0; i < CLIENTS; i++) {
        wires[i] = rig_connect(rig);
        wire_request(wires[i], "SET", "k", "v");
    }
    for (int i = 0; i < CLIENTS; i++) {
        const char *reply = wire_text(wires[i]);

        cr_expect(is_told_why(reply, &disagreed), "%s", reply);
    }
    cr_expect_gt(disagreed, 0);
    cr_expect_eq(metric(rig, "outcome_unknown_total"), CLIENTS - disagreed);
    cr_expect_lt(count_tries(rig, "SET k"), CLIENTS * TRIES_MAX);
    cr_expect_lt(count_tries(rig, "CLUSTER SLOTS") - asked, 2 * TRIES_MAX);
    rig_stop(&rig);
}
