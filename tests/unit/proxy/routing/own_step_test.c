/* A transaction that is sent step by step on the connection that its client holds. */
#include "proxy/routing/own.h"
#include "proxy/routing/watch.h"
#include "proxy/upstream/private.h"
#include "tests/unit/proxy/routing/stage.h"

static struct stage stage;
static struct peer *const old_node = &stage.nodes[0];
static struct peer *const new_node = &stage.nodes[1];
static struct lane *const lane = &stage.lanes[0];

static const char first[] = "MULTI|SET b 1";
static const char queued[] = "+QUEUED";

/* Node 0 serves everything. */
static void open_stage(void)
{
    stage_open(&stage);
    stage_adopt(&stage, 0, 0);
}

static void close_stage(void)
{
    if (lane->own != NULL) {
        private_drop(&lane->own);
    }
    stage_close(&stage);
}

TestSuite(own_step, .init = open_stage, .fini = close_stage, .timeout = 30);

static struct privates *privates(void)
{
    return &stage.dispatcher->table.pools[0]->privates;
}

static void gets_first(const struct question *question)
{
    peer_gets(old_node, "MULTI");
    peer_gets(old_node, "SET b 1");
    peer_says(old_node, "+OK\r\n+QUEUED\r\n");
    gets_answer(&stage, question, queued);
    cr_assert_not_null(lane->own);
    cr_assert(lane->own->is_in_multi);
}

static void begin(void)
{
    const struct question *question = ask_step(&stage, 0, "b", first);

    peer_accepts(old_node);
    gets_first(question);
}

static void is_told_to_discard(const char *answer)
{
    peer_gets(old_node, "DISCARD");
    peer_says(old_node, answer);
    TURN_UNTIL(stage.reactor, privates()->count[PRIVATE_BUSY] == 0);
}

Test(own_step, holds_its_connection_whatever_it_is_told)
{
    begin();

    const struct question *second = ask_step(&stage, 0, "b", "GET b");

    peer_gets(old_node, "GET b");
    peer_says(old_node, "-OOM no\r\n");
    gets_answer(&stage, second, "-OOM no");
    cr_assert_not_null(lane->own);
}

Test(own_step, that_is_the_first_holds_its_connection_whatever_it_is_told)
{
    const struct question *question = ask_step(&stage, 0, "b", first);

    peer_accepts(old_node);
    peer_gets(old_node, "MULTI");
    peer_gets(old_node, "SET b 1");
    peer_says(old_node, "+OK\r\n-OOM no\r\n");
    gets_answer(&stage, question, "-OOM no");
    cr_assert_not_null(lane->own);
    cr_assert(lane->own->is_in_multi);
}

Test(own_step, leaves_a_connection_to_others_when_the_node_has_discarded)
{
    begin();
    own_unwatch(stage.dispatcher, lane);
    cr_assert_null(lane->own);
    is_told_to_discard("+OK\r\n");
    cr_assert_eq(privates()->count[PRIVATE_RESTING], 1);
    gets_first(ask_step(&stage, 0, "b", first));
}

/* The first step's deadline may be near when an idle client's transaction is discarded. */
Test(own_step, leaves_a_connection_to_others_when_a_deadline_passes_that_is_not_of_the_discard)
{
    begin();
    own_unwatch(stage.dispatcher, lane);
    peer_gets(old_node, "DISCARD");
    LIST_EACH (link, &privates()->at[PRIVATE_BUSY]) {
        container_of(link, struct upstream, in_place)->earliest_deadline = 0;
    }
    cr_assert(watch_tick(stage.dispatcher));
    cr_assert_eq(privates()->count[PRIVATE_BUSY], 1);
    peer_says(old_node, "+OK\r\n");
    TURN_UNTIL(stage.reactor, privates()->count[PRIVATE_RESTING] == 1);
}

Test(own_step, leaves_no_connection_when_the_discard_is_not_answered_in_its_time)
{
    stage.config.timeout_request = 50 * US_PER_MS;
    begin();
    own_unwatch(stage.dispatcher, lane);
    peer_gets(old_node, "DISCARD");
    TURN_UNTIL(stage.reactor, privates()->count[PRIVATE_BUSY] == 0);
    cr_assert_eq(privates()->count[PRIVATE_RESTING], 0);
    TURN_UNTIL(stage.reactor, peer_is_left(old_node));
}

Test(own_step, leaves_no_connection_when_the_node_has_not)
{
    begin();
    own_unwatch(stage.dispatcher, lane);
    is_told_to_discard("-NOPERM no\r\n");
    cr_assert_eq(privates()->count[PRIVATE_RESTING], 0);
    TURN_UNTIL(stage.reactor, peer_is_left(old_node));
}

Test(own_step, is_over_when_exec_is_answered)
{
    begin();

    const struct question *exec = ask_own(&stage, 0, "b", "EXEC");

    peer_gets(old_node, "EXEC");
    peer_says(old_node, "*1\r\n+OK\r\n");
    gets_answer(&stage, exec, "*1\r\n+OK");
    cr_assert_not(lane->own->is_in_multi);
    private_let_go(&lane->own);
    cr_assert_eq(privates()->count[PRIVATE_RESTING], 1);
}

