#include "proxy/downstream/pipeline.h"

#include <signal.h>

#include <criterion/criterion.h>

#include "common/check.h"

enum { REQUESTS_MAX = 64 };

static struct pipeline pipeline;
static struct sendq output;
static struct request *requests[REQUESTS_MAX];
static size_t blocks_before;

static void open_pipeline(void)
{
    blocks_before = block_bytes_in_use();
    sendq_init(&output);
    pipeline_init(&pipeline);
}

static void close_pipeline(void)
{
    struct request *request;

    while ((request = pipeline_take(&pipeline)) != NULL) {
        request_free(&request);
    }
    CHECK(pipeline.count == 0);
    sendq_clear(&output);
    CHECK(block_bytes_in_use() == blocks_before);
}

TestSuite(pipeline, .init = open_pipeline, .fini = close_pipeline);

static void push(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        requests[i] = request_new(command_by_name(SPAN("get")), NULL, SPAN("question"));
        pipeline_push(&pipeline, requests[i]);
    }
}

static void settle(size_t index, const char *reply)
{
    request_become(requests[index], REQUEST_SETTLED);
    pipeline_settle(&pipeline, &output, requests[index], NULL, span_of(reply));
}

static void output_is(const char *text)
{
    struct block *block = sendq_flatten(&output);

    cr_assert(span_equal((struct span){block->bytes, block->used}, span_of(text)), "'%.*s'",
              (int)block->used, block->bytes);
    block_release(&block);
}

Test(pipeline, a_reply_whose_turn_it_is_leaves_at_once)
{
    push(2);
    settle(0, "+1\r\n");
    output_is("+1\r\n");
    settle(1, "+2\r\n");
    output_is("+1\r\n+2\r\n");
    cr_expect(pipeline_is_empty(&pipeline));
    cr_expect_eq(pipeline.bytes, 0);
}

Test(pipeline, replies_wait_for_those_in_front)
{
    push(4);
    settle(2, "+3\r\n");
    settle(1, "+2\r\n");
    output_is("");
    cr_expect_eq(pipeline.count, 4);
    settle(0, "+1\r\n");
    output_is("+1\r\n+2\r\n+3\r\n");
    cr_expect_eq(pipeline.count, 1);
    settle(3, "+4\r\n");
    output_is("+1\r\n+2\r\n+3\r\n+4\r\n");
}

/* Whatever order they are ready in. */
Test(pipeline, any_order_of_settling_gives_the_order_of_asking)
{
    static const char *const replies[] = {"+0", "+1", "+2", "+3", "+4"};
    enum { COUNT = ARRAY_LEN(replies), WAYS = 5 * 4 * 3 * 2 };

    for (int way = 0; way < WAYS; way++) {
        size_t left[COUNT] = {0, 1, 2, 3, 4};
        int rest = way;

        push(COUNT);
        for (size_t count = COUNT; count > 0; count--) {
            size_t pick = (size_t)rest % count;

            rest /= (int)count;
            settle(left[pick], replies[left[pick]]);
            left[pick] = left[count - 1];
        }
        output_is("+0+1+2+3+4");
        cr_assert_eq(pipeline.count, 0);
        cr_assert_eq(pipeline.bytes, 0);
        sendq_clear(&output);
    }
}

Test(pipeline, counts_the_bytes_of_requests_and_of_replies_that_wait)
{
    push(3);
    cr_expect_eq(pipeline.bytes, 3 * strlen("question"));
    settle(1, "+12345\r\n");
    cr_expect_eq(pipeline.bytes, 3 * strlen("question") + strlen("+12345\r\n"));
    settle(0, "+1\r\n");
    cr_expect_eq(pipeline.bytes, strlen("question"));
    settle(2, "+3\r\n");
    cr_expect_eq(pipeline.bytes, 0);
}

Test(pipeline, keeps_nothing_of_a_reply_that_nobody_will_get)
{
    push(2);
    requests[1]->muted = true;
    sendq_append(&requests[1]->reply, SPAN("$4\r\nlong\r\n"));
    settle(1, "+1\r\n");
    cr_expect(sendq_is_empty(&requests[1]->reply));
    cr_expect_eq(block_bytes_in_use(), blocks_before);
    cr_expect_eq(pipeline.bytes, 2 * strlen("question"));
    settle(0, "+0\r\n");
    output_is("+0\r\n");
    cr_expect_eq(pipeline.bytes, 0);
}

Test(pipeline, muted_requests_have_no_reply_but_a_place)
{
    push(4);
    requests[0]->muted = true;
    requests[2]->muted = true;
    settle(2, "+3\r\n");
    settle(1, "+2\r\n");
    settle(0, "+1\r\n");
    output_is("+2\r\n");
    settle(3, "+4\r\n");
    output_is("+2\r\n+4\r\n");
    cr_expect_eq(pipeline.bytes, 0);
}

