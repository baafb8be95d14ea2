/* PROXY: what slotway tells of itself and of the cluster behind it. */
#include <stdio.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "common/clock.h"
#include "tests/unit/proxy/downstream/local_rig.h"

#define FIRST_ID  "1111111111111111111111111111111111111111"
#define SECOND_ID "2222222222222222222222222222222222222222"
#define THIRD_ID  "3333333333333333333333333333333333333333"

static struct local_rig *rig;
static int fd;

static void add_node(struct topology *topology, const char *id, const char *text,
                     enum node_role role, uint16_t primary)
{
    struct address address;

    cr_assert_eq(address_parse(span_of(text), &address), ADDRESS_OK);
    cr_assert_neq(topology_add_node(topology, id, &address, role, primary), NODE_NONE);
    cr_assert(address_to_endpoint(&address, &topology->nodes[topology->node_count - 1].endpoint));
}

/* Nodes that nobody connects to: the first serves 0-9999, the second the rest but for 16000-16001;
 * the third follows the second. */
static void adopt(void)
{
    struct topology *topology = topology_new();

    topology->version = 7;
    topology->epoch = 3;
    add_node(topology, FIRST_ID, "127.0.0.1:1", NODE_PRIMARY, NODE_NONE);
    add_node(topology, SECOND_ID, "127.0.0.1:2", NODE_PRIMARY, NODE_NONE);
    add_node(topology, THIRD_ID, "127.0.0.1:3", NODE_REPLICA, 1);
    for (uint16_t slot = 0; slot < SLOT_COUNT; slot++) {
        topology->primary_of_slot[slot] = slot < 10000                     ? 0
                                          : slot == 16000 || slot == 16001 ? NODE_NONE
                                                                           : 1;
    }
    topology->slots_served = SLOT_COUNT - 2;
    dispatcher_adopt(rig->workers[0].dispatcher, topology);
}

static void open_rig(void)
{
    rig = local_rig_open(NULL);
    fd = local_rig_connect(rig, 0);
    adopt();
}

static void close_rig(void)
{
    close(fd);
    local_rig_close(&rig);
}

TestSuite(proxy_commands, .init = open_rig, .fini = close_rig, .timeout = 60);

/* The reply with its line ends as blanks and without its lengths, to read and compare. */
static const char *told(const char *line)
{
    static char text[64 * 1024];
    size_t used = 0;
    char *reply = strdup(local_rig_ask(rig, fd, line));

    for (char *at = strtok(reply, "\r\n"); at != NULL; at = strtok(NULL, "\r\n")) {
        bool is_length = at[0] == '$' && strcmp(at, "$-1") != 0;

        if (!is_length) {
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s%s", used == 0 ? "" : "|", at);
        }
    }
    free(reply);
    return text;
}

#define WRITE_RETRY "write: never sent again once a node may have executed it"
#define READ_RETRY  "read: sent again when its answer is lost"
#define NO_RETRY    "none: no node sees it"
#define NOWHERE     "slot|$-1|node|$-1|address|$-1|health|$-1|"
#define KEY_CLASS   "forwarded to the node of its key"

static const struct {
    const char *request;
    const char *want;
} rows[] = {
    {"GET b",
     "*20|command|get|class|" KEY_CLASS "|way|to the primary of its slot|slot|:3300|node|" FIRST_ID
     "|address|127.0.0.1:1|health|unused|keys|*1|*3|b|:3300|127.0.0.1:1|retry|" READ_RETRY
     "|error|$-1"},
    {"set a 1", "*20|command|set|class|" KEY_CLASS "|way|to the primary of its slot|slot|:15495|"
                "node|" SECOND_ID "|address|127.0.0.1:2|health|unused|keys|*1|*3|a|:15495|"
                "127.0.0.1:2|retry|" WRITE_RETRY "|error|$-1"},
    {"MGET a b", "*20|command|mget|class|split by slot, the answers merged in request order|way|"
                 "split by slot|" NOWHERE "keys|*2|*3|a|:15495|127.0.0.1:2|*3|b|:3300|127.0.0.1:1|"
                 "retry|" READ_RETRY "|error|$-1"},
    {"PING", "*20|command|ping|class|answered by slotway itself|way|answered by slotway|" NOWHERE
             "keys|*0|retry|" NO_RETRY "|error|$-1"},
    {"INFO", "*20|command|info|class|sent to every primary, the answers merged|way|answered by "
             "slotway|" NOWHERE "keys|*0|retry|" NO_RETRY "|error|$-1"},
    {"RENAME a b",
     "*20|command|rename|class|forwarded to the node of its keys, which must share a slot|way|"
     "refused|" NOWHERE "keys|*2|*3|a|:15495|127.0.0.1:2|*3|b|:3300|127.0.0.1:1|retry|" NO_RETRY
     "|error|CROSSSLOT Keys in request don't hash to the same slot (proxy: 'rename' cannot be "
     "split; give its keys a common {hash tag})"},
    {"nothing a", "-ERR unknown command 'nothing', with args beginning with: 'a' "},
    {"GET", "-ERR wrong number of arguments for 'get' command"},
    {"CLIENT nothing", "-ERR unknown subcommand 'nothing'. Try CLIENT HELP."},
};

