#include "bench/load/traffic.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/memory.h"

enum { RATE = 1000, START_US = 5 * US_PER_SECOND, LATE_US = 500 * US_PER_MS };

static struct options options;
static struct tally tally;
static struct traffic traffic;
static int listener;

/* Somebody who listens and never answers: what is sent stays where a test can see it. */
static void traffic_begin(void)
{
    struct address address;

    cr_assert_eq(address_parse(SPAN("127.0.0.1:0"), &address), ADDRESS_OK);
    listener = socket_listen(&address, 16);
    cr_assert_geq(listener, 0);
    options = (struct options){.host = "127.0.0.1",
                               .port = socket_port(listener),
                               .clients = 4,
                               .pipeline = 1,
                               .requests = 2000,
                               .keys = 100,
                               .keys_per = 1,
                               .size = 4};
}

static void traffic_end(void)
{
    traffic_clear(&traffic);
    close(listener);
}

TestSuite(traffic, .init = traffic_begin, .fini = traffic_end);

/* The clients begin at START_US, and it is at once `later`. */
static void start(uint64_t later)
{
    cr_assert(traffic_init(&traffic, &options, &tally));
    traffic.connections.now = START_US;
    traffic_start(&traffic);
    traffic.connections.now = START_US + later;
    traffic_send(&traffic);
}

static const struct connection *connection_of(uint32_t client)
{
    return &traffic_channel(&traffic, client, 0)->connection;
}

static struct unit unit_of(uint32_t client, uint32_t index)
{
    const struct connection *connection = connection_of(client);

    cr_assert_lt(index, connection->count);
    return connection->units[(connection->first + index) & (connection->room - 1)];
}

Test(traffic, what_is_sent_late_was_due_when_it_was_due)
{
    options.rate = RATE;
    start(LATE_US);
    cr_expect_eq(traffic.sent, LATE_US / 1000 + 1);
    for (uint32_t i = 0; i < traffic.sent; i++) {
        cr_expect_eq(unit_of(i % 4, i / 4).due, START_US + i * 1000);
    }
}

Test(traffic, nothing_is_sent_before_it_is_due)
{
    options.rate = RATE;
    start(0);
    cr_expect_eq(traffic.sent, 1);
    cr_expect_eq(traffic_pause_us(&traffic), 1000);
    traffic.connections.now += 999;
    traffic_send(&traffic);
    cr_expect_eq(traffic.sent, 1);
    cr_expect_eq(traffic_pause_us(&traffic), 1);
    traffic.connections.now += 1;
    traffic_send(&traffic);
    cr_expect_eq(traffic.sent, 2);
}

Test(traffic, clients_with_one_request_at_a_time_send_no_more_and_forget_none)
{
    struct unit unit;

    options.rate = RATE;
    options.connect_each = true;
    start(LATE_US);
    cr_expect_eq(traffic.sent, 4);

    /* One is answered: its client sends the next one that was due, half a second ago. */
    unit = unit_of(2, 0);
    traffic.clients[2].channels[0]->connection.count = 0;
    traffic_answered(&traffic, &traffic.clients[2].channels[0]->connection, &unit,
                     (struct outcome){VERDICT_RIGHT, ""});
    traffic_send(&traffic);
    cr_expect_eq(traffic.sent, 5);
    cr_expect_eq(unit_of(2, 0).due, START_US + 4 * 1000);
}

Test(traffic, a_latency_begins_when_the_request_was_due)
{
    struct unit unit = {.kind = WORK_GET, .due = START_US};

    options.rate = RATE;
    start(LATE_US);
    traffic_answered(&traffic, &traffic.clients[0].channels[0]->connection, &unit,
                     (struct outcome){VERDICT_RIGHT, ""});
    cr_expect_eq(tally.requests, 1);
    cr_expect_eq(tally.latencies.most, LATE_US);
}

Test(traffic, what_was_lost_has_no_latency)
{
    struct unit unit = {.kind = WORK_GET, .due = START_US};

    options.rate = RATE;
    start(LATE_US);
    traffic_answered(&traffic, &traffic.clients[0].channels[0]->connection, &unit,
                     (struct outcome){VERDICT_LOST, "test"});
    cr_expect_eq(tally.requests, 1);
    cr_expect_eq(tally.errors, 1);
    cr_expect_eq(tally.latencies.count, 0);
}

Test(traffic, a_closed_loop_sends_a_batch_from_each_client)
{
    options.pipeline = 7;
    start(0);
    cr_expect_eq(traffic.sent, 4 * 7);
    for (uint32_t i = 0; i < 4; i++) {
        cr_expect_eq(connection_of(i)->count, 7);
        cr_expect_eq(unit_of(i, 6).due, START_US);
    }
    traffic.connections.now += US_PER_SECOND;
    traffic_send(&traffic);
    cr_expect_eq(traffic.sent, 4 * 7, "nothing more until all is answered");
}

Test(traffic, no_more_are_sent_than_were_wanted)
{
    options.pipeline = 7;
    options.requests = 10;
    start(0);
    cr_expect_eq(traffic.sent, 10);
    cr_expect_not(traffic_is_done(&traffic));
}

Test(traffic, nothing_is_sent_when_time_is_up)
{
    options.requests = 0;
    options.seconds = 0.25;
    start(250 * US_PER_MS);
    cr_expect_eq(traffic.sent, 0);
    cr_expect(traffic_is_done(&traffic));
}

Test(traffic, seconds_of_an_open_loop_are_so_many_requests)
{
    options.requests = 0;
    options.seconds = 0.25;
    options.rate = RATE;
    start(LATE_US);
    cr_expect_eq(traffic.sent, 250);
}

static const struct {
    uint64_t size;
    uint64_t pipeline;
    uint64_t depth;
} fills[] = {{32, 1, 16}, {16 * 1024, 1, 4}, {1024 * 1024, 1, 1}, {32, 5, 5}};

Test(traffic, filling_sets_each_key_once_with_not_too_much_on_its_way)
{
    for (size_t i = 0; i < ARRAY_LEN(fills); i++) {
        options.fill = true;
        options.requests = 0;
        options.keys = 60;
        options.size = fills[i].size;
        options.pipeline = fills[i].pipeline;
        start(0);
        cr_expect_eq(traffic.total, 60);
        cr_expect_eq(traffic.sent, size_min(4 * fills[i].depth, 60));
        for (uint32_t k = 0; k < fills[i].depth && k < 12; k++) {
            cr_expect_eq(unit_of(0, k).number, k);
            cr_expect_eq(unit_of(0, k).kind, WORK_SET);
        }
        if (i + 1 < ARRAY_LEN(fills)) {
            traffic_clear(&traffic);
        }
    }
}
