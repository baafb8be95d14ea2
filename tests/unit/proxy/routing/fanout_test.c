/* One request, many parts: how it is split, and how the answers are joined. */
#include "proxy/routing/fanout.h"

#include "tests/unit/proxy/routing/stage.h"

enum { PARTS = 2, WHOLE_MAX = 8 * SENDQ_COPY_MAX };

static struct stage stage;
static struct arguments arguments;
static struct keys keys;

/* The request that was split, and its one answer. */
static struct whole {
    struct request *request;
    int answers;
    char reply[WHOLE_MAX];
} whole;

/* Node 0 has the lower half ("b", "c"), node 1 the upper half ("a", "foo"). */
static void open_stage(void)
{
    stage_open(&stage);
    stage_adopt_known(&stage, 0, 1, 0);
    whole = (struct whole){.answers = 0};
    arguments = (struct arguments){.count = 0};
    keys = (struct keys){.count = 0};
}

static void close_stage(void)
{
    stage_close(&stage);
    arguments_clear(&arguments);
    keys_clear(&keys);
}

TestSuite(fanout, .init = open_stage, .fini = close_stage, .timeout = 30);

static void on_whole(struct request *request, struct block *block UNUSED, struct span bytes)
{
    struct block *reply = sendq_flatten(&request->reply);

    cr_assert_lt(reply->used + bytes.size, sizeof whole.reply);
    memcpy(whole.reply, reply->bytes, reply->used);
    memcpy(whole.reply + reply->used, bytes.at, bytes.size);
    whole.reply[reply->used + bytes.size] = '\0';
    whole.answers++;
    whole.request = NULL;
    block_release(&reply);
    request_free(&request);
}

/* Sends "MGET a b" as the client's request would be. */
static void ask_all(const char *text)
{
    struct request_scan scan = {0};
    struct scan_limits limits = {100, 10000, 10000, true};
    struct block *block = block_new(4096);
    const struct command *command = NULL;
    size_t used = 0;

    block->used = peer_wire(text, block->bytes, block->capacity);

    struct span bytes = {block->bytes, block->used};

    cr_assert_eq(request_scan_next(&scan, &limits, bytes, &arguments, &used), SCAN_DONE);
    cr_assert_eq(command_find(&arguments, &command), COMMAND_FOUND);

    struct route route = route_request(command, &arguments, &keys);
    struct request *request = request_new(command, block, bytes);

    block_release(&block);
    request->done = on_whole;
    request->lane = &stage.lanes[0];
    request->arrived = clock_now();
    request->deadline = request->arrived + stage.config.timeout_request;
    whole.request = request;
    if (route.kind == ROUTE_SPLIT) {
        fanout_split(stage.dispatcher, request, &arguments, &keys);
    } else if (route.kind == ROUTE_SLOT) {
        request->slot = route.slot;
        request->target = TARGET_SLOT;
        dispatcher_send(stage.dispatcher, request);
    } else {
        fanout_broadcast(stage.dispatcher, request, route.kind, NULL, NULL);
    }
}

static void whole_is(const char *reply)
{
    TURN_UNTIL(stage.reactor, whole.answers > 0);
    cr_assert_eq(whole.answers, 1);
    cr_assert_str_eq(whole.reply, reply);
}

static void both_accept(void)
{
    for (int i = 0; i < PARTS; i++) {
        peer_accepts(&stage.nodes[i]);
    }
}

/* Asks both, so that their connections are there. */
static void both_are_connected(void)
{
    ask_all("DBSIZE");
    both_accept();
    for (int node = 0; node < PARTS; node++) {
        peer_gets(&stage.nodes[node], "DBSIZE");
        peer_says(&stage.nodes[node], ":0\r\n");
    }
    whole_is(":0\r\n");
}

