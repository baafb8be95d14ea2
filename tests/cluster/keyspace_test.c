/* Keyspace notifications over a real cluster: a client hears of what happens to keys on all nodes
 * as from one server, once, and hears of it again whatever the cluster does.
 */
#include <stdio.h>

#include "tests/support/expect.h"
#include "tests/support/real_cluster.h"
#include "tests/support/resp.h"

TestSuite(keyspace, .timeout = 300, .fini = rig_clean_up);

enum {
    SHARDS = 3,
    NODES = 2 * SHARDS,
    MOVED = 100,
    STEADY_ROUNDS = 20,
    ROUNDS_MAX = 20000,
    PER_SHARD = 2, /* messages about one key: one by its name, one by what happened */
    NEWS = PER_SHARD * SHARDS,
    MESSAGES = NEWS + 1,
    ALL_HEARD = (1 << MESSAGES) - 1,
};

/* In each round a key of each shard is written, and something is published. */
struct scene {
    struct real_cluster *cluster;
    struct rig *rig;
    struct wire *subscriber;
    struct wire *watcher;  /* of one key of the last shard */
    char tags[SHARDS][16]; /* for keys of each shard; of slots that are moved */
    int round;             /* the last one */
    int heard[ROUNDS_MAX]; /* by round: a bit for each message */
    int watched;           /* how often the watched key was set, as the watcher heard it */
    int pings;
};

static void find_tag(char tag[16], int first)
{
    int slot;

    for (int i = 0; i < 1000000; i++) {
        snprintf(tag, 16, "t%d", i);
        slot = resp_slot(span_of(tag));
        if (slot >= first && slot < first + MOVED) {
            return;
        }
    }
    cr_assert_fail("no name for slot %d", first);
}

/* Keys that go to another node are restored there and deleted here, and nodes tell of it. */
static bool is_of_the_move(const char *text)
{
    return strstr(text, " restore]") != NULL || strstr(text, ":restore ") != NULL ||
           strstr(text, " del]") != NULL || strstr(text, ":del ") != NULL;
}

/* Which message of which round it is. */
static int message_of(const struct scene *scene, const char *text, int *round)
{
    char head[96];

    for (int i = 0; i < SHARDS; i++) {
        snprintf(head, sizeof head, "[pmessage * __keyspace@0__:{%s}%%d set]", scene->tags[i]);
        if (sscanf(text, head, round) == 1 && text[strlen(text) - 2] == 't') {
            return PER_SHARD * i;
        }
        snprintf(head, sizeof head, "[pmessage * __keyevent@0__:set {%s}%%d]", scene->tags[i]);
        if (sscanf(text, head, round) == 1) {
            return PER_SHARD * i + 1;
        }
    }
    cr_assert_eq(sscanf(text, "[pmessage * news %d]", round), 1, "heard %s", text);
    return NEWS;
}

static void hear(struct scene *scene, const char *text)
{
    int round = 0;
    int message;

    if (strstr(text, "watched") != NULL || is_of_the_move(text)) {
        return; /* by no round */
    }
    message = message_of(scene, text, &round);
    cr_assert(round > 0 && round <= scene->round, "%s", text);
    cr_expect_eq(scene->heard[round] & (1 << message), 0, "twice: %s", text);
    scene->heard[round] |= 1 << message;
}

/* All that has come to the subscriber, up to the answer of a PING. */
static void drain(struct scene *scene)
{
    const char *pong = rig_print(scene->rig, "[pong %d]", ++scene->pings);
    const char *text;

    wire_request(scene->subscriber, "PING", rig_print(scene->rig, "%d", scene->pings));
    while (strcmp(text = wire_text(scene->subscriber), pong) != 0) {
        cr_assert_str_neq(text, "");
        hear(scene, text);
    }
}

static void play(struct scene *scene)
{
    cr_assert_lt(++scene->round, ROUNDS_MAX);
    for (int i = 0; i < SHARDS; i++) {
        ask(scene->rig, "SET", rig_print(scene->rig, "{%s}%d", scene->tags[i], scene->round), "v");
    }
    ask(scene->rig, "PUBLISH", "news", rig_print(scene->rig, "%d", scene->round));
}

static bool is_heard(struct scene *scene, int round)
{
    drain(scene);
    return scene->heard[round] == ALL_HEARD;
}

/* What comes late on a busy machine is heard as well; what nobody listens for never comes. */
static bool is_next_heard(struct scene *scene)
{
    play(scene);
    return WAIT_FOR_MS(500, is_heard(scene, scene->round));
}

