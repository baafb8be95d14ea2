/* Clients that cache over a real cluster whose slots move and whose primaries fail over, while
 * others write: once nobody writes any more, nobody holds a value for long that is not the
 * cluster's.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "tests/support/dice.h"
#include "tests/support/real_cluster.h"
#include "tests/support/real_nodes.h"
#include "tests/support/resp.h"

TestSuite(tracking, .timeout = 300, .fini = rig_clean_up);

enum {
    KEYS = 300,
    TAGS = 60, /* a third of them for slots that move */
    MOVED_FROM = 10923,
    MOVED = 300,
    VALUE_MAX = 64,
    ENOUGH = 300,
};

static char tags[TAGS][16];

enum cacher_kind {
    CACHES_READS,
    CACHES_WHAT_IT_CHOOSES,
    CACHES_WHAT_IT_WRITES,
    CACHES_BY_PREFIX,
    CACHES_IN_RESP2,
    CACHERS
};

static const char *const beginnings[CACHERS] = {
    [CACHES_READS] = "CLIENT TRACKING ON",
    [CACHES_WHAT_IT_CHOOSES] = "CLIENT TRACKING ON OPTIN",
    [CACHES_WHAT_IT_WRITES] = "CLIENT TRACKING ON NOLOOP",
    [CACHES_BY_PREFIX] = "CLIENT TRACKING ON BCAST PREFIX k",
    [CACHES_IN_RESP2] = "CLIENT TRACKING ON REDIRECT",
};

/* A client with its cache, which goes by what it is told. */
struct cacher {
    enum cacher_kind kind;
    struct wire *wire;
    struct wire *ear; /* where it is told; the same but in RESP2 */
    char *text;       /* what it was told last */
    bool has[KEYS];
    char values[KEYS][VALUE_MAX]; /* "" when there is none */
};

struct scene {
    struct real_cluster *cluster;
    struct rig *rig;
    struct wire *writer;
    struct cacher cachers[CACHERS];
    struct dice dice;
    uint64_t written;
    pthread_t thread;
    _Atomic bool is_wanted; /* goes on */
    _Atomic uint64_t progress;
};

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* A push, or a message: every key that it names is stale, or everything. */
static void cacher_hear(struct cacher *cacher, const char *told)
{
    const char *at = told;
    int key;

    if (strstr(told, "\r\n_\r\n") != NULL || strstr(told, "\r\n$-1\r\n") != NULL) {
        memset(cacher->has, 0, sizeof cacher->has);
    }
    while ((at = strstr(at, "\r\nk")) != NULL) {
        if (sscanf(at, "\r\nk%d{", &key) == 1 && key >= 0 && key < KEYS) {
            cacher->has[key] = false;
        }
        at += 2;
    }
}

/* The next reply or push on `wire`, alone; "-closed" when none comes. Until the next one. */
static const char *next_text(struct cacher *cacher, struct wire *wire)
{
    size_t size = 0;
    const char *reply = wire_reply(wire, &size);

    if (reply == NULL) {
        return "-closed";
    }
    free(cacher->text);
    cacher->text = memory_copy(reply, size);
    return cacher->text;
}

/* The answer to what was asked on its connection, whatever it is told before. */
static const char *cacher_answer(struct cacher *cacher)
{
    const char *reply;

    while ((reply = next_text(cacher, cacher->wire))[0] == '>') {
        cacher_hear(cacher, reply);
    }
    return reply;
}

/* Hears all that it has been told by now. */
static void cacher_listen(struct cacher *cacher)
{
    const char *told;

    wire_send(cacher->ear, "PING\r\n");
    while ((told = next_text(cacher, cacher->ear))[0] != '-' && strcasestr(told, "pong") == NULL) {
        cacher_hear(cacher, told);
    }
}

