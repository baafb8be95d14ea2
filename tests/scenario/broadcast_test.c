/* Commands about the whole data set reach every primary, and their answers become one. */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(broadcast, .timeout = 120, .fini = rig_clean_up);

Test(broadcast, dbsize_sums)
{
    struct rig *rig = rig_start(3);

    script(rig, 0, WANT("DBSIZE"), SAY(":1\r\n"));
    script(rig, 1, WANT("DBSIZE"), SAY(":20\r\n"));
    script(rig, 2, WANT("DBSIZE"), SAY(":300\r\n"));
    cr_expect_str_eq(ask(rig, "DBSIZE"), "321");
    rig_stop(&rig);
}

Test(broadcast, replicas_are_not_asked)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 3, .start_dead = true});
    fake_cluster_follow(rig_cluster(rig), 2, 0);
    for (int i = 0; i < 3; i++) {
        fake_node_return(rig_node(rig, i));
    }
    cr_expect(rig_topology_passes(rig, 0));
    script(rig, 0, WANT("DBSIZE"), SAY(":1\r\n"));
    script(rig, 1, WANT("DBSIZE"), SAY(":20\r\n"));
    cr_expect_str_eq(ask(rig, "DBSIZE"), "21");
    rig_stop(&rig);
}

Test(broadcast, keys_concatenates)
{
    struct rig *rig = rig_start(3);

    script(rig, 0, WANT("KEYS", "*"), SAY("*2\r\n$3\r\nbar\r\n$1\r\nb\r\n"));
    script(rig, 1, WANT("KEYS", "*"), SAY("*0\r\n"));
    script(rig, 2, WANT("KEYS", "*"), SAY_IN_PIECES("*1\r\n$1\r\na\r\n"));
    cr_expect_str_eq(ask(rig, "KEYS", "*"), "[bar b a]");
    rig_stop(&rig);
}

/* On its way from node 1 to node 0, whose list came later. */
Test(broadcast, keys_names_a_key_once_that_two_nodes_have)
{
    struct rig *rig = rig_start(3);

    script(rig, 0, WANT("KEYS", "*"), SAY("*2\r\n$1\r\nk\r\n$1\r\nb\r\n"));
    script(rig, 1, WANT("KEYS", "*"), SAY("*2\r\n$1\r\nk\r\n$4\r\n{k}2\r\n"));
    script(rig, 2, WANT("KEYS", "*"), SAY("*1\r\n$1\r\na\r\n"));
    cr_expect_str_eq(ask(rig, "KEYS", "*"), "[k {k}2 b a]");
    rig_stop(&rig);
}

/* And one that only the node has that does not serve it yet. */
Test(broadcast, keys_names_a_key_that_has_gone_ahead_of_its_slot)
{
    struct rig *rig = rig_start(2);

    script(rig, 0, WANT("KEYS", "*"), SAY("*1\r\n$1\r\nb\r\n"));
    script(rig, 1, WANT("KEYS", "*"), SAY("*2\r\n$1\r\na\r\n$1\r\nk\r\n"));
    cr_expect_str_eq(ask(rig, "KEYS", "*"), "[k b a]");
    rig_stop(&rig);
}

Test(broadcast, flushall_succeeds_when_all_did)
{
    struct rig *rig = rig_start(2);

    script(rig, 0, WANT("FLUSHALL"), SAY("+OK\r\n"), WANT("FLUSHALL"), SAY("+OK\r\n"));
    script(rig, 1, WANT("FLUSHALL"), SAY("+OK\r\n"), WANT("FLUSHALL"),
           SAY("-MISCONF Redis is configured to save RDB snapshots\r\n"));
    cr_expect_str_eq(ask(rig, "FLUSHALL"), "OK");
    EXPECT_STARTS(ask(rig, "FLUSHALL"), "-MISCONF ");
    rig_stop(&rig);
}

Test(broadcast, script_load_answers_one_sha)
{
    struct rig *rig = rig_start(2);
    const char *sha = "e0e1f9fabfc9d4800c877a703b823ac0578ff8db";

    script(rig, 0, WANT("SCRIPT", "LOAD", "return 1"), SAY("$40\r\n%s\r\n", sha));
    script(rig, 1, WANT("SCRIPT", "LOAD", "return 1"), SAY("$40\r\n%s\r\n", sha));
    cr_expect_str_eq(ask(rig, "SCRIPT", "LOAD", "return 1"), sha);
    rig_stop(&rig);
}

Test(broadcast, script_exists_means_everywhere)
{
    struct rig *rig = rig_start(2);

    script(rig, 0, WANT("SCRIPT", "EXISTS", "x", "y", "z"), SAY("*3\r\n:1\r\n:1\r\n:0\r\n"));
    script(rig, 1, WANT("SCRIPT", "EXISTS", "x", "y", "z"), SAY("*3\r\n:1\r\n:0\r\n:0\r\n"));
    cr_expect_str_eq(ask(rig, "SCRIPT", "EXISTS", "x", "y", "z"), "[1 0 0]");
    rig_stop(&rig);
}