/* Requests, what each node is to be told and answers, and what becomes of the answers. */
static const struct {
    const char *request;
    const char *low; /* to node 0 */
    const char *high;
    const char *low_reply;
    const char *high_reply;
    const char *reply;
} split_rows[] = {
    {"MGET a b", "MGET b", "MGET a", "*1\r\n$1\r\n2\r\n", "*1\r\n$1\r\n1\r\n",
     "*2\r\n$1\r\n1\r\n$1\r\n2\r\n"},
    {"MGET b{b} a b a", "MGET b{b} b", "MGET a a", "*2\r\n$-1\r\n$0\r\n\r\n",
     "*2\r\n$2\r\nxy\r\n$-1\r\n", "*4\r\n$-1\r\n$2\r\nxy\r\n$0\r\n\r\n$-1\r\n"},
    {"MSET b 1 a 2 {b}3 3", "MSET b 1 {b}3 3", "MSET a 2", "+OK\r\n", "+OK\r\n", "+OK\r\n"},
    {"DEL a b {a}2", "DEL b", "DEL a {a}2", ":1\r\n", ":2\r\n", ":3\r\n"},
    {"EXISTS a b", "EXISTS b", "EXISTS a", ":0\r\n", ":1\r\n", ":1\r\n"},
    {"DBSIZE", "DBSIZE", "DBSIZE", ":40\r\n", ":2\r\n", ":42\r\n"},
    {"FLUSHALL", "FLUSHALL", "FLUSHALL", "+OK\r\n", "+OK\r\n", "+OK\r\n"},
    {"KEYS *", "KEYS *", "KEYS *", "*2\r\n$1\r\nb\r\n$1\r\nc\r\n", "*0\r\n",
     "*2\r\n$1\r\nb\r\n$1\r\nc\r\n"},
    {"SCRIPT EXISTS x y", "SCRIPT EXISTS x y", "SCRIPT EXISTS x y", "*2\r\n:1\r\n:1\r\n",
     "*2\r\n:0\r\n:1\r\n", "*2\r\n:0\r\n:1\r\n"},
    {"SCRIPT LOAD x", "SCRIPT LOAD x", "SCRIPT LOAD x", "$2\r\nid\r\n", "$2\r\nid\r\n",
     "$2\r\nid\r\n"},
    {"XREAD COUNT 2 STREAMS a b {a}2 0 1 2", "XREAD COUNT 2 STREAMS b 1",
     "XREAD COUNT 2 STREAMS a {a}2 0 2", "*1\r\n*2\r\n$1\r\nb\r\n*0\r\n",
     "*2\r\n*2\r\n$1\r\na\r\n*0\r\n*2\r\n$4\r\n{a}2\r\n*-1\r\n",
     "*3\r\n*2\r\n$1\r\na\r\n*0\r\n*2\r\n$1\r\nb\r\n*0\r\n*2\r\n$4\r\n{a}2\r\n*-1\r\n"},
    {"XREADGROUP GROUP STREAMS c NOACK STREAMS a b {a}2 > 5 >",
     "XREADGROUP GROUP STREAMS c NOACK STREAMS b 5",
     "XREADGROUP GROUP STREAMS c NOACK STREAMS a {a}2 > >", "*-1\r\n",
     "*1\r\n*2\r\n$4\r\n{a}2\r\n*0\r\n", "*1\r\n*2\r\n$4\r\n{a}2\r\n*0\r\n"},
    {"XREAD STREAMS b a 0 0", "XREAD STREAMS b 0", "XREAD STREAMS a 0", "%1\r\n$1\r\nb\r\n*0\r\n",
     "%1\r\n$1\r\na\r\n*0\r\n", "%2\r\n$1\r\nb\r\n*0\r\n$1\r\na\r\n*0\r\n"},
    {"XREAD STREAMS b a 0 0", "XREAD STREAMS b 0", "XREAD STREAMS a 0", "*-1\r\n", "*-1\r\n",
     "*-1\r\n"},
    {"XREAD STREAMS b a 0 0", "XREAD STREAMS b 0", "XREAD STREAMS a 0", "_\r\n", "_\r\n", "_\r\n"},
    {"XREAD STREAMS b a 0 0", "XREAD STREAMS b 0", "XREAD STREAMS a 0", "-WRONGTYPE b\r\n",
     "*-1\r\n", "-WRONGTYPE b\r\n"},
    {"RANDOMKEY", "RANDOMKEY", "RANDOMKEY", "$-1\r\n", "$1\r\na\r\n", "$1\r\na\r\n"},
    {"RANDOMKEY", "RANDOMKEY", "RANDOMKEY", "$-1\r\n", "$-1\r\n", "$-1\r\n"},
    {"MGET a b", "MGET b", "MGET a", "*1\r\n$1\r\n2\r\n", "-WRONGTYPE no\r\n", "-WRONGTYPE no\r\n"},
};