Test(own_step, is_not_over_when_exec_is_refused)
{
    begin();

    const struct question *exec = ask_own(&stage, 0, "b", "EXEC");

    peer_gets(old_node, "EXEC");
    peer_says(old_node, "-BUSY no\r\n");
    gets_answer(&stage, exec, "-BUSY no");
    cr_assert(lane->own->is_in_multi);
}

Test(own_step, whose_connection_cannot_be_had_at_once_is_not_sent)
{
    stage.config.backend_private = 2;
    begin();

    const struct question *other = ask_step(&stage, 1, "b", first);

    cr_assert_eq(other->answers, 1);
    gets_answer(&stage, other, queued);
    cr_assert_null(stage.lanes[1].own);
    cr_assert_eq(privates()->count[PRIVATE_BUSY], 1);
}

/* The other client's request shows that the slot is on its way. */
Test(own_step, for_a_slot_that_is_unsettled_is_not_sent)
{
    warm_up(&stage, 0, "b");

    const struct question *other = ask(&stage, 1, "SET b 1");

    peer_gets(old_node, "SET b 1");
    peer_says(old_node, asks(&stage, "b", 1));
    peer_accepts(new_node);
    peer_gets(new_node, "ASKING");
    gets_answer(&stage, ask_step(&stage, 0, "b", first), queued);
    cr_assert_null(lane->own);
    peer_gets(new_node, "SET b 1");
    peer_says(new_node, "+OK\r\n+OK\r\n");
    gets_answer(&stage, other, "+OK");
}

Test(own_step, whose_connection_breaks_is_told_otherwise)
{
    begin();

    const struct question *second = ask_step(&stage, 0, "b", "GET b");

    peer_gets(old_node, "GET b");
    peer_hangs_up(old_node);
    gets_answer(&stage, second, queued);
    cr_assert_null(lane->own);
}

/* Neither of these waits for its deadline, which is further away than the test would wait. */
static void is_given_up(const struct question *question)
{
    gets_error(&stage, question, "-ERR proxy: no answer from 127.0.0.1:");
    TURN_UNTIL(stage.reactor, peer_is_left(old_node));
    cr_assert_null(lane->own);
}

Test(own_step, of_a_slot_that_moves_is_not_waited_for)
{
    stage.config.timeout_request = 100 * US_PER_SECOND;
    stage.config.silent_after = 100 * US_PER_SECOND;
    begin();

    const struct question *second = ask_step(&stage, 0, "b", "GET b");

    peer_gets(old_node, "GET b");
    stage_adopt(&stage, 1, 1);
    is_given_up(second);
}

Test(own_step, of_a_node_that_falls_silent_is_not_waited_for)
{
    stage.config.timeout_request = 100 * US_PER_SECOND;
    begin();

    const struct question *second = ask_step(&stage, 0, "b", "GET b");

    peer_gets(old_node, "GET b");
    is_given_up(second);
}

Test(own_step, for_a_node_that_is_silent_is_not_sent)
{
    struct pool *pool = stage.dispatcher->table.pools[0];

    begin();
    pool_set_breaker(pool, BREAKER_OPEN);
    gets_answer(&stage, ask_step(&stage, 0, "b", "GET b"), queued);
    cr_assert_null(lane->own);
    is_told_to_discard("+OK\r\n");
    gets_answer(&stage, ask_step(&stage, 0, "b", first), queued);
    cr_assert_null(lane->own);
    pool_set_breaker(pool, BREAKER_CLOSED);
}

static void take_detour(struct request *request)
{
    special_free(&request->special);
    if (request->state == REQUEST_SENT) {
        request_become(request, REQUEST_WAITING);
    }
    request->target = TARGET_SLOT;
    dispatcher_send(stage.dispatcher, request);
}

/* As own_send has it, for the commands that stand in `exec`. */
static struct question *ask_with_detour(const char *exec)
{
    struct question *question = ask_own(&stage, 0, "b", exec);

    question->request->special->otherwise = (struct span){NULL, 0};
    question->request->special->detour = take_detour;
    return question;
}

Test(own_step, goes_another_way_when_it_is_redirected)
{
    struct peer shared;

    begin();
    peer_open_second(&shared, old_node);

    const struct question *exec = ask_with_detour("EXEC");

    peer_gets(old_node, "EXEC");
    peer_says(old_node, "-CLUSTERDOWN no\r\n");
    peer_accepts(&shared);
    peer_gets(&shared, "EXEC");
    cr_assert_null(lane->own);
    peer_says(&shared, "*0\r\n");
    gets_answer(&stage, exec, "*0");
    is_told_to_discard("+OK\r\n");
    peer_clear_second(&shared);
}

Test(own_step, goes_another_way_when_it_had_not_left)
{
    begin();

    const struct question *exec = ask_with_detour("EXEC");

    upstream_close(lane->own, CLOSE_PEER_CLOSED);
    peer_hangs_up(old_node);
    peer_accepts(old_node);
    peer_gets(old_node, "EXEC");
    peer_says(old_node, "*0\r\n");
    gets_answer(&stage, exec, "*0");
}

Test(own_step, goes_no_other_way_once_it_may_have_been_executed)
{
    begin();

    const struct question *exec = ask_with_detour("EXEC");

    peer_gets(old_node, "EXEC");
    peer_hangs_up(old_node);
    gets_error(&stage, exec, "-ERR proxy: connection to 127.0.0.1:");
}
