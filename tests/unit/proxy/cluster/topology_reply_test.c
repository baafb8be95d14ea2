#include "proxy/cluster/topology_reply.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#define ID_A                                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B                                 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ID_C                                 "cccccccccccccccccccccccccccccccccccccccc"

#define HOST(text, size)                     "$" #size "\r\n" text "\r\n"
#define LOCAL                                HOST("127.0.0.1", 9)
#define NODE(host, port, id)                 "*3\r\n" host ":" #port "\r\n$40\r\n" id "\r\n"
#define NODE_WITH(host, port, id, metadata)  "*4\r\n" host ":" #port "\r\n$40\r\n" id "\r\n" metadata
#define RANGE1(start, end, primary)          "*3\r\n:" #start "\r\n:" #end "\r\n" primary
#define RANGE2(start, end, primary, replica) "*4\r\n:" #start "\r\n:" #end "\r\n" primary replica

#define NODE_A                               NODE(LOCAL, 7000, ID_A)
#define NODE_B                               NODE(LOCAL, 7001, ID_B)
#define NODE_C                               NODE(LOCAL, 7002, ID_C)

static const struct address_map no_map;

static redisReply *parse(const char *text, size_t size)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    cr_assert_eq(redisReaderFeed(reader, text, size), REDIS_OK);
    cr_assert_eq(redisReaderGetReply(reader, &reply), REDIS_OK, "%s", reader->errstr);
    cr_assert_not_null(reply, "the test's own reply is incomplete: %s", text);
    redisReaderFree(reader);
    return reply;
}

static enum topology_reply_result read_from(const char *text, const char *asked,
                                            struct topology **topology)
{
    struct address address;
    redisReply *reply = parse(text, strlen(text));

    cr_assert_eq(address_parse(span_of(asked), &address), ADDRESS_OK);
    enum topology_reply_result result = topology_from_reply(reply, &address, &no_map, topology);
    freeReplyObject(reply);
    return result;
}

static enum topology_reply_result read_text(const char *text, struct topology **topology)
{
    return read_from(text, "10.1.2.3:6379", topology);
}

struct row {
    const char *name;
    const char *text;
    enum topology_reply_result result;
    uint16_t nodes;
    uint16_t slots;
};

