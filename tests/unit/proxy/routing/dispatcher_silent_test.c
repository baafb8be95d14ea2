/* Nodes that are connected and silent, and nodes that are not who they should be: what waits, what
 * is taken back, what is told that nobody knows.
 */
#include <linux/filter.h>

#include "tests/unit/proxy/routing/stage.h"

static struct stage stage;
static struct peer second; /* node 0's other connection */
static struct peer *const node = &stage.nodes[0];
static struct peer *const successor = &stage.nodes[1];

/* Node 0 serves everything, is connected, and soon suspected when it is silent. */
static void open_stage(void)
{
    stage_open(&stage);
    stage.config.silent_after = 20 * US_PER_MS;
    stage.config.timeout_connect = 50 * US_PER_MS;
    stage_adopt(&stage, 0, 0);
    warm_up(&stage, 0, "b");
    peer_open_second(&second, node);
}

static void close_stage(void)
{
    peer_clear_second(&second);
    stage_close(&stage);
}

TestSuite(dispatcher_silent, .init = open_stage, .fini = close_stage, .timeout = 30);

static enum breaker breaker_of_node(void)
{
    return stage.dispatcher->table.pools[0]->breaker;
}

/* The node is told `text` by `client`, and neither answers it nor the probe that follows. */
static struct question *goes_silent(int client, const char *text)
{
    struct question *question = ask(&stage, client, text);

    peer_gets(node, text);
    TURN_UNTIL(stage.reactor, breaker_of_node() == BREAKER_OPEN);
    return question;
}

Test(dispatcher_silent, a_node_that_answers_the_probe_is_only_slow)
{
    struct question *first = ask(&stage, 0, "SET b 1");

    peer_gets(node, "SET b 1");
    peer_accepts(&second);
    TURN_UNTIL(stage.reactor, peer_is_left(&second));
    cr_assert_eq(breaker_of_node(), BREAKER_CLOSED);
    cr_assert_eq(metric_read(&stage.metrics.node_suspected_total), 1);
    cr_assert_eq(metric_read(&stage.metrics.breaker_opened_total), 0);

    struct question *next = ask(&stage, 1, "SET b 2");

    peer_gets(node, "SET b 2");
    peer_says(node, "+OK\r\n+OK\r\n");
    gets_answer(&stage, first, "+OK");
    gets_answer(&stage, next, "+OK");
}

/* It takes connections and says nothing on them, as behind a firewall that has been changed. */
static struct question *nobody_is_greeted(void)
{
    struct question *question = ask_stranger(&stage, 1, "PING");

    peer_gets(node, "PING");
    return question;
}

static bool probe_is_over(void)
{
    const struct pool *pool = stage.dispatcher->table.pools[0];

    return pool->upstreams[pool->upstream_count].state == UPSTREAM_IDLE;
}

Test(dispatcher_silent, a_node_that_greets_nobody_goes_on_on_connections_that_it_has)
{
    nobody_is_greeted();
    peer_says(node, "+PONG\r\n");
    TURN_UNTIL(stage.reactor, probe_is_over());
    cr_assert_eq(breaker_of_node(), BREAKER_CLOSED);
    served_by(&stage, node, ask(&stage, 0, "SET b 1"), "SET b 1");
}

Test(dispatcher_silent, a_node_that_greets_nobody_and_does_not_answer_either_is_silent)
{
    nobody_is_greeted();
    TURN_UNTIL(stage.reactor, breaker_of_node() == BREAKER_OPEN);
    ask(&stage, 0, "SET b 1");
    peer_gets_nothing(node);
}

Test(dispatcher_silent, a_node_that_greets_nobody_is_found_out_by_who_wants_it_alone)
{
    ask_alone(&stage, 1, "GET b");
    peer_gets(node, "PING");
    TURN_UNTIL(stage.reactor, breaker_of_node() == BREAKER_OPEN);
}

Test(dispatcher_silent, a_node_that_is_busy_with_a_script_is_only_slow)
{
    struct question *first = ask(&stage, 0, "SET b 1");

    peer_gets(node, "SET b 1");
    peer_accepts_silently(&second);
    peer_gets_greeting(&second);
    peer_says(&second, "-BUSY Redis is busy\r\n-BUSY Redis is busy\r\n");
    TURN_UNTIL(stage.reactor, peer_is_left(&second));
    cr_assert_eq(breaker_of_node(), BREAKER_CLOSED);
    peer_says(node, "+OK\r\n");
    gets_answer(&stage, first, "+OK");
}

