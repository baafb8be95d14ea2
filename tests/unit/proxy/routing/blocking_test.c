/* Who blocks is woken by the node itself, so that what it pops in that moment is not lost. */
#include "proxy/routing/blocking.h"

#include "tests/unit/proxy/routing/stage.h"

static struct stage stage;
static struct peer *const node = &stage.nodes[0];
static struct peer shared; /* the connection that all share */

static void open_stage(void)
{
    stage_open(&stage);
    peer_open_second(&shared, node);
    stage_adopt(&stage, 0, 0);
}

static void close_stage(void)
{
    peer_clear_second(&shared);
    stage_close(&stage);
}

TestSuite(blocking, .init = open_stage, .fini = close_stage, .timeout = 30);

#define ERROR_WAKE "-UNBLOCKED client unblocked via CLIENT UNBLOCK"

/* "BLPOP b 0" is with the node, which answered `number` when it was asked by what number it knows
 * the connection. */
static struct question *block(const char *number)
{
    struct question *question = ask_to_block(&stage, 0, "BLPOP b 0");

    peer_accepts(node);
    peer_gets(node, "CLIENT ID");
    peer_gets(node, "BLPOP b 0");
    peer_says(node, number);
    gets_no_answer(&stage, question);
    return question;
}

static void wake(const struct question *question, const char *reply)
{
    blocking_wake(stage.dispatcher, question->request, reply);
}

Test(blocking, a_node_that_is_asked_to_wake_somebody_answers_itself)
{
    const struct question *question = block(":7\r\n");

    wake(question, ERROR_WAKE "\r\n");
    peer_accepts(&shared);
    peer_gets(&shared, "CLIENT UNBLOCK 7 ERROR");
    peer_says(node, ERROR_WAKE "\r\n");
    gets_answer(&stage, question, ERROR_WAKE);
    peer_says(&shared, ":1\r\n");
}

Test(blocking, what_the_node_had_popped_is_the_answer)
{
    const struct question *question = block(":7\r\n");

    wake(question, "*-1\r\n");
    peer_accepts(&shared);
    peer_gets(&shared, "CLIENT UNBLOCK 7 TIMEOUT");
    peer_says(&shared, ":0\r\n");
    peer_says(node, "*2\r\n$1\r\nb\r\n$1\r\nx\r\n");
    gets_answer(&stage, question, "*2\r\n$1\r\nb\r\n$1\r\nx");
}

Test(blocking, a_node_is_asked_again_until_it_answers)
{
    const struct question *question = block(":7\r\n");

    wake(question, "*-1\r\n");
    peer_accepts(&shared);
    for (int i = 0; i < 3; i++) {
        peer_gets(&shared, "CLIENT UNBLOCK 7 TIMEOUT");
        peer_says(&shared, ":0\r\n");
    }
    peer_says(node, "*-1\r\n");
    gets_answer(&stage, question, "*-1");
}

Test(blocking, a_connection_that_is_lost_meanwhile_may_have_taken_something_along)
{
    const struct question *question = block(":7\r\n");

    wake(question, "*-1\r\n");
    peer_accepts(&shared);
    peer_hangs_up(node);
    gets_error(&stage, question, "-ERR proxy: connection to 127.0.0.1:");
}

/* The node may read what is to wake one request only after the answer to that, when another blocks
 * on the same connection. */
Test(blocking, a_connection_that_was_to_be_woken_serves_nobody_else)
{
    const struct question *question = block(":7\r\n");

    wake(question, "*-1\r\n");
    peer_accepts(&shared);
    peer_gets(&shared, "CLIENT UNBLOCK 7 TIMEOUT");
    peer_says(node, "*2\r\n$1\r\nb\r\n$1\r\nx\r\n");
    gets_answer(&stage, question, "*2\r\n$1\r\nb\r\n$1\r\nx");
    for (int i = 0; i < PEER_QUIET_TURNS; i++) {
        turn(stage.reactor);
    }
    cr_expect(peer_is_left(node));
}

Test(blocking, a_node_that_does_not_say_the_number_is_told_that_nothing_more_will_come)
{
    const struct question *question = block("-NOPERM no\r\n");

    wake(question, "*-1\r\n");
    TURN_UNTIL(stage.reactor, peer_is_left(node));
    gets_no_answer(&stage, question);
    peer_hangs_up(node);
    gets_answer(&stage, question, "*-1");
}

/* A node drops what it has popped for a connection that ends in that moment. */
Test(blocking, a_node_that_is_about_to_say_the_number_is_waited_for)
{
    const struct question *question = ask_to_block(&stage, 0, "BLPOP b 0");

    peer_accepts(node);
    peer_gets(node, "CLIENT ID");
    peer_gets(node, "BLPOP b 0");
    wake(question, "*-1\r\n");
    gets_no_answer(&stage, question);
    cr_expect_not(peer_is_left(node));
    peer_says(node, ":7\r\n");
    peer_accepts(&shared);
    peer_gets(&shared, "CLIENT UNBLOCK 7 TIMEOUT");
    peer_says(&shared, ":0\r\n");
    peer_says(node, "*2\r\n$1\r\nb\r\n$1\r\nx\r\n");
    gets_answer(&stage, question, "*2\r\n$1\r\nb\r\n$1\r\nx");
}