/* "$1\r\nv\r\n" is v, any null is nothing. */
static void take_value(const char *reply, char value[VALUE_MAX])
{
    value[0] = '\0';
    if (reply[0] == '$' && reply[1] != '-') {
        snprintf(value, VALUE_MAX, "%s", strchr(reply, '\n') + 1);
        value[strcspn(value, "\r")] = '\0';
    }
}

static void cacher_read(struct cacher *cacher, int key)
{
    if (cacher->has[key]) {
        return;
    }
    if (cacher->kind == CACHES_WHAT_IT_CHOOSES) {
        wire_send(cacher->wire, "CLIENT CACHING YES\r\n");
        cacher_answer(cacher);
    }
    wire_send(cacher->wire, "GET k%d{%s}\r\n", key, tags[key % TAGS]);

    const char *reply = cacher_answer(cacher);

    if (reply[0] == '$' || reply[0] == '_') {
        cacher->has[key] = true;
        take_value(reply, cacher->values[key]);
    }
}

/* Some of these change nothing. */
static void print_write(struct scene *scene, int key, char line[128])
{
    static const char *const forms[] = {"SET k%d{%s} v%u NX\r\n", "SETNX k%d{%s} v%u\r\n",
                                        "SET k%d{%s} v%u\r\n", "DEL k%d{%s}\r\n"};
    const char *form = forms[dice_roll(&scene->dice, ARRAY_LEN(forms))];

    snprintf(line, 128, form, key, tags[key % TAGS], (unsigned)scene->written++);
}

/* What it has certainly changed itself it need not be told. */
static void cacher_write(struct cacher *cacher, int key, const char *line)
{
    wire_send(cacher->wire, "%s", line);

    const char *reply = cacher_answer(cacher);

    if (starts(reply, "+OK") || starts(reply, ":1")) {
        cacher->has[key] = false;
    }
}

static void scene_step(struct scene *scene)
{
    struct cacher *own = &scene->cachers[CACHES_WHAT_IT_WRITES];
    int key = (int)dice_roll(&scene->dice, KEYS);
    char line[128];

    print_write(scene, key, line);
    if (dice_roll(&scene->dice, 3) == 0) {
        cacher_write(own, key, line);
    } else {
        wire_send(scene->writer, "%s", line);
        wire_reply(scene->writer, NULL);
    }
    for (int i = 0; i < CACHERS; i++) {
        cacher_read(&scene->cachers[i], (int)dice_roll(&scene->dice, KEYS));
        cacher_listen(&scene->cachers[i]);
    }
    atomic_fetch_add(&scene->progress, 1);
}

static void *scene_run(void *context)
{
    struct scene *scene = context;

    while (atomic_load(&scene->is_wanted)) {
        scene_step(scene);
    }
    return NULL;
}

static void scene_go_on(struct scene *scene)
{
    atomic_store(&scene->is_wanted, true);
    cr_assert_eq(pthread_create(&scene->thread, NULL, scene_run, scene), 0);
}

static void scene_rest(struct scene *scene)
{
    uint64_t before = atomic_load(&scene->progress);

    cr_expect(WAIT_FOR(atomic_load(&scene->progress) >= before + ENOUGH));
    atomic_store(&scene->is_wanted, false);
    pthread_join(scene->thread, NULL);
}

/* Is all that it holds what the cluster has? Else the first that is not is in *key. */
static bool cacher_is_right(struct scene *scene, struct cacher *cacher, int *key)
{
    char value[VALUE_MAX];

    cacher_listen(cacher);
    for (*key = 0; *key < KEYS; ++*key) {
        if (!cacher->has[*key]) {
            continue;
        }
        wire_send(scene->writer, "GET k%d{%s}\r\n", *key, tags[*key % TAGS]);

        const char *reply = wire_reply(scene->writer, NULL);

        if (reply == NULL || reply[0] != '$') {
            return false;
        }
        take_value(reply, value);
        if (strcmp(value, cacher->values[*key]) != 0) {
            return false;
        }
    }
    return true;
}

