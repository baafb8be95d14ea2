/* The short way of plain requests: when a connection takes them, and that what does not go it is
 * held back or refused as ever.
 */
#include "proxy/upstream/plain.h"

#include "tests/unit/proxy/routing/stage.h"

static struct stage stage;
static struct peer *const node = &stage.nodes[0];

static void open_stage(void)
{
    stage_open(&stage);
    stage_adopt(&stage, 0, 0);
}

static void close_stage(void)
{
    stage_close(&stage);
}

TestSuite(plain, .init = open_stage, .fini = close_stage, .timeout = 30);

static struct pool *pool_of_node(void)
{
    return stage.dispatcher->table.pools[0];
}

static struct upstream *connection(void)
{
    return &pool_of_node()->upstreams[0];
}

/* What is remembered is what the long way finds. */
static bool is_fit(void)
{
    cr_assert_eq(connection()->is_fit, pool_finds_fit(connection()));
    return connection()->is_fit;
}

Test(plain, a_connection_is_fit_from_its_greeting_to_its_end)
{
    cr_assert(!is_fit());

    struct question *question = ask(&stage, 0, "GET b");

    cr_assert_eq(connection()->state, UPSTREAM_CONNECTING);
    cr_assert(!is_fit());
    peer_accepts_silently(node);
    peer_gets_greeting(node);
    cr_assert(!is_fit());
    peer_welcomes(node);
    served_by(&stage, node, question, "GET b");
    cr_assert(is_fit());
    peer_hangs_up(node);
    TURN_UNTIL(stage.reactor, connection()->state != UPSTREAM_READY);
    cr_assert(!is_fit());
}

Test(plain, a_connection_is_fit_until_the_breaker_is_open)
{
    warm_up(&stage, 0, "b");
    pool_suspect(pool_of_node());
    cr_assert(is_fit());
    pool_on_probe_failed(pool_of_node(), CLOSE_STALLED, "silent");
    cr_assert_eq(pool_of_node()->breaker, BREAKER_OPEN);
    cr_assert(!is_fit());

    struct question *question = ask(&stage, 0, "GET b");

    peer_gets_nothing(node);
    pool_on_life(pool_of_node());
    cr_assert(is_fit());
    served_by(&stage, node, question, "GET b");
}

Test(plain, a_connection_that_is_to_be_made_anew_is_not_fit)
{
    warm_up(&stage, 0, "b");

    struct question *first = ask(&stage, 0, "GET b1");

    peer_gets(node, "GET b1");
    pool_renew(pool_of_node(), stage.lanes[0].number);
    cr_assert(!is_fit());

    struct question *second = ask(&stage, 1, "GET b2");

    peer_says(node, "+1\r\n");
    gets_answer(&stage, first, "+1");
    TURN_UNTIL(stage.reactor, peer_is_left(node));
    peer_hangs_up(node);
    peer_accepts(node);
    served_by(&stage, node, second, "GET b2");
    cr_assert(is_fit());
}

Test(plain, only_shared_connections_are_fit)
{
    struct question *question = ask_alone(&stage, 0, "GET b");

    peer_accepts(node);
    peer_gets(node, "GET b");

    struct list_link *link = list_first(&pool_of_node()->privates.at[PRIVATE_BUSY]);

    cr_assert_eq(container_of(link, struct upstream, in_place)->state, UPSTREAM_READY);
    cr_assert(!container_of(link, struct upstream, in_place)->is_fit);
    peer_says(node, "+1\r\n");
    gets_answer(&stage, question, "+1");
}

/* Limits that change are looked at anew each time. */
Test(plain, a_connection_takes_requests_up_to_its_limits)
{
    static const struct {
        uint64_t in_flight;
        size_t bytes;
        bool takes;
    } rows[] = {
        {3, 1024, true},
        {2, 1024, false},
        {3, 16, false},
        {3, 1024, true},
    };

    warm_up(&stage, 0, "b");
    ask(&stage, 0, "GET b");
    ask(&stage, 0, "GET b");
    cr_assert_eq(connection()->in_flight_count, 2);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        stage.config.backend_in_flight = rows[i].in_flight;
        stage.config.waiting_bytes = rows[i].bytes;
        cr_expect_eq(upstream_takes_plain(connection(), &stage.config), rows[i].takes, "row %zu",
                     i);
        cr_expect_neq(pool_is_full(pool_of_node(), 0), rows[i].takes, "row %zu", i);
    }
}

