/* pipeline.c - what it costs to give a client its replies in the order of its requests: 16 requests
 * come, are answered in some order, and their replies are written.
 */
#include "proxy/downstream/pipeline.h"
#include "bench/micro/support/asked.h"
#include "bench/micro/support/cases.h"

enum { REQUESTS = 16, THREE_NODES = 3 };

static struct asked asked;
static struct pipeline pipeline;
static struct sendq output;
static struct request *requests[REQUESTS];

static const struct span reply = SPAN("$32\r\n01234567890123456789012345678901\r\n");

static void push_all(void)
{
    for (size_t i = 0; i < REQUESTS; i++) {
        requests[i] = request_new(asked.command, asked.block, asked_bytes(&asked));
        pipeline_push(&pipeline, requests[i]);
    }
}

static void settle(struct request *request)
{
    request_become(request, REQUEST_SETTLED);
    pipeline_settle(&pipeline, &output, request, NULL, reply);
}

static void expect_all(void)
{
    CHECK(pipeline_is_empty(&pipeline) && output.size == REQUESTS * reply.size);
    sendq_clear(&output);
}

static void in_order(const void *argument UNUSED)
{
    push_all();
    for (size_t i = 0; i < REQUESTS; i++) {
        settle(requests[i]);
    }
    expect_all();
}

/* One node after the other has answered, as when their replies are read. */
static void by_node(const void *argument UNUSED)
{
    push_all();
    for (size_t node = 0; node < THREE_NODES; node++) {
        for (size_t i = node; i < REQUESTS; i += THREE_NODES) {
            settle(requests[i]);
        }
    }
    expect_all();
}

static void backwards(const void *argument UNUSED)
{
    push_all();
    for (size_t i = REQUESTS; i > 0; i--) {
        settle(requests[i - 1]);
    }
    expect_all();
}

static const struct bench_case cases[] = {
    {"16 replies in order", in_order, NULL, CASE_CALLS},
    {"16 replies, node by node", by_node, NULL, CASE_CALLS},
    {"16 replies backwards", backwards, NULL, CASE_CALLS},
};

int main(int argc, char **argv)
{
    asked_init(&asked, "GET key:000000012345");
    sendq_init(&output);
    pipeline_init(&pipeline);

    int status = cases_main(argc, argv, cases, ARRAY_LEN(cases));

    asked_clear(&asked);
    return status;
}