/* At rest: nobody holds what is stale. */
static void expect_right(struct scene *scene, const char *when)
{
    scene_rest(scene);
    for (int i = 0; i < CACHERS; i++) {
        struct cacher *cacher = &scene->cachers[i];
        int key = 0;

        cr_expect(WAIT_FOR(cacher_is_right(scene, cacher, &key)), "%s: '%s' holds k%d as '%s'",
                  when, beginnings[i], key, cacher->values[key]);
    }
    scene_go_on(scene);
}

static void cacher_open(struct scene *scene, enum cacher_kind kind)
{
    struct cacher *cacher = &scene->cachers[kind];
    char id[32] = "";

    cacher->kind = kind;
    cacher->wire = cacher->ear = rig_connect(scene->rig);
    if (kind == CACHES_IN_RESP2) {
        cacher->ear = rig_connect(scene->rig);
        snprintf(id, sizeof id, "%s", wire_ask(cacher->ear, "CLIENT", "ID"));
        wire_request(cacher->ear, "SUBSCRIBE", "__redis__:invalidate");
        cr_assert(starts(wire_reply(cacher->ear, NULL), "*3"));
    } else {
        cr_assert(wire_send(cacher->wire, "HELLO 3\r\n"));
        cr_assert(starts(wire_reply(cacher->wire, NULL), "%"));
    }
    cr_assert(wire_send(cacher->wire, "%s %s\r\n", beginnings[kind], id));
    cr_assert_str_eq(cacher_answer(cacher), "+OK\r\n");
}

static void find_tags(void)
{
    int number = 0;

    for (int i = 0; i < TAGS; i++) {
        int slot;

        do {
            snprintf(tags[i], sizeof tags[i], "t%d", number++);
            slot = resp_slot(span_of(tags[i]));
        } while (i % 3 == 0 && (slot < MOVED_FROM || slot >= MOVED_FROM + MOVED));
    }
}

static void lose_connections(struct scene *scene)
{
    for (int node = 0; node < 3; node++) {
        struct wire *wire = wire_open(real_cluster_port(scene->cluster, node));

        wire_ask(wire, "AUTH", REAL_NODES_PASSWORD);
        wire_ask(wire, "CLIENT", "KILL", "TYPE", "normal");
        wire_close(&wire);
    }
}

Test(tracking, nobody_holds_what_is_stale_whatever_happens_to_nodes_and_slots)
{
    struct scene *scene = memory_new(1, sizeof *scene);

    find_tags();
    scene->cluster = real_cluster_start();
    scene->rig = real_cluster_rig(scene->cluster, 2, "8s");
    scene->writer = rig_connect(scene->rig);
    scene->dice = dice_of(1, 1);
    for (enum cacher_kind kind = 0; kind < CACHERS; kind++) {
        cacher_open(scene, kind);
    }
    scene_go_on(scene);
    expect_right(scene, "before anything");
    lose_connections(scene);
    expect_right(scene, "after connections were lost");
    real_cluster_run(scene->cluster, "reshard", "--from", "2", "--to", "0", "--slots", "300");
    expect_right(scene, "after slots moved");
    real_cluster_do(scene->cluster, "failover", real_cluster_replica_of(scene->cluster, 0));
    expect_right(scene, "after a failover");
    real_cluster_do(scene->cluster, "kill", 1);
    expect_right(scene, "after a primary died");
    real_cluster_do(scene->cluster, "pause", 2);
    expect_right(scene, "after a primary stopped");
    real_cluster_do(scene->cluster, "resume", 2);
    expect_right(scene, "after it went on");
    scene_rest(scene);
    cr_expect_gt(metric(scene->rig, "invalidations_total"), 1000);
    for (int i = 0; i < CACHERS; i++) {
        free(scene->cachers[i].text);
    }
    rig_stop(&scene->rig);
    real_cluster_stop(&scene->cluster);
    free(scene);
}
