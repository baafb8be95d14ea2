/* Redirections, and the order of one client's requests for one slot through them. */
#include "proxy/routing/holding.h"
#include "tests/unit/proxy/routing/stage.h"

static struct stage stage;
static struct peer *const old_node = &stage.nodes[0];
static struct peer *const new_node = &stage.nodes[1];

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

TestSuite(dispatcher_redirect, .init = open_stage, .fini = close_stage, .timeout = 30);

/* What should have reached a node has done so, and no more. */
static void gets_just(struct peer *peer, const char *text)
{
    peer_gets(peer, text);
    peer_gets_nothing(peer);
}

Test(dispatcher_redirect, a_moved_request_is_answered_by_the_new_owner)
{
    struct question *question = ask(&stage, 0, "SET b 1");

    peer_gets(old_node, "SET b 1");
    peer_says(old_node, moved(&stage, "b", 1));
    peer_accepts(new_node);
    served_by(&stage, new_node, question, "SET b 1");
    cr_assert_eq(metric_read(&stage.metrics.redirect_moved_total), 1);
}

Test(dispatcher_redirect, moved_changes_the_owner_of_that_slot_only)
{
    struct question *question = ask(&stage, 0, "SET b 1");

    peer_gets(old_node, "SET b 1");
    peer_says(old_node, moved(&stage, "b", 1));
    peer_accepts(new_node);
    served_by(&stage, new_node, question, "SET b 1");
    served_by(&stage, new_node, ask(&stage, 1, "SET b 2"), "SET b 2");
    served_by(&stage, old_node, ask(&stage, 1, "SET c 2"), "SET c 2");
}

Test(dispatcher_redirect, moved_without_a_host_means_the_node_that_said_it)
{
    struct question *question = ask(&stage, 0, "SET b 1");
    char text[64];

    peer_gets(old_node, "SET b 1");
    snprintf(text, sizeof text, "-MOVED 3300 :%u\r\n", new_node->port);
    peer_says(old_node, text);
    peer_accepts(new_node);
    served_by(&stage, new_node, question, "SET b 1");
}

Test(dispatcher_redirect, moved_to_a_node_that_no_picture_knows_is_followed)
{
    stage_adopt_known(&stage, 0, 0, 1);

    struct question *question = ask(&stage, 0, "SET b 1");

    peer_gets(old_node, "SET b 1");
    peer_says(old_node, moved(&stage, "b", 2));
    peer_accepts(&stage.nodes[2]);
    served_by(&stage, &stage.nodes[2], question, "SET b 1");
}

/* The one that was refused and those behind it keep their order: nothing goes to the new owner
 * before all that is with the old one is back. */
Test(dispatcher_redirect, what_is_in_flight_behind_a_moved_request_keeps_its_order)
{
    struct question *first = ask(&stage, 0, "SET b 1");
    struct question *second = ask(&stage, 0, "SET b 2");

    peer_gets(old_node, "SET b 1");
    peer_gets(old_node, "SET b 2");
    peer_says(old_node, moved(&stage, "b", 1));
    TURN_UNTIL(stage.reactor, stage.dispatcher->waiting_count == 1);

    struct question *third = ask(&stage, 0, "SET b 3");

    turn(stage.reactor);
    cr_assert_eq(stage.dispatcher->waiting_count, 2);
    peer_says(old_node, moved(&stage, "b", 1));
    peer_accepts(new_node);
    gets_just(new_node, "SET b 1");
    peer_says(new_node, "+OK\r\n");
    gets_answer(&stage, first, "+OK");
    peer_gets(new_node, "SET b 2");
    peer_gets(new_node, "SET b 3");
    peer_says(new_node, "+OK\r\n+OK\r\n");
    gets_answer(&stage, second, "+OK");
    gets_answer(&stage, third, "+OK");
}