static const struct row rows[] = {
    {"one shard", "*1\r\n" RANGE1(0, 16383, NODE_A), TOPOLOGY_REPLY_OK, 1, 16384},
    {"two shards", "*2\r\n" RANGE1(0, 8191, NODE_A) RANGE1(8192, 16383, NODE_B), TOPOLOGY_REPLY_OK,
     2, 16384},
    {"a replica", "*1\r\n" RANGE2(0, 99, NODE_A, NODE_B), TOPOLOGY_REPLY_OK, 2, 100},
    {"a node in several ranges is one node",
     "*3\r\n" RANGE2(0, 0, NODE_A, NODE_C) RANGE1(2, 3, NODE_B) RANGE2(5, 9, NODE_A, NODE_C),
     TOPOLOGY_REPLY_OK, 3, 8},
    {"a range of one slot at each end", "*2\r\n" RANGE1(0, 0, NODE_A) RANGE1(16383, 16383, NODE_A),
     TOPOLOGY_REPLY_OK, 1, 2},
    {"empty metadata, as Redis 7 sends it",
     "*1\r\n" RANGE1(0, 9, NODE_WITH(LOCAL, 7000, ID_A, "*0\r\n")), TOPOLOGY_REPLY_OK, 1, 10},
    {"metadata with a host name",
     "*1\r\n" RANGE1(0, 9,
                     NODE_WITH(LOCAL, 7000, ID_A, "*2\r\n$8\r\nhostname\r\n$9\r\na.example\r\n")),
     TOPOLOGY_REPLY_OK, 1, 10},
    {"metadata that is no array", "*1\r\n" RANGE1(0, 9, NODE_WITH(LOCAL, 7000, ID_A, "$-1\r\n")),
     TOPOLOGY_REPLY_OK, 1, 10},
    {"a status in place of a string", "*1\r\n" RANGE1(0, 9, "*3\r\n+127.0.0.1\r\n:7000\r\n+id\r\n"),
     TOPOLOGY_REPLY_OK, 1, 10},
    {"a replica without a port is left out", "*1\r\n" RANGE2(0, 99, NODE_A, NODE(LOCAL, 0, ID_B)),
     TOPOLOGY_REPLY_OK, 1, 100},
    {"a replica with an unknown address is left out",
     "*1\r\n" RANGE2(0, 9, NODE_A, NODE(HOST("?", 1), 7001, ID_B)), TOPOLOGY_REPLY_OK, 1, 10},
    {"a primary with an unknown address is left out with its slots and replicas",
     "*2\r\n" RANGE2(0, 9, NODE(HOST("?", 1), 7000, ID_A), NODE_B) RANGE1(10, 19, NODE_C),
     TOPOLOGY_REPLY_OK, 1, 10},
    {"a node that is left out may have no port",
     "*1\r\n" RANGE2(0, 9, NODE_A, NODE(HOST("?", 1), 0, ID_B)), TOPOLOGY_REPLY_OK, 1, 10},

    {"an error", "-NOAUTH Authentication required.\r\n", TOPOLOGY_REPLY_ERROR, 0, 0},
    {"no range", "*0\r\n", TOPOLOGY_REPLY_EMPTY, 0, 0},
    {"only a node that is left out", "*1\r\n" RANGE1(0, 9, NODE(HOST("?", 1), 7000, ID_A)),
     TOPOLOGY_REPLY_EMPTY, 0, 0},

    {"a status", "+OK\r\n", TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"a null", "$-1\r\n", TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"a null array", "*-1\r\n", TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"an integer", ":5\r\n", TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"a range that is a string", "*1\r\n$1\r\nx\r\n", TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"a range that is null", "*1\r\n*-1\r\n", TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"a range that is empty", "*1\r\n*0\r\n", TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"a range without nodes", "*1\r\n*2\r\n:0\r\n:9\r\n", TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"a start that is a string", "*1\r\n*3\r\n$1\r\n0\r\n:9\r\n" NODE_A, TOPOLOGY_REPLY_SHAPE, 0,
     0},
    {"an end that is a string", "*1\r\n*3\r\n:0\r\n$1\r\n9\r\n" NODE_A, TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"a node that is a string", "*1\r\n" RANGE1(0, 9, "$1\r\nx\r\n"), TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"a replica that is a string", "*1\r\n" RANGE2(0, 9, NODE_A, "$1\r\nx\r\n"),
     TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"a node without id, as before Redis 4", "*1\r\n" RANGE1(0, 9, "*2\r\n" LOCAL ":7000\r\n"),
     TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"an id that is null", "*1\r\n" RANGE1(0, 9, "*3\r\n" LOCAL ":7000\r\n$-1\r\n"),
     TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"an id that is empty", "*1\r\n" RANGE1(0, 9, "*3\r\n" LOCAL ":7000\r\n$0\r\n\r\n"),
     TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"an id that is too long",
     "*1\r\n" RANGE1(0, 9, "*3\r\n" LOCAL ":7000\r\n$41\r\n" ID_A "a\r\n"), TOPOLOGY_REPLY_SHAPE, 0,
     0},
    {"an id with a line break", "*1\r\n" RANGE1(0, 9, "*3\r\n" LOCAL ":7000\r\n$3\r\na\nb\r\n"),
     TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"a host that is a number", "*1\r\n" RANGE1(0, 9, NODE(":1\r\n", 7000, ID_A)),
     TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"a host that is an error", "*1\r\n" RANGE1(0, 9, NODE("-ERR\r\n", 7000, ID_A)),
     TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"a port that is a string", "*1\r\n" RANGE1(0, 9, "*3\r\n" LOCAL "$4\r\n7000\r\n$1\r\na\r\n"),
     TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"a primary that replicates itself", "*1\r\n" RANGE2(0, 9, NODE_A, NODE_A),
     TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"a replica that is a primary elsewhere",
     "*2\r\n" RANGE2(0, 9, NODE_A, NODE_B) RANGE1(10, 19, NODE_B), TOPOLOGY_REPLY_SHAPE, 0, 0},
    {"a replica of two primaries",
     "*2\r\n" RANGE2(0, 9, NODE_A, NODE_C) RANGE2(10, 19, NODE_B, NODE_C), TOPOLOGY_REPLY_SHAPE, 0,
     0},

    {"a slot below 0", "*1\r\n" RANGE1(-1, 9, NODE_A), TOPOLOGY_REPLY_RANGE, 0, 0},
    {"a slot above 16383", "*1\r\n" RANGE1(0, 16384, NODE_A), TOPOLOGY_REPLY_RANGE, 0, 0},
    {"a slot far above", "*1\r\n" RANGE1(0, 9223372036854775807, NODE_A), TOPOLOGY_REPLY_RANGE, 0,
     0},
    {"a range the wrong way round", "*1\r\n" RANGE1(9, 8, NODE_A), TOPOLOGY_REPLY_RANGE, 0, 0},
    {"two primaries of one slot", "*2\r\n" RANGE1(0, 9, NODE_A) RANGE1(9, 19, NODE_B),
     TOPOLOGY_REPLY_OVERLAP, 0, 0},
    {"one slot of a primary twice", "*2\r\n" RANGE1(0, 9, NODE_A) RANGE1(3, 3, NODE_A),
     TOPOLOGY_REPLY_OVERLAP, 0, 0},
    {"a slot of a primary that was left out",
     "*2\r\n" RANGE1(0, 9, NODE(HOST("?", 1), 7000, ID_A)) RANGE1(9, 19, NODE_B),
     TOPOLOGY_REPLY_OVERLAP, 0, 0},

    {"a primary without an address, as Redis shows one that it has lost",
     "*2\r\n" RANGE1(0, 9, NODE("$0\r\n\r\n", 0, ID_A)) RANGE1(10, 11, NODE_B), TOPOLOGY_REPLY_OK,
     1, 2},
    {"a replica without an address", "*1\r\n" RANGE2(0, 9, NODE_A, NODE("$0\r\n\r\n", 0, ID_B)),
     TOPOLOGY_REPLY_OK, 1, 10},
    {"nobody with an address", "*1\r\n" RANGE1(0, 9, NODE(LOCAL, 0, ID_A)), TOPOLOGY_REPLY_EMPTY, 0,
     0},
    {"port 65536", "*1\r\n" RANGE1(0, 9, NODE(LOCAL, 65536, ID_A)), TOPOLOGY_REPLY_ADDRESS, 0, 0},
    {"a negative port", "*1\r\n" RANGE1(0, 9, NODE(LOCAL, -7000, ID_A)), TOPOLOGY_REPLY_ADDRESS, 0,
     0},
    {"a host with a blank", "*1\r\n" RANGE1(0, 9, NODE(HOST("a b", 3), 7000, ID_A)),
     TOPOLOGY_REPLY_ADDRESS, 0, 0},
    {"a host with a line break", "*1\r\n" RANGE1(0, 9, NODE(HOST("a\nb", 3), 7000, ID_A)),
     TOPOLOGY_REPLY_ADDRESS, 0, 0},
    {"a host that is a path", "*1\r\n" RANGE1(0, 9, NODE(HOST("/tmp/redis", 10), 7000, ID_A)),
     TOPOLOGY_REPLY_ADDRESS, 0, 0},
};

