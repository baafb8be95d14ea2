/* What waits for an operator, and what goes past him. */
#include "proxy/routing/obey.h"

#include "proxy/routing/halts.h"
#include "tests/unit/proxy/routing/stage.h"

static struct stage stage;
static struct halts *halts;
static struct peer *const node = &stage.nodes[0];
static struct peer *const other = &stage.nodes[1];

enum { AN_HOUR = 3600 };

/* Node 0 has "b", node 1 "a"; both are connected. */
static void open_stage(void)
{
    stage_open(&stage);
    halts = halts_new("main", 1);
    stage.dispatcher->halts = halts;
    stage_adopt(&stage, 0, 1);
    warm_up(&stage, 0, "b");
    warm_up(&stage, 1, "a");
}

static void close_stage(void)
{
    halts_end(halts, NULL);
    obey_look(stage.dispatcher);
    stage_close(&stage);
    halts_free(&halts);
}

TestSuite(obey, .init = open_stage, .fini = close_stage, .timeout = 30);

static uint64_t pause_node(const char *which)
{
    uint64_t number = halts_begin(halts, HALT_PAUSE, which,
                                  reactor_now(stage.reactor) + AN_HOUR * (uint64_t)US_PER_SECOND);

    obey_look(stage.dispatcher);
    return number;
}

static void resume(void)
{
    halts_end(halts, NULL);
    obey_look(stage.dispatcher);
}

static const char *name_of(int index)
{
    return stage.dispatcher->table.pools[index]->name;
}

static uint64_t waiting(void)
{
    return stage.dispatcher->waiting_count;
}

Test(obey, requests_of_a_client_wait_in_their_order_and_others_go_on)
{
    struct question *sent = ask(&stage, 0, "SET b 1");

    peer_gets(node, "SET b 1");
    pause_node(name_of(0));

    struct question *second = ask(&stage, 0, "SET b 2");
    struct question *third = ask(&stage, 0, "SET b 3");
    struct question *elsewhere = ask(&stage, 0, "SET a 1");

    peer_gets(other, "SET a 1");
    peer_says(other, "+OK\r\n");
    peer_says(node, "+OK\r\n");
    gets_answer(&stage, elsewhere, "+OK");
    gets_answer(&stage, sent, "+OK");
    cr_assert_eq(waiting(), 2);
    resume();
    peer_gets(node, "SET b 2");
    peer_says(node, "+OK\r\n");
    peer_gets(node, "SET b 3");
    peer_says(node, "+OK\r\n");
    gets_answer(&stage, second, "+OK");
    gets_answer(&stage, third, "+OK");
}

Test(obey, a_pause_of_all_is_one_of_nodes_that_come_later)
{
    pause_node("");
    stage_adopt(&stage, 2, 2);

    struct question *question = ask(&stage, 0, "SET b 1");

    gets_no_answer(&stage, question);
    cr_assert_eq(waiting(), 1);
    cr_assert_eq(metric_read(&stage.metrics.nodes_paused), STAGE_NODES);
    resume();
    peer_accepts(&stage.nodes[2]);
    peer_gets(&stage.nodes[2], "SET b 1");
    peer_says(&stage.nodes[2], "+OK\r\n");
    gets_answer(&stage, question, "+OK");
}

Test(obey, what_is_with_a_node_is_told_until_it_is_answered)
{
    struct question *question = ask(&stage, 0, "SET b 1");
    struct halt_tally sum;

    peer_gets(node, "SET b 1");
    uint64_t number = pause_node(name_of(0));

    cr_assert_eq(halts_sum(halts, number, &sum), HALT_HOLDS);
    cr_assert_eq(sum.in_flight, 1);
    cr_assert_eq(sum.nodes, 1);
    peer_says(node, "+OK\r\n");
    gets_answer(&stage, question, "+OK");
    TURN_UNTIL(stage.reactor, halts_sum(halts, number, &sum) == HALT_HOLDS && sum.in_flight == 0);
}

Test(obey, a_node_that_is_named_in_one_way_may_be_named_in_the_other)
{
    const struct pool *pool = stage.dispatcher->table.pools[0];

    pause_node(pool->name);
    cr_assert_eq(halts_end(halts, pool->id), 1);
    pause_node(pool->id);
    cr_assert_eq(halts_end(halts, pool->name), 1);
}

/* Longer ago than anybody has patience for. */
static uint64_t long_ago(void)
{
    stage.config.down_after = 5 * US_PER_SECOND;
    return reactor_now(stage.reactor) - 2 * stage.config.down_after;
}

Test(obey, patience_with_a_node_that_dies_in_a_pause_begins_when_that_is_over)
{
    struct pool *pool = stage.dispatcher->table.pools[0];

    pause_node(pool->name);

    struct question *question = ask(&stage, 0, "SET b 1");

    peer_goes(node);
    TURN_UNTIL(stage.reactor, pool->down_since != 0);
    pool->down_since = long_ago();
    resume();
    gets_no_answer(&stage, question);
    peer_comes_back(node);
    peer_accepts(node);
    served_by(&stage, node, question, "SET b 1");
}

Test(obey, patience_with_a_slot_that_nobody_serves_likewise)
{
    pause_node("");
    stage_adopt(&stage, NODE_NONE, 1);
    stage.dispatcher->table.adopted_at = long_ago();

    struct question *question = ask(&stage, 0, "SET b 1");

    resume();
    gets_no_answer(&stage, question);
    stage_adopt(&stage, 0, 1);
    served_by(&stage, node, question, "SET b 1");
}

/* It was out of reach before, and nobody has paused it. */
Test(obey, a_pause_of_another_node_changes_nothing_about_patience)
{
    struct pool *pool = stage.dispatcher->table.pools[0];

    peer_goes(node);
    TURN_UNTIL(stage.reactor, pool->down_since != 0);
    pool->down_since = long_ago();
    pause_node(name_of(1));
    resume();
    gets_error(&stage, ask(&stage, 0, "SET b 1"), "-CLUSTERDOWN Hash slot not served");
}

Test(obey, deadlines_stand_still)
{
    stage.config.timeout_request = US_PER_SECOND;
    pause_node("");

    struct question *question = ask(&stage, 0, "SET b 1");
    uint64_t until = reactor_now(stage.reactor) + 1500 * US_PER_MS;

    TURN_UNTIL(stage.reactor, reactor_now(stage.reactor) > until);
    cr_assert_eq(question->answers, 0);
    resume();
    peer_gets(node, "SET b 1");
    until = reactor_now(stage.reactor) + 100 * US_PER_MS;
    TURN_UNTIL(stage.reactor, reactor_now(stage.reactor) > until);
    peer_says(node, "+OK\r\n");
    gets_answer(&stage, question, "+OK");
    cr_assert_eq(metric_read(&stage.metrics.timeouts_total), 0);
}