Test(blocking, a_node_that_was_about_to_say_the_number_may_not_say_it)
{
    const struct question *question = ask_to_block(&stage, 0, "BLPOP b 0");

    peer_accepts(node);
    peer_gets(node, "CLIENT ID");
    peer_gets(node, "BLPOP b 0");
    wake(question, "*-1\r\n");
    peer_says(node, "-NOPERM no\r\n");
    TURN_UNTIL(stage.reactor, peer_is_left(node));
    peer_hangs_up(node);
    gets_answer(&stage, question, "*-1");
}

Test(blocking, what_it_says_before_it_hangs_up_is_the_answer)
{
    const struct question *question = block("-NOPERM no\r\n");

    wake(question, "*-1\r\n");
    TURN_UNTIL(stage.reactor, peer_is_left(node));
    peer_says(node, "*2\r\n$1\r\nb\r\n$1\r\nx\r\n");
    gets_answer(&stage, question, "*2\r\n$1\r\nb\r\n$1\r\nx");
}

Test(blocking, who_goes_is_woken_before_anything_else_is_said_on_the_shared_connection)
{
    struct question *question = block(":7\r\n");

    client_goes(&stage, 0);
    question->request = NULL;

    const struct question *push = ask(&stage, 1, "RPUSH b x");

    peer_accepts(&shared);
    peer_gets(&shared, "CLIENT UNBLOCK 7 TIMEOUT");
    peer_gets(&shared, "RPUSH b x");
    peer_says(&shared, ":1\r\n:1\r\n");
    gets_answer(&stage, push, ":1");
    TURN_UNTIL(stage.reactor, peer_is_left(node));
}

Test(blocking, who_waits_for_its_node_is_woken_at_once)
{
    const struct question *question = ask_to_block(&stage, 0, "BLPOP b 0");

    wake(question, "*-1\r\n");
    gets_answer(&stage, question, "*-1");
    peer_accepts(node);
}

Test(blocking, a_connection_that_its_node_is_about_to_close_serves_nobody_else)
{
    const struct question *question = block(":7\r\n");

    peer_says(node, "-UNBLOCKED force unblock from blocking operation\r\n");
    TURN_UNTIL(stage.reactor, peer_is_left(node));
    peer_accepts(&shared);
    peer_gets(&shared, "CLIENT ID");
    peer_says(&shared, ":8\r\n");
    served_by(&stage, &shared, question, "BLPOP b 0");
}

/* As if its connection had taken longer to fail than a node that has taken it in keeps a request.
 * The one that all share is there already, so it is `own` that is of the request alone. */
static struct question *never_gets_there(struct peer *own)
{
    struct question *question;

    warm_up(&stage, 0, "b");
    question = ask_to_block(&stage, 0, "BLPOP b 5");
    question->request->special->sent_at = 1;
    question->request->special->has_timeout = true;
    question->request->special->blocks_until = 1;
    peer_accepts_silently(own);
    peer_hangs_up(own);
    TURN_UNTIL(stage.reactor, question->request->state == REQUEST_WAITING);
    return question;
}

Test(blocking, who_has_never_been_with_a_node_waits_no_longer_than_anybody_else)
{
    struct question *question = never_gets_there(&shared);

    cr_assert_eq(question->request->deadline,
                 question->request->arrived + stage.config.timeout_request);
}

Test(blocking, who_has_never_been_with_a_node_is_not_told_that_there_was_nothing)
{
    struct question *question = never_gets_there(&shared);

    peer_accepts(&shared);
    peer_gets(&shared, "CLIENT ID");
    peer_gets(&shared, "BLPOP b 0.010");
    peer_says(&shared, ":7\r\n*-1\r\n");
    gets_answer(&stage, question, "*-1");
}

/* It was importing the slot and is its owner now, so it goes on where it is. */
Test(blocking, where_a_move_has_sent_it_ahead_lasts_when_the_slot_follows)
{
    struct peer *successor = &stage.nodes[1];
    const struct question *question = block(":7\r\n");

    peer_says(node, asks(&stage, "b", 1));
    peer_accepts(successor);
    peer_gets(successor, "CLIENT ID");
    peer_gets(successor, "ASKING");
    peer_gets(successor, "BLPOP b 0");
    peer_says(successor, ":8\r\n+OK\r\n");
    stage_adopt(&stage, 1, 0);
    cr_assert_eq(question->request->deadline, UINT64_MAX);
    peer_says(successor, "*-1\r\n");
    gets_answer(&stage, question, "*-1");
}
