/* Subscribers over a real cluster whose nodes die, change roles and give slots away: whatever
 * happens, each hears a channel's messages in their order and none twice, and hears them again when
 * all is well.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "tests/support/expect.h"
#include "tests/support/real_cluster.h"
#include "tests/support/real_nodes.h"
#include "tests/support/resp.h"

TestSuite(pubsub, .timeout = 300, .fini = rig_clean_up);

enum {
    SUBSCRIBERS = 6,
    CHANNELS = 3,
    SHARDS = 3,
    TOPICS = CHANNELS + 1 + SHARDS,
    MOVED = 100,
    NUMBERS = 1000000,
};

struct subscriber {
    struct wire *wire;
    bool is_resp3;
    char *text;       /* what next_text returned */
    int last[TOPICS]; /* number of the last message */
};

struct scene {
    struct real_cluster *cluster;
    struct rig *rig;
    struct wire *publisher;
    char names[TOPICS][32]; /* channels that are published on */
    struct subscriber subscribers[SUBSCRIBERS];
    int number; /* of the last message, on all of them */
    int pings;
    bool *is_unknown[TOPICS]; /* by number: nobody knew what became of its PUBLISH */
};

static bool is_shard(int topic)
{
    return topic > CHANNELS;
}

/* A name with that prefix, of a slot from `first` on. */
static void find_name(char name[32], const char *prefix, int first)
{
    for (int i = 0; i < 1000000; i++) {
        snprintf(name, 32, "%s%d", prefix, i);
        int slot = resp_slot(span_of(name));
        if (slot >= first && slot < first + MOVED) {
            return;
        }
    }
    cr_assert_fail("no name for slot %d", first);
}

static void name_topics(struct scene *scene)
{
    static const int first[] = {0, 5461, 10923};

    for (int i = 0; i < CHANNELS; i++) {
        find_name(scene->names[i], "c", first[i]);
        find_name(scene->names[CHANNELS + 1 + i], "s", first[i]);
    }
    snprintf(scene->names[CHANNELS], sizeof scene->names[0], "p:x");
}

/* The next reply as people write it down, a push like an array; "" when there is none. */
static const char *next_text(struct subscriber *subscriber)
{
    size_t size = 0;
    const char *reply = wire_reply(subscriber->wire, &size);

    free(subscriber->text);
    subscriber->text = NULL;
    if (reply == NULL) {
        return "";
    }

    char *copy = memory_copy(reply, size);

    cr_expect_eq(copy[0] == '>', subscriber->is_resp3 && size > 0 && copy[0] != '$');
    copy[0] = copy[0] == '>' ? '*' : copy[0];
    subscriber->text = resp_text((struct span){copy, size});
    free(copy);
    return subscriber->text;
}

static void expect_ack(struct subscriber *subscriber, const char *verb, const char *name)
{
    wire_request(subscriber->wire, verb, name);
    EXPECT_CONTAINS(next_text(subscriber), name);
}

static void subscribe(struct scene *scene, struct subscriber *subscriber)
{
    struct wire *wire = rig_connect(scene->rig);

    subscriber->wire = wire;
    if (subscriber->is_resp3) {
        wire_request(wire, "HELLO", "3");
        cr_assert_not_null(wire_reply(wire, NULL));
    }
    for (int i = 0; i < CHANNELS; i++) {
        expect_ack(subscriber, "SUBSCRIBE", scene->names[i]);
    }
    expect_ack(subscriber, "PSUBSCRIBE", "p:*");
    for (int i = CHANNELS + 1; i < TOPICS; i++) {
        expect_ack(subscriber, "SSUBSCRIBE", scene->names[i]);
    }
}

/* A message may be lost in a change; the next is behind all that came before. One that a stopped
 * node has in its hands may be published when that goes on. */
static void note(const struct scene *scene, struct subscriber *subscriber, int topic, int number)
{
    if (scene->is_unknown[topic][number]) {
        return;
    }
    cr_expect_gt(number, subscriber->last[topic], "%s: %d after %d", scene->names[topic], number,
                 subscriber->last[topic]);
    subscriber->last[topic] = number;
}

