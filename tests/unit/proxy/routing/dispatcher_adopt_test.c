/* A newer picture of the cluster while requests are on their way or wait. */
#include "proxy/routing/rest.h"
#include "tests/unit/proxy/routing/stage.h"

static struct stage stage;
static struct peer *const old_node = &stage.nodes[0];
static struct peer *const new_node = &stage.nodes[1];

static void open_stage(void)
{
    stage_open(&stage);
    stage_adopt(&stage, 0, 0);
}

static void close_stage(void)
{
    stage_close(&stage);
}

TestSuite(dispatcher_adopt, .init = open_stage, .fini = close_stage, .timeout = 30);

/* Is there a pool for `peer`? */
static bool has_pool(const struct peer *peer)
{
    const struct slot_table *table = &stage.dispatcher->table;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        if (table->pools[i] != NULL && table->pools[i]->address.port == peer->port) {
            return true;
        }
    }
    return false;
}

Test(dispatcher_adopt, nothing_goes_to_the_new_owner_before_all_is_back_from_the_old_one)
{
    warm_up(&stage, 0, "b");

    struct question *first = ask(&stage, 0, "SET b 1");

    peer_gets(old_node, "SET b 1");
    stage_adopt(&stage, 1, 0);

    struct question *second = ask(&stage, 0, "SET b 2");

    gets_no_answer(&stage, second);
    cr_assert_lt(socket_accept(new_node->listener, NULL), 0);
    peer_says(old_node, "+OK\r\n");
    gets_answer(&stage, first, "+OK");
    peer_accepts(new_node);
    served_by(&stage, new_node, second, "SET b 2");
}

Test(dispatcher_adopt, a_client_with_nothing_in_flight_goes_to_the_new_owner_at_once)
{
    warm_up(&stage, 0, "b");
    ask(&stage, 0, "SET b 1");
    peer_gets(old_node, "SET b 1");
    stage_adopt(&stage, 1, 0);

    struct question *question = ask(&stage, 1, "SET b 2");

    peer_accepts(new_node);
    served_by(&stage, new_node, question, "SET b 2");
}

Test(dispatcher_adopt, slots_that_stay_are_not_held_up)
{
    warm_up(&stage, 0, "b");
    ask(&stage, 0, "SET a 1");
    peer_gets(old_node, "SET a 1");
    stage_adopt(&stage, 1, 0);
    ask(&stage, 0, "SET a 2");
    peer_gets(old_node, "SET a 2");
    cr_assert_eq(stage.dispatcher->gates.count, 0);
}

Test(dispatcher_adopt, what_waits_for_a_connection_is_taken_to_the_new_owner_in_order)
{
    struct question *first = ask(&stage, 0, "SET b 1");
    struct question *second = ask(&stage, 0, "SET b 2");

    peer_accepts_silently(old_node);
    stage_adopt(&stage, 1, 0);
    cr_assert_eq(stage.dispatcher->table.pools[0]->upstreams[0].waiting_count, 0);
    peer_accepts(new_node);
    served_by(&stage, new_node, first, "SET b 1");
    served_by(&stage, new_node, second, "SET b 2");
    peer_gets_greeting(old_node);
    peer_welcomes(old_node);
    peer_gets_nothing(old_node);
}

Test(dispatcher_adopt, the_old_owners_refusal_brings_its_request_to_the_front_again)
{
    warm_up(&stage, 0, "b");

    struct question *first = ask(&stage, 0, "SET b 1");

    peer_gets(old_node, "SET b 1");
    stage_adopt(&stage, 1, 0);

    struct question *second = ask(&stage, 0, "SET b 2");

    peer_says(old_node, moved(&stage, "b", 1));
    peer_accepts(new_node);
    served_by(&stage, new_node, first, "SET b 1");
    served_by(&stage, new_node, second, "SET b 2");
}

Test(dispatcher_adopt, a_node_that_left_closes_when_its_last_answer_is_in)
{
    warm_up(&stage, 0, "b");

    struct question *question = ask(&stage, 0, "SET b 1");

    peer_gets(old_node, "SET b 1");
    stage_adopt_known(&stage, 1, 1, 0);
    gets_no_answer(&stage, question);
    cr_assert(has_pool(old_node));
    peer_says(old_node, "+OK\r\n");
    gets_answer(&stage, question, "+OK");
    TURN_UNTIL(stage.reactor, !has_pool(old_node));
    cr_assert_eq(metric_read(&stage.metrics.upstream_lost_total), 0);
}

Test(dispatcher_adopt, a_node_that_left_and_came_back_keeps_its_connection)
{
    warm_up(&stage, 0, "b");

    struct question *question = ask(&stage, 0, "SET b 1");

    peer_gets(old_node, "SET b 1");
    stage_adopt_known(&stage, 1, 1, 0);
    stage_adopt(&stage, 0, 0);
    peer_says(old_node, "+OK\r\n");
    gets_answer(&stage, question, "+OK");
    served_by(&stage, old_node, ask(&stage, 0, "SET b 2"), "SET b 2");
}

Test(dispatcher_adopt, a_node_that_a_redirection_named_is_known_by_its_id_afterwards)
{
    stage_adopt_known(&stage, 0, 0, 1);
    TURN_UNTIL(stage.reactor, !has_pool(new_node));
    warm_up(&stage, 0, "b");

    struct question *question = ask(&stage, 0, "SET b 1");

    peer_gets(old_node, "SET b 1");
    peer_says(old_node, moved(&stage, "b", 1));
    peer_accepts(new_node);
    served_by(&stage, new_node, question, "SET b 1");
    stage_adopt(&stage, 1, 1);
    served_by(&stage, new_node, ask(&stage, 0, "SET b 2"), "SET b 2");
    cr_assert_eq(stage.dispatcher->table.pool_count, STAGE_NODES);
}

