#include "proxy/routing/dispatcher.h"

#include "proxy/routing/holding.h"
#include "tests/unit/proxy/routing/stage.h"

static struct stage stage;
static struct peer *const node = &stage.nodes[0];

static void open_stage(void)
{
    stage_open(&stage);
}

static void close_stage(void)
{
    stage_close(&stage);
}

TestSuite(dispatcher, .init = open_stage, .fini = close_stage, .timeout = 30);

/* One node that serves everything, connected. */
static void one_node(void)
{
    stage_adopt(&stage, 0, 0);
    warm_up(&stage, 0, "b");
}

Test(dispatcher, a_request_goes_to_the_owner_of_its_slot)
{
    stage_adopt(&stage, 0, 1);

    struct question *low = ask(&stage, 0, "GET b");
    struct question *high = ask(&stage, 0, "GET a");

    peer_accepts(&stage.nodes[0]);
    peer_accepts(&stage.nodes[1]);
    peer_gets(&stage.nodes[0], "GET b");
    peer_gets(&stage.nodes[1], "GET a");
    peer_says(&stage.nodes[1], "+high\r\n");
    gets_answer(&stage, high, "+high");
    peer_says(&stage.nodes[0], "+low\r\n");
    gets_answer(&stage, low, "+low");
}

Test(dispatcher, answers_belong_to_requests_in_the_order_of_the_connection)
{
    static const char *const gets[] = {"GET b1", "GET b2", "GET b3", "GET b4"};
    struct question *questions[ARRAY_LEN(gets)];

    one_node();
    for (size_t i = 0; i < ARRAY_LEN(gets); i++) {
        questions[i] = ask(&stage, (int)i % 2, gets[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(gets); i++) {
        peer_gets(node, gets[i]);
    }
    peer_says(node, "+1\r\n+2\r\n$1\r\n");
    gets_answer(&stage, questions[0], "+1");
    gets_answer(&stage, questions[1], "+2");
    gets_no_answer(&stage, questions[2]);
    peer_says(node, "3\r\n:4\r\n");
    gets_answer(&stage, questions[2], "$1\r\n3");
    gets_answer(&stage, questions[3], ":4");
}

Test(dispatcher, requests_of_one_turn_wait_for_the_connection_in_order)
{
    stage_adopt(&stage, 0, 0);

    struct question *first = ask(&stage, 0, "SET b 1");
    struct question *second = ask(&stage, 0, "SET b 2");

    peer_accepts(node);
    peer_gets(node, "SET b 1");
    peer_gets(node, "SET b 2");
    peer_says(node, "+OK\r\n+OK\r\n");
    gets_answer(&stage, first, "+OK");
    gets_answer(&stage, second, "+OK");
}

Test(dispatcher, an_error_that_concerns_the_client_is_the_answer)
{
    static const char *const errors[] = {
        "-ERR syntax error",
        "-WRONGTYPE Operation against a key holding the wrong kind of value",
        "-OOM command not allowed when used memory > 'maxmemory'.",
        "-BUSY Redis is busy",
        "-NOSCRIPT No matching script.",
        "-MISCONF Redis is configured to save RDB snapshots",
        "-NOREPLICAS Not enough good replicas to write.",
    };

    one_node();
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        struct question *question = ask(&stage, 0, "SET b 1");
        char line[128];

        peer_gets(node, "SET b 1");
        snprintf(line, sizeof line, "%s\r\n", errors[i]);
        peer_says(node, line);
        gets_answer(&stage, question, errors[i]);
    }
}

Test(dispatcher, nothing_is_known_before_the_first_picture)
{
    gets_error(&stage, ask(&stage, 0, "GET b"), "-CLUSTERDOWN The cluster is not known yet");
}

Test(dispatcher, a_slot_that_nobody_serves_is_refused_once_patience_is_over)
{
    stage.config.down_after = 50 * US_PER_MS;
    stage_adopt(&stage, NODE_NONE, 0);
    gets_error(&stage, ask(&stage, 0, "GET b"), "-CLUSTERDOWN Hash slot not served\r\n");

    struct question *served = ask(&stage, 0, "GET a");

    peer_accepts(node);
    peer_gets(node, "GET a");
    peer_says(node, "+yes\r\n");
    gets_answer(&stage, served, "+yes");
}

Test(dispatcher, a_request_for_any_primary_goes_to_one_of_them)
{
    stage_adopt(&stage, 0, 0);

    struct question *question = ask_node(&stage, 0, "EVAL return 0", STAGE_ANY);
    int accepted = -1;

    for (int i = 0; i < STAGE_NODES && accepted < 0; i++) {
        turn(stage.reactor);
        stage.nodes[i].fd = socket_accept(stage.nodes[i].listener, NULL);
        accepted = stage.nodes[i].fd >= 0 ? i : -1;
    }
    cr_assert_geq(accepted, 0);

    struct peer *chosen = &stage.nodes[accepted];

    peer_gets_greeting(chosen);
    peer_welcomes(chosen);
    peer_gets(chosen, "EVAL return 0");
    peer_says(chosen, ":0\r\n");
    gets_answer(&stage, question, ":0");
}

Test(dispatcher, a_request_for_one_node_is_not_redirected)
{
    stage_adopt(&stage, 0, 0);

    struct question *question = ask_node(&stage, 0, "DBSIZE", 1);

    peer_accepts(&stage.nodes[1]);
    peer_gets(&stage.nodes[1], "DBSIZE");
    peer_says(&stage.nodes[1], "-CLUSTERDOWN The cluster is down\r\n");
    gets_answer(&stage, question, "-CLUSTERDOWN The cluster is down");
}

/* Abandoning: whose answer nobody wants any more. */

Test(dispatcher, what_waits_for_a_connection_still_runs_when_its_client_has_left)
{
    stage_adopt(&stage, 0, 0);
    ask(&stage, 0, "SET b 1");

    struct question *other = ask(&stage, 1, "GET b");

    client_goes(&stage, 0);
    peer_accepts(node);
    peer_gets(node, "SET b 1");
    peer_gets(node, "GET b");
    peer_says(node, "+OK\r\n$1\r\n1\r\n");
    gets_answer(&stage, other, "$1\r\n1");
    cr_assert_eq(metric_read(&stage.metrics.orphans_total), 1);
}

Test(dispatcher, a_late_answer_for_a_client_that_left_is_nobody_elses)
{
    one_node();
    ask(&stage, 0, "SET b 1");

    struct question *other = ask(&stage, 1, "GET b");

    peer_gets(node, "SET b 1");
    client_goes(&stage, 0);
    peer_says(node, "+OK\r\n");
    gets_no_answer(&stage, other);
    peer_says(node, "$1\r\n1\r\n");
    gets_answer(&stage, other, "$1\r\n1");
}

Test(dispatcher, a_client_that_left_holds_no_memory_once_its_request_is_with_the_node)
{
    one_node();
    size_t before = block_bytes_in_use();

    ask(&stage, 0, "SET b 1");
    peer_gets(node, "SET b 1");
    cr_assert_gt(block_bytes_in_use(), before);
    client_goes(&stage, 0);
    cr_assert_eq(block_bytes_in_use(), before);
    peer_says(node, "+OK\r\n");
    TURN_UNTIL(stage.reactor, metric_read(&stage.metrics.orphans_total) == 1);
}

Test(dispatcher, what_waits_behind_a_gate_is_dropped_with_its_client)
{
    one_node();
    ask(&stage, 0, "SET b 1");
    peer_gets(node, "SET b 1");
    peer_says(node, "-LOADING Redis is loading the dataset in memory\r\n");
    TURN_UNTIL(stage.reactor, stage.dispatcher->waiting_count == 1);
    ask(&stage, 0, "SET b 2");
    cr_assert_eq(stage.dispatcher->waiting_count, 2);
    client_goes(&stage, 0);
    cr_assert_eq(stage.dispatcher->waiting_count, 0);
    cr_assert_eq(stage.dispatcher->gates.count, 0);
    peer_gets_nothing(node);
}

Test(dispatcher, a_refused_request_whose_client_left_is_not_sent_again)
{
    one_node();
    ask(&stage, 0, "SET b 1");
    peer_gets(node, "SET b 1");
    client_goes(&stage, 0);
    peer_says(node, moved(&stage, "b", 1));
    peer_gets_nothing(node);
    cr_assert_lt(socket_accept(stage.nodes[1].listener, NULL), 0);
}

/* Deadlines. */

Test(dispatcher, a_write_without_an_answer_in_time_is_told_that_nobody_knows)
{
    one_node();
    stage.config.timeout_request = 60 * US_PER_MS;

    struct question *question = ask(&stage, 0, "SET b 1");

    gets_error(&stage, question, "-ERR proxy: no answer from 127.0.0.1:");
    cr_assert_not_null(strstr(question->reply, "in time, outcome unknown"));
    cr_assert_eq(metric_read(&stage.metrics.timeouts_total), 1);
}

Test(dispatcher, a_late_answer_is_swallowed_and_the_next_one_is_right)
{
    one_node();
    stage.config.timeout_request = 60 * US_PER_MS;

    struct question *late = ask(&stage, 0, "GET b1");

    gets_error(&stage, late, "-ERR proxy: no answer from 127.0.0.1:");
    cr_assert_null(strstr(late->reply, "outcome unknown"));
    stage.config.timeout_request = PEER_PATIENCE_US;

    struct question *next = ask(&stage, 0, "GET b2");

    peer_gets(node, "GET b1");
    peer_gets(node, "GET b2");
    peer_says(node, "+late\r\n");
    gets_no_answer(&stage, next);
    peer_says(node, "+next\r\n");
    gets_answer(&stage, next, "+next");
    cr_assert_eq(metric_read(&stage.metrics.late_replies_total), 1);
}

Test(dispatcher, what_waits_for_a_silent_connection_has_a_deadline)
{
    stage.config.timeout_request = 60 * US_PER_MS;
    stage_adopt(&stage, 0, 0);

    struct question *question = ask(&stage, 0, "SET b 1");

    peer_accepts_silently(node);
    gets_error(&stage, question, "-CLUSTERDOWN Hash slot not served");
    peer_gets_greeting(node);
    peer_welcomes(node);
    peer_gets_nothing(node);
}

/* Every reason to wait, and what is told when it does not end. */
Test(dispatcher, what_waits_behind_a_gate_is_told_why_at_its_deadline)
{
    static const struct {
        const char *reply;
        const char *told;
    } rows[] = {
        {"-CLUSTERDOWN The cluster is down\r\n", "-CLUSTERDOWN The cluster is down\r\n"},
        {"-LOADING Redis is loading\r\n", "-CLUSTERDOWN Hash slot not served (proxy: its node is "
                                          "loading its data)\r\n"},
        {"-MASTERDOWN Link with MASTER is down\r\n",
         "-CLUSTERDOWN Hash slot not served (proxy: its node is not a primary)\r\n"},
        {"-READONLY You can't write against a read only replica.\r\n",
         "-CLUSTERDOWN Hash slot not served (proxy: its node is not a primary)\r\n"},
        {"-TRYAGAIN Multiple keys request during rehashing of slot\r\n",
         "-CLUSTERDOWN Hash slot not served (proxy: the keys of this request were being moved for "
         "too long)\r\n"},
        {"-MOVED 3300 ?:6379\r\n", "-CLUSTERDOWN Hash slot not served (proxy: the nodes disagree "
                                   "on who serves it)\r\n"},
    };

    one_node();
    stage.config.timeout_request = 80 * US_PER_MS;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct question *question = ask(&stage, 0, "SET b 1");
        uint64_t end = clock_now() + PEER_PATIENCE_US;
        char wire[64];
        size_t size = peer_wire("SET b 1", wire, sizeof wire);

        while (question->answers == 0) {
            cr_assert_lt(clock_now(), end);
            turn(stage.reactor);
            if (peer_has(node, size)) {
                peer_gets(node, "SET b 1");
                peer_says(node, rows[i].reply);
            }
        }
        cr_assert_str_eq(question->reply, rows[i].told);
        node->size = 0;
    }
}