Test(proxy_commands, explain_says_where_a_request_would_go_and_why)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char line[128];
        const char *got;

        snprintf(line, sizeof line, "PROXY EXPLAIN %s", rows[i].request);
        got = told(line);
        cr_expect_str_eq(got, rows[i].want, "%s: got %s", rows[i].request, got);
    }
}

Test(proxy_commands, explain_counts_no_error_and_sends_nothing)
{
    told("PROXY EXPLAIN RENAME a b");
    told("PROXY EXPLAIN SET a 1");
    cr_expect_eq(rig->workers[0].metrics.error_replies[ERROR_CROSS_SLOT], 0);
    cr_expect_eq(rig->workers[0].metrics.upstream_connections_total, 0);
}

Test(proxy_commands, explain_knows_of_slots_that_nobody_serves)
{
    char line[128] = "";

    for (int i = 0; line[0] == '\0'; i++) {
        char key[16];
        int size = snprintf(key, sizeof key, "%d", i);

        if (slot_of((struct span){key, (size_t)size}) == 16000) {
            snprintf(line, sizeof line, "PROXY EXPLAIN GET %s", key);
        }
    }
    cr_expect_not_null(strstr(told(line), "|slot|:16000|node|$-1|address|$-1|health|unknown|"));
}

Test(proxy_commands, topology_tells_nodes_roles_slots_and_health)
{
    cr_expect_str_eq(
        told("PROXY TOPOLOGY"),
        "*8|version|:7|epoch|:3|slots_served|:16382|nodes|*3|"
        "*14|id|" FIRST_ID "|address|127.0.0.1:1|role|primary|primary|$-1|slots|*1|0-9999|health|"
        "unused|in_flight|:0|"
        "*14|id|" SECOND_ID "|address|127.0.0.1:2|role|primary|primary|$-1|slots|*2|10000-15999|"
        "16002-16383|health|unused|in_flight|:0|"
        "*14|id|" THIRD_ID "|address|127.0.0.1:3|role|replica|primary|" SECOND_ID "|slots|*0|"
        "health|unused|in_flight|:0");
}

Test(proxy_commands, topology_is_empty_before_the_first_picture)
{
    int other = local_rig_connect(rig, 1);

    cr_expect_not_null(strstr(local_rig_ask(rig, other, "PROXY TOPOLOGY"), "nodes\r\n*0\r\n"));
    close(other);
}

Test(proxy_commands, stats_add_up_the_workers)
{
    int other = local_rig_connect(rig, 1);
    const char *stats;

    for (int i = 0; i < 5; i++) {
        local_rig_ask(rig, other, "PING");
    }
    stats = told("PROXY STATS");
    cr_expect_not_null(strstr(stats, "|workers|:2|"), "%s", stats);
    cr_expect_not_null(strstr(stats, "|downstream_requests_total|:6|"), "%s", stats);
    cr_expect_not_null(strstr(stats, "|topology_version|:0"), "%s", stats); /* the lowest */
    close(other);
}