/* A request may be as large as its client is allowed, and keeps nobody else away. */
Test(plain, one_that_is_larger_than_all_may_be_is_not_too_much)
{
    stage.config.waiting_bytes = 16;
    warm_up(&stage, 0, "b");
    ask(&stage, 0, "GET b1");
    cr_expect(upstream_takes_plain(connection(), &stage.config));
    peer_gets(node, "GET b1");
    cr_expect(upstream_takes_plain(connection(), &stage.config));
    ask(&stage, 1, "GET b2");
    cr_expect_not(upstream_takes_plain(connection(), &stage.config));
    peer_gets(node, "GET b2");
    peer_says(node, "+1\r\n");
    TURN_UNTIL(stage.reactor, upstream_takes_plain(connection(), &stage.config));
    peer_says(node, "+2\r\n");
    TURN_UNTIL(stage.reactor, upstream_is_idle(connection()));
}

/* Nobody looks for what is due before the earliest deadline that the connection knows. */
Test(plain, a_request_is_not_due_before_its_connection_knows)
{
    warm_up(&stage, 0, "b");
    connection()->earliest_deadline = UINT64_MAX;

    struct question *question = ask(&stage, 0, "GET b");

    cr_assert_eq(question->request->state, REQUEST_SENT);
    cr_assert_eq(connection()->earliest_deadline, question->request->deadline);
    served_by(&stage, node, question, "GET b");
}

/* Several answers at once: the short way, an error, and again the short way. */
Test(plain, answers_of_all_kinds_find_their_requests)
{
    warm_up(&stage, 0, "b");

    struct question *questions[] = {ask(&stage, 0, "GET b1"), ask(&stage, 1, "GET b2"),
                                    ask_burst(&stage, 2, "b", "MULTI|GET b3|EXEC"),
                                    ask(&stage, 0, "GET b4"), ask(&stage, 1, "GET b5")};

    peer_gets(node, "GET b1");
    peer_gets(node, "GET b2");
    peer_gets(node, "MULTI");
    peer_gets(node, "GET b3");
    peer_gets(node, "EXEC");
    peer_gets(node, "GET b4");
    peer_gets(node, "GET b5");
    peer_says(node, "$1\r\n1\r\n-ERR 2\r\n+OK\r\n+QUEUED\r\n*0\r\n*1\r\n:4\r\n$-1\r\n");
    gets_answer(&stage, questions[0], "$1\r\n1");
    gets_answer(&stage, questions[1], "-ERR 2");
    gets_answer(&stage, questions[2], "*0");
    gets_answer(&stage, questions[3], "*1\r\n:4");
    gets_answer(&stage, questions[4], "$-1");
}

/* Nobody can be told anything before it has asked. */
Test(plain, an_answer_that_comes_before_its_question_has_left_ends_the_connection)
{
    warm_up(&stage, 0, "b");
    stage.config.timeout_request = PEER_PATIENCE_US;

    struct question *question = ask(&stage, 0, "GET b");

    question->request->offset += 1;
    peer_says(node, "+1\r\n");
    TURN_UNTIL(stage.reactor, connection()->state != UPSTREAM_READY);
    cr_assert_eq(metric_read(&stage.metrics.upstream_closed[CLOSE_UNASKED_REPLY]), 1);
    cr_assert_eq(question->answers, 0);
}

/* The socket is full, so there is no write with which the metrics would be told. */
Test(plain, what_is_in_flight_is_known_while_nothing_can_be_written)
{
    enum { BIG = 16 * 1024 * 1024 };

    struct block *block = block_new(BIG);

    warm_up(&stage, 0, "b");
    stage.config.waiting_bytes = 2 * BIG;
    block->used = BIG;
    memset(block->bytes, 'x', BIG);
    sendq_lend(&connection()->output, block, (struct span){block->bytes, BIG});
    connection()->stream_queued += BIG;
    block_release(&block);
    upstream_want_flush(connection());
    turn(stage.reactor);
    cr_assert(!sendq_is_empty(&connection()->output));

    uint64_t before = metric_read(&stage.metrics.upstream_requests_total);

    ask(&stage, 0, "GET b");
    TURN_UNTIL(stage.reactor, metric_read(&stage.metrics.upstream_in_flight) == 1);
    cr_assert_eq(metric_read(&stage.metrics.upstream_requests_total), before + 1);
}
