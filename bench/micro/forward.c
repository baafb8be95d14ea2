/* forward.c - what it costs to bring a request to its node and the answer back, without sockets:
 * one key, many keys in one slot, and keys in ten slots, which are split and joined.
 */
#include "bench/micro/support/cases.h"
#include "bench/micro/support/nodes.h"
#include "proxy/routing/fanout.h"

#define VALUE "$32\r\n01234567890123456789012345678901\r\n"

static const struct {
    const char *name;
    const char *text;
    struct span answer; /* of each node to each request */
    struct span reply;  /* what the client is told */
} rows[] = {
    {"GET, value of 32 bytes", "GET key:000000012345", SPAN(VALUE), SPAN(VALUE)},
    {"SET", "SET key:000000012345 01234567890123456789012345678901", SPAN("+OK\r\n"),
     SPAN("+OK\r\n")},
    {"MGET of 10 keys in 10 slots",
     "MGET key:1 key:2 key:3 key:4 key:5 key:6 key:7 key:8 key:9 key:10", SPAN("*1\r\n" VALUE),
     SPAN("*10\r\n" VALUE VALUE VALUE VALUE VALUE VALUE VALUE VALUE VALUE VALUE)},
    {"MGET of 10 keys in 2 slots", "MGET {a}1 {b}2 {a}3 {b}4 {a}5 {b}6 {a}7 {b}8 {a}9 {b}10",
     SPAN("*5\r\n" VALUE VALUE VALUE VALUE VALUE),
     SPAN("*10\r\n" VALUE VALUE VALUE VALUE VALUE VALUE VALUE VALUE VALUE VALUE)},
    {"MSET of 10 keys in 10 slots",
     "MSET key:1 a key:2 b key:3 c key:4 d key:5 e key:6 f key:7 g key:8 h key:9 i key:10 j",
     SPAN("+OK\r\n"), SPAN("+OK\r\n")},
    {"DEL of 10 keys in 10 slots",
     "DEL key:1 key:2 key:3 key:4 key:5 key:6 key:7 key:8 key:9 key:10", SPAN(":1\r\n"),
     SPAN(":10\r\n")},
};

struct forwarded {
    struct asked asked;
    struct block *answer;
    struct span reply;
};

static struct forwarded prepared[ARRAY_LEN(rows)];
static struct bench_case cases[ARRAY_LEN(rows)];
static struct nodes nodes;
static struct sendq told;

static void tell(struct request *request, struct block *block, struct span bytes)
{
    sendq_move(&told, &request->reply);
    sendq_lend(&told, block, bytes);
    request_free(&request);
}

static void send_one(struct request *request, struct asked *asked)
{
    struct route route = route_request(asked->command, &asked->arguments, &asked->keys);

    if (route.kind == ROUTE_SPLIT) {
        fanout_split(nodes.dispatcher, request, &asked->arguments, &asked->keys);
        return;
    }
    CHECK(route.kind == ROUTE_SLOT);
    request->slot = route.slot;
    request->target = TARGET_SLOT;
    dispatcher_send(nodes.dispatcher, request);
}

static void forward(const void *argument)
{
    struct forwarded *forwarded = &prepared[(const struct forwarded *)argument - prepared];
    struct asked *asked = &forwarded->asked;

    send_one(nodes_request(&nodes, asked, tell), asked);
    nodes_answer(&nodes, forwarded->answer);
    CHECK(told.size == forwarded->reply.size);
    sendq_clear(&told);
}

/* Once, before it is measured: the reply is what it should be. */
static void expect_reply(struct forwarded *forwarded)
{
    send_one(nodes_request(&nodes, &forwarded->asked, tell), &forwarded->asked);
    nodes_answer(&nodes, forwarded->answer);

    struct block *reply = sendq_flatten(&told);

    CHECK(span_equal((struct span){reply->bytes, reply->used}, forwarded->reply));
    block_release(&reply);
    sendq_clear(&told);
}

static void prepare(size_t index)
{
    struct forwarded *forwarded = &prepared[index];

    asked_init(&forwarded->asked, rows[index].text);
    forwarded->answer = block_copy(rows[index].answer);
    forwarded->reply = rows[index].reply;
    cases[index] = (struct bench_case){rows[index].name, forward, forwarded, CASE_CALLS};
    expect_reply(forwarded);
}

int main(int argc, char **argv)
{
    sendq_init(&told);
    nodes_open(&nodes);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        prepare(i);
    }

    int status = cases_main(argc, argv, cases, ARRAY_LEN(cases));

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        block_release(&prepared[i].answer);
        asked_clear(&prepared[i].asked);
    }
    nodes_close(&nodes);
    return status;
}
