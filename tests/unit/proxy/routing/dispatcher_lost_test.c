/* Connections that break, or cannot be made: what is sent again, what is not, and in which order.
 */
#include "proxy/routing/holding.h"
#include "proxy/routing/watch.h"
#include "tests/unit/proxy/routing/stage.h"

static struct stage stage;
static struct peer *const node = &stage.nodes[0];
static struct peer *const other_node = &stage.nodes[1];

/* Node 0 serves everything and is connected. */
static void open_stage(void)
{
    stage_open(&stage);
    stage_adopt(&stage, 0, 0);
    warm_up(&stage, 0, "b");
}

static void close_stage(void)
{
    stage_close(&stage);
}

TestSuite(dispatcher_lost, .init = open_stage, .fini = close_stage, .timeout = 30);

static const char *const lost_after_send = "-ERR proxy: connection to 127.0.0.1:";

/* The node goes, and its end is noticed before anything else is sent. */
static void node_dies(void)
{
    peer_goes(node);
    TURN_UNTIL(stage.reactor, stage.dispatcher->table.pools[0]->attempts > 0);
}

Test(dispatcher_lost, a_write_that_was_sent_is_an_error_and_not_sent_again)
{
    struct question *question = ask(&stage, 0, "INCR b");

    peer_gets(node, "INCR b");
    peer_hangs_up(node);
    gets_error(&stage, question, lost_after_send);
    cr_assert_not_null(strstr(question->reply, " lost after send, outcome unknown\r\n"));
    cr_assert_eq(metric_read(&stage.metrics.outcome_unknown_total), 1);
    peer_accepts(node);
    peer_gets_nothing(node);
}

Test(dispatcher_lost, a_read_that_was_sent_is_sent_again)
{
    struct question *question = ask(&stage, 0, "GET b");

    peer_gets(node, "GET b");
    peer_hangs_up(node);
    peer_accepts(node);
    served_by(&stage, node, question, "GET b");
    cr_assert_eq(metric_read(&stage.metrics.retry_read_total), 1);
}

/* Sent again it would see the write. */
Test(dispatcher_lost, a_read_with_its_clients_own_write_behind_it_is_not_sent_again)
{
    struct question *read = ask(&stage, 0, "GET b");
    struct question *write = ask(&stage, 0, "INCR b");
    struct question *later = ask(&stage, 0, "GET b");
    struct question *others = ask(&stage, 1, "GET b");

    peer_gets(node, "GET b");
    peer_gets(node, "INCR b");
    peer_gets(node, "GET b");
    peer_gets(node, "GET b");
    peer_hangs_up(node);
    gets_error(&stage, read, "-ERR proxy: connection to the node lost, no answer to this read");
    gets_error(&stage, write, lost_after_send);
    peer_accepts(node);
    served_by(&stage, node, later, "GET b");
    served_by(&stage, node, others, "GET b");
}

Test(dispatcher_lost, a_read_that_makes_nodes_hang_up_is_given_up)
{
    struct question *question = ask(&stage, 0, "GET b");

    for (int times = 0; times < 4; times++) {
        peer_gets(node, "GET b");
        peer_hangs_up(node);
        if (times < 3) {
            peer_accepts(node);
        }
    }
    gets_error(&stage, question, "-ERR proxy: connection to the node lost, no answer to this read");
    cr_assert_eq(metric_read(&stage.metrics.retry_read_total), 3);
}

Test(dispatcher_lost, answers_that_came_before_the_end_stand)
{
    struct question *first = ask(&stage, 0, "INCR b");
    struct question *second = ask(&stage, 0, "INCR b");

    peer_gets(node, "INCR b");
    peer_gets(node, "INCR b");
    peer_says(node, ":1\r\n");
    peer_hangs_up(node);
    gets_error(&stage, second, lost_after_send);
    gets_answer(&stage, first, ":1");
}