Test(broadcast, script_exists_of_nodes_that_answer_for_less_is_no_answer)
{
    struct rig *rig = rig_start(1);

    script(rig, 0, WANT("SCRIPT", "EXISTS", "x", "y"), SAY("*1\r\n:1\r\n"));
    EXPECT_CONTAINS(ask(rig, "SCRIPT", "EXISTS", "x", "y"), "script exists");
    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    rig_stop(&rig);
}

/* A node with the keys that the context counts, for commands about all keys. */
static void answer_as_keyspace(void *context, const struct fake_command *command,
                               struct bytes *answer)
{
    int keys = *(int *)context;

    if (span_equal_nocase(command->arguments[0], SPAN("dbsize"))) {
        bytes_print(answer, ":%d\r\n", keys);
    } else if (keys == 0) {
        bytes_print(answer, "$-1\r\n");
    } else {
        bytes_print(answer, "$4\r\nkey%d\r\n", command->index);
    }
}

Test(broadcast, randomkey_finds_a_key_wherever_it_is)
{
    struct rig *rig = rig_start(3);
    int none = 0;
    int one = 1;

    for (int i = 0; i < 3; i++) {
        fake_node_handle(rig_node(rig, i), answer_as_keyspace, &none);
    }
    cr_expect_str_eq(ask(rig, "RANDOMKEY"), "(nil)");
    fake_node_handle(rig_node(rig, 2), answer_as_keyspace, &one);
    for (int i = 0; i < 20; i++) {
        cr_expect_str_eq(ask(rig, "RANDOMKEY"), "key2");
    }
    rig_stop(&rig);
}

Test(broadcast, a_dead_node_fails_the_whole_in_time)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 2, .with_store = true, .request_timeout = "500ms"});

    cr_expect_str_eq(ask(rig, "DBSIZE"), "0");
    fake_node_die(rig_node(rig, 1));
    EXPECT_STARTS(ask(rig, "DBSIZE"), "-CLUSTERDOWN ");
    cr_expect_str_eq(ask(rig, "GET", "k"), "(nil)");
    fake_node_return(rig_node(rig, 1));
    cr_expect(WAIT_FOR(ask(rig, "DBSIZE")[0] == '0'));
    rig_stop(&rig);
}

Test(broadcast, effects_keep_their_order_with_requests_around_them)
{
    struct rig *rig = rig_start_store(3);

    wire_request(rig_client(rig), "MSET", "a", "1", "b", "2", "k", "3");
    wire_request(rig_client(rig), "DBSIZE");
    wire_request(rig_client(rig), "FLUSHALL");
    wire_request(rig_client(rig), "SET", "k", "4");
    wire_request(rig_client(rig), "DBSIZE");
    wire_request(rig_client(rig), "GET", "k");
    wire_expect(rig_client(rig), "+OK\r\n:3\r\n+OK\r\n+OK\r\n:1\r\n$1\r\n4\r\n");
    rig_stop(&rig);
}

/* What is redirected takes effect where it is sent next, and what waits at a node's gate later than
 * it was asked: neither may change places with what writes everywhere. */
Test(broadcast, flushall_does_not_overtake_a_request_that_is_redirected)
{
    struct rig *rig = rig_start(2);

    script(rig, 0, WANT("SET", "k", "1"), SAY("-MOVED 7629 %s\r\n", rig_address(rig, 1)),
           WANT("FLUSHALL"), SAY("+OK\r\n"));
    script(rig, 1, WANT("SET", "k", "1"), SAY("+OK\r\n"), WANT("FLUSHALL"), SAY("+OK\r\n"),
           WANT("GET", "k"), SAY("$-1\r\n"));
    wire_request(rig_client(rig), "SET", "k", "1");
    wire_request(rig_client(rig), "FLUSHALL");
    wire_request(rig_client(rig), "GET", "k");
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n$-1\r\n");
    rig_stop(&rig);
}

Test(broadcast, nothing_overtakes_a_flushall_that_waits_for_one_node)
{
    static const char *const flushes[] = {"FLUSHALL", "FLUSHDB"};

    for (size_t i = 0; i < ARRAY_LEN(flushes); i++) {
        struct rig *rig = rig_start(2);

        script(rig, 0, WANT(flushes[i]), SAY("-LOADING Redis is loading the dataset in memory\r\n"),
               WANT(flushes[i]), SAY("+OK\r\n"), WANT("SET", "k", "4"), SAY("+OK\r\n"));
        script(rig, 1, WANT(flushes[i]), SAY("+OK\r\n"));
        wire_request(rig_client(rig), flushes[i]);
        wire_request(rig_client(rig), "SET", "k", "4");
        wire_expect(rig_client(rig), "+OK\r\n+OK\r\n");
        rig_stop(&rig);
    }
}
