/* load against fake nodes: what it counts is what happened, and no wrong reply escapes it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/load/values.h"
#include "tests/support/expect.h"
#include "tests/support/fake_store.h"
#include "tests/support/process.h"
#include "tests/support/wait.h"

enum { WORDS_MAX = 32 };

static struct fake_cluster *cluster;
static struct fake_store *store;
static struct process load;
static struct bytes output;
static char port[8];

static void use(int nodes)
{
    cluster = fake_cluster_new(nodes);
    store = fake_store_new();
    fake_store_serve(store, cluster);
    snprintf(port, sizeof port, "%u", fake_node_port(fake_cluster_node(cluster, 0)));
}

static void clean_up(void)
{
    process_clear(&load);
    bytes_clear(&output);
    if (cluster != NULL) {
        fake_cluster_free(&cluster);
    }
    fake_store_free(&store);
}

TestSuite(load, .timeout = 120, .fini = clean_up);

static struct fake_node *node(int index)
{
    return fake_cluster_node(cluster, index);
}

#define START(...) start((const char *const[]){__VA_ARGS__, NULL})

/* Starts load at node 0 with these words besides, for JSON. */
static void start(const char *const *words)
{
    const char *argv[WORDS_MAX] = {LOAD_BINARY, "--port", port, "--json"};

    for (size_t i = 0; words[i] != NULL; i++) {
        cr_assert_lt(i + 5, WORDS_MAX);
        argv[i + 4] = words[i];
    }
    process_start(&load, argv, NULL);
}

/* Waits for its end; what it wrote is in `output`. Returns its exit code, or -1. */
static int finish(void)
{
    cr_assert(WAIT_FOR(process_has_ended(&load)), "load does not end");
    bytes_clear(&output);
    output = process_output(&load);
    return WIFEXITED(load.status) ? WEXITSTATUS(load.status) : -1;
}

#define RUN(...) (START(__VA_ARGS__), finish())

/* A number of the JSON; -1 when it is not there. */
static double said(const char *name)
{
    char wanted[64];

    snprintf(wanted, sizeof wanted, "\"%s\":", name);
    const char *at = strstr(output.at, wanted);
    return at == NULL ? -1 : strtod(at + strlen(wanted), NULL);
}

#define EXPECT_SAID(name, number)                                                                  \
    cr_expect_eq(said(name), (number), "%s is not as expected: %s", (name), output.at)

Test(load, what_was_filled_is_read_back)
{
    use(1);
    cr_expect_eq(RUN("--fill", "--keys", "500"), 0, "%s", output.at);
    EXPECT_SAID("requests", 500);
    cr_expect_eq(fake_node_count(node(0), "SET"), 500);

    cr_expect_eq(RUN("--requests", "1000", "--keys", "500", "--seed", "7"), 0, "%s", output.at);
    EXPECT_SAID("requests", 1000);
    EXPECT_SAID("errors", 0);
    EXPECT_SAID("wrong", 0);
    EXPECT_SAID("reconnects", 0);
    EXPECT_SAID("bytes_in", 1000 * (5 + 32 + 2));
    EXPECT_SAID("bytes_out", 1000 * 36);
    cr_expect_eq(fake_node_count(node(0), "GET"), 1000);
}

static const struct {
    const char *work;
    const char *pipeline;
    const char *received;
} works[] = {
    {"get", "1", "GET"},   {"get", "16", "GET"}, {"set", "3", "SET"},   {"mget", "2", "MGET"},
    {"mset", "2", "MSET"}, {"del", "1", "DEL"},  {"ping", "8", "PING"},
};

Test(load, every_request_is_sent_once)
{
    for (size_t i = 0; i < ARRAY_LEN(works); i++) {
        use(1);
        cr_expect_eq(RUN("--fill", "--keys", "100"), 0, "%s", output.at);

        size_t before = fake_node_count(node(0), works[i].received);

        cr_expect_eq(RUN("--requests", "201", "--keys", "100", "--clients", "7", "--work",
                         works[i].work, "--pipeline", works[i].pipeline),
                     0, "%s: %s", works[i].work, output.at);
        EXPECT_SAID("requests", 201);

        /* Each connection says PING when it is made. */
        size_t pings = strcmp(works[i].work, "ping") == 0 ? 7 : 0;

        cr_expect_eq(fake_node_count(node(0), works[i].received) - before, 201 + pings, "%s",
                     works[i].work);
        clean_up();
    }
}

Test(load, a_value_of_a_megabyte_comes_whole)
{
    use(1);
    cr_expect_eq(RUN("--fill", "--keys", "5", "--size", "1048576"), 0, "%s", output.at);
    cr_expect_eq(RUN("--requests", "40", "--keys", "5", "--size", "1048576"), 0, "%s", output.at);
    EXPECT_SAID("wrong", 0);
    cr_expect_eq(RUN("--requests", "4", "--keys", "5", "--size", "1048575"), 1);
    EXPECT_SAID("wrong", 4);
}