Test(topology_reply, reads_what_holds_together_and_refuses_the_rest)
{
    for (size_t at = 0; at < ARRAY_LEN(rows); at++) {
        const struct row *row = &rows[at];
        struct topology *topology;
        enum topology_reply_result result = read_text(row->text, &topology);

        cr_expect_eq(result, row->result, "%s: %s", row->name, topology_reply_text(result));
        cr_expect_eq(topology != NULL, row->result == TOPOLOGY_REPLY_OK, "%s", row->name);
        if (topology != NULL) {
            cr_expect_eq(topology->node_count, row->nodes, "%s: %u nodes", row->name,
                         topology->node_count);
            cr_expect_eq(topology->slots_served, row->slots, "%s: %u slots", row->name,
                         topology->slots_served);
        }
        topology_release(&topology);
    }
}

Test(topology_reply, says_who_serves_and_who_follows)
{
    struct topology *topology;

    cr_assert_eq(
        read_text("*2\r\n" RANGE2(0, 99, NODE_A, NODE_C) RANGE1(200, 16383, NODE_B), &topology),
        TOPOLOGY_REPLY_OK);
    uint16_t a = topology_find_id(topology, ID_A);
    uint16_t b = topology_find_id(topology, ID_B);
    uint16_t c = topology_find_id(topology, ID_C);

    cr_expect_eq(topology->primary_of_slot[0], a);
    cr_expect_eq(topology->primary_of_slot[99], a);
    cr_expect_eq(topology->primary_of_slot[100], NODE_NONE);
    cr_expect_eq(topology->primary_of_slot[199], NODE_NONE);
    cr_expect_eq(topology->primary_of_slot[200], b);
    cr_expect_eq(topology->primary_of_slot[16383], b);
    cr_expect_eq(topology->nodes[a].role, NODE_PRIMARY);
    cr_expect_eq(topology->nodes[c].role, NODE_REPLICA);
    cr_expect_eq(topology->nodes[c].primary, a);
    cr_expect_eq(topology->nodes[c].address.port, 7002);
    topology_release(&topology);
}

