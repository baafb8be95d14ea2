/* Several commands as one request, and connections of a request's own. */
#include "tests/unit/proxy/routing/stage.h"

#include "proxy/upstream/private.h"

static struct stage stage;
static struct peer *const old_node = &stage.nodes[0];
static struct peer *const new_node = &stage.nodes[1];
static struct peer other; /* another connection of the old node */

static const char burst[] = "MULTI|SET b 1|GET b|EXEC";

/* Node 0 serves everything, and nobody is connected yet. */
static void open_stage(void)
{
    stage_open(&stage);
    peer_open_second(&other, old_node);
    stage_adopt(&stage, 0, 0);
}

static void close_stage(void)
{
    peer_clear_second(&other);
    stage_close(&stage);
}

TestSuite(dispatcher_special, .init = open_stage, .fini = close_stage, .timeout = 30);

static void gets_burst(struct peer *peer)
{
    peer_gets(peer, "MULTI");
    peer_gets(peer, "SET b 1");
    peer_gets(peer, "GET b");
    peer_gets(peer, "EXEC");
}

static uint32_t busy(uint16_t pool)
{
    return stage.dispatcher->table.pools[pool]->privates.count[PRIVATE_BUSY];
}

static uint32_t resting(uint16_t pool)
{
    return stage.dispatcher->table.pools[pool]->privates.count[PRIVATE_RESTING];
}

Test(dispatcher_special, several_commands_are_answered_by_the_last_answer)
{
    const struct question *question = ask_burst(&stage, 0, "b", burst);
    const struct question *next = ask(&stage, 0, "GET b");

    peer_accepts(old_node);
    gets_burst(old_node);
    peer_gets(old_node, "GET b");
    peer_says(old_node, "+OK\r\n+QUEUED\r\n");
    gets_no_answer(&stage, question);
    peer_says(old_node, "+QUEUED\r\n*2\r\n+OK\r\n$1\r\n1\r\n$1\r\n2\r\n");
    gets_answer(&stage, question, "*2\r\n+OK\r\n$1\r\n1");
    gets_answer(&stage, next, "$1\r\n2");
}

Test(dispatcher_special, several_commands_of_which_one_is_redirected_go_elsewhere_together)
{
    const struct question *question = ask_burst(&stage, 0, "b", burst);

    peer_accepts(old_node);
    gets_burst(old_node);
    peer_says(old_node, "+OK\r\n+QUEUED\r\n");
    peer_says(old_node, moved(&stage, "b", 1));
    peer_says(old_node, "-EXECABORT Transaction discarded because of previous errors.\r\n");
    peer_accepts(new_node);
    gets_burst(new_node);
    peer_says(new_node, "+OK\r\n+QUEUED\r\n+QUEUED\r\n*0\r\n");
    gets_answer(&stage, question, "*0");
}

Test(dispatcher_special, several_commands_follow_ask_behind_one_asking)
{
    const struct question *question = ask_burst(&stage, 0, "b", burst);

    peer_accepts(old_node);
    gets_burst(old_node);
    peer_says(old_node, "+OK\r\n");
    peer_says(old_node, asks(&stage, "b", 1));
    peer_says(old_node, "+QUEUED\r\n-EXECABORT no\r\n");
    peer_accepts(new_node);
    peer_gets(new_node, "ASKING");
    gets_burst(new_node);
    peer_says(new_node, "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*0\r\n");
    gets_answer(&stage, question, "*0");
}

Test(dispatcher_special, an_error_that_is_no_redirection_leaves_the_last_answer_as_it_is)
{
    const struct question *question = ask_burst(&stage, 0, "b", burst);

    peer_accepts(old_node);
    gets_burst(old_node);
    peer_says(old_node, "+OK\r\n-OOM no\r\n+QUEUED\r\n-EXECABORT no\r\n");
    gets_answer(&stage, question, "-EXECABORT no");
}

Test(dispatcher_special, several_commands_that_are_given_up_have_all_their_answers_swallowed)
{
    struct question *question = ask_burst(&stage, 0, "b", burst);
    const struct question *next = ask(&stage, 1, "GET b");

    peer_accepts(old_node);
    gets_burst(old_node);
    peer_gets(old_node, "GET b");
    peer_says(old_node, "+OK\r\n");
    gets_no_answer(&stage, question);
    client_goes(&stage, 0);
    question->request = NULL;
    peer_says(old_node, "+QUEUED\r\n+QUEUED\r\n*0\r\n$1\r\n2\r\n");
    gets_answer(&stage, next, "$1\r\n2");
}