Test(fanout, parts_are_split_and_joined_as_the_command_wants)
{
    both_are_connected();
    for (size_t i = 0; i < ARRAY_LEN(split_rows); i++) {
        whole.answers = 0;
        ask_all(split_rows[i].request);
        peer_gets(&stage.nodes[0], split_rows[i].low);
        peer_gets(&stage.nodes[1], split_rows[i].high);
        peer_says(&stage.nodes[0], split_rows[i].low_reply);
        turn(stage.reactor);
        cr_assert_eq(whole.answers, 0, "%s", split_rows[i].request);
        peer_says(&stage.nodes[1], split_rows[i].high_reply);
        whole_is(split_rows[i].reply);
    }
}

/* An answer that does not fit is an error and never a guess. */
Test(fanout, answers_that_do_not_fit_the_command_are_an_error)
{
    static const struct {
        const char *request;
        const char *reply; /* node 0's, where node 1 answers as it should */
        const char *good;
    } rows[] = {
        {"MGET a b", "*2\r\n$1\r\n2\r\n$1\r\n3\r\n", "*1\r\n$1\r\n1\r\n"},
        {"MGET a b", "+OK\r\n", "*1\r\n$1\r\n1\r\n"},
        {"MGET a b", "*-1\r\n", "*1\r\n$1\r\n1\r\n"},
        {"DEL a b", "+OK\r\n", ":1\r\n"},
        {"DBSIZE", "$1\r\n5\r\n", ":1\r\n"},
        {"SCRIPT EXISTS x y", "*1\r\n:1\r\n", "*2\r\n:1\r\n:1\r\n"},
        {"SCRIPT EXISTS x", ":1\r\n", "*1\r\n:1\r\n"},
        {"SCRIPT EXISTS x", "*1\r\n+1\r\n", "*1\r\n:1\r\n"},
    };

    both_are_connected();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char error[100];

        whole.answers = 0;
        ask_all(rows[i].request);
        snprintf(error, sizeof error,
                 "-ERR proxy: a node's answer to '%s' does not fit the command\r\n",
                 whole.request->command->name);
        for (int node = 0; node < PARTS; node++) {
            TURN_UNTIL(stage.reactor, peer_has(&stage.nodes[node], 1));
            stage.nodes[node].size = 0;
            peer_says(&stage.nodes[node], node == 0 ? rows[i].reply : rows[i].good);
        }
        whole_is(error);
    }
}

Test(fanout, a_write_that_failed_in_part_says_so)
{
    ask_all("DEL a b");
    both_accept();
    peer_gets(&stage.nodes[0], "DEL b");
    peer_gets(&stage.nodes[1], "DEL a");
    peer_says(&stage.nodes[0], ":1\r\n");
    peer_says(&stage.nodes[1], "-OOM command not allowed\r\n");
    TURN_UNTIL(stage.reactor, whole.answers == 1);
    cr_assert_eq(strncmp(whole.reply, "-OOM command not allowed (proxy: ", 33), 0, "%s",
                 whole.reply);
    cr_assert_not_null(strstr(whole.reply, "1 of 2 parts of this request were executed)\r\n"));
}