Test(topology_reply, knows_the_host_of_each_form)
{
    static const struct {
        const char *name;
        const char *host; /* in the reply */
        const char *asked;
        const char *expected;
        bool has_endpoint;
    } hosts[] = {
        {"IPv4", HOST("10.0.0.7", 8), "10.1.2.3:6379", "10.0.0.7:7000", true},
        {"IPv6", HOST("2001:db8::7", 11), "10.1.2.3:6379", "[2001:db8::7]:7000", true},
        {"a name", HOST("redis-0.redis_svc.example", 25), "10.1.2.3:6379",
         "redis-0.redis_svc.example:7000", false},
        {"null is where we asked", "$-1\r\n", "10.1.2.3:6379", "10.1.2.3:7000", true},
        {"empty is where we asked", "$0\r\n\r\n", "10.1.2.3:6379", "10.1.2.3:7000", true},
        {"null where we asked by name", "$-1\r\n", "seed.example:6379", "seed.example:7000", false},
        {"null where we asked IPv6", "$-1\r\n", "[::1]:6379", "[::1]:7000", true},
    };

    for (size_t at = 0; at < ARRAY_LEN(hosts); at++) {
        struct topology *topology;
        char *text = NULL;
        char printed[sizeof(struct address)];

        cr_assert(asprintf(&text, "*1\r\n*3\r\n:0\r\n:9\r\n*3\r\n%s:7000\r\n$1\r\na\r\n",
                           hosts[at].host) > 0);
        cr_expect_eq(read_from(text, hosts[at].asked, &topology), TOPOLOGY_REPLY_OK, "%s",
                     hosts[at].name);
        cr_assert_not_null(topology, "%s", hosts[at].name);
        cr_expect_str_eq(address_print(&topology->nodes[0].address, printed, sizeof printed),
                         hosts[at].expected, "%s: %s", hosts[at].name, printed);
        cr_expect_eq(topology->nodes[0].endpoint.size != 0, hosts[at].has_endpoint, "%s",
                     hosts[at].name);
        topology_release(&topology);
        free(text);
    }
}

Test(topology_reply, a_unix_socket_cannot_stand_in_for_a_host)
{
    struct topology *topology;

    cr_expect_eq(
        read_from("*1\r\n" RANGE1(0, 9, NODE("$-1\r\n", 7000, ID_A)), "unix:/tmp/redis", &topology),
        TOPOLOGY_REPLY_ADDRESS);
}

Test(topology_reply, a_host_with_a_zero_byte_is_refused)
{
    static const char text[] = "*1\r\n*3\r\n:0\r\n:9\r\n*3\r\n$3\r\na\0b\r\n:7000\r\n$1\r\na\r\n";
    struct address asked = {.kind = ADDRESS_TCP, .host = "::1", .port = 1};
    struct topology *topology;
    redisReply *reply = parse(text, sizeof text - 1);

    cr_expect_eq(topology_from_reply(reply, &asked, &no_map, &topology), TOPOLOGY_REPLY_ADDRESS);
    freeReplyObject(reply);
}