Test(dispatcher_special, several_commands_whose_answers_come_too_late_are_swallowed)
{
    stage.config.timeout_request = 50 * US_PER_MS;

    const struct question *question = ask_burst(&stage, 0, "b", burst);

    peer_accepts(old_node);
    gets_burst(old_node);
    peer_says(old_node, "+OK\r\n");
    gets_error(&stage, question, "-ERR proxy: no answer");
    stage.config.timeout_request = 60 * US_PER_SECOND;

    const struct question *next = ask(&stage, 1, "GET b");

    peer_gets(old_node, "GET b");
    peer_says(old_node, "+QUEUED\r\n+QUEUED\r\n*0\r\n$1\r\n2\r\n");
    gets_answer(&stage, next, "$1\r\n2");
}

Test(dispatcher_special, several_commands_that_were_lost_are_never_sent_again)
{
    const struct question *question = ask_burst(&stage, 0, "b", burst);

    peer_accepts(old_node);
    gets_burst(old_node);
    peer_says(old_node, "+OK\r\n");
    peer_hangs_up(old_node);
    gets_error(&stage, question, "-ERR proxy: connection to 127.0.0.1:");
}

Test(dispatcher_special, what_goes_alone_keeps_nobody_waiting)
{
    const struct question *alone = ask_alone(&stage, 0, "BLPOP b 0");

    peer_accepts(old_node);
    peer_gets(old_node, "BLPOP b 0");

    const struct question *next = ask(&stage, 1, "GET b");

    peer_accepts(&other);
    peer_gets(&other, "GET b");
    peer_says(&other, "$1\r\n2\r\n");
    gets_answer(&stage, next, "$1\r\n2");
    gets_no_answer(&stage, alone);
    cr_assert_eq(busy(0), 1);
    peer_says(old_node, "*-1\r\n");
    gets_answer(&stage, alone, "*-1");
}

Test(dispatcher_special, a_connection_that_has_done_its_work_serves_the_next)
{
    const struct question *first = ask_alone(&stage, 0, "BLPOP b 0");

    peer_accepts(old_node);
    peer_gets(old_node, "BLPOP b 0");
    peer_says(old_node, "*-1\r\n");
    gets_answer(&stage, first, "*-1");
    cr_assert_eq(busy(0), 0);
    cr_assert_eq(resting(0), 1);
    served_by(&stage, old_node, ask_alone(&stage, 1, "BLPOP c 0"), "BLPOP c 0");
    cr_assert_eq(metric_read(&stage.metrics.upstream_connections_total), 1);
}

Test(dispatcher_special, who_goes_while_it_blocks_takes_its_connection_along)
{
    struct question *question = ask_alone(&stage, 0, "BLPOP b 0");

    peer_accepts(old_node);
    peer_gets(old_node, "BLPOP b 0");
    client_goes(&stage, 0);
    question->request = NULL;
    TURN_UNTIL(stage.reactor, peer_is_left(old_node));
    cr_assert_eq(busy(0), 0);
    cr_assert_eq(stage.dispatcher->table.pools[0]->attempts, 0);
}

Test(dispatcher_special, what_goes_alone_is_redirected_like_all)
{
    const struct question *question = ask_alone(&stage, 0, "BLPOP b 0");

    peer_accepts(old_node);
    peer_gets(old_node, "BLPOP b 0");
    peer_says(old_node, moved(&stage, "b", 1));
    peer_accepts(new_node);
    served_by(&stage, new_node, question, "BLPOP b 0");
    cr_assert_eq(resting(0), 1);
    cr_assert_eq(resting(1), 1);
}

Test(dispatcher_special, no_more_go_alone_than_may)
{
    stage.config.backend_private = 1;

    const struct question *first = ask_alone(&stage, 0, "BLPOP b 0");
    const struct question *second = ask_alone(&stage, 1, "BLPOP b 0");

    gets_error(&stage, second, "-ERR proxy: too many clients block on or watch keys of 127.0.0.1:");
    peer_accepts(old_node);
    served_by(&stage, old_node, first, "BLPOP b 0");
}

