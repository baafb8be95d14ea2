/* Bytes that claim to be a CLUSTER SLOTS reply: the first byte picks the address that was asked,
 * the rest goes through the same scanner and reader as in discovery. What is accepted must hold
 * together.
 */
#include <hiredis/hiredis.h>

#include "common/check.h"
#include "common/resp_scan.h"
#include "proxy/cluster/topology_reply.h"
#include "tests/fuzz/fuzz.h"

enum { REPLY_MAX = 1024 * 1024 };

static const char *const places[] = {"127.0.0.1:7000", "[::1]:7000", "seed.example:7000",
                                     "unix:/tmp/redis"};

static void check_picture(const struct topology *topology)
{
    uint32_t served = 0;

    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        uint16_t primary = topology->primary_of_slot[slot];
        served += primary != NODE_NONE;
        CHECK(primary == NODE_NONE || primary < topology->node_count);
        CHECK(primary == NODE_NONE || topology->nodes[primary].role == NODE_PRIMARY);
    }
    CHECK(served > 0 && served == topology->slots_served);
    CHECK(topology->node_count <= TOPOLOGY_NODES_MAX);
    for (uint16_t number = 0; number < topology->node_count; number++) {
        const struct node *node = &topology->nodes[number];
        CHECK(topology_find_id(topology, node->id) == number);
        CHECK(topology_find_address(topology, &node->address) <= number);
        CHECK(node->address.kind == ADDRESS_TCP && node->address.port != 0);
        CHECK(node->role == NODE_PRIMARY || topology->nodes[node->primary].role == NODE_PRIMARY);
    }
    CHECK(topology_equal(topology, topology));
}

static void read_tree(const struct redisReply *tree, const char *place)
{
    static struct address_map map;
    struct address asked;
    struct topology *topology;

    CHECK(map.count > 0 || address_map_append(&map, SPAN("10.0.0.0/8=127.0.0.1:+1000")));
    CHECK(address_parse(span_of(place), &asked) == ADDRESS_OK);
    enum topology_reply_result result = topology_from_reply(tree, &asked, &map, &topology);
    CHECK(topology_reply_text(result)[0] != '\0');
    CHECK((topology != NULL) == (result == TOPOLOGY_REPLY_OK));
    if (topology != NULL) {
        check_picture(topology);
    }
    topology_release(&topology);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct reply_scan scan = {0};
    size_t used;

    if (size == 0) {
        return 0;
    }
    struct span input = {(const char *)bytes + 1, size - 1};
    if (reply_scan_next(&scan, REPLY_MAX, input, &used) != SCAN_DONE) {
        return 0;
    }

    void *tree = NULL;
    redisReader *reader = redisReaderCreate();
    CHECK(reader != NULL && redisReaderFeed(reader, input.at, used) == REDIS_OK);
    if (redisReaderGetReply(reader, &tree) == REDIS_OK && tree != NULL) {
        read_tree(tree, places[bytes[0] % ARRAY_LEN(places)]);
        freeReplyObject(tree);
    }
    redisReaderFree(reader);
    return 0;
}