Test(dispatcher_lost, half_an_answer_is_none)
{
    struct question *question = ask(&stage, 0, "INCR b");

    peer_gets(node, "INCR b");
    peer_says(node, "$10\r\nhalf");
    peer_hangs_up(node);
    gets_error(&stage, question, lost_after_send);
}

Test(dispatcher_lost, what_never_left_is_sent_again_in_order)
{
    struct question *sent = ask(&stage, 0, "INCR b");

    peer_gets(node, "INCR b");
    peer_hangs_up(node);

    /* Asked before the end of the connection is noticed. */
    struct question *second = ask(&stage, 0, "SET b 2");
    struct question *third = ask(&stage, 0, "SET b 3");

    gets_error(&stage, sent, lost_after_send);
    if (second->answers == 0) {
        peer_accepts(node);
        served_by(&stage, node, second, "SET b 2");
        served_by(&stage, node, third, "SET b 3");
    }
}

/* More than the kernel takes stands between the two. */
Test(dispatcher_lost, what_is_behind_the_bytes_that_the_kernel_took_is_sent_again)
{
    enum { BIG = 16 * 1024 * 1024 };

    struct upstream *upstream = &stage.dispatcher->table.pools[0]->upstreams[0];
    struct block *block = block_new(BIG);
    struct question *sent = ask(&stage, 0, "INCR b2");

    stage.config.waiting_bytes = 2 * BIG;
    block->used = BIG;
    memset(block->bytes, 'x', BIG);
    sendq_lend(&upstream->output, block, (struct span){block->bytes, BIG});
    upstream->stream_queued += BIG;
    block_release(&block);

    struct question *behind = ask(&stage, 0, "INCR b3");

    turn(stage.reactor);
    cr_assert_lt(upstream->stream_sent, upstream->stream_queued);
    peer_hangs_up(node);
    gets_error(&stage, sent, lost_after_send);
    peer_accepts(node);
    peer_gets(node, "INCR b3");
    peer_says(node, ":3\r\n");
    gets_answer(&stage, behind, ":3");
    peer_gets_nothing(node);
}

Test(dispatcher_lost, lost_reads_and_what_came_behind_them_keep_their_order)
{
    struct question *first = ask(&stage, 0, "GET b1");

    peer_gets(node, "GET b1");
    peer_goes(node);
    TURN_UNTIL(stage.reactor, stage.dispatcher->waiting_count == 1);

    struct question *second = ask(&stage, 0, "SET b1 2");
    struct question *third = ask(&stage, 0, "GET b1");

    peer_comes_back(node);
    peer_accepts(node);
    peer_gets(node, "GET b1");
    peer_gets_nothing(node);
    peer_says(node, "+one\r\n");
    gets_answer(&stage, first, "+one");
    peer_gets(node, "SET b1 2");
    peer_gets(node, "GET b1");
    peer_says(node, "+OK\r\n+2\r\n");
    gets_answer(&stage, second, "+OK");
    gets_answer(&stage, third, "+2");
}

Test(dispatcher_lost, requests_of_a_dead_node_go_on_with_its_successor)
{
    node_dies();

    struct question *first = ask(&stage, 0, "SET b 1");

    TURN_UNTIL(stage.reactor, stage.dispatcher->waiting_count == 1);

    struct question *second = ask(&stage, 0, "SET b 2");

    gets_no_answer(&stage, first);
    stage_adopt_known(&stage, 1, 1, 0);
    peer_accepts(other_node);
    served_by(&stage, other_node, first, "SET b 1");
    served_by(&stage, other_node, second, "SET b 2");
}

Test(dispatcher_lost, a_read_may_be_sent_to_the_successor_and_a_write_may_not)
{
    struct question *write = ask(&stage, 0, "INCR b");
    struct question *read = ask(&stage, 0, "GET b");

    peer_gets(node, "INCR b");
    peer_gets(node, "GET b");
    peer_goes(node);
    gets_error(&stage, write, lost_after_send);
    stage_adopt_known(&stage, 1, 1, 0);
    peer_accepts(other_node);
    served_by(&stage, other_node, read, "GET b");
}