Test(load, values_that_no_socket_takes_at_once_go_on_when_there_is_room)
{
    use(1);
    cr_expect_eq(RUN("--fill", "--keys", "2", "--size", "20000000", "--clients", "1"), 0, "%s",
                 output.at);
    cr_expect_eq(RUN("--requests", "3", "--keys", "2", "--size", "20000000", "--clients", "2"), 0,
                 "%s", output.at);
}

Test(load, a_value_that_is_another_keys_is_wrong)
{
    struct values values;
    char *reply = NULL;

    use(1);
    values_init(&values, 32);
    cr_assert_gt(asprintf(&reply, "$32\r\n%.32s", value_of(&values, 1).at), 0);
    fake_node_handle(node(0), fake_always, reply);
    cr_expect_eq(RUN("--requests", "1000", "--keys", "2"), 1);
    cr_expect_gt(said("wrong"), 0);
    cr_expect_lt(said("wrong"), 1000, "that of key 1 was right");
    EXPECT_SAID("errors", 0);
    EXPECT_CONTAINS(output.at, "load: get key:000000000000: byte ");
    values_clear(&values);
    free(reply);
}

/* Swaps each two replies of a connection: tells the first one nothing until the second is there. */
static void answer_swapped(void *context, const struct fake_command *command, struct bytes *answer)
{
    struct bytes *held = context;

    if (held->size == 0) {
        fake_store_answer(store, command, held);
        return;
    }
    fake_store_answer(store, command, answer);
    bytes_add(answer, held->at, held->size);
    held->size = 0;
}

Test(load, replies_in_the_wrong_order_are_wrong)
{
    struct bytes held = {0};

    use(1);
    cr_expect_eq(RUN("--fill", "--keys", "100000"), 0, "%s", output.at);
    fake_node_handle(node(0), answer_swapped, &held);
    cr_expect_eq(RUN("--requests", "100", "--clients", "1", "--pipeline", "2"), 1);
    EXPECT_SAID("requests", 100);
    cr_expect_gt(said("wrong"), 90, "%s", output.at);
    bytes_clear(&held);
}

Test(load, a_key_without_a_value_is_wrong_unless_it_is_allowed)
{
    use(1);
    cr_expect_eq(RUN("--requests", "10"), 1);
    EXPECT_SAID("wrong", 10);
    cr_expect_eq(RUN("--requests", "10", "--allow-missing"), 0);
    EXPECT_SAID("wrong", 0);
}

Test(load, error_replies_are_counted_and_the_first_three_are_shown)
{
    const char *shown;
    int times = 0;

    use(1);
    fake_node_handle(node(0), fake_always, (void *)"-ERR not today");
    cr_expect_eq(RUN("--requests", "50", "--clients", "5"), 1);
    EXPECT_SAID("requests", 50);
    EXPECT_SAID("errors", 50);
    EXPECT_SAID("wrong", 0);
    for (shown = output.at; (shown = strstr(shown, "-ERR not today")) != NULL; shown++) {
        times++;
    }
    cr_expect_eq(times, 3);
}

Test(load, a_transaction_is_one_request)
{
    struct values values;

    use(1);
    fake_node_handle(node(0), NULL, NULL);
    values_init(&values, 32);
#define TRANSACTION                                                                                \
    WANT("MULTI"), SAY("+OK\r\n"), WANT("SET", "..."), SAY("+QUEUED\r\n"), WANT("GET", "..."),     \
        SAY("+QUEUED\r\n"), WANT("SET", "..."), SAY("+QUEUED\r\n"), WANT("GET", "..."),            \
        SAY("+QUEUED\r\n"), WANT("GET", "..."), SAY("+QUEUED\r\n"), WANT("EXEC"),                  \
        SAY("*5\r\n+OK\r\n$32\r\n%.32s\r\n+OK\r\n$32\r\n%.32s\r\n$32\r\n%.32s\r\n",                \
            value_of(&values, 0).at, value_of(&values, 1).at, value_of(&values, 0).at)
    fake_node_script(node(0), TRANSACTION, TRANSACTION);
    cr_expect_eq(RUN("--requests", "1", "--keys", "1", "--clients", "1", "--work", "multi"), 0,
                 "%s", output.at);
    EXPECT_SAID("requests", 1);
    cr_expect_eq(RUN("--requests", "1", "--keys", "1", "--clients", "1", "--work", "multi-steps"),
                 0, "%s", output.at);
    EXPECT_SAID("requests", 1);
    cr_expect(fake_node_is_done(node(0), 0));
    values_clear(&values);
}