Test(topology_reply, a_host_longer_than_a_name_can_be_is_refused)
{
    struct topology *topology;
    char text[1024];
    char host[301];

    memset(host, 'a', 300);
    host[300] = '\0';
    snprintf(text, sizeof text, "*1\r\n*3\r\n:0\r\n:9\r\n*3\r\n$300\r\n%s\r\n:7000\r\n$1\r\na\r\n",
             host);
    cr_expect_eq(read_text(text, &topology), TOPOLOGY_REPLY_ADDRESS);
}

/* `nodes` primaries that share all slots, one slot in turn. */
static char *many_ranges(uint32_t nodes, uint32_t slots)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    fprintf(stream, "*%u\r\n", slots);
    for (uint32_t slot = 0; slot < slots; slot++) {
        uint32_t node = slot % nodes;
        fprintf(stream, "*3\r\n:%u\r\n:%u\r\n*3\r\n$8\r\n10.0.0.1\r\n:%u\r\n$40\r\n%040u\r\n", slot,
                slot, node + 1, node);
    }
    fclose(stream);
    return text;
}

Test(topology_reply, a_thousand_nodes_in_as_many_ranges_as_there_are_slots, .timeout = 20)
{
    struct topology *topology;
    char *text = many_ranges(1000, SLOT_COUNT);

    cr_assert_eq(read_text(text, &topology), TOPOLOGY_REPLY_OK);
    cr_expect_eq(topology->node_count, 1000);
    cr_expect_eq(topology->slots_served, SLOT_COUNT);
    cr_expect_eq(topology->primary_of_slot[4321], topology->primary_of_slot[321]);
    topology_release(&topology);
    free(text);
}

Test(topology_reply, more_nodes_than_allowed_are_refused)
{
    struct topology *topology;
    char *text = many_ranges(TOPOLOGY_NODES_MAX + 1, TOPOLOGY_NODES_MAX + 1);

    cr_expect_eq(read_text(text, &topology), TOPOLOGY_REPLY_TOO_MANY);
    free(text);
}

Test(topology_reply, a_missing_reply_is_survived)
{
    struct address asked = {.kind = ADDRESS_TCP, .host = "::1", .port = 1};
    struct topology *topology;

    cr_expect_eq(topology_from_reply(NULL, &asked, &no_map, &topology), TOPOLOGY_REPLY_SHAPE);
    cr_expect_null(topology);
}

Test(topology_reply, addresses_are_replaced_as_the_configuration_says)
{
    static const char text[] = "*1\r\n*4\r\n:0\r\n:16383\r\n"
                               "*3\r\n$8\r\n10.0.0.5\r\n:7000\r\n$1\r\na\r\n"
                               "*3\r\n$-1\r\n:7001\r\n$1\r\nb\r\n";
    struct address_map map = {0};
    struct address asked;
    struct topology *topology;
    redisReply *reply = parse(text, strlen(text));

    cr_assert(address_map_append(&map, SPAN("10.0.0.0/8=127.0.0.1:+10")));
    cr_assert(address_map_append(&map, SPAN("seed=127.0.0.2")));
    cr_assert_eq(address_parse(SPAN("seed:1"), &asked), ADDRESS_OK);
    cr_assert_eq(topology_from_reply(reply, &asked, &map, &topology), TOPOLOGY_REPLY_OK);
    cr_expect_str_eq(topology->nodes[0].address.host, "127.0.0.1");
    cr_expect_eq(topology->nodes[0].address.port, 7010);
    cr_expect_neq(topology->nodes[0].endpoint.size, 0);
    cr_expect_str_eq(topology->nodes[1].address.host, "127.0.0.2");
    cr_expect_eq(topology->nodes[1].address.port, 7001);
    cr_expect_eq(topology_find_address(topology, &topology->nodes[0].address), 0);
    topology_release(&topology);
    freeReplyObject(reply);
    address_map_clear(&map);
}
