/* A command that asks in rounds: what was heard in one decides what the next asks. */
#include "proxy/routing/fanout.h"

#include "tests/unit/proxy/routing/stage.h"

static struct stage stage;
static struct request *parent;
static int rounds_left;
static int drops;
static int answers;
static char heard[256];

static void open_stage(void)
{
    stage_open(&stage);
    stage_adopt(&stage, 0, 0);
    rounds_left = drops = answers = 0;
    heard[0] = '\0';
}

static void close_stage(void)
{
    stage_close(&stage);
}

TestSuite(rounds, .init = open_stage, .fini = close_stage, .timeout = 30);

static void on_round(struct fanout *fanout);

static void on_drop(void *context)
{
    cr_expect_eq(context, &stage);
    drops++;
}

static const struct rounds rounds = {on_round, on_drop};

static void on_done(struct request *request, struct block *block UNUSED, struct span bytes UNUSED)
{
    answers++;
    parent = NULL;
    request_free(&request);
}

/* Asks for "b", and for "c" as well in a round of two. */
static void begin_round(uint32_t count)
{
    static const char *const texts[] = {"GET b", "GET c"};
    struct fanout *fanout = fanout_of_round(stage.dispatcher, parent, count, &rounds, &stage);

    for (uint32_t i = 0; i < count; i++) {
        struct block *block = block_new(100);

        block->used = peer_wire(texts[i], block->bytes, block->capacity);

        struct request *request = fanout_ask(fanout, i, command_by_name(SPAN("get")), block);

        request->target = TARGET_SLOT;
        request->slot = slot_of_key(i == 0 ? "b" : "c");
        block_release(&block);
    }
    fanout_start(fanout);
}

static void on_round(struct fanout *fanout)
{
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        struct span reply = fanout->parts[i].reply;

        strncat(heard, reply.at, reply.size - 2);
        strcat(heard, " ");
    }
    cr_expect_eq(fanout->context, &stage);
    if (--rounds_left > 0) {
        begin_round(2);
    } else {
        request_settle(parent, NULL, (struct span){"", 0});
    }
}

static void begin(int count)
{
    parent = request_new(command_by_name(SPAN("scan")), NULL, SPAN(""));
    parent->done = on_done;
    parent->lane = &stage.lanes[0];
    parent->arrived = clock_now();
    parent->deadline = parent->arrived + stage.config.timeout_request;
    rounds_left = count;
    begin_round(1);
}

Test(rounds, follow_each_other_until_one_settles_the_request)
{
    begin(2);
    peer_accepts(&stage.nodes[0]);
    peer_gets(&stage.nodes[0], "GET b");
    peer_says(&stage.nodes[0], ":1\r\n");
    peer_gets(&stage.nodes[0], "GET b");
    peer_gets(&stage.nodes[0], "GET c");
    peer_says(&stage.nodes[0], ":2\r\n");
    cr_expect_eq(answers, 0);
    peer_says(&stage.nodes[0], ":3\r\n");
    TURN_UNTIL(stage.reactor, answers == 1);
    cr_expect_str_eq(heard, ":1 :2 :3 ");
    cr_expect_eq(drops, 0);
    cr_expect_eq(stage.lanes[0].gathered_bytes, 0);
    cr_expect_eq(stage.metrics.downstream_split_total, 1);
}

Test(rounds, go_where_the_slot_is)
{
    begin(1);
    peer_accepts(&stage.nodes[0]);
    peer_gets(&stage.nodes[0], "GET b");
    peer_says(&stage.nodes[0], moved(&stage, "b", 1));
    peer_accepts(&stage.nodes[1]);
    peer_gets(&stage.nodes[1], "GET b");
    peer_says(&stage.nodes[1], ":1\r\n");
    TURN_UNTIL(stage.reactor, answers == 1);
    cr_expect_str_eq(heard, ":1 ");
}

Test(rounds, of_a_request_that_is_given_up_are_dropped)
{
    begin(2);
    peer_accepts(&stage.nodes[0]);
    peer_gets(&stage.nodes[0], "GET b");
    peer_says(&stage.nodes[0], ":1\r\n");
    peer_gets(&stage.nodes[0], "GET b");
    peer_gets(&stage.nodes[0], "GET c");
    peer_says(&stage.nodes[0], ":2\r\n");
    fanout_abandon(parent);
    request_free(&parent);
    cr_expect_eq(drops, 1);
    peer_says(&stage.nodes[0], ":3\r\n");
    TURN_UNTIL(stage.reactor,
               stage.metrics.orphans_total == 1 || stage.metrics.upstream_in_flight == 0);
    cr_expect_str_eq(heard, ":1 ");
    cr_expect_eq(answers, 0);
}
