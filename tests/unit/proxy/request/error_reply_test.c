#include "proxy/request/error_reply.h"

#include <stdio.h>

#include <criterion/criterion.h>

static struct metrics metrics;

static struct span reply_of(enum error_symbol symbol, const char *detail)
{
    static char line[ERROR_REPLY_MAX];

    return error_reply(symbol, detail, &metrics, line);
}

Test(error_reply, says_what_it_says)
{
    static const struct {
        enum error_symbol symbol;
        const char *detail;
        const char *line;
    } rows[] = {
        {ERROR_NO_AUTH, NULL, "-NOAUTH Authentication required.\r\n"},
        {ERROR_CLUSTER_DOWN, NULL, "-CLUSTERDOWN Hash slot not served\r\n"},
        {ERROR_CLUSTER_DOWN, "ignored", "-CLUSTERDOWN Hash slot not served\r\n"},
        {ERROR_COMMAND, "ERR unknown command", "-ERR unknown command\r\n"},
        {ERROR_LOST_AFTER_SEND, "10.0.0.1:7000",
         "-ERR proxy: connection to 10.0.0.1:7000 lost after send, outcome unknown\r\n"},
        {ERROR_OVERLOADED, "%s%n", "-ERR proxy: overloaded: too many requests wait for %s%n\r\n"},
        {ERROR_PROTOCOL, "", "-ERR Protocol error: \r\n"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct span reply = reply_of(rows[i].symbol, rows[i].detail);

        cr_expect(span_equal(reply, span_of(rows[i].line)), "%.*s", (int)reply.size, reply.at);
    }
}

Test(error_reply, a_long_detail_is_cut_and_the_line_still_ends)
{
    char detail[2 * ERROR_REPLY_MAX];

    memset(detail, 'x', sizeof detail);
    detail[sizeof detail - 1] = '\0';
    for (size_t size = ERROR_REPLY_MAX - 100; size < sizeof detail - 1; size++) {
        char saved = detail[size];

        detail[size] = '\0';

        struct span reply = reply_of(ERROR_LOST_AFTER_SEND, detail);

        cr_assert_leq(reply.size, ERROR_REPLY_MAX);
        cr_assert_eq(memcmp(reply.at + reply.size - 2, "\r\n", 2), 0);
        cr_assert_null(memchr(reply.at, '\r', reply.size - 2));
        detail[size] = saved;
    }
}

/* Whatever the error, it is one RESP error line that no client mistakes for a redirection. */
Test(error_reply, every_row_is_one_line_with_a_counter_and_a_name)
{
    for (int symbol = 0; symbol < ERROR_SYMBOL_COUNT; symbol++) {
        uint64_t before = metric_read(&metrics.error_replies[symbol]);
        struct span reply = reply_of((enum error_symbol)symbol, "detail");

        cr_expect_eq(reply.at[0], '-');
        cr_expect_eq(memchr(reply.at, '\r', reply.size), reply.at + reply.size - 2);
        cr_expect_eq(memchr(reply.at, '\n', reply.size), reply.at + reply.size - 1);
        cr_expect(!span_starts_with(reply, SPAN("-MOVED")) &&
                  !span_starts_with(reply, SPAN("-ASK")) &&
                  !span_starts_with(reply, SPAN("-TRYAGAIN")));
        cr_expect_null(memmem(reply.at, reply.size, "%s", 2));
        cr_expect_eq(metric_read(&metrics.error_replies[symbol]), before + 1);
        cr_expect_gt(strlen(error_reply_names()[symbol]), 0);
        for (int other = 0; other < symbol; other++) {
            cr_expect_str_neq(error_reply_names()[symbol], error_reply_names()[other]);
        }
    }
}

static char settled_with[ERROR_REPLY_MAX];

static void on_settled(struct request *request, struct block *block, struct span bytes)
{
    cr_assert_null(block);
    snprintf(settled_with, sizeof settled_with, "%.*s", (int)bytes.size, bytes.at);
    request_free(&request);
}

Test(error_reply, settles_a_request)
{
    struct request *request = request_new(command_by_name(SPAN("get")), NULL, SPAN("x"));

    request->done = on_settled;
    error_settle(request, ERROR_SYNTAX, NULL, &metrics);
    cr_expect_str_eq(settled_with, "-ERR syntax error\r\n");
}