Test(load, who_waits_for_answers_sends_no_command_before)
{
    use(1);
    fake_node_script(node(0), WANT("MULTI"), SAY_LATER("-ERR no\r\n"));
    START("--requests", "1", "--clients", "1", "--work", "multi-steps");
    cr_expect(fake_node_has_stalled(node(0)));
    cr_expect_eq(fake_node_count(node(0), "SET"), 0);
    fake_node_release(node(0));
    cr_expect_eq(finish(), 1);
    EXPECT_SAID("errors", 1);
}

Test(load, a_batch_waits_for_the_whole_one_before)
{
    use(1);
    fake_node_script(node(0), WANT("GET", "..."), SAY("$-1\r\n"), WANT("GET", "..."),
                     SAY_LATER("$-1\r\n"));
    START("--requests", "20", "--clients", "1", "--pipeline", "5", "--allow-missing");
    cr_expect(fake_node_has_stalled(node(0)));
    cr_expect(WAIT_FOR(fake_node_count(node(0), "GET") == 5));
    fake_node_release(node(0));
    cr_expect_eq(finish(), 0, "%s", output.at);
    cr_expect_eq(fake_node_count(node(0), "GET"), 20);
}

Test(load, an_open_loop_sends_what_is_due_though_nothing_comes_back)
{
    use(1);
    fake_node_script(node(0), WANT("GET", "..."), SAY_LATER("$-1\r\n"));
    START("--requests", "300", "--rate", "3000", "--clients", "1", "--allow-missing");
    cr_expect(fake_node_has_stalled(node(0)));
    cr_expect(WAIT_FOR(fake_node_count(node(0), "GET") == 300), "it waits for answers");
    fake_node_release(node(0));
    cr_expect_eq(finish(), 0, "%s", output.at);
    EXPECT_SAID("requests", 300);
    EXPECT_SAID("errors", 0);
}

Test(load, a_client_that_is_stuck_leaves_what_is_due_to_the_others)
{
    use(1);
    fake_node_script(node(0), WANT("GET", "..."), SAY_LATER("$-1\r\n"));
    START("--requests", "200", "--rate", "1000", "--clients", "4", "--allow-missing",
          "--connect-each");
    cr_expect(fake_node_has_stalled(node(0)));
    cr_expect(WAIT_FOR(fake_node_count(node(0), "GET") == 200), "three go on");
    fake_node_release(node(0));
    cr_expect_eq(finish(), 0, "%s", output.at);
    EXPECT_SAID("requests", 200);
}

Test(load, moved_is_followed_after_asking_who_serves_what)
{
    use(2);
    cr_expect_eq(RUN("--fill", "--keys", "100", "--cluster"), 0, "%s", output.at);
    cr_expect_gt(fake_node_count(node(0), "SET"), 0);
    cr_expect_gt(fake_node_count(node(1), "SET"), 0);
    cr_expect_eq(fake_node_count(node(0), "SET") + fake_node_count(node(1), "SET"), 100);
}

/* Gives everything away when it is asked for the first key. */
static void answer_moving(void *context, const struct fake_command *command, struct bytes *answer)
{
    fake_cluster_give(cluster, 0, 16383, 1);
    fake_store_answer(context, command, answer);
}

Test(load, slots_that_move_are_asked_where_they_went)
{
    use(2);
    fake_cluster_give(cluster, 0, 16383, 0);
    cr_expect_eq(RUN("--fill", "--keys", "100", "--cluster"), 0, "%s", output.at);
    cr_expect_eq(fake_node_count(node(1), "SET"), 0);

    fake_node_handle(node(0), answer_moving, store);
    cr_expect_eq(
        RUN("--requests", "300", "--keys", "100", "--cluster", "--clients", "5", "--pipeline", "4"),
        0, "%s", output.at);
    EXPECT_SAID("requests", 300);
    EXPECT_SAID("errors", 0);
    cr_expect_eq(fake_node_count(node(1), "GET"), 300);
    cr_expect_leq(fake_node_count(node(0), "GET"), 5 * 4);
}

Test(load, moved_again_is_an_error)
{
    use(1);
    fake_node_handle(node(0), fake_always, (void *)"-MOVED 1 127.0.0.1:1");
    cr_expect_eq(RUN("--requests", "10", "--cluster"), 1);
    EXPECT_SAID("requests", 10);
    EXPECT_SAID("errors", 10);
    cr_expect_eq(fake_node_count(node(0), "GET"), 20);
}

Test(load, moved_is_an_error_where_no_cluster_is_spoken_to)
{
    use(1);
    fake_node_handle(node(0), fake_always, (void *)"-MOVED 1 127.0.0.1:1");
    cr_expect_eq(RUN("--requests", "10"), 1);
    EXPECT_SAID("errors", 10);
    cr_expect_eq(fake_node_count(node(0), "GET"), 10);
}

