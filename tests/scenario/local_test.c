/* What slotway answers by itself, and what it refuses: no node sees any of it. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"
#include "tests/support/twin.h"

TestSuite(local, .timeout = 120, .fini = rig_clean_up);

enum { ARGUMENTS = 8 };

static const struct {
    const char *words[ARGUMENTS];
} as_redis[] = {
    {{"PING"}},
    {{"PING", "text"}},
    {{"PING", "a", "b"}},
    {{"ECHO", "text"}},
    {{"ECHO"}},
    {{"SELECT", "0"}},
    {{"SELECT", "x"}},
    {{"FOO"}},
    {{"FOO", "a", "b c", "d"}},
    {{"Foo", "0123456789012345678901234567890123456789012345678901234567890123456789",
      "0123456789012345678901234567890123456789012345678901234567890123456789", "more"}},
    {{"0123456789012345678901234567890123456789012345678901234567890123456789"
      "0123456789012345678901234567890123456789012345678901234567890123456789"}},
    {{"GET"}},
    {{"GET", "a", "b"}},
    {{"SeT", "a"}},
    {{"CLIENT"}},
    {{"CLIENT", "FOO"}},
    {{"CLIENT", "ID", "x"}},
    {{"CLIENT", "GETNAME"}},
    {{"CLIENT", "SETNAME", "a name"}},
    {{"CLIENT", "SETNAME", "name"}},
    {{"CLIENT", "GETNAME"}},
    {{"CLIENT", "SETNAME", ""}},
    {{"CLIENT", "GETNAME"}},
    {{"CLIENT", "NO-EVICT", "ON"}},
    {{"CLIENT", "NO-EVICT", "x"}},
    {{"CLIENT", "REPLY", "x"}},
    {{"CLIENT", "KILL", "1.2.3.4:5"}},
    {{"CLIENT", "KILL", "ID", "x"}},
    {{"CLIENT", "KILL", "ID", "999999"}},
    {{"CLIENT", "LIST", "TYPE", "x"}},
    {{"OBJECT", "FOO", "k"}},
    {{"COMMAND", "FOO"}},
    {{"COMMAND", "GETKEYS", "MSET", "a", "1", "b", "2"}},
    {{"COMMAND", "GETKEYS", "EVAL", "return 1", "1", "a", "b"}},
    {{"COMMAND", "GETKEYS", "PING", "x"}},
    {{"COMMAND", "GETKEYS", "FOO", "a"}},
    {{"COMMAND", "INFO", "nothing"}},
    {{"AUTH"}},
    {{"AUTH", "secret"}},
    {{"AUTH", "default", "a", "b"}},
    {{"HELLO", "x"}},
    {{"HELLO", "4"}},
    {{"HELLO", "2", "FOO"}},
    {{"RESET"}},
};

Test(local, answers_are_those_of_redis)
{
    struct rig *rig = rig_start(1);
    struct wire *twin = wire_open(twin_start());
    cr_assert_not_null(twin);

    for (size_t i = 0; i < ARRAY_LEN(as_redis); i++) {
        const char *ours = wire_ask_list(rig_client(rig), as_redis[i].words);
        const char *theirs = wire_ask_list(twin, as_redis[i].words);
        cr_expect_str_eq(ours, theirs, "%s %s %s: slotway says %s, Redis %s", as_redis[i].words[0],
                         as_redis[i].words[1] == NULL ? "" : as_redis[i].words[1],
                         as_redis[i].words[2] == NULL ? "" : as_redis[i].words[2], ours, theirs);
    }
    wire_close(&twin);
    twin_stop();
    cr_expect_str_eq(rig_log(rig, 0), "");
    rig_stop(&rig);
}

Test(local, select_knows_one_database)
{
    struct rig *rig = rig_start(1);

    cr_expect_str_eq(ask(rig, "SELECT", "0"), "OK");
    EXPECT_STARTS(ask(rig, "SELECT", "1"), "-ERR ");
    EXPECT_STARTS(ask(rig, "SELECT", "-1"), "-ERR ");
    rig_stop(&rig);
}

Test(local, hello_tells_who_answers)
{
    struct rig *rig = rig_start(1);

    EXPECT_CONTAINS(ask(rig, "HELLO"), "server redis");
    const char *hello = ask(rig, "HELLO", "2", "SETNAME", "me");
    EXPECT_CONTAINS(hello, "proto 2");
    EXPECT_CONTAINS(hello, "role master");
    cr_expect_str_eq(ask(rig, "CLIENT", "GETNAME"), "me");
    cr_expect_str_eq(ask(rig, "HELLO", "4"), "-NOPROTO unsupported protocol version");
    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    rig_stop(&rig);
}

Test(local, clients_have_ids_and_names_and_can_be_listed_and_killed)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .workers = 2});
    struct wire *victim = rig_connect(rig);

    const char *id = wire_ask(victim, "CLIENT", "ID");
    cr_expect_gt(atoi(id), 0);
    cr_expect_str_neq(ask(rig, "CLIENT", "ID"), id);
    cr_expect_str_eq(wire_ask(victim, "CLIENT", "SETNAME", "victim"), "OK");
    cr_expect_str_eq(ask(rig, "CLIENT", "SETINFO", "LIB-NAME", "tests"), "OK");
    EXPECT_CONTAINS(wire_ask(victim, "CLIENT", "INFO"), "name=victim");
    const char *list = ask(rig, "CLIENT", "LIST");
    EXPECT_CONTAINS(list, "name=victim");
    EXPECT_CONTAINS(list, "addr=127.0.0.1:");
    cr_expect_str_eq(ask(rig, "CLIENT", "KILL", "ID", id), "1");
    cr_expect(wire_is_closed(victim));
    cr_expect(WAIT_FOR(strstr(ask(rig, "CLIENT", "LIST"), "name=victim") == NULL));
    rig_stop(&rig);
}

Test(local, replies_can_be_switched_off_and_effects_happen)
{
    struct rig *rig = rig_start_store(2);

    wire_request(rig_client(rig), "CLIENT", "REPLY", "OFF");
    wire_request(rig_client(rig), "SET", "k", "1");
    wire_request(rig_client(rig), "GET", "a");
    wire_request(rig_client(rig), "MSET", "a", "2", "b", "3");
    wire_request(rig_client(rig), "PING");
    wire_request(rig_client(rig), "FOO");
    wire_request(rig_client(rig), "CLIENT", "REPLY", "ON");
    wire_request(rig_client(rig), "MGET", "k", "a", "b");
    wire_expect(rig_client(rig), "+OK\r\n*3\r\n$1\r\n1\r\n$1\r\n2\r\n$1\r\n3\r\n");
    rig_stop(&rig);
}

Test(local, one_reply_can_be_skipped)
{
    struct rig *rig = rig_start_store(2);

    wire_request(rig_client(rig), "CLIENT", "REPLY", "SKIP");
    wire_request(rig_client(rig), "SET", "k", "1");
    wire_request(rig_client(rig), "GET", "k");
    wire_request(rig_client(rig), "CLIENT", "REPLY", "SKIP");
    wire_request(rig_client(rig), "PING");
    wire_request(rig_client(rig), "ECHO", "x");
    wire_expect(rig_client(rig), "$1\r\n1\r\n$1\r\nx\r\n");
    rig_stop(&rig);
}

Test(local, quit_comes_after_all_replies)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("GET", "k"), SAY_LATER("$1\r\nv\r\n"));

    wire_request(rig_client(rig), "GET", "k");
    wire_request(rig_client(rig), "QUIT");
    wire_request(rig_client(rig), "PING");
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), "$1\r\nv\r\n+OK\r\n");
    cr_expect(wire_is_closed(rig_client(rig)));
    rig_stop(&rig);
}

Test(local, a_client_that_stops_sending_still_gets_its_replies)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("GET", "k"), SAY_LATER("$1\r\nv\r\n"));

    wire_request(rig_client(rig), "GET", "k");
    wire_finish_sending(rig_client(rig));
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), "$1\r\nv\r\n");
    cr_expect(wire_is_closed(rig_client(rig)));
    rig_stop(&rig);
}

Test(local, the_cluster_looks_like_one_node)
{
    struct rig *rig = rig_start(3);

    cr_expect_str_eq(ask(rig, "CLUSTER", "KEYSLOT", "foo"), "12182");
    cr_expect_str_eq(ask(rig, "CLUSTER", "KEYSLOT", "x{foo}y"), "12182");
    EXPECT_STARTS(ask(rig, "CLUSTER", "SLOTS"), "[[0 16383 [127.0.0.1 ");
    EXPECT_CONTAINS(ask(rig, "CLUSTER", "SLOTS"), rig_print(rig, " %u ", rig_port(rig)));
    EXPECT_CONTAINS(ask(rig, "CLUSTER", "INFO"), "cluster_state:ok");
    EXPECT_CONTAINS(ask(rig, "CLUSTER", "NODES"), "myself,master");
    EXPECT_CONTAINS(ask(rig, "CLUSTER", "NODES"), "0-16383");
    EXPECT_STARTS(ask(rig, "CLUSTER", "SHARDS"), "[[slots [0 16383]");
    cr_expect_eq(strlen(ask(rig, "CLUSTER", "MYID")), 40);
    EXPECT_STARTS(ask(rig, "ROLE"), "[master ");
    cr_expect_str_eq(ask(rig, "READONLY"), "OK");
    cr_expect_str_eq(ask(rig, "READWRITE"), "OK");
    EXPECT_STARTS(ask(rig, "TIME"), "[");
    cr_expect_gt(atoi(ask(rig, "COMMAND", "COUNT")), 200);
    EXPECT_STARTS(ask(rig, "COMMAND", "INFO", "get"), "[[get 2 [");
    cr_expect_str_eq(rig_log(rig, 0), "");
    rig_stop(&rig);
}

Test(local, refuses_what_would_harm_the_nodes)
{
    static const char *const rows[][ARGUMENTS] = {
        {"SHUTDOWN"},
        {"DEBUG", "SLEEP", "1"},
        {"CLUSTER", "SETSLOT", "1", "STABLE"},
        {"CLUSTER", "FAILOVER"},
        {"REPLICAOF", "NO", "ONE"},
        {"MIGRATE", "127.0.0.1", "1", "k", "0", "10"},
        {"SAVE"},
        {"BGSAVE"},
        {"SWAPDB", "0", "1"},
        {"MOVE", "k", "1"},
        {"PSYNC", "?", "-1"},
        {"ACL", "SETUSER", "x"},
        {"MODULE", "LOAD", "x"},
    };
    struct rig *rig = rig_start(1);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *reply = wire_ask_list(rig_client(rig), rows[i]);
        EXPECT_STARTS(reply, "-ERR proxy:");
        cr_expect_not_null(strcasestr(reply, rows[i][0]), "%s", reply);
    }
    cr_expect_str_eq(rig_log(rig, 0), "");
    rig_stop(&rig);
}

Test(local, says_why_it_refuses_what_is_of_one_node)
{
    static const char *const rows[][ARGUMENTS] = {
        {"HOTKEYS", "GET"},
        {"HOTKEYS", "START", "METRICS", "1", "CPU"},
        {"BACKUP", "START"},
    };
    struct rig *rig = rig_start(1);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *reply = wire_ask_list(rig_client(rig), rows[i]);
        EXPECT_STARTS(reply, "-ERR proxy:");
        EXPECT_CONTAINS(reply, "PROXY NODE");
        cr_expect_not_null(strcasestr(reply, rows[i][0]), "%s", reply);
    }
    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    cr_expect_str_eq(rig_log(rig, 0), "");
    rig_stop(&rig);
}

/* A node that knows INFO. */
static void answer_info(void *context, const struct fake_command *command, struct bytes *answer)
{
    static const char info[] = "# Server\r\nredis_version:7.0.15\r\nredis_mode:cluster\r\n"
                               "# Memory\r\nused_memory:1000\r\n# Replication\r\nrole:master\r\n"
                               "# Commandstats\r\ncmdstat_get:calls=3,usec=4,usec_per_call=1.33"
                               ",rejected_calls=0,failed_calls=1\r\n"
                               "# Errorstats\r\nerrorstat_WRONGTYPE:count=1\r\n"
                               "# Latencystats\r\nlatency_percentiles_usec_get:p50=1.003\r\n"
                               "# Keyspace\r\ndb0:keys=5,expires=1,avg_ttl=0\r\n";
    (void)context;
    if (span_equal_nocase(command->arguments[0], SPAN("info"))) {
        bytes_print(answer, "$%zu\r\n%s\r\n", sizeof info - 1, info);
    } else {
        bytes_print(answer, ":0\r\n");
    }
}

