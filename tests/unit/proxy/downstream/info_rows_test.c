#include "proxy/downstream/info_rows.h"

#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

static struct info_rows rows;

/* A line as a node says it; returns whether it was one of the rows'. */
static bool add(const char *line)
{
    size_t colon = strcspn(line, ":");

    return info_rows_add(&rows, (struct span){line, colon}, span_of(line + colon + 1));
}

static void expect_rows(enum info_row_kind kind, const char *expected)
{
    struct sendq queue;

    sendq_init(&queue);
    info_rows_write(&rows, kind, &queue);

    struct block *block = sendq_flatten(&queue);

    cr_expect(span_equal((struct span){block->bytes, block->used}, span_of(expected)),
              "got %.*s instead of %s", (int)block->used, block->bytes, expected);
    block_release(&block);
    sendq_clear(&queue);
}

TestSuite(info_rows);

Test(info_rows, calls_are_added_and_their_mean_is_that_of_the_sum)
{
    add("cmdstat_get:calls=1,usec=2,usec_per_call=2.00,rejected_calls=1,failed_calls=0");
    add("cmdstat_config|get:calls=1,usec=7,usec_per_call=7.00,rejected_calls=0,failed_calls=0");
    add("cmdstat_get:calls=2,usec=6,usec_per_call=3.00,rejected_calls=2,failed_calls=4");
    expect_rows(INFO_ROW_COMMAND,
                "cmdstat_get:calls=3,usec=8,usec_per_call=2.67,rejected_calls=3,failed_calls=4\r\n"
                "cmdstat_config|get:calls=1,usec=7,usec_per_call=7.00,rejected_calls=0,"
                "failed_calls=0\r\n");
    info_rows_clear(&rows);
}

Test(info_rows, what_was_only_rejected_has_no_mean)
{
    add("cmdstat_get:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0");
    expect_rows(
        INFO_ROW_COMMAND,
        "cmdstat_get:calls=0,usec=0,usec_per_call=0.00,rejected_calls=1,failed_calls=0\r\n");
    info_rows_clear(&rows);
}

Test(info_rows, numbers_of_newer_servers_are_added_too)
{
    add("cmdstat_get:calls=1,usec=2,usec_per_call=2.00,slow_calls=3,slow_time_ms_max=9");
    add("cmdstat_get:calls=1,usec=2,usec_per_call=2.00,slow_calls=4,slow_time_ms_max=8");
    add("cmdstat_get:calls=0,usec=0,usec_per_call=0.00,newest=1");
    expect_rows(INFO_ROW_COMMAND, "cmdstat_get:calls=2,usec=4,usec_per_call=2.00,slow_calls=7,"
                                  "slow_time_ms_max=9,newest=1\r\n");
    info_rows_clear(&rows);
}

Test(info_rows, errors_are_added_by_their_prefix)
{
    add("errorstat_ERR:count=5");
    add("errorstat_NOTBUSY:count=14");
    add("errorstat_ERR:count=2");
    expect_rows(INFO_ROW_ERROR, "errorstat_ERR:count=7\r\nerrorstat_NOTBUSY:count=14\r\n");
    expect_rows(INFO_ROW_COMMAND, "");
    info_rows_clear(&rows);
}

Test(info_rows, of_each_percentile_the_greatest_is_shown)
{
    add("latency_percentiles_usec_get:p50=1.003,p99=3342.335,p99.9=3342.335");
    add("latency_percentiles_usec_get:p50=50.175,p99=50.175,p99.9=5000.191");
    add("latency_percentiles_usec_set:p50=0.001");
    expect_rows(INFO_ROW_LATENCY, "latency_percentiles_usec_get:p50=50.175,p99=3342.335,"
                                  "p99.9=5000.191\r\nlatency_percentiles_usec_set:p50=0.001\r\n");
    info_rows_clear(&rows);
}

Test(info_rows, other_lines_are_somebody_elses)
{
    cr_expect_not(add("used_memory:1"));
    cr_expect_not(add("cmdstat:calls=1"));
    cr_expect(add("cmdstat_get:calls=1"));
    info_rows_clear(&rows);
}

Test(info_rows, what_makes_no_sense_is_left_out)
{
    static const char *const lines[] = {
        "cmdstat_get:",
        "cmdstat_get:,,,",
        "cmdstat_get:calls",
        "cmdstat_get:calls=",
        "cmdstat_get:=1",
        "cmdstat_get:calls=x,usec=1x",
        "cmdstat_get:calls=99999999999999999999",
        "cmdstat_get:usec_per_call=-1",
        "errorstat_ERR:count=1.5",
        "latency_percentiles_usec_get:p50=-1",
    };

    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        cr_expect(add(lines[i]), "%s", lines[i]);
        for (size_t kind = 0; kind < INFO_ROW_KINDS; kind++) {
            expect_rows((enum info_row_kind)kind, "");
        }
        info_rows_clear(&rows);
    }
    add("cmdstat_get:calls=1,usec=x,=,failed_calls=2");
    expect_rows(INFO_ROW_COMMAND, "cmdstat_get:calls=1,failed_calls=2\r\n");
    info_rows_clear(&rows);
}

Test(info_rows, a_row_has_an_end_and_sums_stay_in_range)
{
    add("errorstat_ERR:a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1,l=1,m=1,n=1,o=1,p=1,q=1,r=1");
    add("errorstat_ERR:a=9223372036854775807,b=-2");
    expect_rows(INFO_ROW_ERROR,
                "errorstat_ERR:a=9223372036854775807,b=-1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1,"
                "l=1,m=1,n=1,o=1,p=1\r\n");
    info_rows_clear(&rows);
}

enum { LINES = 20000, LINE_SIZE = 32 };

Test(info_rows, a_node_that_makes_up_rows_makes_up_only_so_many)
{
    char(*lines)[LINE_SIZE] = calloc(LINES, LINE_SIZE);
    struct sendq queue;

    for (size_t i = 0; i < LINES; i++) {
        snprintf(lines[i], LINE_SIZE, "errorstat_%zu:count=1", i);
        cr_assert(add(lines[i]));
    }
    sendq_init(&queue);
    info_rows_write(&rows, INFO_ROW_ERROR, &queue);
    cr_expect_gt(queue.size, 0);
    cr_expect_lt(rows.by_name.count, LINES);
    sendq_clear(&queue);
    info_rows_clear(&rows);
    free(lines);
}
