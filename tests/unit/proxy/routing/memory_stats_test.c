#include "proxy/routing/memory_stats.h"

#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "common/resp_write.h"

/* What `count` nodes come to, without line ends: "%2|$1|a|:3|". NULL: that was no answer. */
static const char *joined(const char *const *replies, size_t count, uint8_t protocol)
{
    static char text[8192];
    struct memory_stats *stats = memory_stats_new();
    struct sendq to;
    size_t used = 0;

    sendq_init(&to);
    to.protocol = protocol;
    for (size_t i = 0; i < count; i++) {
        if (!memory_stats_add(stats, span_of(replies[i]))) {
            memory_stats_free(&stats);
            return NULL;
        }
    }
    memory_stats_write(stats, &to);

    struct block *block = sendq_flatten(&to);

    for (size_t i = 0; i < block->used; i++) {
        if (block->bytes[i] != '\r') {
            text[used++] = block->bytes[i] == '\n' ? '|' : block->bytes[i];
        }
    }
    text[used] = '\0';
    block_release(&block);
    sendq_clear(&to);
    memory_stats_free(&stats);
    return text;
}

#define JOINED(protocol, ...)                                                                      \
    joined((const char *const[]){__VA_ARGS__}, ARRAY_LEN(((const char *const[]){__VA_ARGS__})),    \
           protocol)

#define N(name, digits) "+" name "\r\n:" digits "\r\n"

Test(memory_stats, numbers_are_added_up_also_within_a_database)
{
    cr_expect_str_eq(
        JOINED(3, "%2\r\n" N("aof.buffer", "1") "+db.0\r\n%2\r\n" N("main", "10") N("expires", "2"),
               "%2\r\n" N("aof.buffer", "5") "+db.0\r\n%2\r\n" N("main", "20") N("expires", "3")),
        "%2|$10|aof.buffer|:6|$4|db.0|%2|$4|main|:30|$7|expires|:5|");
    cr_expect_str_eq(JOINED(2, "*4\r\n" N("aof.buffer", "1") "+db.0\r\n*2\r\n" N("main", "10"),
                            "*4\r\n" N("aof.buffer", "5") "+db.0\r\n*2\r\n" N("main", "20")),
                     "*4|$10|aof.buffer|:6|$4|db.0|*2|$4|main|:30|");
}

Test(memory_stats, a_sum_stays_within_its_type)
{
    cr_expect_str_eq(JOINED(3, "%1\r\n" N("a", "9223372036854775807"), "%1\r\n" N("a", "1")),
                     "%1|$1|a|:9223372036854775807|");
    cr_expect_str_eq(JOINED(3, "%1\r\n" N("a", "-9223372036854775808"), "%1\r\n" N("a", "-1")),
                     "%1|$1|a|:-9223372036854775808|");
}

Test(memory_stats, a_ratio_stays_within_its_type)
{
    cr_expect_str_eq(JOINED(3, "%3\r\n" N("total.allocated", "9223372036854775807")
                                   N("keys.count", "1") N("keys.bytes-per-key", "1")),
                     "%3|$15|total.allocated|:9223372036854775807|$10|keys.count|:1|"
                     "$18|keys.bytes-per-key|:9223372036854775807|");
}

Test(memory_stats, what_one_node_does_not_say_is_the_others)
{
    cr_expect_str_eq(JOINED(3, "%1\r\n" N("a", "1"), "%2\r\n" N("b", "2") N("a", "3")),
                     "%2|$1|a|:4|$1|b|:2|");
}

Test(memory_stats, ratios_are_those_of_the_sums)
{
    static const char one[] = "%9\r\n" N("peak.allocated", "1000") N("total.allocated", "600")
        N("startup.allocated", "100") N("keys.count", "10") N("keys.bytes-per-key", "50")
            N("dataset.bytes", "400") "+dataset.percentage\r\n,80\r\n+peak.percentage\r\n,60\r\n" N(
                "aof.buffer", "0");
    static const char other[] = "%9\r\n" N("peak.allocated", "600") N("total.allocated", "600") N(
        "startup.allocated", "100") N("keys.count", "30") N("keys.bytes-per-key", "16")
        N("dataset.bytes",
          "350") "+dataset.percentage\r\n,70\r\n+peak.percentage\r\n,100\r\n" N("aof.buffer", "0");

    cr_expect_str_eq(JOINED(3, one, other),
                     "%9|$14|peak.allocated|:1600|$15|total.allocated|:1200|$17|startup.allocated|"
                     ":200|$10|keys.count|:40|$18|keys.bytes-per-key|:25|$13|dataset.bytes|:750|"
                     "$18|dataset.percentage|,75|$15|peak.percentage|,75|$10|aof.buffer|:0|");
}