Test(load, a_lost_connection_is_made_again)
{
    use(1);
    fake_node_script(node(0), WANT("GET", "..."), CLOSE);
    cr_expect_eq(RUN("--requests", "20", "--clients", "1", "--pipeline", "2", "--allow-missing"),
                 1);
    EXPECT_SAID("requests", 20);
    EXPECT_SAID("errors", 2);
    EXPECT_SAID("wrong", 0);
    EXPECT_SAID("reconnects", 1);
    cr_expect_eq(fake_node_accepted(node(0)), 2);
}

static const char *const strange[] = {"$-1\r\n+OK\r\n", "hello\r\n"};

Test(load, what_nobody_asked_and_what_is_no_reply_is_wrong)
{
    for (size_t i = 0; i < ARRAY_LEN(strange); i++) {
        use(1);
        fake_node_script(node(0), WANT("GET", "..."), SAY("%s", strange[i]));
        cr_expect_eq(RUN("--requests", "1", "--clients", "1", "--allow-missing"), 1);
        EXPECT_SAID("requests", 1);
        EXPECT_SAID("wrong", 1);
        clean_up();
    }
}

Test(load, each_request_may_have_a_connection_of_its_own)
{
    use(1);
    cr_expect_eq(RUN("--requests", "60", "--clients", "4", "--connect-each", "--allow-missing"), 0,
                 "%s", output.at);
    EXPECT_SAID("requests", 60);
    EXPECT_SAID("reconnects", 0);
    cr_expect_eq(fake_node_accepted(node(0)), 60);
}

Test(load, passwords_are_told_first_on_every_connection)
{
    use(1);
    fake_node_set_password(node(0), "secret");
    cr_expect_eq(RUN("--requests", "10", "--password", "secret", "--allow-missing"), 0, "%s",
                 output.at);
    cr_expect_eq(
        RUN("--requests", "10", "--password", "secret", "--allow-missing", "--connect-each"), 0,
        "%s", output.at);
    cr_expect_eq(RUN("--requests", "10", "--password", "wrong", "--allow-missing"), 1);
    EXPECT_CONTAINS(output.at, "load: AUTH: -WRONGPASS");
    EXPECT_SAID("requests", 0);
}

Test(load, idle_connections_stand_beside_the_load)
{
    use(1);
    cr_expect_eq(RUN("--requests", "10", "--idle", "200", "--clients", "3", "--allow-missing"), 0,
                 "%s", output.at);
    cr_expect_eq(fake_node_accepted(node(0)), 203);
    cr_expect_eq(fake_node_count(node(0), "PING"), 203);
}

/* load that holds 150 connections, with a pipe as its stdin. */
static bool start_hold(int *end)
{
    static char command[256];
    const char *const argv[] = {"sh", "-c", command, NULL};
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    snprintf(command, sizeof command, "exec %s --port %s --idle 150 --hold </dev/fd/%d",
             LOAD_BINARY, port, ends[0]);
    process_start(&load, argv, NULL);
    close(ends[0]);
    *end = ends[1];
    return WAIT_FOR((bytes_clear(&output), output = process_output(&load), output.size > 0));
}

Test(load, idle_connections_are_held_until_stdin_ends)
{
    int end = -1;

    use(1);
    cr_expect(start_hold(&end));
    cr_expect_str_eq(output.at, "ready\n");
    cr_expect_eq(fake_node_connected(node(0)), 150);
    cr_expect_not(process_has_ended(&load));

    close(end);
    cr_expect_eq(finish(), 0);
    cr_expect_str_eq(output.at, "ready\n");
}

Test(load, idle_connections_that_are_lost_come_back_and_are_told_of)
{
    int end = -1;

    use(1);
    cr_expect(start_hold(&end));
    fake_node_drop_connections(node(0));
    cr_expect(WAIT_FOR(fake_node_connected(node(0)) == 150));
    cr_expect_eq(fake_node_accepted(node(0)), 300);

    close(end);
    cr_expect_eq(finish(), 1);
    EXPECT_CONTAINS(output.at, "load: an idle connection was lost: closed by the peer");
}

Test(load, nobody_there_is_said)
{
    use(1);
    fake_node_die(node(0));
    cr_expect_eq(RUN("--requests", "10"), 1);
    EXPECT_CONTAINS(output.at, "Connection refused");
}

Test(load, what_cannot_be_understood_ends_with_two)
{
    use(1);
    cr_expect_eq(RUN("--requests", "ten"), 2);
    EXPECT_CONTAINS(output.at, "--requests 'ten': expected a number from 1 to");
    cr_expect_eq(RUN("--requests", "1", "--work", "mget", "--cluster"), 2);
    EXPECT_CONTAINS(output.at, "expected --keys-per 1");
}