/* Lane 0 watches "b" at node 0. */
static void hold_own(void)
{
    const struct question *watch = ask_to_hold(&stage, 0, "WATCH b");

    peer_accepts(old_node);
    served_by(&stage, old_node, watch, "WATCH b");
    cr_assert_not_null(stage.lanes[0].own);
}

static void let_go(void)
{
    private_let_go(&stage.lanes[0].own);
}

Test(dispatcher_special, who_holds_the_connection_that_is_needed_needs_no_other)
{
    hold_own();
    stage.config.backend_private = 1;
    served_by(&stage, old_node, ask_alone(&stage, 0, "BLPOP b 0"), "BLPOP b 0");
    let_go();
}

static const char too_many[] = "-ERR proxy: too many clients block on or watch keys of 127.0.0.1:";

Test(dispatcher_special, a_held_connection_of_another_protocol_is_none_when_too_many_go_alone)
{
    hold_own();
    stage.config.backend_private = 1;
    lane_speak(&stage.lanes[0], DIALECT_RESP3);
    gets_error(&stage, ask_alone(&stage, 0, "BLPOP b 0"), too_many);
    let_go();
}

Test(dispatcher_special, a_held_connection_to_another_node_is_none_when_too_many_go_alone)
{
    stage_adopt(&stage, 0, 1);
    hold_own();

    const struct question *first = ask_alone(&stage, 1, "BLPOP a 0");

    peer_accepts(new_node);
    stage.config.backend_private = 1;
    gets_error(&stage, ask_alone(&stage, 0, "BLPOP a 0"), too_many);
    served_by(&stage, new_node, first, "BLPOP a 0");
    let_go();
}

Test(dispatcher_special, a_held_connection_of_another_protocol_is_none_when_a_node_takes_nobody)
{
    hold_own();

    struct knocking *knocking = &stage.dispatcher->table.pools[0]->privates.knocking;

    lane_speak(&stage.lanes[0], DIALECT_RESP3);
    knocking->retry_at = UINT64_MAX;

    const struct question *question = ask_alone(&stage, 0, "BLPOP b 0");

    gets_no_answer(&stage, question);
    cr_assert_eq(metric_read(&stage.metrics.upstream_connections_total), 1);
    lane_speak(&stage.lanes[0], DIALECT_RESP2);
    served_by(&stage, old_node, question, "BLPOP b 0");
    let_go();
}

Test(dispatcher_special, a_connection_that_is_held_stays_its_holders)
{
    struct lane *lane = &stage.lanes[0];
    struct question *watch = ask_alone(&stage, 0, "WATCH b");

    private_hold(watch->request->special->upstream, &lane->own);
    peer_accepts(old_node);
    served_by(&stage, old_node, watch, "WATCH b");
    cr_assert_eq(busy(0), 1);

    const struct question *stranger = ask_alone(&stage, 1, "BLPOP b 0");

    peer_accepts(&other);
    served_by(&stage, &other, stranger, "BLPOP b 0");
    served_by(&stage, old_node, ask_alone(&stage, 0, "WATCH c"), "WATCH c");
    private_let_go(&lane->own);
    cr_assert_null(lane->own);
    cr_assert_eq(busy(0), 0);
}

Test(dispatcher_special, who_holds_a_connection_that_breaks_holds_none)
{
    struct lane *lane = &stage.lanes[0];
    struct question *watch = ask_alone(&stage, 0, "WATCH b");

    private_hold(watch->request->special->upstream, &lane->own);
    peer_accepts(old_node);
    served_by(&stage, old_node, watch, "WATCH b");
    peer_hangs_up(old_node);
    TURN_UNTIL(stage.reactor, lane->own == NULL);
    cr_assert_eq(stage.dispatcher->table.pools[0]->attempts, 0);
}

/* A node that lost the slot sends away who blocks there; one that is gone does not. */
Test(dispatcher_special, who_blocks_on_a_slot_that_moved_does_not_wait_for_ever)
{
    struct question *question = ask_alone(&stage, 0, "BLPOP b 0");

    question->request->deadline = UINT64_MAX;
    peer_accepts(old_node);
    peer_gets(old_node, "BLPOP b 0");
    stage.config.timeout_request = 50 * US_PER_MS;
    stage_adopt(&stage, 1, 1);
    gets_error(&stage, question, "-ERR proxy: no answer from 127.0.0.1:");
    TURN_UNTIL(stage.reactor, peer_is_left(old_node));
}