Test(dispatcher_redirect, other_clients_are_not_sent_past_their_own_requests_either)
{
    struct question *mine = ask(&stage, 0, "SET b 1");
    struct question *theirs = ask(&stage, 1, "SET b 2");

    peer_gets(old_node, "SET b 1");
    peer_gets(old_node, "SET b 2");
    peer_says(old_node, moved(&stage, "b", 1));
    peer_accepts(new_node);
    served_by(&stage, new_node, mine, "SET b 1");

    struct question *next = ask(&stage, 1, "SET b 3");

    peer_gets_nothing(new_node);
    peer_says(old_node, moved(&stage, "b", 1));
    served_by(&stage, new_node, theirs, "SET b 2");
    served_by(&stage, new_node, next, "SET b 3");
}

/* As above, but the one that learns of the move has been refused before. */
Test(dispatcher_redirect, a_second_refusal_does_not_send_others_past_their_requests)
{
    struct question *mine = ask(&stage, 0, "SET b 1");

    peer_gets(old_node, "SET b 1");
    peer_says(old_node, "-LOADING Redis is loading\r\n");
    TURN_UNTIL(stage.reactor, stage.dispatcher->waiting_count == 1);
    peer_gets(old_node, "SET b 1");

    struct question *theirs = ask(&stage, 1, "SET b 2");

    peer_gets(old_node, "SET b 2");
    peer_says(old_node, moved(&stage, "b", 1));
    peer_accepts(new_node);
    served_by(&stage, new_node, mine, "SET b 1");

    struct question *next = ask(&stage, 1, "SET b 3");

    peer_gets_nothing(new_node);
    peer_says(old_node, moved(&stage, "b", 1));
    served_by(&stage, new_node, theirs, "SET b 2");
    served_by(&stage, new_node, next, "SET b 3");
}

/* An old owner's late word about a slot that a newer picture gave to a third node. */
Test(dispatcher_redirect, a_late_moved_of_a_former_owner_changes_nothing)
{
    struct peer *const present = &stage.nodes[2];
    struct question *late = ask(&stage, 0, "SET b 0");

    peer_gets(old_node, "SET b 0");
    stage_adopt(&stage, 2, 2);

    struct question *theirs = ask(&stage, 1, "SET b 2");

    peer_accepts(present);
    peer_gets(present, "SET b 2");
    peer_says(old_node, moved(&stage, "b", 1));
    peer_gets(present, "SET b 0");

    struct question *next = ask(&stage, 1, "SET b 3");

    peer_gets(present, "SET b 3");
    peer_says(present, "+2\r\n+0\r\n+3\r\n");
    gets_answer(&stage, theirs, "+2");
    gets_answer(&stage, late, "+0");
    gets_answer(&stage, next, "+3");
}

Test(dispatcher_redirect, an_answer_behind_a_refusal_does_not_let_all_go_at_once)
{
    struct question *first = ask(&stage, 0, "SET b 1");
    struct question *second = ask(&stage, 0, "SET b 2");

    peer_gets(old_node, "SET b 1");
    peer_gets(old_node, "SET b 2");

    struct question *third = ask(&stage, 0, "SET b 3");

    peer_gets(old_node, "SET b 3");
    peer_says(old_node, "-CLUSTERDOWN The cluster is down\r\n-CLUSTERDOWN The cluster is down\r\n"
                        "+OK\r\n");
    gets_answer(&stage, third, "+OK");
    gets_just(old_node, "SET b 1");
    peer_says(old_node, "+OK\r\n");
    gets_answer(&stage, first, "+OK");
    served_by(&stage, old_node, second, "SET b 2");
}

/* Its pause is over long before the other's answer comes. */
Test(dispatcher_redirect, a_refused_request_waits_for_what_is_in_flight_behind_it)
{
    struct question *first = ask(&stage, 0, "SET b 1");
    struct question *second = ask(&stage, 0, "SET b 2");

    peer_gets(old_node, "SET b 1");
    peer_gets(old_node, "SET b 2");
    peer_says(old_node, "-CLUSTERDOWN The cluster is down\r\n");
    TURN_UNTIL(stage.reactor, stage.dispatcher->waiting_count == 1);
    holding_look_at_all(stage.dispatcher);
    peer_gets_nothing(old_node);
    peer_says(old_node, "+OK\r\n");
    gets_answer(&stage, second, "+OK");
    served_by(&stage, old_node, first, "SET b 1");
}

