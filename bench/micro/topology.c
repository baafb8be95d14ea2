/* topology.c - what a refresh costs in a cluster of a thousand nodes: reading the answer, seeing
 * that nothing is new, and taking over what is.
 */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/micro/support/cases.h"
#include "common/memory.h"
#include "common/resp_scan.h"
#include "proxy/cluster/topology_reply.h"
#include "proxy/routing/slot_table.h"

enum {
    PRIMARIES = 500, /* with a replica each */
    ANSWER_MAX = 32 * 1024 * 1024,
};

struct text {
    char *at;
    size_t size;
};

static struct slot_table table;
static const struct address_map no_map;
static struct text few_ranges;
static struct text many_ranges;
static struct text moved_range;
static struct topology *before;
static struct topology *same;
static struct topology *after;
static struct pool_site site;

static void print_node(FILE *to, unsigned number)
{
    char host[32];
    int size = snprintf(host, sizeof host, "10.0.%u.%u", number / 250, number % 250 + 1);

    fprintf(to, "*4\r\n$%d\r\n%s\r\n:6379\r\n$40\r\n%040u\r\n*0\r\n", size, host, number);
}

/* As CLUSTER SLOTS tells it: `ranges` ranges, which the primaries share in turn; the first slot is
 * the first primary's, or the second's when it has moved. */
static struct text answer(unsigned ranges, bool has_moved)
{
    struct text text = {0};
    FILE *to = open_memstream(&text.at, &text.size);

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

static struct topology *read_answer(const struct text *text)
{
    struct address asked = {.kind = ADDRESS_TCP, .host = "10.0.0.1", .port = 6379};
    struct topology *topology = NULL;
    struct reply_scan scan = {0};
    void *tree = NULL;
    size_t used;
    redisReader *reader = redisReaderCreate();

    CHECK(reply_scan_next(&scan, ANSWER_MAX, (struct span){text->at, text->size}, &used) ==
          SCAN_DONE);
    CHECK(redisReaderFeed(reader, text->at, used) == REDIS_OK);
    CHECK(redisReaderGetReply(reader, &tree) == REDIS_OK);
    CHECK(topology_from_reply(tree, &asked, &no_map, &topology) == TOPOLOGY_REPLY_OK);
    freeReplyObject(tree);
    redisReaderFree(reader);
    return topology;
}

static void read_one(const void *argument)
{
    struct topology *topology = read_answer(argument);

    topology_release(&topology);
}

static void compare(const void *argument UNUSED)
{
    CHECK(topology_equal(before, same));
}

static void adopt(struct topology *next)
{
    uint64_t changed[SLOT_COUNT / 64];

    CHECK(slot_table_adopt(&table, topology_take(next), changed) > 0);
}

static void adopt_first(const void *argument UNUSED)
{
    slot_table_clear(&table);
    slot_table_init(&table, &site);
    adopt(before);
}

static void adopt_moved(const void *argument UNUSED)
{
    adopt(after);
    adopt(before);
}

static const struct bench_case cases[] = {
    {"read an answer of 500 ranges", read_one, &few_ranges, 5},
    {"read an answer of 16384 ranges", read_one, &many_ranges, 1},
    {"see that it is the same as before", compare, NULL, 100},
    {"a worker takes over its first picture", adopt_first, NULL, 5},
    {"a worker takes over two pictures with one range moved", adopt_moved, NULL, 10},
};

int main(int argc, char **argv)
{
    struct pool_config config = {.backend_connections = 1};
    struct metrics *metrics = memory_new(1, sizeof *metrics);
    struct reactor *reactor = reactor_new();

    site = (struct pool_site){.reactor = reactor, .config = &config, .metrics = metrics};
    few_ranges = answer(PRIMARIES, false);
    many_ranges = answer(SLOT_COUNT, false);
    moved_range = answer(PRIMARIES, true);
    before = read_answer(&few_ranges);
    same = read_answer(&few_ranges);
    after = read_answer(&moved_range);
    slot_table_init(&table, &site);
    adopt(before);

    int status = cases_main(argc, argv, cases, ARRAY_LEN(cases));

    slot_table_clear(&table);
    topology_release(&before);
    topology_release(&same);
    topology_release(&after);
    reactor_free(&reactor);
    free(metrics);
    free(few_ranges.at);
    free(many_ranges.at);
    free(moved_range.at);
    return status;
}