static struct question *asked_in_turn;

static void on_told_ask_again(struct request *request, struct block *block UNUSED,
                              struct span reply UNUSED)
{
    struct question *question = request->owner;

    question->request = NULL;
    question->answers++;
    request_free(&request);
    holding_look_at_all(stage.dispatcher);
    asked_in_turn = ask(&stage, 0, "GET b3");
}

Test(dispatcher, who_is_told_at_its_deadline_may_ask_again_and_wake_all)
{
    one_node();
    peer_goes(node);
    stage.config.timeout_request = 80 * US_PER_MS;

    struct question *question = ask(&stage, 0, "GET b");
    struct question *other = ask(&stage, 1, "GET b2");

    question->request->done = on_told_ask_again;
    stage.config.timeout_request = PEER_PATIENCE_US;
    TURN_UNTIL(stage.reactor, question->answers > 0 && other->answers > 0);
    cr_assert_not_null(asked_in_turn);
}

/* Bounds. */

Test(dispatcher, a_node_with_too_much_in_flight_refuses_more)
{
    one_node();
    stage.config.backend_in_flight = 2;

    struct question *first = ask(&stage, 0, "GET b1");
    struct question *second = ask(&stage, 0, "GET b2");

    gets_error(&stage, ask(&stage, 0, "GET b3"), "-ERR proxy: overloaded: too many requests wait");
    peer_gets(node, "GET b1");
    peer_gets(node, "GET b2");
    peer_says(node, "+1\r\n+2\r\n");
    gets_answer(&stage, first, "+1");
    gets_answer(&stage, second, "+2");
}