Test(dispatcher_special, lanes_of_two_protocols_share_no_connection)
{
    static const char map[] = "%0\r\n";

    lane_speak(&stage.lanes[1], DIALECT_RESP3);

    const struct question *old = ask(&stage, 0, "GET b");

    peer_accepts(old_node);
    served_by(&stage, old_node, old, "GET b");

    const struct question *new = ask(&stage, 1, "GET b");

    peer_accepts_silently(&other);
    peer_gets(&other, "CLIENT SETNAME slotway");
    peer_gets(&other, "HELLO 3");
    peer_gets(&other, "CLUSTER MYID");
    peer_says(&other, "+OK\r\n");
    peer_says(&other, map);
    peer_says(&other, "$40\r\n0000000000000000000000000000000000000000\r\n");
    peer_gets(&other, "GET b");
    peer_says(&other, "_\r\n");
    gets_answer(&stage, new, "_");
}

static uint32_t answers_heard;

/* To errors in the first half of the answers only. */
static bool objects_early(struct request *request, uint32_t index, struct span reply)
{
    answers_heard = index + 1;
    return reply.at[0] == '-' && index < request->special->commands / 2;
}

static struct question *ask_and_hear(const char *key, const char *text)
{
    struct question *question = ask_burst(&stage, 0, key, text);

    question->request->special->hear = objects_early;
    return question;
}

Test(dispatcher_special, who_hears_its_answers_says_which_error_matters)
{
    const struct question *question = ask_and_hear("b", "GET b|GET a|GET c|GET foo");

    peer_accepts(old_node);
    peer_gets(old_node, "GET b");
    peer_gets(old_node, "GET a");
    peer_gets(old_node, "GET c");
    peer_gets(old_node, "GET foo");
    peer_says(old_node, "+OK\r\n+OK\r\n-TRYAGAIN\r\n");
    peer_says(old_node, moved(&stage, "foo", 1));
    gets_error(&stage, question, "-MOVED ");
    cr_expect_eq(answers_heard, 4);
    cr_expect_eq(stage.metrics.redirect_moved_total, 0);
}

Test(dispatcher_special, an_objection_of_who_hears_decides_over_a_good_last_answer)
{
    const struct question *question = ask_and_hear("b", "GET b|GET c");

    peer_accepts(old_node);
    peer_gets(old_node, "GET b");
    peer_gets(old_node, "GET c");
    peer_says(old_node, moved(&stage, "b", 1));
    peer_says(old_node, "+OK\r\n");
    peer_accepts(new_node);
    peer_gets(new_node, "GET b");
    peer_gets(new_node, "GET c");
    peer_says(new_node, "+OK\r\n+FINE\r\n");
    gets_answer(&stage, question, "+FINE");
}

Test(dispatcher_special, an_objection_that_is_no_redirection_is_the_answer_of_who_hears)
{
    const struct question *question = ask_and_hear("b", "GET b|GET c");

    peer_accepts(old_node);
    peer_gets(old_node, "GET b");
    peer_gets(old_node, "GET c");
    peer_says(old_node, "-NOPERM no\r\n+OK\r\n");
    gets_answer(&stage, question, "-NOPERM no");
}

Test(dispatcher_special, who_hears_and_is_given_up_hears_no_more)
{
    struct question *question = ask_and_hear("b", "GET b|GET c|GET b");
    const struct question *next = ask(&stage, 1, "GET b");

    peer_accepts(old_node);
    peer_gets(old_node, "GET b");
    peer_gets(old_node, "GET c");
    peer_gets(old_node, "GET b");
    peer_gets(old_node, "GET b");
    peer_says(old_node, "+OK\r\n");
    gets_no_answer(&stage, question);
    cr_expect_eq(answers_heard, 1);
    client_goes(&stage, 0);
    question->request = NULL;
    peer_says(old_node, "+OK\r\n+OK\r\n$1\r\n2\r\n");
    gets_answer(&stage, next, "$1\r\n2");
    cr_expect_eq(answers_heard, 1);
}