Test(dispatcher_adopt, a_slot_that_gets_an_owner_lets_its_requests_go_on)
{
    stage_adopt(&stage, NODE_NONE, 0);

    struct question *first = ask(&stage, 0, "SET b 1");
    struct question *second = ask(&stage, 0, "SET b 2");

    gets_no_answer(&stage, first);
    cr_assert_eq(stage.dispatcher->waiting_count, 2);
    stage_adopt(&stage, 0, 0);
    peer_accepts(old_node);
    served_by(&stage, old_node, first, "SET b 1");
    served_by(&stage, old_node, second, "SET b 2");
}

Test(dispatcher_adopt, a_request_for_a_node_that_left_is_told_so)
{
    ask(&stage, 0, "GET b"); /* keeps the gates from being empty: nothing is freed */
    peer_goes(old_node);

    struct question *question = ask_node(&stage, 0, "DBSIZE", 0);

    TURN_UNTIL(stage.reactor, stage.dispatcher->waiting_count == 2);
    stage_adopt_known(&stage, 1, 1, 0);
    gets_error(&stage, question, "-ERR proxy: the node that was asked left the cluster\r\n");
}

Test(dispatcher_adopt, a_move_back_and_forth_loses_no_order)
{
    warm_up(&stage, 0, "b");

    struct question *first = ask(&stage, 0, "SET b 1");

    peer_gets(old_node, "SET b 1");
    stage_adopt(&stage, 1, 0);
    stage_adopt(&stage, 0, 0);

    struct question *second = ask(&stage, 0, "SET b 2");

    peer_gets_nothing(old_node);
    peer_says(old_node, "+OK\r\n");
    gets_answer(&stage, first, "+OK");
    served_by(&stage, old_node, second, "SET b 2");
}

/* It was asked for before the slot moved, and came after it. */
Test(dispatcher_adopt, a_picture_does_not_overrule_a_redirection_that_is_younger)
{
    struct slot_table *table = &stage.dispatcher->table;
    uint16_t slot = slot_of_key("b");

    warm_up(&stage, 0, "b");
    stage.asked_at = clock_now();
    slot_table_patch(table, slot, table->pools[2]);
    table->patched_at[slot] = stage.asked_at + 1;
    stage_adopt(&stage, 1, 0);
    cr_assert_eq(table->slots[slot].owner, 2);
    cr_assert_eq(table->slots[slot_of_key("c")].owner, 1);
    stage.asked_at += 2;
    stage_adopt(&stage, 1, 0);
    cr_assert_eq(table->slots[slot].owner, 1);
}

Test(dispatcher_adopt, one_that_rests_lets_go_of_its_nodes_when_they_have_answered)
{
    warm_up(&stage, 0, "b");
    ask(&stage, 0, "SET b 1");
    peer_gets(old_node, "SET b 1");
    client_goes(&stage, 0);
    rest_begin(stage.dispatcher);
    cr_expect_null(dispatcher_topology(stage.dispatcher));
    gets_no_answer(&stage, &stage.questions[1]);
    cr_expect(has_pool(old_node));
    peer_says(old_node, "+OK\r\n");
    TURN_UNTIL(stage.reactor, peer_is_left(old_node));
    cr_expect_not(has_pool(old_node));
}

Test(dispatcher_adopt, one_that_rests_does_not_look_for_nodes_that_die)
{
    warm_up(&stage, 0, "b");
    peer_goes(old_node);
    TURN_UNTIL(stage.reactor, metric_read(&stage.metrics.nodes_unreachable) == 1);
    rest_begin(stage.dispatcher);
    TURN_UNTIL(stage.reactor, !has_pool(old_node));
    cr_expect_eq(metric_read(&stage.metrics.nodes_unreachable), 0);
}

Test(dispatcher_adopt, after_a_rest_requests_wait_for_a_picture_as_for_the_first_one)
{
    warm_up(&stage, 0, "b");
    rest_begin(stage.dispatcher);
    TURN_UNTIL(stage.reactor, !has_pool(old_node));
    stage.dispatcher->made_at = 0;
    gets_error(&stage, ask(&stage, 0, "GET b"), "-CLUSTERDOWN The cluster is not known yet");
    stage.config.timeout_connect = 30 * US_PER_SECOND;
    rest_end(stage.dispatcher);

    struct question *question = ask(&stage, 0, "GET b");

    gets_no_answer(&stage, question);
    stage_adopt(&stage, 1, 1);
    peer_accepts(new_node);
    served_by(&stage, new_node, question, "GET b");
}

/* Its private connection is still being made when nobody needs it any more. */
Test(dispatcher_adopt, a_node_that_has_left_is_not_told_to_be_unreachable)
{
    stage_adopt(&stage, 0, 1);

    struct question *question = ask_alone(&stage, 0, "GET b");

    stage_adopt_known(&stage, 1, 1, 0);
    peer_accepts(&stage.nodes[1]);
    served_by(&stage, &stage.nodes[1], question, "GET b");
    TURN_UNTIL(stage.reactor, stage.dispatcher->table.pools[0] == NULL);
    cr_assert_eq(metric_read(&stage.metrics.upstream_connect_failed_total), 0);
}