Test(dispatcher_lost, other_slots_do_not_notice_a_dead_node)
{
    stage_adopt(&stage, 0, 1);
    node_dies();

    struct question *dead = ask(&stage, 0, "SET b 1");
    struct question *alive = ask(&stage, 0, "SET a 1");

    peer_accepts(other_node);
    served_by(&stage, other_node, alive, "SET a 1");
    gets_no_answer(&stage, dead);
}

Test(dispatcher_lost, a_node_down_for_too_long_is_refused_at_once_and_probed)
{
    stage.config.down_after = 100 * US_PER_MS;
    node_dies();
    gets_error(&stage, ask(&stage, 0, "SET b 1"), "-CLUSTERDOWN Hash slot not served\r\n");

    struct question *refused = ask(&stage, 0, "SET b 2");

    cr_assert_eq(refused->answers, 1);
    peer_comes_back(node);
    peer_accepts(node);
    TURN_UNTIL(stage.reactor, stage.dispatcher->table.pools[0]->attempts == 0);
    served_by(&stage, node, ask(&stage, 0, "SET b 3"), "SET b 3");
}

Test(dispatcher_lost, the_deadline_ends_the_wait_for_a_dead_node)
{
    node_dies();
    stage.config.timeout_request = 100 * US_PER_MS;

    struct question *write = ask(&stage, 0, "SET b 1");

    gets_error(&stage, write, "-CLUSTERDOWN Hash slot not served\r\n");
    cr_assert_eq(stage.dispatcher->waiting_count, 0);
}

Test(dispatcher_lost, a_lost_read_without_a_second_chance_is_told_so)
{
    stage.config.timeout_request = 100 * US_PER_MS;

    struct question *question = ask(&stage, 0, "GET b");

    peer_gets(node, "GET b");
    peer_goes(node);
    gets_error(&stage, question, "-");
    cr_assert(strstr(question->reply, "CLUSTERDOWN") != NULL ||
                  strstr(question->reply, "connection to the node lost") != NULL,
              "%s", question->reply);
}

Test(dispatcher_lost, a_node_that_talks_nonsense_is_left)
{
    static const char *const nonsense[] = {"hello\r\n", "$-2\r\n", ":x1\r\n", "*-3\r\n"};

    for (size_t i = 0; i < ARRAY_LEN(nonsense); i++) {
        struct question *question = ask(&stage, 0, "INCR b");

        peer_gets(node, "INCR b");
        peer_says(node, nonsense[i]);
        gets_error(&stage, question, lost_after_send);
        peer_hangs_up(node);
        peer_accepts(node);
        TURN_UNTIL(stage.reactor, stage.dispatcher->table.pools[0]->attempts == 0);
    }
    cr_assert_eq(metric_read(&stage.metrics.upstream_closed[CLOSE_PROTOCOL_ERROR]),
                 ARRAY_LEN(nonsense));
}

Test(dispatcher_lost, an_answer_that_nobody_asked_for_ends_the_connection)
{
    peer_says(node, "+surprise\r\n");
    TURN_UNTIL(stage.reactor,
               metric_read(&stage.metrics.upstream_closed[CLOSE_UNASKED_REPLY]) == 1);
    peer_hangs_up(node);
    peer_accepts(node);
    served_by(&stage, node, ask(&stage, 0, "SET b 1"), "SET b 1");
}