Test(dispatcher_redirect, nodes_that_disagree_are_asked_ever_more_slowly_until_the_deadline)
{
    stage.config.timeout_request = US_PER_SECOND;

    struct question *question = ask(&stage, 0, "SET b 1");
    char wire[64];
    size_t size = peer_wire("SET b 1", wire, sizeof wire);
    int hops = 0;

    while (question->answers == 0) {
        turn(stage.reactor);
        for (int i = 0; i < 2; i++) {
            struct peer *peer = &stage.nodes[i];
            int fd = socket_accept(peer->listener, NULL);

            if (fd >= 0) {
                close(peer->fd);
                peer->fd = fd;
                peer_gets_greeting(peer);
                peer_welcomes(peer);
            }
            if (peer_has(peer, size)) {
                peer_gets(peer, "SET b 1");
                peer_says(peer, moved(&stage, "b", 1 - i));
                hops++;
            }
        }
    }
    gets_error(&stage, question, "-CLUSTERDOWN Hash slot not served (proxy: the nodes disagree");
    cr_assert_geq(hops, 7);
    cr_assert_leq(hops, 60);
}

/* ASK. */

Test(dispatcher_redirect, ask_puts_asking_right_before_the_request)
{
    struct question *question = ask(&stage, 0, "SET b 1");

    peer_gets(old_node, "SET b 1");
    peer_says(old_node, asks(&stage, "b", 1));

    struct question *other = ask_node(&stage, 1, "DBSIZE", 1);

    peer_accepts(new_node);
    TURN_UNTIL(stage.reactor, metric_read(&stage.metrics.redirect_ask_total) == 1);
    peer_gets(new_node, "DBSIZE");
    peer_gets(new_node, "ASKING");
    peer_gets(new_node, "SET b 1");
    peer_says(new_node, ":7\r\n+OK\r\n+stored\r\n");
    gets_answer(&stage, other, ":7");
    gets_answer(&stage, question, "+stored");
}

Test(dispatcher_redirect, ask_does_not_change_the_owner)
{
    struct question *question = ask(&stage, 0, "SET b 1");

    peer_gets(old_node, "SET b 1");
    peer_says(old_node, asks(&stage, "b", 1));
    peer_accepts(new_node);
    peer_gets(new_node, "ASKING");
    peer_gets(new_node, "SET b 1");
    peer_says(new_node, "+OK\r\n+OK\r\n");
    gets_answer(&stage, question, "+OK");
    served_by(&stage, old_node, ask(&stage, 0, "SET b 2"), "SET b 2");
}

Test(dispatcher_redirect, while_a_slot_moves_a_client_has_one_request_for_it_on_the_way)
{
    struct question *first = ask(&stage, 0, "SET b 1");

    peer_gets(old_node, "SET b 1");
    peer_says(old_node, asks(&stage, "b", 1));
    peer_accepts(new_node);
    peer_gets(new_node, "ASKING");
    peer_gets(new_node, "SET b 1");

    struct question *second = ask(&stage, 0, "SET b 2");
    struct question *third = ask(&stage, 0, "SET b 3");

    peer_gets_nothing(old_node);
    peer_says(new_node, "+OK\r\n+OK\r\n");
    gets_answer(&stage, first, "+OK");
    gets_just(old_node, "SET b 2");
    peer_says(old_node, "+OK\r\n");
    gets_answer(&stage, second, "+OK");
    served_by(&stage, old_node, third, "SET b 3");
}