Test(dispatcher_silent, requests_for_a_node_that_does_not_answer_the_probe_wait_for_it)
{
    struct question *write = goes_silent(0, "INCR b");
    struct question *read = ask(&stage, 1, "GET b");

    cr_assert_eq(metric_read(&stage.metrics.breakers_open), 1);
    gets_no_answer(&stage, write);
    peer_gets_nothing(node);
    peer_says(node, ":1\r\n");
    gets_answer(&stage, write, ":1");
    served_by(&stage, node, read, "GET b");
    cr_assert_eq(breaker_of_node(), BREAKER_CLOSED);
    cr_assert_eq(metric_read(&stage.metrics.breakers_open), 0);
}

Test(dispatcher_silent, a_later_probe_that_is_answered_lets_requests_go)
{
    struct question *write = goes_silent(0, "INCR b");
    struct question *next = ask(&stage, 1, "SET b 1");

    stage.config.timeout_connect = PEER_PATIENCE_US;
    while (breaker_of_node() == BREAKER_OPEN) {
        peer_accepts_silently(&second);
        peer_says(&second, "+OK\r\n$40\r\n0000000000000000000000000000000000000000\r\n");
        TURN_UNTIL(stage.reactor, peer_is_left(&second));
        close(second.fd);
        second.fd = -1;
    }
    peer_gets(node, "SET b 1");
    peer_says(node, ":1\r\n+OK\r\n");
    gets_answer(&stage, write, ":1");
    gets_answer(&stage, next, "+OK");
}

/* It may be at work on what it was asked, and would be at work on it again. */
Test(dispatcher_silent, reads_wait_for_their_answers_and_are_sent_once)
{
    struct question *write = ask(&stage, 0, "INCR b");
    struct question *read = ask(&stage, 0, "GET b");
    struct question *other = ask(&stage, 1, "GET b");

    peer_gets(node, "INCR b");
    peer_gets(node, "GET b");
    peer_gets(node, "GET b");
    TURN_UNTIL(stage.reactor, breaker_of_node() == BREAKER_OPEN);
    gets_no_answer(&stage, read);
    peer_says(node, ":1\r\n");
    gets_answer(&stage, write, ":1");
    cr_assert_eq(breaker_of_node(), BREAKER_CLOSED);
    peer_gets_nothing(node);
    peer_says(node, "$1\r\n1\r\n$1\r\n1\r\n");
    gets_answer(&stage, read, "$1\r\n1");
    gets_answer(&stage, other, "$1\r\n1");
    cr_assert_eq(metric_read(&stage.metrics.retry_silent_total), 0);
    cr_assert_eq(metric_read(&stage.metrics.late_replies_total), 0);
}

Test(dispatcher_silent, what_waited_for_it_is_not_refused_while_it_owes_much)
{
    struct question *reads[STAGE_CLIENTS];

    for (int i = 0; i < STAGE_CLIENTS; i++) {
        reads[i] = ask(&stage, i, "GET b");
        peer_gets(node, "GET b");
    }
    TURN_UNTIL(stage.reactor, breaker_of_node() == BREAKER_OPEN);

    struct question *next = ask(&stage, 0, "SET b 2");

    stage.config.backend_in_flight = STAGE_CLIENTS - 1;
    peer_says(node, "$1\r\n1\r\n");
    peer_gets_nothing(node);
    for (int i = 1; i < STAGE_CLIENTS; i++) {
        peer_says(node, "$1\r\n1\r\n");
    }
    for (int i = 0; i < STAGE_CLIENTS; i++) {
        gets_answer(&stage, reads[i], "$1\r\n1");
    }
    served_by(&stage, node, next, "SET b 2");
}

/* With the write in the old node's hands, the read before it might see it at the new one. */
Test(dispatcher_silent, a_read_does_not_see_what_its_client_wrote_after_it)
{
    struct question *read = ask(&stage, 0, "GET b");
    struct question *write = ask(&stage, 0, "INCR b");
    struct question *last = ask(&stage, 0, "GET b");
    struct question *other = ask(&stage, 1, "GET b");

    TURN_UNTIL(stage.reactor, breaker_of_node() == BREAKER_OPEN);
    stage_adopt(&stage, 1, 0);
    gets_error(&stage, read, "-ERR proxy: no answer from 127.0.0.1:");
    gets_error(&stage, write, "-ERR proxy: no answer from 127.0.0.1:");
    peer_accepts(successor);
    for (int i = 0; i < 2; i++) {
        peer_gets(successor, "GET b");
        peer_says(successor, "$1\r\n1\r\n");
    }
    gets_answer(&stage, last, "$1\r\n1");
    gets_answer(&stage, other, "$1\r\n1");
    cr_assert_eq(metric_read(&stage.metrics.retry_silent_total), 2);
}

