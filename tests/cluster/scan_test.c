/* SCAN again and again while slots move, replicas take over and other keys come and go: whatever is
 * there all the time is in every one of them.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_scan.h"
#include "tests/support/expect.h"
#include "tests/support/real_cluster.h"
#include "tests/support/resp.h"

TestSuite(scan, .timeout = 300, .fini = rig_clean_up);

/* The slots that move are the first ones of node 0; one of them has many keys. */
enum { SLOTS = 16, MANY = 20000, OTHERS = 30000, LISTS = 500, KEYS = MANY + OTHERS + LISTS };

#define SLOTS_TEXT "16"

enum { TAG = 16, NAME = 48, BATCH = 500 };

static char many_tag[TAG];
static atomic_bool is_over;

/* Key `number`: all that have the tag come first, lists come last. */
static void name_key(int number, char name[NAME])
{
    if (number < MANY) {
        snprintf(name, NAME, "%s:%d", many_tag, number);
    } else if (number < MANY + OTHERS) {
        snprintf(name, NAME, "key:%d", number);
    } else {
        snprintf(name, NAME, "list:%d", number);
    }
}

/* -1 for a key that comes and goes. */
static int number_of(struct span name)
{
    const char *colon = memchr(name.at, ':', name.size);

    return memcmp(name.at, "other", 5) == 0 ? -1 : atoi(colon + 1);
}

static void name_many_tag(void)
{
    for (int candidate = 0; many_tag[0] == '\0'; candidate++) {
        char tag[TAG];

        snprintf(tag, sizeof tag, "{%d}", candidate);
        if (resp_slot(span_of(tag)) < SLOTS) {
            memcpy(many_tag, tag, sizeof tag);
        }
    }
}

static void fill(struct rig *rig)
{
    struct wire *wire = rig_connect(rig);

    for (int first = 0; first < KEYS; first += BATCH) {
        for (int i = first; i < first + BATCH && i < KEYS; i++) {
            char name[NAME];

            name_key(i, name);
            wire_request(wire, i < MANY + OTHERS ? "SET" : "RPUSH", name, "value");
        }
        for (int i = first; i < first + BATCH && i < KEYS; i++) {
            cr_assert_neq(wire_text(wire)[0], '-');
        }
    }
    rig_disconnect(rig, &wire);
}

/* Who scans without pause, and what of. */
struct scanner {
    pthread_t thread;
    uint16_t port;
    const char *counts[4]; /* in turn */
    const char *option;    /* MATCH or TYPE; NULL: neither */
    const char *value;
    int first; /* keys that it must find: the numbers from here */
    int end;   /* to here */
    bool *found;
    _Atomic uint64_t scans;
    uint64_t pages;
    uint64_t strangers; /* of the keys that were there all the time, but not of its kind */
    char trouble[512];
};

static void complain(struct scanner *scanner, const char *what, const char *detail)
{
    if (scanner->trouble[0] == '\0') {
        snprintf(scanner->trouble, sizeof scanner->trouble, "%s: %.300s", what, detail);
    }
}

static void note_name(struct scanner *scanner, struct span name)
{
    int number = number_of(name);

    if (number >= scanner->first && number < scanner->end) {
        scanner->found[number] = true;
    } else if (number >= 0) {
        scanner->strangers++;
    }
}

/* The element of a reply at *at, a bulk string. */
static struct span take_string(const char *reply, size_t *at)
{
    char *end;
    size_t size = strtoul(reply + *at + 1, &end, 10);
    struct span string = {end + 2, size};

    *at = (size_t)(string.at + size + 2 - reply);
    return string;
}

/* Takes "*2", the cursor, and the keys. Returns false at the end, or when there is trouble. */
static bool take_page(struct scanner *scanner, const char *reply, char cursor[NAME])
{
    if (reply == NULL || strncmp(reply, "*2\r\n", 4) != 0) {
        complain(scanner, "no page", reply == NULL ? "no reply" : reply);
        return false;
    }

    size_t at = 4;
    struct span next = take_string(reply, &at);
    long count = strtol(reply + at + 1, NULL, 10);

    at = (size_t)(strchr(reply + at, '\n') + 1 - reply);
    for (long i = 0; i < count; i++) {
        note_name(scanner, take_string(reply, &at));
    }
    snprintf(cursor, NAME, "%.*s", (int)next.size, next.at);
    scanner->pages++;
    return strcmp(cursor, "0") != 0;
}

static void scan_once(struct scanner *scanner, struct wire *wire)
{
    const char *count = scanner->counts[scanner->scans % ARRAY_LEN(scanner->counts)];
    char cursor[NAME] = "0";

    memset(scanner->found, 0, KEYS);
    do {
        wire_request(wire, "SCAN", cursor, "COUNT", count, scanner->option, scanner->value);
    } while (take_page(scanner, wire_reply(wire, NULL), cursor));
    for (int i = scanner->first; i < scanner->end && scanner->trouble[0] == '\0'; i++) {
        char name[NAME];

        name_key(i, name);
        if (!scanner->found[i]) {
            complain(scanner, "missed", name);
        }
    }
}