static void hear(const struct scene *scene, struct subscriber *subscriber, const char *text)
{
    for (int i = 0; i < TOPICS; i++) {
        char head[64];

        snprintf(head, sizeof head, i == CHANNELS ? "[pmessage p:* %s " : "[%smessage %s ",
                 i == CHANNELS ? scene->names[i]
                 : is_shard(i) ? "s"
                               : "",
                 scene->names[i]);
        if (strncmp(text, head, strlen(head)) == 0) {
            note(scene, subscriber, i, atoi(text + strlen(head)));
            return;
        }
    }
    cr_assert_fail("heard %s", text);
}

/* All that has come, up to the answer of a PING. */
static void drain(struct scene *scene, struct subscriber *subscriber)
{
    char pong[32];
    const char *text;

    scene->pings++;
    wire_request(subscriber->wire, "PING", rig_print(scene->rig, "ping%d", scene->pings));
    snprintf(pong, sizeof pong, subscriber->is_resp3 ? "ping%d" : "[pong ping%d]", scene->pings);
    while (strcmp(text = next_text(subscriber), pong) != 0) {
        hear(scene, subscriber, text);
    }
}

static void publish(struct scene *scene)
{
    char number[16];

    snprintf(number, sizeof number, "%d", ++scene->number);
    cr_assert_lt(scene->number, NUMBERS);
    for (int i = 0; i < TOPICS; i++) {
        const char *answer = wire_ask(scene->publisher, is_shard(i) ? "SPUBLISH" : "PUBLISH",
                                      scene->names[i], number);

        if (answer[0] == '-') {
            EXPECT_CONTAINS(answer, "outcome unknown");
            scene->is_unknown[i][scene->number] = true;
        }
    }
}

/* Has everybody heard something on everything that was published after message `start`? */
static bool all_hear(struct scene *scene, int start)
{
    publish(scene);
    for (int i = 0; i < SUBSCRIBERS; i++) {
        drain(scene, &scene->subscribers[i]);
    }
    for (int i = 0; i < SUBSCRIBERS; i++) {
        for (int j = 0; j < TOPICS; j++) {
            if (scene->subscribers[i].last[j] <= start) {
                return false;
            }
        }
    }
    return true;
}

static void expect_all_to_hear(struct scene *scene, const char *when)
{
    int start = scene->number;

    cr_expect(WAIT_FOR_MS(4 * WAIT_MS, all_hear(scene, start)), "%s", when);
}

static void set_up(struct scene *scene)
{
    *scene = (struct scene){.number = 0};
    scene->cluster = real_cluster_start();
    scene->rig = real_cluster_rig(scene->cluster, 2, "8s");
    scene->publisher = rig_connect(scene->rig);
    name_topics(scene);
    for (int i = 0; i < TOPICS; i++) {
        scene->is_unknown[i] = memory_new(NUMBERS, sizeof(bool));
    }
    for (int i = 0; i < SUBSCRIBERS; i++) {
        scene->subscribers[i].is_resp3 = i % 2 == 1;
        subscribe(scene, &scene->subscribers[i]);
    }
}

static void lose_connections(struct scene *scene)
{
    for (int node = 0; node < 3; node++) {
        struct wire *wire = wire_open(real_cluster_port(scene->cluster, node));

        wire_ask(wire, "AUTH", REAL_NODES_PASSWORD);
        wire_ask(wire, "CLIENT", "KILL", "TYPE", "pubsub");
        wire_close(&wire);
    }
}

