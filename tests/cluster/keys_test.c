/* Every slot, many keys, every way to ask for them. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/real_cluster.h"
#include "tests/support/resp.h"

TestSuite(keys, .timeout = 240, .fini = rig_clean_up);

enum { KEYS = 100000, PIPELINE = 10000, TOGETHER = 500 };

static void key_of(int i, char *text, size_t size)
{
    snprintf(text, size, "key:%llx", (unsigned long long)(i + 1) * 0x9e3779b97f4a7c15ULL);
}

static void add_request(struct bytes *sent, const char *const *texts, size_t count)
{
    struct span spans[4];

    for (size_t i = 0; i < count; i++) {
        spans[i] = span_of(texts[i]);
    }
    bytes_add_request(sent, spans, count);
}

static void set_and_get_all(struct rig *rig)
{
    char key[40];
    char value[16];
    struct bytes sent = {0};
    struct bytes wanted = {0};

    for (int from = 0; from < KEYS; from += PIPELINE) {
        sent.size = wanted.size = 0;
        for (int i = from; i < from + PIPELINE; i++) {
            key_of(i, key, sizeof key);
            snprintf(value, sizeof value, "%06d", i);
            add_request(&sent, (const char *[]){"SET", key, value}, 3);
            add_request(&sent, (const char *[]){"GET", key}, 2);
            bytes_print(&wanted, "+OK\r\n$6\r\n%s\r\n", value);
        }
        cr_assert(wire_send_bytes(rig_client(rig), sent.at, sent.size));
        cr_assert_str_eq(wire_bytes(rig_client(rig), wanted.at),
                         wire_escaped(rig_client(rig), wanted.at), "keys from %d", from);
    }
    bytes_clear(&sent);
    bytes_clear(&wanted);
}

static void count_slots(void)
{
    static bool seen[16384];
    int count = 0;
    char key[40];

    for (int i = 0; i < KEYS; i++) {
        key_of(i, key, sizeof key);
        uint16_t slot = resp_slot(span_of(key));
        count += !seen[slot];
        seen[slot] = true;
    }
    cr_expect_gt(count, 16300, "the keys must reach almost every slot");
}

static void add_key_list(struct bytes *sent, const char *name, int from)
{
    char key[40];

    bytes_print(sent, "*%d\r\n$%zu\r\n%s\r\n", TOGETHER + 1, strlen(name), name);
    for (int i = from; i < from + TOGETHER; i++) {
        key_of(i, key, sizeof key);
        bytes_print(sent, "$%zu\r\n%s\r\n", strlen(key), key);
    }
}

static void read_and_delete_together(struct rig *rig)
{
    struct bytes sent = {0};
    struct bytes wanted = {0};

    for (int from = 0; from < KEYS; from += KEYS / 20) {
        sent.size = wanted.size = 0;
        add_key_list(&sent, "MGET", from);
        add_key_list(&sent, "EXISTS", from);
        add_key_list(&sent, "DEL", from);
        add_key_list(&sent, "EXISTS", from);
        bytes_print(&wanted, "*%d\r\n", TOGETHER);
        for (int i = from; i < from + TOGETHER; i++) {
            bytes_print(&wanted, "$6\r\n%06d\r\n", i);
        }
        bytes_print(&wanted, ":%d\r\n:%d\r\n:0\r\n", TOGETHER, TOGETHER);
        cr_assert(wire_send_bytes(rig_client(rig), sent.at, sent.size));
        cr_assert_str_eq(wire_bytes(rig_client(rig), wanted.at),
                         wire_escaped(rig_client(rig), wanted.at), "keys from %d", from);
    }
    cr_expect_str_eq(ask(rig, "DBSIZE"), "90000");
    bytes_clear(&sent);
    bytes_clear(&wanted);
}

static void scripts(struct rig *rig)
{
    const char *body = "return redis.call('INCRBY', KEYS[1], ARGV[1])";

    cr_expect_str_eq(ask(rig, "EVAL", body, "1", "counter", "5"), "5");
    const char *sha = ask(rig, "SCRIPT", "LOAD", body);
    cr_expect_eq(strlen(sha), 40, "%s", sha);
    for (int i = 0; i < 50; i++) {
        cr_expect_str_eq(ask(rig, "EVALSHA", sha, "1", rig_print(rig, "counter:%d", i), "7"), "7");
    }
    cr_expect_str_eq(ask(rig, "SCRIPT", "EXISTS", sha), "[1]");
    cr_expect_str_eq(ask(rig, "SCRIPT", "FLUSH"), "OK");
    cr_expect_str_eq(ask(rig, "SCRIPT", "EXISTS", sha), "[0]");
    EXPECT_STARTS(ask(rig, "EVALSHA", sha, "1", "counter", "7"), "-NOSCRIPT ");
    cr_expect_str_eq(ask(rig, "EVAL", "return 1", "-1"), "-ERR Number of keys can't be negative");
    cr_expect_str_eq(ask(rig, "EVAL", "return 1", "2", "a"),
                     "-ERR Number of keys can't be greater than number of args");
    cr_expect_str_eq(ask(rig, "EVAL", "return 1", "x", "a"),
                     "-ERR value is not an integer or out of range");
    cr_expect_str_eq(ask(rig, "EVAL", "return {KEYS[1],ARGV[1]}", "2", "{t}a", "{t}b", "x"),
                     "[{t}a x]");
}

static void functions(struct rig *rig)
{
    const char *library = "#!lua name=lib\n"
                          "redis.register_function('double', function(keys, args)\n"
                          "  return redis.call('INCRBY', keys[1], 2 * args[1]) end)";

    cr_expect_str_eq(ask(rig, "FUNCTION", "LOAD", library), "lib");
    cr_expect_str_eq(ask(rig, "FCALL", "double", "1", "f:1", "4"), "8");
    cr_expect_str_eq(ask(rig, "FCALL", "double", "1", "f:2", "4"), "8");
    cr_expect_str_eq(ask(rig, "FCALL", "double", "1", "f:3", "4"), "8");
    cr_expect_str_eq(ask(rig, "FUNCTION", "DELETE", "lib"), "OK");
}

Test(keys, of_all_slots_by_all_means)
{
    struct real_cluster *cluster = real_cluster_start();
    struct rig *rig = real_cluster_rig(cluster, 2, "20s");

    count_slots();
    set_and_get_all(rig);
    cr_expect_str_eq(ask(rig, "DBSIZE"), "100000");
    read_and_delete_together(rig);
    scripts(rig);
    functions(rig);
    EXPECT_CONTAINS(ask(rig, "RANDOMKEY"), ":");
    cr_expect_str_eq(ask(rig, "FLUSHALL"), "OK");
    cr_expect_str_eq(ask(rig, "DBSIZE"), "0");
    cr_expect_str_eq(ask(rig, "KEYS", "*"), "[]");
    cr_expect_eq(metric(rig, "redirect_moved_total"), 0);
    rig_stop(&rig);
    real_cluster_stop(&cluster);
}