static bool watcher_hears(struct scene *scene)
{
    const char *pong = rig_print(scene->rig, "[pong w%d]", ++scene->pings);
    const char *key = rig_print(scene->rig, "{%s}watched", scene->tags[SHARDS - 1]);
    int before = scene->watched;
    const char *text;

    ask(scene->rig, "SET", key, "v");
    wire_request(scene->watcher, "PING", rig_print(scene->rig, "w%d", scene->pings));
    while (strcmp(text = wire_text(scene->watcher), pong) != 0) {
        EXPECT_STARTS(text, "[message __keyspace@0__:{");
        scene->watched += !is_of_the_move(text);
    }
    return scene->watched > before;
}

/* Until then a primary that was demoted may have been heard, which repeats what its successor does
 * until slotway knows better. */
static bool has_subscribed_to_all(const struct scene *scene)
{
    int count = 0;

    for (int i = 0; i < NODES; i++) {
        count += real_cluster_is_primary(scene->cluster, i) &&
                 real_cluster_says(scene->cluster, i, "1", "PUBSUB", "NUMPAT");
    }
    return count == SHARDS;
}

/* As soon as a round is heard as a whole, all that follow are. */
static void expect_all_to_be_heard(struct scene *scene, const char *when)
{
    cr_expect(WAIT_FOR_MS(4 * WAIT_MS, has_subscribed_to_all(scene)), "%s", when);
    cr_expect(WAIT_FOR_MS(4 * WAIT_MS, is_next_heard(scene)), "%s", when);
    for (int i = 0; i < STEADY_ROUNDS; i++) {
        play(scene);
        cr_expect(WAIT_FOR(is_heard(scene, scene->round)), "%s: 0x%x of round %d", when,
                  (unsigned)scene->heard[scene->round], scene->round);
    }
    cr_expect(WAIT_FOR_MS(4 * WAIT_MS, watcher_hears(scene)), "%s", when);
}

/* Replicas, too, which a worker may hear of a little later than primaries. */
static bool all_are_set(struct scene *scene)
{
    bool are_set = true;

    cr_expect_str_eq(ask(scene->rig, "CONFIG", "SET", "notify-keyspace-events", "KEA"), "OK");
    for (int i = 0; i < NODES && are_set; i++) {
        are_set = real_cluster_says(scene->cluster, i, "[notify-keyspace-events AKE", "CONFIG",
                                    "GET", "notify-keyspace-events");
    }
    return are_set;
}

/* What happens after the acknowledgement is heard. */
static void set_up(struct scene *scene)
{
    *scene = (struct scene){.cluster = real_cluster_start()};
    scene->rig = real_cluster_rig(scene->cluster, 2, "8s");
    for (int i = 0; i < SHARDS; i++) {
        find_tag(scene->tags[i], 16384 * i / SHARDS + 1);
    }
    cr_assert(WAIT_FOR(all_are_set(scene)));
    scene->subscriber = rig_connect(scene->rig);
    scene->watcher = rig_connect(scene->rig);
    cr_expect_str_eq(wire_ask(scene->subscriber, "PSUBSCRIBE", "*"), "[psubscribe * 1]");
    play(scene);
    cr_expect(WAIT_FOR(is_heard(scene, scene->round)));
    EXPECT_STARTS(
        wire_ask(scene->watcher, "SUBSCRIBE",
                 rig_print(scene->rig, "__keyspace@0__:{%s}watched", scene->tags[SHARDS - 1])),
        "[subscribe __keyspace@0__:{");
}

Test(keyspace, events_of_all_nodes_are_heard_once_whatever_the_cluster_does)
{
    static struct scene scene;

    set_up(&scene);
    expect_all_to_be_heard(&scene, "at first");
    cr_expect_str_eq(ask(scene.rig, "PUBSUB", "NUMPAT"), "1");
    cr_expect_str_eq(ask(scene.rig, "PUBLISH", "unwatched", "x"), "1");
    real_cluster_run(scene.cluster, "reshard", "--from", "2", "--to", "0", "--slots", "100");
    expect_all_to_be_heard(&scene, "after slots moved");
    for (int i = 0; i < SHARDS; i++) {
        real_cluster_do(scene.cluster, "failover", real_cluster_replica_of(scene.cluster, i));
        expect_all_to_be_heard(&scene, "after a failover");
    }
    for (int i = 0; i < SHARDS; i++) {
        real_cluster_do(scene.cluster, "failover", i);
    }
    real_cluster_do(scene.cluster, "kill", 1);
    expect_all_to_be_heard(&scene, "after a primary died");
    rig_stop(&scene.rig);
    real_cluster_stop(&scene.cluster);
}