Test(fanout, each_part_is_redirected_by_itself)
{
    ask_all("MGET a b");
    both_accept();
    peer_gets(&stage.nodes[0], "MGET b");
    peer_gets(&stage.nodes[1], "MGET a");
    peer_says(&stage.nodes[0], moved(&stage, "b", 1));
    peer_gets(&stage.nodes[1], "MGET b");
    peer_says(&stage.nodes[1], "*1\r\n+a\r\n*1\r\n+b\r\n");
    whole_is("*2\r\n+a\r\n+b\r\n");
}

Test(fanout, a_part_whose_write_was_lost_makes_the_whole_an_error)
{
    ask_all("MSET a 1 b 2");
    both_accept();
    peer_gets(&stage.nodes[0], "MSET b 2");
    peer_gets(&stage.nodes[1], "MSET a 1");
    peer_says(&stage.nodes[1], "+OK\r\n");
    peer_hangs_up(&stage.nodes[0]);
    TURN_UNTIL(stage.reactor, whole.answers == 1);
    cr_assert_eq(strncmp(whole.reply, "-ERR proxy: connection to 127.0.0.1:", 36), 0, "%s",
                 whole.reply);
    cr_assert_not_null(strstr(whole.reply, "lost after send, outcome unknown"));
}

Test(fanout, a_part_that_is_refused_at_once_is_counted_too)
{
    stage.config.waiting_requests = 0;
    stage_adopt_known(&stage, 0, NODE_NONE, 0);
    ask_all("MGET b a");
    peer_accepts(&stage.nodes[0]);
    peer_gets(&stage.nodes[0], "MGET b");
    peer_says(&stage.nodes[0], "*1\r\n$-1\r\n");
    TURN_UNTIL(stage.reactor, whole.answers == 1);
    cr_assert_eq(strncmp(whole.reply, "-ERR proxy: overloaded", 22), 0, "%s", whole.reply);
}

Test(fanout, all_parts_may_be_refused_before_it_returns)
{
    stage.config.waiting_requests = 0;
    stage_adopt_known(&stage, NODE_NONE, NODE_NONE, 1);
    ask_all("MGET b a");
    cr_assert_eq(whole.answers, 1);
    cr_assert_eq(strncmp(whole.reply, "-ERR proxy: overloaded", 22), 0, "%s", whole.reply);
}

Test(fanout, nobody_is_asked_before_the_first_picture)
{
    stage_close(&stage);
    stage_open(&stage);
    ask_all("DBSIZE");
    cr_assert_eq(whole.answers, 1);
    cr_assert_eq(strncmp(whole.reply, "-CLUSTERDOWN The cluster is not known yet", 41), 0);
}

/* Its client leaves: some parts are answered, some in flight, some wait. */
Test(fanout, is_given_up_in_every_state_of_its_parts)
{
    ask_all("MGET a b c foo");
    both_accept();
    peer_gets(&stage.nodes[0], "MGET b");
    peer_gets(&stage.nodes[0], "MGET c");
    peer_says(&stage.nodes[0], "*1\r\n+b\r\n-LOADING\r\n");
    TURN_UNTIL(stage.reactor, stage.dispatcher->waiting_count == 1);
    peer_gets(&stage.nodes[1], "MGET a");
    fanout_abandon(whole.request);
    request_free(&whole.request);
    client_goes(&stage, 0);
    peer_says(&stage.nodes[1], "*1\r\n+a\r\n*1\r\n+foo\r\n");
    TURN_UNTIL(stage.reactor, metric_read(&stage.metrics.upstream_in_flight) == 0);
    cr_assert_eq(whole.answers, 0);
    cr_assert_eq(metric_read(&stage.metrics.orphans_total), 2);
}