Test(dispatcher_silent, when_the_slot_has_a_new_owner_nobody_waits_for_the_silent_node)
{
    struct question *write = ask(&stage, 0, "INCR b");
    struct question *behind = ask(&stage, 0, "SET b 1");
    struct question *read = ask(&stage, 1, "GET b");

    TURN_UNTIL(stage.reactor, breaker_of_node() == BREAKER_OPEN);

    struct question *new = ask(&stage, 0, "SET b 2");

    stage_adopt(&stage, 1, 0);
    gets_error(&stage, write, "-ERR proxy: no answer from 127.0.0.1:");
    gets_error(&stage, behind, "-ERR proxy: no answer from 127.0.0.1:");
    cr_assert_not_null(strstr(write->reply, "outcome unknown"));
    peer_accepts(successor);
    served_by(&stage, successor, new, "SET b 2");
    served_by(&stage, successor, read, "GET b");
    cr_assert_eq(metric_read(&stage.metrics.outcome_unknown_total), 2);
}

Test(dispatcher_silent, a_slot_that_left_before_its_node_was_known_to_be_silent_is_not_waited_for)
{
    struct question *write = ask(&stage, 0, "INCR b");
    struct question *read = ask(&stage, 1, "GET b");
    struct question *other = ask(&stage, 0, "INCR a");

    peer_gets(node, "INCR b");
    stage_adopt(&stage, 1, 0);
    cr_assert_neq(breaker_of_node(), BREAKER_OPEN);
    TURN_UNTIL(stage.reactor, breaker_of_node() == BREAKER_OPEN);
    cr_assert_eq(write->answers, 1);
    gets_error(&stage, write, "-ERR proxy: no answer from 127.0.0.1:");
    peer_accepts(successor);
    served_by(&stage, successor, read, "GET b");
    gets_no_answer(&stage, other);
}

/* The other end of a move is asked for one request; the slot is not its own. */
Test(dispatcher_silent, an_answer_of_a_silent_node_that_takes_a_slot_over_is_waited_for)
{
    struct question *write;

    stage_adopt(&stage, 1, 0);
    write = ask(&stage, 0, "INCR b");
    peer_accepts(successor);
    peer_gets(successor, "INCR b");
    peer_says(successor, asks(&stage, "b", 0));
    peer_gets(node, "ASKING");
    peer_gets(node, "INCR b");
    TURN_UNTIL(stage.reactor, breaker_of_node() == BREAKER_OPEN);
    gets_no_answer(&stage, write);
    peer_says(node, "+OK\r\n:1\r\n");
    gets_answer(&stage, write, ":1");
}

/* However long the node takes: the slot has no other owner, and in the end it is this one's. */
Test(dispatcher_silent, an_answer_of_the_other_end_of_a_move_is_waited_for_when_the_mark_is_gone)
{
    struct question *write;

    stage.config.silent_after = PEER_PATIENCE_US;
    stage_adopt(&stage, 1, 0);
    write = ask(&stage, 0, "INCR b");
    peer_accepts(successor);
    peer_gets(successor, "INCR b");
    peer_says(successor, asks(&stage, "b", 0));
    peer_gets(node, "ASKING");
    peer_gets(node, "INCR b");
    TURN_UNTIL(stage.reactor, stage.dispatcher->moving.count == 0);
    stage.config.silent_after = 20 * US_PER_MS;
    TURN_UNTIL(stage.reactor, breaker_of_node() == BREAKER_OPEN);
    gets_no_answer(&stage, write);
    stage_adopt(&stage, 0, 0);
    gets_no_answer(&stage, write);
    peer_says(node, "+OK\r\n:1\r\n");
    gets_answer(&stage, write, ":1");
}

/* From now on every packet that comes to it is lost, until it hears again. */
static void become_deaf(const struct peer *peer)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog filter = {1, &nothing};

    cr_assert_eq(setsockopt(peer->fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter), 0);
}

static void hear_again(const struct peer *peer)
{
    int ignored = 0;

    cr_assert_eq(setsockopt(peer->fd, SOL_SOCKET, SO_DETACH_FILTER, &ignored, sizeof ignored), 0);
}