Test(pipeline, a_composed_reply_comes_before_the_bytes_given)
{
    push(2);
    sendq_append(&requests[1]->reply, SPAN("*2\r\n+a\r\n"));
    settle(1, "+b\r\n");
    sendq_append(&requests[0]->reply, SPAN("+0\r\n"));
    request_become(requests[0], REQUEST_SETTLED);
    pipeline_settle_composed(&pipeline, &output, requests[0]);
    output_is("+0\r\n*2\r\n+a\r\n+b\r\n");
    cr_expect_eq(pipeline.bytes, 0);
}

Test(pipeline, large_replies_are_referred_to_and_small_ones_copied)
{
    static const size_t sizes[] = {1, SENDQ_COPY_MAX - 1, SENDQ_COPY_MAX, 5 * SENDQ_COPY_MAX};

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct block *block = block_new(sizes[i]);
        bool is_large = sizes[i] >= SENDQ_COPY_MAX;

        memset(block->bytes, 'x', sizes[i]);
        block->used = sizes[i];
        push(2);
        request_become(requests[1], REQUEST_SETTLED);
        pipeline_settle(&pipeline, &output, requests[1], block,
                        (struct span){block->bytes, block->used});
        cr_expect_eq(block->references, is_large ? 2 : 1, "%zu bytes", sizes[i]);
        settle(0, "-");
        cr_expect_eq(output.size, sizes[i] + 1);
        cr_expect_eq(block->references, is_large ? 2 : 1, "%zu bytes", sizes[i]);
        sendq_clear(&output);
        block_release(&block);
    }
}

/* What they were read into may be filled anew before their turn comes. */
Test(pipeline, replies_that_wait_are_kept_whatever_their_size)
{
    static const size_t sizes[] = {
        0, 1, REQUEST_KEPT_MAX - 1, REQUEST_KEPT_MAX, REQUEST_KEPT_MAX + 1, SENDQ_COPY_MAX - 1};
    static char text[2 * SENDQ_COPY_MAX];

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct block *block = block_new(SENDQ_COPY_MAX);

        push(3);
        for (size_t j = 1; j < 3; j++) {
            memset(block->bytes, j == 1 ? 'x' : 'y', sizes[i]);
            block->used = sizes[i];
            request_become(requests[j], REQUEST_SETTLED);
            pipeline_settle(&pipeline, &output, requests[j], block,
                            (struct span){block->bytes, sizes[i]});
        }
        memset(block->bytes, 'z', sizes[i]);
        cr_expect_eq(pipeline.reply_bytes, 2 * sizes[i], "%zu bytes", sizes[i]);
        cr_expect_eq(pipeline.bytes, 3 * strlen("question") + 2 * sizes[i], "%zu bytes", sizes[i]);
        settle(0, "");
        memset(text, 'x', sizes[i]);
        memset(text + sizes[i], 'y', sizes[i]);
        text[2 * sizes[i]] = '\0';
        output_is(text);
        cr_expect_eq(pipeline.reply_bytes, 0);
        cr_expect_eq(pipeline.bytes, 0);
        sendq_clear(&output);
        block_release(&block);
    }
}

/* A reply that waits must not take more than it is. */
Test(pipeline, small_replies_that_wait_take_little_memory)
{
    push(REQUESTS_MAX);

    size_t before = block_bytes_in_use();

    for (size_t i = 1; i < REQUESTS_MAX; i++) {
        settle(i, "+0123456789\r\n");
    }
    cr_expect_leq(block_bytes_in_use() - before, (REQUESTS_MAX - 1) * 128);
}

Test(pipeline, gives_its_requests_back_oldest_first)
{
    push(3);
    settle(1, "+2\r\n");
    for (size_t i = 0; i < 3; i++) {
        struct request *request = pipeline_take(&pipeline);

        cr_expect_eq(request, requests[i]);
        request_free(&request);
    }
    cr_expect_null(pipeline_take(&pipeline));
    output_is("");
}

Test(pipeline, a_request_without_a_settled_state_cannot_leave, .signal = SIGABRT)
{
    push(1);
    pipeline_settle(&pipeline, &output, requests[0], NULL, SPAN("+1\r\n"));
}

Test(pipeline, counts_the_replies_that_wait_apart_from_requests)
{
    push(4);
    settle(2, "three");
    requests[1]->muted = true;
    settle(1, "two");
    cr_expect_eq(pipeline.reply_bytes, strlen("three"));
    cr_expect_eq(pipeline.bytes, 4 * strlen("question") + strlen("three"));
    settle(0, "one");
    cr_expect_eq(pipeline.reply_bytes, 0);
    cr_expect_eq(pipeline.bytes, strlen("question"));
    output_is("onethree");
}