/* Large values stay where they were read; small ones are copied. */
Test(fanout, values_of_any_size_are_joined_in_the_order_of_the_keys)
{
    static const size_t sizes[] = {0, 1, SENDQ_COPY_MAX - 1, SENDQ_COPY_MAX, 3 * SENDQ_COPY_MAX};
    static char value[3 * SENDQ_COPY_MAX + 1];

    both_are_connected();
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char *replies[PARTS];
        char *expected;

        for (int node = 0; node < PARTS; node++) {
            memset(value, 'p' + node, sizes[i]);
            value[sizes[i]] = '\0';
            cr_assert_gt(asprintf(&replies[node], "*1\r\n$%zu\r\n%s\r\n", sizes[i], value), 0);
        }
        cr_assert_gt(asprintf(&expected, "*2\r\n%s%s", replies[1] + 4, replies[0] + 4), 0);
        whole.answers = 0;
        ask_all("MGET a b");
        for (int node = 0; node < PARTS; node++) {
            TURN_UNTIL(stage.reactor, peer_has(&stage.nodes[node], 1));
            stage.nodes[node].size = 0;
            peer_says(&stage.nodes[node], replies[node]);
            free(replies[node]);
        }
        whole_is(expected);
        free(expected);
    }
}

/* A node that is busy with a script reads nothing more on the connection that it came by. */
Test(fanout, what_ends_a_script_goes_past_what_waits_for_the_script)
{
    struct peer seconds[PARTS];

    both_are_connected();

    const struct question *script = ask(&stage, 0, "EVALSHA b 0");

    peer_gets(&stage.nodes[0], "EVALSHA b 0");
    whole.answers = 0;
    ask_all("SCRIPT KILL");
    for (int i = 0; i < PARTS; i++) {
        peer_open_second(&seconds[i], &stage.nodes[i]);
        peer_accepts_silently(&seconds[i]);
        peer_gets_greeting(&seconds[i]);
        peer_says(&seconds[i], "+OK\r\n-BUSY Redis is busy running a script.\r\n");
        peer_gets(&seconds[i], "SCRIPT KILL");
        peer_says(&seconds[i], i == 0 ? "+OK\r\n" : "-NOTBUSY none\r\n");
    }
    whole_is("+OK\r\n");
    peer_says(&stage.nodes[0], "-ERR Error running script\r\n");
    gets_answer(&stage, script, "-ERR Error running script");
    for (int i = 0; i < PARTS; i++) {
        TURN_UNTIL(stage.reactor, peer_is_left(&seconds[i]));
        peer_clear_second(&seconds[i]);
    }
}

/* It is what makes room again. */
Test(fanout, what_ends_a_script_is_sent_when_too_many_wait_for_the_script)
{
    struct peer second;

    stage_adopt_known(&stage, 0, 0, 0);
    warm_up(&stage, 0, "b");
    stage.config.backend_in_flight = 1;

    const struct question *script = ask(&stage, 0, "EVALSHA b 0");

    peer_gets(&stage.nodes[0], "EVALSHA b 0");
    gets_error(&stage, ask(&stage, 1, "GET b"), "-ERR proxy: overloaded");
    ask_all("SCRIPT KILL");
    cr_assert_eq(whole.answers, 0, "%s", whole.reply);
    ask_all("SCRIPT KILL");
    cr_assert_eq(whole.answers, 1);
    cr_assert_eq(strncmp(whole.reply, "-ERR proxy: overloaded", 22), 0, "%s", whole.reply);
    whole.answers = 0;
    peer_open_second(&second, &stage.nodes[0]);
    peer_accepts(&second);
    peer_gets(&second, "SCRIPT KILL");
    peer_says(&second, "+OK\r\n");
    whole_is("+OK\r\n");
    peer_says(&stage.nodes[0], "-ERR Error running script\r\n");
    gets_answer(&stage, script, "-ERR Error running script");
    peer_clear_second(&second);
}

