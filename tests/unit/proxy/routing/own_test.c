/* What goes on the connection that a client holds, or nowhere. */
#include "proxy/routing/own.h"

#include "proxy/upstream/private.h"
#include "tests/unit/proxy/routing/stage.h"

static struct stage stage;
static struct peer *const old_node = &stage.nodes[0];
static struct peer *const new_node = &stage.nodes[1];
static struct lane *const lane = &stage.lanes[0];

static const char burst[] = "MULTI|SET b 1|EXEC";
static const char nil[] = "*-1";

/* Node 0 serves everything, and client 0 watches "b" there. */
static void open_stage(void)
{
    stage_open(&stage);
    stage_adopt(&stage, 0, 0);

    const struct question *watch = ask_to_hold(&stage, 0, "WATCH b");

    peer_accepts(old_node);
    served_by(&stage, old_node, watch, "WATCH b");
    cr_assert_not_null(lane->own);
}

static void close_stage(void)
{
    if (lane->own != NULL) {
        private_drop(&lane->own);
    }
    stage_close(&stage);
}

TestSuite(own, .init = open_stage, .fini = close_stage, .timeout = 30);

static void gets_burst(struct peer *peer)
{
    peer_gets(peer, "MULTI");
    peer_gets(peer, "SET b 1");
    peer_gets(peer, "EXEC");
}

static uint32_t busy(void)
{
    return stage.dispatcher->table.pools[0]->privates.count[PRIVATE_BUSY];
}

/* The lane holds nothing any more, and the connection is free for others. */
static void unwatches(void)
{
    cr_assert_null(lane->own);
    peer_gets(old_node, "UNWATCH");
    peer_says(old_node, "+OK\r\n");
    TURN_UNTIL(stage.reactor, busy() == 0);
}

Test(own, goes_where_the_lane_holds)
{
    const struct question *question = ask_own(&stage, 0, "b", burst);

    gets_burst(old_node);
    peer_says(old_node, "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
    gets_answer(&stage, question, "*1\r\n+OK");
    cr_assert_not_null(lane->own);
}

Test(own, that_is_refused_goes_nowhere_else)
{
    static const char *const rows[] = {
        "-MOVED 3300 127.0.0.1:1\r\n", "-ASK 3300 127.0.0.1:1\r\n",     "-TRYAGAIN no\r\n",
        "-CLUSTERDOWN no\r\n",         "-LOADING Redis is loading\r\n", "-READONLY no\r\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct question *question = ask_own(&stage, 0, "b", burst);

        gets_burst(old_node);
        peer_says(old_node, "+OK\r\n");
        peer_says(old_node, rows[i]);
        peer_says(old_node, "-EXECABORT no\r\n");
        gets_answer(&stage, question, nil);
        unwatches();

        const struct question *again = ask_to_hold(&stage, 0, "WATCH b");
        served_by(&stage, old_node, again, "WATCH b");
    }
}

Test(own, other_errors_are_the_answer)
{
    const struct question *question = ask_own(&stage, 0, "b", burst);

    gets_burst(old_node);
    peer_says(old_node, "+OK\r\n-OOM no\r\n-EXECABORT no\r\n");
    gets_answer(&stage, question, "-EXECABORT no");
}

Test(own, whose_connection_is_gone_is_not_sent)
{
    peer_hangs_up(old_node);
    TURN_UNTIL(stage.reactor, lane->own == NULL);
    gets_answer(&stage, ask_own(&stage, 0, "b", burst), nil);
}

/* Nothing has left when the connection closes in the turn in which it was sent. */
Test(own, whose_connection_closes_before_it_has_left_is_not_sent_again)
{
    const struct question *question = ask_own(&stage, 0, "b", burst);

    upstream_close(lane->own, CLOSE_PEER_CLOSED);
    gets_answer(&stage, question, nil);
    cr_assert_null(lane->own);
    peer_hangs_up(old_node);
}

Test(own, whose_connection_closes_afterwards_has_an_unknown_outcome)
{
    const struct question *question = ask_own(&stage, 0, "b", burst);

    gets_burst(old_node);
    peer_says(old_node, "+OK\r\n+QUEUED\r\n");
    peer_hangs_up(old_node);
    gets_error(&stage, question, "-ERR proxy: connection to 127.0.0.1:");
    cr_assert_null(lane->own);
}

Test(own, that_a_node_does_not_answer_ends_with_its_connection)
{
    stage.config.timeout_request = 50 * US_PER_MS;

    const struct question *question = ask_own(&stage, 0, "b", burst);

    gets_burst(old_node);
    gets_error(&stage, question, "-ERR proxy: no answer from 127.0.0.1:");
    TURN_UNTIL(stage.reactor, lane->own == NULL);
    TURN_UNTIL(stage.reactor, peer_is_left(old_node));
    stage.config.timeout_request = 60 * US_PER_SECOND;
}

Test(own, of_a_slot_that_is_another_node_s_is_not_sent)
{
    stage_adopt(&stage, 1, 1);
    gets_answer(&stage, ask_own(&stage, 0, "b", burst), nil);
    unwatches();
}

Test(own, of_a_node_that_left_the_cluster_is_not_sent)
{
    stage_adopt_known(&stage, 1, 1, 1);
    gets_answer(&stage, ask_own(&stage, 0, "b", burst), nil);
    unwatches();
}

Test(own, for_a_client_that_speaks_otherwise_by_now_is_not_sent)
{
    lane_speak(lane, DIALECT_RESP3);
    gets_answer(&stage, ask_own(&stage, 0, "b", burst), nil);
    unwatches();
}

Test(own, who_is_redirected_holds_where_it_was_answered)
{
    struct lane *other = &stage.lanes[1];
    const struct question *watch = ask_to_hold(&stage, 1, "WATCH b");
    struct peer second;

    peer_open_second(&second, old_node);
    peer_accepts(&second);
    peer_gets(&second, "WATCH b");
    peer_says(&second, moved(&stage, "b", 1));
    peer_accepts(new_node);
    cr_assert_null(other->own);
    served_by(&stage, new_node, watch, "WATCH b");
    cr_assert_eq(other->own->pool, stage.dispatcher->table.pools[1]);
    cr_assert_eq(busy(), 1);
    private_drop(&other->own);
    peer_clear_second(&second);
}

Test(own, who_goes_before_the_answer_holds_nothing)
{
    struct question *watch = ask_to_hold(&stage, 1, "WATCH b");
    struct peer second;

    peer_open_second(&second, old_node);
    peer_accepts(&second);
    peer_gets(&second, "WATCH b");
    client_goes(&stage, 1);
    watch->request = NULL;
    TURN_UNTIL(stage.reactor, peer_is_left(&second));
    cr_assert_null(stage.lanes[1].own);
    peer_clear_second(&second);
}