/* The last packet that came is old then, and says nothing of the one that is on its way. */
Test(dispatcher_silent, a_packet_lost_on_a_connection_that_was_long_idle_does_not_end_it)
{
    uint64_t start = clock_now();

    stage.config.timeout_connect = 2 * US_PER_SECOND;
    TURN_UNTIL(stage.reactor, clock_now() > start + stage.config.timeout_connect);
    become_deaf(node);

    struct question *write = ask(&stage, 0, "INCR b");

    peer_accepts(&second);
    TURN_UNTIL(stage.reactor, peer_is_left(&second));
    hear_again(node);
    served_by(&stage, node, write, "INCR b");
}

/* Sixty seconds ago, as for one that was held back while the connection had nothing to do. */
Test(dispatcher_silent, a_node_is_silent_since_it_was_asked_not_since_the_request_came)
{
    struct upstream *upstream = &stage.dispatcher->table.pools[0]->upstreams[0];
    struct question *write = ask(&stage, 0, "INCR b");

    write->request->arrived -= 60 * US_PER_SECOND;
    upstream->last_read -= 60 * US_PER_SECOND;
    peer_gets(node, "INCR b");
    TURN_UNTIL(stage.reactor, upstream_silence(upstream) > 0);
    cr_assert_lt(upstream_silence(upstream), 60 * US_PER_SECOND);
    peer_says(node, ":1\r\n");
    gets_answer(&stage, write, ":1");
}

Test(dispatcher_silent, slots_that_stay_with_the_silent_node_go_on_waiting)
{
    struct question *write = goes_silent(0, "INCR a");

    stage_adopt(&stage, 1, 0);
    gets_no_answer(&stage, write);
    peer_says(node, ":1\r\n");
    gets_answer(&stage, write, ":1");
}

static void node_calls_itself(const char *id)
{
    peer_hangs_up(node);
    snprintf(node->id, sizeof node->id, "%s", id);
    TURN_UNTIL(stage.reactor, stage.dispatcher->table.pools[0]->attempts > 0);
}

Test(dispatcher_silent, another_node_at_the_address_is_told_nothing)
{
    node_calls_itself("1111111111111111111111111111111111111111");

    struct question *write = ask(&stage, 0, "SET b 1");

    peer_accepts(node);
    peer_gets_nothing(node);
    cr_assert(peer_is_left(node));
    gets_no_answer(&stage, write);
    cr_assert_geq(metric_read(&stage.metrics.upstream_closed[CLOSE_WRONG_NODE]), 1);
    stage_adopt(&stage, 1, 0);
    peer_accepts(successor);
    served_by(&stage, successor, write, "SET b 1");
}

Test(dispatcher_silent, a_node_that_does_not_know_who_it_is_is_believed)
{
    node_calls_itself("");

    struct question *write = ask(&stage, 0, "SET b 1");

    peer_accepts(node);
    served_by(&stage, node, write, "SET b 1");
}

/* Thousands in a failover; the order within each slot must hold, however they are gated. */
Test(dispatcher_silent, many_slots_that_move_at_once_keep_their_order)
{
    enum { SLOTS = 8 };
    struct question *first[SLOTS];
    struct question *then[SLOTS];
    char text[32];
    char key[16];

    for (int i = 0; i < SLOTS; i++) {
        snprintf(text, sizeof text, "SET b%d 1", i);
        first[i] = ask(&stage, 0, text);
        snprintf(text, sizeof text, "SET b%d 2", i);
        then[i] = ask(&stage, 0, text);
    }
    for (int i = 0; i < SLOTS; i++) {
        snprintf(key, sizeof key, "b%d", i);
        snprintf(text, sizeof text, "SET b%d 1", i);
        peer_gets(node, text);
        snprintf(text, sizeof text, "SET b%d 2", i);
        peer_gets(node, text);
        peer_says(node, moved(&stage, key, 1));
    }
    for (int i = 0; i < SLOTS; i++) {
        snprintf(key, sizeof key, "b%d", i);
        peer_says(node, moved(&stage, key, 1));
    }
    peer_accepts(successor);
    for (int i = 0; i < SLOTS; i++) {
        snprintf(text, sizeof text, "SET b%d 1", i);
        peer_gets(successor, text);
    }
    peer_gets_nothing(successor);
    for (int i = 0; i < SLOTS; i++) {
        peer_says(successor, "+OK\r\n");
    }
    for (int i = 0; i < SLOTS; i++) {
        gets_answer(&stage, first[i], "+OK");
        snprintf(text, sizeof text, "SET b%d 2", i);
        served_by(&stage, successor, then[i], text);
    }
}