static const struct {
    const char *request;
    const char *want;
} node_rows[] = {
    {"127.0.0.1:1 SUBSCRIBE a", "it changes or blocks a connection"},
    {"127.0.0.1:1 MONITOR", "it changes or blocks a connection"},
    {"127.0.0.1:1 BLPOP a 0", "it changes or blocks a connection"},
    {"127.0.0.1:1 WAIT 1 0", "it changes or blocks a connection"},
    {"127.0.0.1:1 CLIENT REPLY OFF", "it changes or blocks a connection"},
    {"127.0.0.1:1 CLIENT TRACKING ON", "it changes or blocks a connection"},
    {"127.0.0.1:1 MULTI", "it changes or blocks a connection"},
    {"127.0.0.1:1 SELECT 0", "it changes or blocks a connection"},
    {"127.0.0.1:1 AUTH x", "it changes or blocks a connection"},
    {"127.0.0.1:1 HELLO 3", "it changes or blocks a connection"},
    {"127.0.0.1:1 QUIT", "it changes or blocks a connection"},
    {"127.0.0.1:1 RESET", "it changes or blocks a connection"},
    {"127.0.0.1:1 READONLY", "it changes or blocks a connection"},
    {"127.0.0.1:1 PSYNC a 0", "it is internal to a cluster's nodes"},
    {"127.0.0.1:1 GET a", "its keys say which node it is for"},
    {"127.0.0.1:1 PROXY STATS", "it is slotway's own"},
    {"127.0.0.1:1 CLIENT", "-ERR wrong number of arguments for 'client' command"},
    {"127.0.0.1:1 nothing", "-ERR unknown command 'nothing'"},
    {"127.0.0.1:9 SAVE", "-ERR proxy: no node '127.0.0.1:9' is known"},
    {"'' SAVE", "-ERR proxy: no node '' is known"},
};

Test(proxy_commands, node_refuses_what_would_harm_others)
{
    rig->config->pools[0].clients_admin = true;
    for (size_t i = 0; i < ARRAY_LEN(node_rows); i++) {
        char line[128];
        const char *got;

        snprintf(line, sizeof line, "PROXY NODE %s", node_rows[i].request);
        got = local_rig_ask(rig, fd, line);
        cr_expect_eq(got[0], '-', "%s", line);
        cr_expect_not_null(strstr(got, node_rows[i].want), "%s: got %s", line, got);
    }
    cr_expect_eq(rig->workers[0].metrics.upstream_connections_total, 0);
}

Test(proxy_commands, node_says_how_to_allow_it)
{
    const char *got = local_rig_ask(rig, fd, "PROXY NODE 127.0.0.1:1 SAVE");

    cr_expect_not_null(strstr(got, "clients.admin: true in the configuration of pool 'main'"));
    cr_expect_eq(rig->workers[0].metrics.upstream_connections_total, 0);
}

Test(proxy_commands, help_lists_them)
{
    const char *got = told("PROXY HELP");

    cr_expect_not_null(strstr(got, "+EXPLAIN|"), "%s", got);
    cr_expect_not_null(strstr(got, "+TOPOLOGY|"), "%s", got);
}

/* Puts the pool of the first node into a state that else takes a node that misbehaves. */
static struct pool *first_pool(void)
{
    struct slot_table *table = &rig->workers[0].dispatcher->table;

    return table->pools[table->slots[0].owner];
}

Test(proxy_commands, health_is_told_in_words)
{
    struct pool *pool = first_pool();

    cr_expect_not_null(strstr(told("PROXY EXPLAIN GET b"), "|health|unused|"));
    pool->attempts = 1;
    cr_expect_not_null(strstr(told("PROXY EXPLAIN GET b"), "|health|unreachable|"));
    pool_set_breaker(pool, BREAKER_SUSPECT);
    cr_expect_not_null(strstr(told("PROXY EXPLAIN GET b"), "|health|suspect|"));
    pool_set_breaker(pool, BREAKER_OPEN);
    cr_expect_not_null(strstr(told("PROXY EXPLAIN GET b"), "|health|silent|"));
    pool->is_leaving = true;
    cr_expect_not_null(strstr(told("PROXY EXPLAIN GET b"), "|health|leaving|"));
    pool->is_leaving = false;
    pool_set_breaker(pool, BREAKER_CLOSED);
    pool->attempts = 0;
}

/* As while the process ends, when one worker is through and another one still answers. */
Test(proxy_commands, hot_keys_that_a_worker_saw_are_told_when_it_has_ended)
{
    const struct key_use use = {.hash = 7, .weight = 5, .slot = 1};
    int other = local_rig_connect(rig, 1);

    heat_note(rig->workers[0].clients.sampling.heat, clock_now(), 5, &use, 1);
    local_rig_end_worker(rig, 0);
    const char *reply = local_rig_ask(rig, other, "PROXY HOTKEYS");

    cr_expect_not_null(strstr(reply, "0000000000000007"), "%s", reply);
    cr_expect_not_null(strstr(reply, ":5\r\n"), "%s", reply);
    close(other);
}