Test(local, info_says_what_frameworks_look_for)
{
    struct rig *rig = rig_start(2);
    fake_node_handle(rig_node(rig, 0), answer_info, NULL);
    fake_node_handle(rig_node(rig, 1), answer_info, NULL);

    const char *info = ask(rig, "INFO");
    EXPECT_CONTAINS(info, "redis_version:");
    EXPECT_CONTAINS(info, "role:master");
    EXPECT_CONTAINS(info, "cluster_enabled:0");
    EXPECT_CONTAINS(info, "# Errorstats\r\nerrorstat_WRONGTYPE:count=2\r\n");
    EXPECT_LACKS(info, "# Commandstats");
    rig_stop(&rig);
}

Test(local, info_counts_the_commands_of_all_primaries)
{
    struct rig *rig = rig_start(2);
    fake_node_handle(rig_node(rig, 0), answer_info, NULL);
    fake_node_handle(rig_node(rig, 1), answer_info, NULL);

    cr_expect_str_eq(ask(rig, "INFO", "commandstats", "latencystats"),
                     "# Commandstats\r\ncmdstat_get:calls=6,usec=8,usec_per_call=1.33,"
                     "rejected_calls=0,failed_calls=2\r\n\r\n"
                     "# Latencystats\r\nlatency_percentiles_usec_get:p50=1.003\r\n");
    EXPECT_CONTAINS(ask(rig, "INFO", "all"), "\r\n# Commandstats\r\ncmdstat_get:calls=6,");
    rig_stop(&rig);
}