/* Behind the greeting's answers, in the same bytes: the request has not left yet. */
Test(dispatcher_lost, an_answer_is_none_to_a_request_that_has_not_left)
{
    char greeting[128];

    node_dies();
    snprintf(greeting, sizeof greeting, "+OK\r\n$40\r\n%s\r\n+surprise\r\n", node->id);

    peer_comes_back(node);

    const struct question *question = ask(&stage, 0, "SET b 1");

    peer_accepts_silently(node);
    peer_gets_greeting(node);
    peer_says(node, greeting);
    TURN_UNTIL(stage.reactor,
               metric_read(&stage.metrics.upstream_closed[CLOSE_UNASKED_REPLY]) == 1);
    cr_assert_eq(question->answers, 0);
    peer_hangs_up(node);
    peer_accepts(node);
    served_by(&stage, node, question, "SET b 1");
}

Test(dispatcher_lost, a_silent_node_is_left_once_patience_is_over_twice)
{
    stage.config.timeout_request = 50 * US_PER_MS;

    struct question *question = ask(&stage, 0, "SET b 1");

    gets_error(&stage, question, "-ERR proxy: no answer from 127.0.0.1:");
    TURN_UNTIL(stage.reactor, metric_read(&stage.metrics.upstream_closed[CLOSE_STALLED]) == 1);
    peer_hangs_up(node);
    peer_accepts(node);
    stage.config.timeout_request = PEER_PATIENCE_US;
    served_by(&stage, node, ask(&stage, 0, "SET b 2"), "SET b 2");
}

Test(dispatcher_lost, requests_that_a_broken_connection_left_to_nobody_are_dropped)
{
    ask(&stage, 0, "GET b");
    peer_gets(node, "GET b");
    client_goes(&stage, 0);
    peer_hangs_up(node);
    peer_accepts(node);
    peer_gets_nothing(node);
}

/* Gates that are about to be looked at when the time comes have deadlines, too. */
Test(dispatcher_lost, the_deadline_of_what_waits_is_kept_whatever_its_gate_does)
{
    stage.config.timeout_request = 100 * US_PER_MS;
    node_dies();

    struct question *first = ask(&stage, 0, "SET b 1");
    struct question *second = ask(&stage, 1, "SET b 2");

    stage.config.timeout_request = 150 * US_PER_MS;

    struct question *third = ask(&stage, 2, "SET b 3");
    uint64_t end = clock_now() + PEER_PATIENCE_US;

    while (first->answers + second->answers + third->answers < 3) {
        cr_assert_lt(clock_now(), end);
        holding_look_at_all(stage.dispatcher);
        watch_tick(stage.dispatcher);
        turn(stage.reactor);
    }
}

/* The first waits alone, so that the second may be lost or given up while its gate counts on it. */
static void one_at_a_gate(struct question **sent, struct question **behind)
{
    *sent = ask(&stage, 0, "INCR b1");
    peer_gets(node, "INCR b1");
    peer_says(node, "-LOADING Redis is loading\r\n");
    TURN_UNTIL(stage.reactor, stage.dispatcher->waiting_count == 1);
    *behind = ask(&stage, 0, "SET b1 2");
    peer_gets(node, "INCR b1");
    cr_assert_eq(stage.dispatcher->waiting_count, 1);
}

Test(dispatcher_lost, a_lost_write_lets_those_behind_it_go_on)
{
    struct question *sent;
    struct question *behind;

    one_at_a_gate(&sent, &behind);
    peer_hangs_up(node);
    gets_error(&stage, sent, lost_after_send);
    peer_accepts(node);
    served_by(&stage, node, behind, "SET b1 2");
}

Test(dispatcher_lost, a_write_that_is_given_up_lets_those_behind_it_go_on)
{
    struct question *sent;
    struct question *behind;

    one_at_a_gate(&sent, &behind);
    sent->request->deadline = clock_now();
    stage.dispatcher->table.pools[0]->upstreams[0].earliest_deadline = clock_now();
    gets_error(&stage, sent, "-ERR proxy: no answer from 127.0.0.1:");
    peer_gets(node, "SET b1 2");
    peer_says(node, ":1\r\n+OK\r\n");
    gets_answer(&stage, behind, "+OK");
}