Test(memory_stats, fragmentation_is_worked_out_from_the_bytes)
{
    static const char one[] = "*20\r\n" N("total.allocated", "100") N("allocator.allocated", "100")
        N("allocator.active", "150") N("allocator.resident", "200") N("rss-overhead.bytes", "50")
            N("fragmentation.bytes",
              "200") "+allocator-fragmentation.ratio\r\n$3\r\n1.5\r\n+allocator-rss.ratio\r\n$"
                     "4\r\n1.33\r\n"
                     "+rss-overhead.ratio\r\n$4\r\n1.25\r\n+fragmentation\r\n$1\r\n3\r\n";
    static const char other[] = "*20\r\n" N("total.allocated", "300")
        N("allocator.allocated", "100") N("allocator.active", "150") N("allocator.resident", "400")
            N("rss-overhead.bytes", "-50")
                N("fragmentation.bytes",
                  "0") "+allocator-fragmentation.ratio\r\n$3\r\n1.5\r\n+allocator-rss.ratio\r\n$"
                       "4\r\n2.66\r\n"
                       "+rss-overhead.ratio\r\n$4\r\n0.87\r\n+fragmentation\r\n$1\r\n1\r\n";
    const char *text = JOINED(2, one, other);

    cr_expect_not_null(strstr(text, "|$29|allocator-fragmentation.ratio|$3|1.5|"), "%s", text);
    cr_expect_not_null(strstr(text, "|$19|allocator-rss.ratio|$1|2|"), "%s", text);
    cr_expect_not_null(strstr(text, "|$18|rss-overhead.ratio|$1|1|"), "%s", text);
    cr_expect_not_null(strstr(text, "|$13|fragmentation|$3|1.5|"), "%s", text);
}

Test(memory_stats, a_fraction_that_nobody_knows_is_the_mean_of_those_who_say_it)
{
    cr_expect_str_eq(JOINED(3, "%1\r\n+new.ratio\r\n,1.5\r\n", "%1\r\n" N("a", "1"),
                            "%1\r\n+new.ratio\r\n,2\r\n"),
                     "%2|$9|new.ratio|,1.75|$1|a|:1|");
}

Test(memory_stats, an_empty_node_divides_by_nothing)
{
    cr_expect_str_eq(JOINED(3, "%2\r\n" N("keys.count", "0") N("keys.bytes-per-key", "0")),
                     "%2|$10|keys.count|:0|$18|keys.bytes-per-key|:0|");
    cr_expect_str_eq(JOINED(3, "%1\r\n+peak.percentage\r\n,nan\r\n"),
                     "%1|$15|peak.percentage|,nan|");
}

Test(memory_stats, what_is_no_number_is_the_first_nodes)
{
    cr_expect_str_eq(
        JOINED(3, "%1\r\n+allocator\r\n+jemalloc\r\n", "%1\r\n+allocator\r\n+libc\r\n"),
        "%1|$9|allocator|+jemalloc|");
}

static const char *const strange[] = {
    "+OK\r\n", ":1\r\n", "$-1\r\n", "%1\r\n:1\r\n:2\r\n", "%1\r\n+db.0\r\n%1\r\n:1\r\n:2\r\n",
};

Test(memory_stats, what_has_no_names_and_values_is_no_answer)
{
    for (size_t i = 0; i < ARRAY_LEN(strange); i++) {
        cr_expect_null(JOINED(3, "%1\r\n" N("a", "1"), strange[i]), "%s", strange[i]);
    }
}

Test(memory_stats, kinds_that_differ_and_deep_ones_do_no_harm)
{
    cr_expect_str_eq(JOINED(3, "%1\r\n" N("a", "1"), "%1\r\n+a\r\n%1\r\n" N("b", "2")),
                     "%1|$1|a|:1|");
    cr_expect_str_eq(JOINED(3, "%1\r\n+a\r\n%1\r\n" N("b", "2"), "%1\r\n" N("a", "1")),
                     "%1|$1|a|%1|$1|b|:2|");
    cr_expect_str_eq(JOINED(3, "%1\r\n+a\r\n%1\r\n+b\r\n%1\r\n" N("c", "2")),
                     "%1|$1|a|%1|$1|b|%1|+c|:2|");
}

Test(memory_stats, no_more_fields_than_a_server_may_have)
{
    char *reply = malloc(64 * 1024);
    int used = sprintf(reply, "%%600\r\n");

    for (int i = 0; i < 600; i++) {
        used += sprintf(reply + used, "+f%d\r\n:1\r\n", i);
    }
    cr_expect_null(JOINED(3, reply));
    free(reply);
}
