#include "proxy/downstream/info.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/memory.h"
#include "tests/unit/proxy/command/words.h"
#include "tests/unit/proxy/downstream/local_rig.h"

enum {
    EVERYTHING = (1 << INFO_SECTION_COUNT) - 1,
    DEFAULT = EVERYTHING & ~(1 << INFO_COMMANDSTATS | 1 << INFO_LATENCYSTATS),
};

static const struct {
    const char *words;
    uint32_t expected;
    bool needs_nodes;
} rows[] = {
    {"info", DEFAULT, true},
    {"info default", DEFAULT, true},
    {"info ALL", EVERYTHING, true},
    {"info everything", EVERYTHING, true},
    {"info nothing", 0, false},
    {"info Clients", 1 << INFO_CLIENTS, false},
    {"info cpu replication cluster", 1 << INFO_CPU | 1 << INFO_REPLICATION | 1 << INFO_CLUSTER,
     false},
    {"info keyspace nothing", 1 << INFO_KEYSPACE, true},
    {"info server", 1 << INFO_SERVER, true},
    {"info memory", 1 << INFO_MEMORY, true},
    {"info clients all", EVERYTHING, true},
    {"info default commandstats", DEFAULT | 1 << INFO_COMMANDSTATS, true},
    {"info commandstats", 1 << INFO_COMMANDSTATS, true},
    {"info ErrorStats", 1 << INFO_ERRORSTATS, true},
    {"info latencystats", 1 << INFO_LATENCYSTATS, true},
};

Test(info, sections_are_chosen_as_in_redis)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct words words;

        words_init(&words, rows[i].words);

        uint32_t sections = info_sections_of(&words.arguments);

        cr_expect_eq(sections, rows[i].expected, "%s", rows[i].words);
        cr_expect_eq(info_sections_need_nodes(sections), rows[i].needs_nodes, "%s", rows[i].words);
    }
}

Test(info, own_sections_are_there_before_any_node_is_known)
{
    struct local_rig *rig = local_rig_open(NULL);
    int fd = local_rig_connect(rig, 0);
    int other = local_rig_connect(rig, 1);
    const char *text = local_rig_ask(rig, fd, "INFO");

    cr_expect_eq(strncmp(text + strcspn(text, "\n") + 1, "# Server\r\n", 10), 0);
    cr_expect_not_null(strstr(text, "\r\nredis_version:7.0.15\r\n"));
    cr_expect_not_null(strstr(text, "\r\nredis_mode:standalone\r\n"));
    cr_expect_not_null(strstr(text, "\r\n\r\n# Clients\r\nconnected_clients:2\r\n"));
    cr_expect_not_null(strstr(text, "\r\nrole:master\r\n"));
    cr_expect_not_null(strstr(text, "\r\ncluster_enabled:0\r\n"));
    cr_expect_not_null(strstr(text, "\r\nworkers:2\r\n"));
    cr_expect_null(strstr(text, "# Memory"));
    cr_expect_null(strstr(text, "# Errorstats"));
    cr_expect_str_eq(local_rig_ask(rig, fd, "INFO nothing"), "$0\r\n\r\n");
    close(fd);
    close(other);
    local_rig_close(&rig);
}

/* Of who begins to block after the nodes were not asked, they know nothing. */
Test(info, a_client_that_blocks_since_is_not_told_of)
{
    struct local_rig *rig = local_rig_open(NULL);
    struct info_totals *totals = memory_new(1, sizeof *totals);
    int fd = local_rig_connect(rig, 0);
    struct sendq said;

    local_rig_turn(rig);
    sendq_init(&said);
    metric_add(&rig->workers[1].metrics.downstream_blocked, 1);

    const struct client *client =
        container_of(list_first(&rig->workers[0].clients.open), struct client, in_clients);

    cr_expect_eq(info_blocked(client), 1);
    info_write(client, 1 << INFO_CLIENTS, totals, &said);

    struct block *text = sendq_flatten(&said);

    cr_expect_not_null(memmem(text->bytes, text->used, "\r\nblocked_clients:0\r\n", 21));
    block_release(&text);
    sendq_clear(&said);
    free(totals);
    metric_subtract(&rig->workers[1].metrics.downstream_blocked, 1);
    close(fd);
    local_rig_close(&rig);
}
