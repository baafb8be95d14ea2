/* What clients of the cluster protocol are told where announce.nodes lists slotways. */
#include <stdio.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "common/memory.h"
#include "tests/unit/proxy/downstream/local_rig.h"

static struct local_rig *rig;
static int fd;

static void open_rig(void)
{
    rig = local_rig_open(NULL);
    fd = local_rig_connect(rig, 0);
}

static void close_rig(void)
{
    close(fd);
    local_rig_close(&rig);
}

TestSuite(announced, .init = open_rig, .fini = close_rig, .timeout = 60);

/* The rig's clients came to a port that is free by chance. */
static void announce(const char *texts[], size_t count, const char *self)
{
    struct pool_config *config = &rig->config->pools[0];

    config->announce_nodes.items = memory_new(count, sizeof(struct address));
    config->announce_nodes.count = count;
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(address_parse(span_of(texts[i]), &config->announce_nodes.items[i]),
                     ADDRESS_OK);
    }
    if (self != NULL) {
        config->announce_self.items = memory_new(1, sizeof(struct address));
        config->announce_self.count = 1;
        cr_assert_eq(address_parse(span_of(self), &config->announce_self.items[0]), ADDRESS_OK);
    }
}

/* The reply, good until the test ends. */
static const char *asked(const char *line)
{
    static char kept[8][4096];
    static size_t next;
    char *to = kept[next++];

    cr_assert_leq(next, ARRAY_LEN(kept));
    cr_assert_lt(snprintf(to, sizeof kept[0], "%s", local_rig_ask(rig, fd, line)),
                 (int)sizeof kept[0]);
    return to;
}

Test(announced, several_slotways_share_the_slots_and_agree_on_who_is_who)
{
    const char *texts[] = {"10.0.0.1:6379", "10.0.0.2:6379", "b.example:7000"};
    const char *slots;
    const char *nodes;

    announce(texts, 3, "10.0.0.2:6379");
    slots = asked("CLUSTER SLOTS");
    nodes = asked("CLUSTER NODES");
    cr_expect_eq(strncmp(slots, "*3\r\n*3\r\n:0\r\n:5460\r\n*4\r\n$8\r\n10.0.0.1\r\n:6379\r\n", 40),
                 0);
    cr_expect_not_null(strstr(slots, "*3\r\n:5461\r\n:10921\r\n*4\r\n$8\r\n10.0.0.2\r\n:6379\r\n"));
    cr_expect_not_null(
        strstr(slots, "*3\r\n:10922\r\n:16383\r\n*4\r\n$9\r\nb.example\r\n:7000\r\n"));
    cr_expect_not_null(strstr(nodes, " 10.0.0.1:6379@0 master - 0 0 1 connected 0-5460\n"));
    cr_expect_not_null(
        strstr(nodes, " 10.0.0.2:6379@0 myself,master - 0 0 1 connected 5461-10921\n"));
    cr_expect_not_null(strstr(nodes, " b.example:7000@0 master - 0 0 1 connected 10922-16383\n"));

    const char *id = asked("CLUSTER MYID");
    char line[128];

    cr_expect_eq(strncmp(id, "$40\r\n", 5), 0);
    snprintf(line, sizeof line, "%.40s 10.0.0.2:6379@0 myself", id + 5);
    cr_expect_not_null(strstr(nodes, line));
    snprintf(line, sizeof line, "CLUSTER REPLICAS %.40s", id + 5);
    cr_expect_str_eq(local_rig_ask(rig, fd, line), "*0\r\n");
    cr_expect_not_null(strstr(slots, id));
    cr_expect_not_null(strstr(asked("CLUSTER SHARDS"), id));

    /* Another slotway says the same of all three. */
    rig->config->pools[0].announce_self.items[0] = rig->config->pools[0].announce_nodes.items[0];
    cr_expect_str_eq(local_rig_ask(rig, fd, "CLUSTER SLOTS"), slots);
    cr_expect_str_neq(local_rig_ask(rig, fd, "CLUSTER MYID"), id);
}

Test(announced, a_slotway_that_was_not_told_which_it_is_sees_where_the_client_came_to)
{
    char here[32];
    char line[64];
    const char *texts[] = {"10.0.0.1:6379", here};

    snprintf(here, sizeof here, "127.0.0.1:%u", rig->port);
    snprintf(line, sizeof line, " 127.0.0.1:%u@0 myself,master - 0 0 1 connected 8192-16383\n",
             rig->port);
    announce(texts, 2, NULL);
    cr_expect_not_null(strstr(local_rig_ask(rig, fd, "CLUSTER NODES"), line));
    cr_expect_not_null(strstr(local_rig_ask(rig, fd, "CLUSTER INFO"), "cluster_known_nodes:2\r\n"));
}

Test(announced, with_an_announced_address_it_says_that_it_is_a_cluster)
{
    const char *texts[] = {"10.0.0.1:6379"};

    announce(texts, 1, NULL);
    cr_expect_not_null(strstr(local_rig_ask(rig, fd, "INFO"), "\r\ncluster_enabled:1\r\n"));
    cr_expect_not_null(strstr(local_rig_ask(rig, fd, "INFO server"), "redis_mode:cluster\r\n"));
    cr_expect_not_null(strstr(local_rig_ask(rig, fd, "HELLO"), "$4\r\nmode\r\n$7\r\ncluster\r\n"));
    cr_expect_str_eq(local_rig_ask(rig, fd, "CONFIG GET cluster-enabled"),
                     "*2\r\n$15\r\ncluster-enabled\r\n$3\r\nyes\r\n");
    cr_expect_not_null(strstr(local_rig_ask(rig, fd, "CLUSTER NODES"),
                              " 10.0.0.1:6379@0 myself,master - 0 0 1 connected 0-16383\n"));
}