Test(dispatcher_redirect, the_mark_of_a_moving_slot_holds_for_other_clients)
{
    struct question *mine = ask(&stage, 0, "SET b 1");
    struct question *theirs = ask(&stage, 1, "SET b 2");

    peer_gets(old_node, "SET b 1");
    peer_gets(old_node, "SET b 2");
    peer_says(old_node, asks(&stage, "b", 1));
    peer_accepts(new_node);
    peer_gets(new_node, "ASKING");
    peer_gets(new_node, "SET b 1");

    struct question *next = ask(&stage, 1, "SET b 3");

    peer_gets_nothing(old_node);
    peer_says(old_node, "+OK\r\n");
    gets_answer(&stage, theirs, "+OK");
    served_by(&stage, old_node, next, "SET b 3");
    peer_says(new_node, "+OK\r\n+OK\r\n");
    gets_answer(&stage, mine, "+OK");
}

/* The client that learns of the move was refused before, for another reason. */
Test(dispatcher_redirect, a_move_that_a_retry_finds_holds_for_other_clients)
{
    struct question *mine = ask(&stage, 0, "SET b 1");

    peer_gets(old_node, "SET b 1");
    peer_says(old_node, "-LOADING Redis is loading\r\n");
    TURN_UNTIL(stage.reactor, stage.dispatcher->waiting_count == 1);
    peer_gets(old_node, "SET b 1");

    struct question *theirs = ask(&stage, 1, "SET b 2");

    peer_gets(old_node, "SET b 2");
    peer_says(old_node, asks(&stage, "b", 1));
    peer_accepts(new_node);
    peer_gets(new_node, "ASKING");
    peer_gets(new_node, "SET b 1");

    struct question *next = ask(&stage, 1, "SET b 3");

    peer_gets_nothing(old_node);
    peer_says(old_node, "+OK\r\n");
    gets_answer(&stage, theirs, "+OK");
    served_by(&stage, old_node, next, "SET b 3");
    peer_says(new_node, "+OK\r\n+OK\r\n");
    gets_answer(&stage, mine, "+OK");
}

Test(dispatcher_redirect, once_the_mark_is_gone_requests_follow_each_other_again)
{
    struct question *first = ask(&stage, 0, "SET b 1");

    peer_gets(old_node, "SET b 1");
    peer_says(old_node, "-TRYAGAIN Multiple keys request during rehashing of slot\r\n");
    TURN_UNTIL(stage.reactor, stage.dispatcher->moving.count == 1);
    served_by(&stage, old_node, first, "SET b 1");
    TURN_UNTIL(stage.reactor, stage.dispatcher->moving.count == 0);
    ask(&stage, 0, "SET b 2");
    ask(&stage, 0, "SET b 3");
    peer_gets(old_node, "SET b 2");
    peer_gets(old_node, "SET b 3");
}

Test(dispatcher_redirect, asking_a_node_that_is_out_of_reach_starts_over_at_the_owner)
{
    struct question *question = ask(&stage, 0, "SET b 1");

    peer_goes(new_node);
    peer_gets(old_node, "SET b 1");
    peer_says(old_node, asks(&stage, "b", 1));
    served_by(&stage, old_node, question, "SET b 1");
}

/* A new primary that dies before any picture knew it; the picture stays as it was, so discovery has
 * no news to tell. */
Test(dispatcher_redirect, a_slot_that_was_redirected_to_nobody_goes_back)
{
    char text[64];

    snprintf(text, sizeof text, "-MOVED %u 127.0.0.1:1\r\n", slot_of_key("b"));

    struct question *first = ask(&stage, 0, "SET b 1");
    struct question *second = ask(&stage, 0, "SET b 2");

    peer_gets(old_node, "SET b 1");
    peer_gets(old_node, "SET b 2");
    peer_says(old_node, text);
    peer_says(old_node, text);
    served_by(&stage, old_node, first, "SET b 1");
    served_by(&stage, old_node, second, "SET b 2");
    served_by(&stage, old_node, ask(&stage, 1, "SET b 3"), "SET b 3");
}
