#include "proxy/routing/function_stats.h"

#include <criterion/criterion.h>

#define IDLE                                                                                       \
    "*4\r\n$14\r\nrunning_script\r\n$-1\r\n$7\r\nengines\r\n*2\r\n$3\r\nLUA\r\n"                   \
    "*4\r\n$15\r\nlibraries_count\r\n:1\r\n$15\r\nfunctions_count\r\n:2\r\n"
#define IDLE_3                                                                                     \
    "%2\r\n$14\r\nrunning_script\r\n_\r\n$7\r\nengines\r\n%1\r\n$3\r\nLUA\r\n"                     \
    "%2\r\n$15\r\nlibraries_count\r\n:1\r\n$15\r\nfunctions_count\r\n:2\r\n"
#define BUSY                                                                                       \
    "*4\r\n$14\r\nrunning_script\r\n*6\r\n$4\r\nname\r\n$1\r\nf\r\n$7\r\ncommand\r\n"              \
    "*4\r\n$5\r\nFCALL\r\n$1\r\nf\r\n$1\r\n0\r\n$1\r\nx\r\n$11\r\nduration_ms\r\n:9\r\n"           \
    "$7\r\nengines\r\n*0\r\n"
#define BUSY_3                                                                                     \
    "%2\r\n$14\r\nrunning_script\r\n%3\r\n$4\r\nname\r\n$1\r\nf\r\n$7\r\ncommand\r\n"              \
    "*4\r\n$5\r\nFCALL\r\n$1\r\nf\r\n$1\r\n0\r\n$1\r\nx\r\n$11\r\nduration_ms\r\n:9\r\n"           \
    "$7\r\nengines\r\n%0\r\n"
#define DEEP   "*2\r\n:1\r\n*2\r\n:2\r\n*2\r\n:3\r\n*2\r\n:4\r\n:5\r\n"
#define DEEP_3 "%1\r\n:1\r\n%1\r\n:2\r\n%1\r\n:3\r\n*2\r\n:4\r\n:5\r\n"

static const struct {
    uint8_t protocol;
    const char *reply;
    const char *written;
} rows[] = {
    {2, IDLE, IDLE},
    {3, IDLE, IDLE_3},
    {2, BUSY, BUSY},
    {3, BUSY, BUSY_3},
    {3, IDLE_3, IDLE_3}, /* over a connection that speaks RESP3 already */
    {3, DEEP, DEEP_3},   /* no node's nesting costs us our stack */
    {3, "*3\r\n:1\r\n:2\r\n:3\r\n", "*3\r\n:1\r\n:2\r\n:3\r\n"},
    {3, "-ERR no\r\n", "-ERR no\r\n"},
    {2, "$-1\r\n", "$-1\r\n"},
};

Test(function_stats, are_maps_for_clients_that_know_maps)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct sendq queue;

        sendq_init(&queue);
        queue.protocol = rows[i].protocol;
        function_stats_write(&queue, span_of(rows[i].reply));
        struct block *block = sendq_flatten(&queue);
        cr_expect(span_equal((struct span){block->bytes, block->used}, span_of(rows[i].written)),
                  "row %zu: %.*s", i, (int)block->used, block->bytes);
        block_release(&block);
        sendq_clear(&queue);
    }
}