Test(pubsub, messages_keep_their_order_and_come_again_whatever_the_cluster_does)
{
    struct scene scene;

    set_up(&scene);
    expect_all_to_hear(&scene, "at first");
    cr_expect_eq(metric(scene.rig, "pubsub_topics"), TOPICS);
    lose_connections(&scene);
    expect_all_to_hear(&scene, "after connections were lost");
    real_cluster_run(scene.cluster, "reshard", "--from", "2", "--to", "0", "--slots", "100");
    expect_all_to_hear(&scene, "after slots moved");
    real_cluster_do(scene.cluster, "failover", real_cluster_replica_of(scene.cluster, 0));
    expect_all_to_hear(&scene, "after a failover");
    real_cluster_do(scene.cluster, "pause", 1);
    expect_all_to_hear(&scene, "after a primary stopped");
    real_cluster_do(scene.cluster, "resume", 1);
    real_cluster_do(scene.cluster, "kill", 2);
    expect_all_to_hear(&scene, "after a primary died");
    cr_expect_gt(metric(scene.rig, "pubsub_gaps_total"), 0);
    cr_expect(WAIT_FOR(metric(scene.rig, "pubsub_topics") == TOPICS));
    for (int i = 0; i < SUBSCRIBERS; i++) {
        free(scene.subscribers[i].text);
    }
    for (int i = 0; i < TOPICS; i++) {
        free(scene.is_unknown[i]);
    }
    rig_stop(&scene.rig);
    real_cluster_stop(&scene.cluster);
}

/* A primary where slotway is not subscribed: a node counts its own receivers only. */
static int other_primary(struct rig *rig)
{
    return rig_bus_slot(rig) < 5461 ? 1 : 0;
}

/* What all nodes know together, and slotway's own subscriptions as those of its clients. */
Test(pubsub, subscribers_are_counted_as_one_server_would)
{
    struct real_cluster *cluster = real_cluster_start();
    struct rig *rig = real_cluster_rig(cluster, 2, "8s");
    struct wire *direct = wire_open(real_cluster_port(cluster, other_primary(rig)));
    struct wire *wires[3];

    wire_ask(direct, "AUTH", REAL_NODES_PASSWORD);
    cr_expect_str_eq(wire_ask(direct, "SUBSCRIBE", "news"), "[subscribe news 1]");
    for (size_t i = 0; i < ARRAY_LEN(wires); i++) {
        wires[i] = rig_connect(rig);
        cr_expect_str_eq(wire_ask(wires[i], "SUBSCRIBE", "news"), "[subscribe news 1]");
        cr_expect_str_eq(wire_ask(wires[i], "PSUBSCRIBE", i == 0 ? "n*" : "x*"),
                         rig_print(rig, "[psubscribe %s 2]", i == 0 ? "n*" : "x*"));
        cr_expect_str_eq(wire_ask(wires[i], "SSUBSCRIBE", "shard"), "[ssubscribe shard 1]");
    }
    cr_expect_str_eq(ask(rig, "PUBSUB", "NUMSUB", "news", "other"), "[news 4 other 0]");
    cr_expect_str_eq(ask(rig, "PUBSUB", "NUMPAT"), "2");
    cr_expect_str_eq(ask(rig, "PUBSUB", "CHANNELS"), "[news]");
    cr_expect_str_eq(ask(rig, "PUBSUB", "CHANNELS", "x*"), "[]");
    cr_expect_str_eq(ask(rig, "PUBSUB", "SHARDCHANNELS"), "[shard]");
    cr_expect_str_eq(ask(rig, "PUBSUB", "SHARDNUMSUB", "shard", "news"), "[shard 3 news 0]");
    cr_expect_str_eq(ask(rig, "SPUBLISH", "shard", "m"), "3");
    cr_expect_str_eq(ask(rig, "PUBLISH", "nobody", "m"), "1", "by the pattern");
    cr_expect_str_eq(ask(rig, "PUBLISH", "silence", "m"), "0");
    cr_expect_str_eq(ask(rig, "PUBLISH", "news", "m"), "4", "with the pattern");
    for (size_t i = 0; i < ARRAY_LEN(wires); i++) {
        rig_disconnect(rig, &wires[i]);
    }
    cr_expect(WAIT_FOR(strcmp(ask(rig, "PUBSUB", "NUMSUB", "news"), "[news 1]") == 0));
    wire_close(&direct);
    rig_stop(&rig);
    real_cluster_stop(&cluster);
}
