/* topology.c - what a refresh costs in a cluster of a thousand nodes: reading the answer, seeing
 * that nothing is new, and taking over what is.
 */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/micro/stopwatch.h"
#include "common/memory.h"
#include "common/resp_scan.h"
#include "proxy/cluster/topology_reply.h"
#include "proxy/routing/slot_table.h"

enum {
    PRIMARIES = 500, /* with a replica each */
    TIMES = 200,
    ANSWER_MAX = 32 * 1024 * 1024,
};

static struct slot_table table;
static const struct address_map no_map;

static void print_node(FILE *to, unsigned number)
{
    char host[32];
    int size = snprintf(host, sizeof host, "10.0.%u.%u", number / 250, number % 250 + 1);

    fprintf(to, "*4\r\n$%d\r\n%s\r\n:6379\r\n$40\r\n%040u\r\n*0\r\n", size, host, number);
}

/* As CLUSTER SLOTS tells it: `ranges` ranges, which the primaries share in turn; the first slot is
 * the first primary's, or the second's when it has moved. */
static char *answer(unsigned ranges, bool has_moved, size_t *size)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, size);

    fprintf(to, "*%u\r\n", ranges);
    for (unsigned range = 0; range < ranges; range++) {
        unsigned primary = range == 0 && has_moved ? 1 : range % PRIMARIES;

        fprintf(to, "*4\r\n:%u\r\n:%u\r\n", range * SLOT_COUNT / ranges,
                (range + 1) * SLOT_COUNT / ranges - 1);
        print_node(to, primary);
        print_node(to, PRIMARIES + primary);
    }
    fclose(to);
    return text;
}

static struct topology *read_answer(const char *text, size_t size)
{
    struct address asked = {.kind = ADDRESS_TCP, .host = "10.0.0.1", .port = 6379};
    struct topology *topology = NULL;
    struct reply_scan scan = {0};
    void *tree = NULL;
    size_t used;
    redisReader *reader = redisReaderCreate();

    CHECK(reply_scan_next(&scan, ANSWER_MAX, (struct span){text, size}, &used) == SCAN_DONE);
    CHECK(redisReaderFeed(reader, text, used) == REDIS_OK);
    CHECK(redisReaderGetReply(reader, &tree) == REDIS_OK);
    CHECK(topology_from_reply(tree, &asked, &no_map, &topology) == TOPOLOGY_REPLY_OK);
    freeReplyObject(tree);
    redisReaderFree(reader);
    return topology;
}

static void print_us(const char *name, double seconds)
{
    printf("%-60s %10.1f us\n", name, seconds * 1e6);
}

/* The fastest so far, in seconds; 0: none yet. */
static void keep_best(double *best, double start)
{
    double seconds = stopwatch_seconds() - start;

    *best = *best == 0 || seconds < *best ? seconds : *best;
}

static void time_reading(const char *name, unsigned ranges)
{
    size_t size;
    char *text = answer(ranges, false, &size);
    double best = 0;

    for (unsigned at = 0; at < TIMES / 10; at++) {
        double start = stopwatch_seconds();
        struct topology *topology = read_answer(text, size);
        topology_release(&topology);
        keep_best(&best, start);
    }
    print_us(name, best);
    free(text);
}

static void time_comparing(struct topology *a, struct topology *b)
{
    double best = 0;

    for (unsigned at = 0; at < TIMES; at++) {
        double start = stopwatch_seconds();

        CHECK(topology_equal(a, b));
        keep_best(&best, start);
    }
    print_us("see that it is the same as before", best);
}

static void time_adopting(struct topology *before, struct topology *after)
{
    uint64_t changed[SLOT_COUNT / 64];
    double best = 0;
    double start = stopwatch_seconds();
    uint32_t count = slot_table_adopt(&table, topology_take(before), changed);

    keep_best(&best, start);
    print_us("a worker takes over its first picture", best);
    CHECK(count == SLOT_COUNT);
    best = 0;
    for (unsigned at = 0; at < TIMES; at++) {
        struct topology *next = at % 2 == 0 ? after : before;

        start = stopwatch_seconds();
        CHECK(slot_table_adopt(&table, topology_take(next), changed) > 0);
        keep_best(&best, start);
    }
    print_us("a worker takes over a picture with one range moved", best);
}

int main(void)
{
    struct pool_config config = {.backend_connections = 1};
    struct metrics *metrics = memory_new(1, sizeof *metrics);
    struct reactor *reactor = reactor_new();
    struct pool_site site = {.reactor = reactor, .config = &config, .metrics = metrics};
    size_t size;
    char *text = answer(PRIMARIES, false, &size);
    char *moved = answer(PRIMARIES, true, &size);
    struct topology *a = read_answer(text, size);
    struct topology *b = read_answer(text, size);
    struct topology *after = read_answer(moved, size);

    printf("a cluster of %u nodes\n", a->node_count);
    time_reading("read an answer of 500 ranges", PRIMARIES);
    time_reading("read an answer of 16384 ranges", SLOT_COUNT);
    time_comparing(a, b);
    slot_table_init(&table, &site);
    time_adopting(a, after);
    slot_table_clear(&table);
    topology_release(&a);
    topology_release(&b);
    topology_release(&after);
    reactor_free(&reactor);
    free(metrics);
    free(text);
    free(moved);
    return 0;
}