static void *scanner_run(void *argument)
{
    struct scanner *scanner = argument;

    while (!atomic_load(&is_over) && scanner->trouble[0] == '\0') {
        struct wire *wire = wire_open(scanner->port);

        if (wire == NULL) {
            complain(scanner, "no connection", "");
            break;
        }
        scan_once(scanner, wire);
        wire_close(&wire);
        atomic_fetch_add(&scanner->scans, 1);
    }
    return NULL;
}

/* Keys that come and go; also in the slot that has many. */
static void *disturber_run(void *argument)
{
    struct wire *wire = wire_open(*(uint16_t *)argument);
    char name[NAME];

    for (int i = 0; !atomic_load(&is_over); i++) {
        snprintf(name, sizeof name, "other:%s:%d", i % 2 == 0 ? many_tag : "", i % 1000);
        wire_request(wire, i % 3 == 0 ? "DEL" : "INCR", name);
        wire_reply(wire, NULL);
    }
    wire_close(&wire);
    return NULL;
}

/* Each scanner begins and ends a scan, at least. */
static void wait_for_scans(struct scanner *scanners, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t before = atomic_load(&scanners[i].scans);

        cr_expect(WAIT_FOR_MS(4 * WAIT_MS, atomic_load(&scanners[i].scans) > before + 1 ||
                                               scanners[i].trouble[0] != '\0'));
    }
}

/* There and back again, and the nodes that have the slots fail over in between. */
static void move_and_fail_over(struct real_cluster *cluster, struct rig *rig,
                               struct scanner *scanners, size_t count)
{
    int primaries[] = {0, 1};

    for (int round = 0; round < 2; round++) {
        int *from = &primaries[round % 2];
        int *to = &primaries[1 - round % 2];

        real_cluster_run(cluster, "reshard", "--from", rig_print(rig, "%d", *from), "--to",
                         rig_print(rig, "%d", *to), "--slots", SLOTS_TEXT);
        *to = real_cluster_replica_of(cluster, *to);
        real_cluster_do(cluster, "failover", *to);
        wait_for_scans(scanners, count);
    }

    int heir = real_cluster_replica_of(cluster, primaries[0]);

    real_cluster_do(cluster, "kill", primaries[0]);
    cr_expect(WAIT_FOR(real_cluster_is_primary(cluster, heir)));
    wait_for_scans(scanners, count);
}

Test(scan, misses_no_key_that_is_there_all_the_time)
{
    struct real_cluster *cluster = real_cluster_start();
    struct rig *rig = real_cluster_rig(cluster, 2, "20s");
    uint16_t port = rig_port(rig);
    pthread_t disturber;

    name_many_tag();
    fill(rig);

    const char *pattern = rig_print(rig, "%s:*", many_tag);
    struct scanner scanners[] = {
        {.counts = {"100", "1000", "10", "20000"}, .end = KEYS},
        {.counts = {"10", "500", "10", "3000"}, .option = "MATCH", .value = pattern, .end = MANY},
        {.counts = {"1000", "100", "1000", "10"},
         .option = "TYPE",
         .value = "list",
         .first = MANY + OTHERS,
         .end = KEYS},
    };

    cr_assert_eq(pthread_create(&disturber, NULL, disturber_run, &port), 0);
    for (size_t i = 0; i < ARRAY_LEN(scanners); i++) {
        scanners[i].port = port;
        scanners[i].found = memory_new(KEYS, sizeof *scanners[i].found);
        cr_assert_eq(pthread_create(&scanners[i].thread, NULL, scanner_run, &scanners[i]), 0);
    }
    wait_for_scans(scanners, ARRAY_LEN(scanners));
    move_and_fail_over(cluster, rig, scanners, ARRAY_LEN(scanners));
    atomic_store(&is_over, true);
    pthread_join(disturber, NULL);
    for (size_t i = 0; i < ARRAY_LEN(scanners); i++) {
        pthread_join(scanners[i].thread, NULL);
        cr_expect_str_eq(scanners[i].trouble, "", "scanner %zu: %s", i, scanners[i].trouble);
        cr_expect_eq(scanners[i].strangers, 0, "scanner %zu", i);
        cr_expect_gt(scanners[i].scans, 4);
        free(scanners[i].found);
    }
    cr_expect_gt(metric(rig, "redirect_ask_total") + metric(rig, "redirect_moved_total"), 0);
    rig_stop(&rig);
    real_cluster_stop(&cluster);
}