Test(dispatcher, a_node_that_takes_no_bytes_is_not_sent_ever_more)
{
    enum { BIG = 16 * 1024 * 1024 };

    struct block *block = block_new(BIG);

    one_node();

    struct upstream *upstream = &stage.dispatcher->table.pools[0]->upstreams[0];

    ask(&stage, 0, "GET b");
    block->used = BIG;
    memset(block->bytes, 'x', BIG);
    sendq_lend(&upstream->output, block, (struct span){block->bytes, BIG});
    upstream->stream_queued += BIG;
    block_release(&block);
    gets_error(&stage, ask(&stage, 0, "GET b"), "-ERR proxy: overloaded: too many requests wait");
}

static void hold_one(void)
{
    one_node();
    ask(&stage, 0, "SET b 1");
    peer_gets(node, "SET b 1");
    peer_says(node, "-CLUSTERDOWN The cluster is down\r\n");
    TURN_UNTIL(stage.reactor, stage.dispatcher->waiting_count == 1);
}

Test(dispatcher, too_many_waiting_requests_are_refused)
{
    stage.config.waiting_requests = 2;
    hold_one();
    ask(&stage, 0, "SET b 2");
    gets_error(&stage, ask(&stage, 0, "SET b 3"), "-ERR proxy: overloaded: too many requests wait");
    cr_assert_eq(stage.dispatcher->waiting_count, 2);
}

Test(dispatcher, too_many_waiting_bytes_are_refused)
{
    stage.config.waiting_bytes = 64;
    hold_one();
    gets_error(&stage, ask(&stage, 0, "SET b 123456789012345678901234567890"),
               "-ERR proxy: overloaded: too many requests wait");
    cr_assert_eq(stage.dispatcher->waiting_count, 1);
}

Test(dispatcher, the_tick_stops_when_there_is_nothing_to_watch)
{
    one_node();
    cr_assert(reactor_timer_is_running(&stage.dispatcher->tick));
    TURN_UNTIL(stage.reactor, !reactor_timer_is_running(&stage.dispatcher->tick));
}
