#include "common/resp_write.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_scan.h"

/* Compares what has been written with `expected`, and empties the queue. */
static void assert_written(struct sendq *queue, struct span expected)
{
    struct block *block = sendq_flatten(queue);
    struct span written = {block->bytes, block->used};
    cr_assert(span_equal(written, expected), "wrote '%.*s'", (int)written.size, written.at);
    block_release(&block);
    sendq_clear(queue);
}

Test(resp_write, constants)
{
    struct sendq queue;
    sendq_init(&queue);

    resp_write_null(&queue);
    assert_written(&queue, SPAN("$-1\r\n"));
    resp_write_null_array(&queue);
    assert_written(&queue, SPAN("*-1\r\n"));
    resp_write_array(&queue, 0);
    assert_written(&queue, SPAN("*0\r\n"));
    resp_write_array(&queue, SIZE_MAX);
    assert_written(&queue, SPAN("*18446744073709551615\r\n"));
}

Test(resp_write, doubles_are_strings_in_the_old_protocol)
{
    struct sendq queue;
    sendq_init(&queue);

    resp_write_double(&queue, 99.8046875);
    assert_written(&queue, SPAN("$10\r\n99.8046875\r\n"));
    queue.protocol = 3;
    resp_write_double(&queue, -2);
    assert_written(&queue, SPAN(",-2\r\n"));
}

Test(resp_write, status_and_errors)
{
    struct sendq queue;
    sendq_init(&queue);

    resp_write_status(&queue, "OK");
    assert_written(&queue, SPAN("+OK\r\n"));
    resp_write_error(&queue, "ERR no such thing");
    assert_written(&queue, SPAN("-ERR no such thing\r\n"));
    resp_write_error(&queue, "");
    assert_written(&queue, SPAN("-\r\n"));
}

Test(resp_write, an_error_cannot_end_its_line_early)
{
    struct sendq queue;
    sendq_init(&queue);

    resp_write_error(&queue, "ERR unknown command 'a\r\n+OK\r\n'");
    assert_written(&queue, SPAN("-ERR unknown command 'a  +OK  '\r\n"));
    resp_write_error(&queue, "\n");
    assert_written(&queue, SPAN("- \r\n"));
}

Test(resp_write, integers_are_printed_as_printf_does)
{
    const int64_t numbers[] = {0,         1,         -1,        9,         10,
                               -10,       99,        100,       12345,     -98765,
                               INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 1000000000000000000};
    struct sendq queue;
    sendq_init(&queue);

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        char expected[32];
        snprintf(expected, sizeof expected, ":%" PRId64 "\r\n", numbers[i]);
        resp_write_integer(&queue, numbers[i]);
        assert_written(&queue, span_of(expected));
    }
}

Test(resp_write, bulks_are_binary_safe)
{
    struct sendq queue;
    sendq_init(&queue);

    resp_write_bulk(&queue, SPAN("a\0\r\nb"));
    assert_written(&queue, SPAN("$5\r\na\0\r\nb\r\n"));
    resp_write_bulk(&queue, (struct span){NULL, 0});
    assert_written(&queue, SPAN("$0\r\n\r\n"));
    resp_write_text(&queue, "text");
    assert_written(&queue, SPAN("$4\r\ntext\r\n"));
}

Test(resp_write, bulks_of_every_size_are_what_was_given)
{
    char *bytes = memory_raw(70000);
    for (size_t i = 0; i < 70000; i++) {
        bytes[i] = (char)(i % 251);
    }
    for (size_t size = 0; size <= 70000; size += size < 400 ? 1 : 23200) {
        struct sendq queue;
        sendq_init(&queue);
        resp_write_bulk(&queue, (struct span){bytes, size});

        struct block *block = sendq_flatten(&queue);
        struct span content;
        cr_assert(reply_string((struct span){block->bytes, block->used}, &content));
        cr_assert(span_equal(content, (struct span){bytes, size}), "%zu bytes", size);
        cr_assert(memcmp(block->bytes + block->used - 2, "\r\n", 2) == 0);
        block_release(&block);
        sendq_clear(&queue);
    }
    free(bytes);
}

Test(resp_write, formatted_texts_may_be_long)
{
    struct sendq queue;
    sendq_init(&queue);

    resp_write_format(&queue, "%s=%d", "answer", 42);
    assert_written(&queue, SPAN("$9\r\nanswer=42\r\n"));
    for (int width = 250; width < 262; width++) {
        char expected[300];
        snprintf(expected, sizeof expected, "$%d\r\n%*d\r\n", width, width, 7);
        resp_write_format(&queue, "%*d", width, 7);
        assert_written(&queue, span_of(expected));
    }
}

Test(resp_write, a_request_is_an_array_of_bulks)
{
    const struct span arguments[] = {SPAN("SET"), SPAN("k"), SPAN("v\r\n"), SPAN("")};
    struct sendq queue;
    sendq_init(&queue);

    resp_write_request(&queue, arguments, ARRAY_LEN(arguments));
    assert_written(&queue, SPAN("*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$3\r\nv\r\n\r\n$0\r\n\r\n"));
}