/* The connection that a probe would go on is in use. */
Test(fanout, a_node_that_stops_while_a_script_is_being_ended_is_known_to_be_silent)
{
    struct peer second;

    stage.config.silent_after = 20 * US_PER_MS;
    stage.config.timeout_connect = 50 * US_PER_MS;
    stage_adopt_known(&stage, 0, 0, 0);
    warm_up(&stage, 0, "b");
    ask_all("SCRIPT KILL");
    peer_open_second(&second, &stage.nodes[0]);
    peer_accepts(&second);
    peer_gets(&second, "SCRIPT KILL");

    const struct question *write = ask(&stage, 0, "SET b 1");

    peer_gets(&stage.nodes[0], "SET b 1");
    TURN_UNTIL(stage.reactor, stage.dispatcher->table.pools[0]->breaker == BREAKER_OPEN);
    peer_says(&second, "-NOTBUSY none\r\n");
    whole_is("-NOTBUSY none\r\n");
    TURN_UNTIL(stage.reactor, stage.dispatcher->table.pools[0]->breaker == BREAKER_CLOSED);
    peer_says(&stage.nodes[0], "+OK\r\n");
    gets_answer(&stage, write, "+OK");
    peer_clear_second(&second);
}

/* Node 0 gets that request, and its keys are on two nodes. */
static void says_again(const char *text, int times)
{
    for (int i = 0; i < times; i++) {
        peer_gets(&stage.nodes[0], text);
        peer_says(&stage.nodes[0], "-TRYAGAIN Multiple keys request during rehashing of slot\r\n");
    }
}

Test(fanout, keys_of_a_moving_slot_are_asked_for_one_by_one_after_a_while)
{
    both_are_connected();
    whole.answers = 0;
    ask_all("MGET b{b} b");

    const struct question *later = ask(&stage, 0, "SET b 1");

    says_again("MGET b{b} b", 1);
    peer_gets(&stage.nodes[0], "SET b 1");
    peer_says(&stage.nodes[0], "-TRYAGAIN later\r\n");
    says_again("MGET b{b} b", 5);
    peer_gets(&stage.nodes[0], "MGET b{b}");
    peer_says(&stage.nodes[0], "*1\r\n$1\r\nx\r\n");
    peer_gets(&stage.nodes[0], "MGET b");
    peer_says(&stage.nodes[0], asks(&stage, "b", 1));
    peer_gets(&stage.nodes[1], "ASKING");
    peer_gets(&stage.nodes[1], "MGET b");
    peer_says(&stage.nodes[1], "+OK\r\n*1\r\n$1\r\ny\r\n");
    whole_is("*2\r\n$1\r\nx\r\n$1\r\ny\r\n");
    served_by(&stage, &stage.nodes[0], later, "SET b 1");
    cr_assert_eq(metric_read(&stage.metrics.parted_total), 1);
}

Test(fanout, counts_of_keys_that_were_asked_for_one_by_one_are_added)
{
    both_are_connected();
    whole.answers = 0;
    ask_all("DEL b{b} b");
    says_again("DEL b{b} b", 6);
    peer_gets(&stage.nodes[0], "DEL b{b}");
    peer_says(&stage.nodes[0], ":1\r\n");
    peer_gets(&stage.nodes[0], "DEL b");
    peer_says(&stage.nodes[0], ":1\r\n");
    whole_is(":2\r\n");
}

Test(fanout, what_is_written_together_is_not_parted)
{
    both_are_connected();
    whole.answers = 0;
    ask_all("MSET b{b} 1 b 2");
    says_again("MSET b{b} 1 b 2", 8);
    peer_gets(&stage.nodes[0], "MSET b{b} 1 b 2");
    peer_says(&stage.nodes[0], "+OK\r\n");
    whole_is("+OK\r\n");
}

Test(fanout, a_client_may_go_while_its_keys_are_asked_for_one_by_one)
{
    both_are_connected();
    whole.answers = 0;
    ask_all("MGET a b{b} b");
    says_again("MGET b{b} b", 6);
    peer_gets(&stage.nodes[0], "MGET b{b}");
    fanout_abandon(whole.request);
    request_free(&whole.request);
    peer_says(&stage.nodes[0], "*1\r\n$-1\r\n");
    peer_gets_nothing(&stage.nodes[0]);
}
