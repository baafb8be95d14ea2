/* Redirections and refusals are absorbed: clients never learn that there is a cluster.
 *
 * With two nodes, node 0 serves "k" (slot 7629), "b" and "c", and node 1 serves "a" and "d".
 */
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(redirect, .timeout = 120, .fini = rig_clean_up);

Test(redirect, moved_is_followed_once_and_remembered)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("GET", "k"), SAY("-MOVED 7629 %s\r\n", rig_address(rig, 1)));
    script(rig, 1, WANT("GET", "k"), SAY("$1\r\nv\r\n"), WANT("GET", "k"), SAY("$1\r\nw\r\n"));

    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    cr_expect_str_eq(ask(rig, "GET", "k"), "w");
    cr_expect_eq(metric(rig, "redirect_moved_total"), 1);
    rig_stop(&rig);
}

Test(redirect, moved_changes_that_slot_and_no_other)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("GET", "k"), SAY("-MOVED 7629 %s\r\n", rig_address(rig, 1)),
           WANT("GET", "c"), SAY("$1\r\nx\r\n"));
    script(rig, 1, WANT("GET", "k"), SAY("$1\r\nv\r\n"));

    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    cr_expect_str_eq(ask(rig, "GET", "c"), "x");
    rig_stop(&rig);
}

Test(redirect, moved_to_an_address_that_nobody_knew)
{
    struct rig *rig = rig_start(1);
    struct fake_cluster *strangers = fake_cluster_new(1);
    struct fake_node *stranger = fake_cluster_node(strangers, 0);
    script(rig, 0, WANT("GET", "k"), SAY("-MOVED 7629 %s\r\n", fake_node_address(stranger)));
    fake_node_script(stranger, WANT("GET", "k"), SAY("$1\r\nv\r\n"));

    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    cr_expect_null(fake_node_complaint(stranger));
    rig_stop(&rig);
    fake_cluster_free(&strangers);
}

Test(redirect, ask_to_an_address_that_nobody_knew)
{
    struct rig *rig = rig_start(1);
    struct fake_cluster *strangers = fake_cluster_new(1);
    struct fake_node *stranger = fake_cluster_node(strangers, 0);
    script(rig, 0, WANT("GET", "k"), SAY("-ASK 7629 %s\r\n", fake_node_address(stranger)));
    fake_node_script(stranger, WANT("ASKING"), SAY("+OK\r\n"), WANT("GET", "k"),
                     SAY("$1\r\nv\r\n"));

    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    cr_expect_null(fake_node_complaint(stranger));
    rig_stop(&rig);
    fake_cluster_free(&strangers);
}

Test(redirect, moved_without_a_host_means_the_host_that_said_it)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("GET", "k"), SAY("-MOVED 7629 :%u\r\n", fake_node_port(rig_node(rig, 1))));
    script(rig, 1, WANT("GET", "k"), SAY("$1\r\nv\r\n"));

    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    rig_stop(&rig);
}

/* A name may need the resolver, which no worker waits for; the map that is fetched then knows. */
Test(redirect, moved_to_a_host_name)
{
    struct rig *rig = rig_start(2);
    const char *moved =
        rig_print(rig, "-MOVED 7629 localhost:%u", fake_node_port(rig_node(rig, 1)));
    fake_node_handle(rig_node(rig, 0), fake_always, (void *)moved);
    fake_cluster_announce(rig_cluster(rig), 1, "localhost");
    fake_cluster_give(rig_cluster(rig), 7629, 7629, 1);
    script(rig, 1, WANT("GET", "k"), SAY("$1\r\nv\r\n"));

    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    rig_stop(&rig);
}

Test(redirect, a_map_without_hosts_means_the_host_that_told_it)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2, .start_dead = true});
    fake_cluster_announce(rig_cluster(rig), 0, NULL);
    fake_cluster_announce(rig_cluster(rig), 1, "");
    fake_node_return(rig_node(rig, 0));
    fake_node_return(rig_node(rig, 1));
    script(rig, 0, WANT("GET", "k"), SAY("$1\r\nv\r\n"));
    script(rig, 1, WANT("GET", "a"), SAY("$1\r\nw\r\n"));

    cr_expect(rig_topology_passes(rig, 0));
    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    cr_expect_str_eq(ask(rig, "GET", "a"), "w");
    rig_stop(&rig);
}

Test(redirect, ask_is_followed_and_does_not_change_the_map)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("GET", "k"), SAY("-ASK 7629 %s\r\n", rig_address(rig, 1)), WANT("GET", "k"),
           SAY("$1\r\nw\r\n"));
    script(rig, 1, WANT("ASKING"), SAY("+OK\r\n"), WANT("GET", "k"), SAY("$1\r\nv\r\n"));

    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    cr_expect_str_eq(ask(rig, "GET", "k"), "w");
    cr_expect_eq(metric(rig, "redirect_ask_total"), 1);
    cr_expect_eq(metric(rig, "redirect_moved_total"), 0);
    rig_stop(&rig);
}

/* Says ASK for slot 7629 and serves all others from the store. */
static void ask_for_k(void *context, const struct fake_command *command, struct bytes *answer)
{
    if (command->count > 1 && span_equal(command->arguments[1], SPAN("k"))) {
        bytes_print(answer, "-ASK 7629 %s\r\n",
                    fake_node_address(fake_cluster_node(command->cluster, 1)));
    } else {
        fake_store_answer(context, command, answer);
    }
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part)) {
        count++;
    }
    return count;
}

Test(redirect, asking_and_its_command_are_neighbours_whatever_others_send)
{
    enum { ROUNDS = 50 };
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 2, .workers = 2, .with_store = true});
    fake_store_import(rig_store(rig), 7629, 1);
    fake_node_handle(rig_node(rig, 0), ask_for_k, rig_store(rig));
    struct wire *askers[] = {rig_connect(rig), rig_connect(rig), rig_connect(rig)};
    struct wire *others[] = {rig_connect(rig), rig_connect(rig), rig_connect(rig)};

    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < ARRAY_LEN(askers); i++) {
            wire_request(others[i], "APPEND", "a", "x");
            wire_request(askers[i], "INCR", "k");
            wire_request(others[i], "APPEND", "a", "x");
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(askers); i++) {
        for (int round = 0; round < ROUNDS; round++) {
            cr_expect_not(wire_text(askers[i])[0] == '-');
            cr_expect_not(wire_text(others[i])[0] == '-');
            cr_expect_not(wire_text(others[i])[0] == '-');
        }
    }
    char *value = fake_store_get(rig_store(rig), "k");
    cr_expect_str_eq(value, "150");
    free(value);
    size_t asked = 0;
    for (int i = 1; i <= (int)fake_node_accepted(rig_node(rig, 1)); i++) {
        char *log = fake_node_log(rig_node(rig, 1), i);
        cr_expect_eq(count_of(log, "ASKING"), count_of(log, "ASKING | INCR k"), "%s", log);
        asked += count_of(log, "ASKING");
        free(log);
    }
    cr_expect_eq(asked, 150);
    rig_stop(&rig);
}

Test(redirect, tryagain_is_tried_again)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("SINTER", "{k}1", "{k}2"),
           SAY("-TRYAGAIN Multiple keys request during rehashing of slot\r\n"),
           WANT("SINTER", "{k}1", "{k}2"), SAY("*0\r\n"));

    cr_expect_str_eq(ask(rig, "SINTER", "{k}1", "{k}2"), "[]");
    cr_expect_eq(metric(rig, "redirect_tryagain_total"), 1);
    rig_stop(&rig);
}

Test(redirect, a_node_that_refuses_is_asked_again)
{
    static const struct {
        const char *refusal;
        const char *counter;
    } rows[] = {
        {"-CLUSTERDOWN The cluster is down", "redirect_clusterdown_total"},
        {"-CLUSTERDOWN Hash slot not served", "redirect_clusterdown_total"},
        {"-LOADING Redis is loading the dataset in memory", "redirect_loading_total"},
        {"-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
         "redirect_masterdown_total"},
        {"-READONLY You can't write against a read only replica.", "redirect_readonly_total"},
    };
    struct rig *rig = rig_start(1);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        long long before = metric(rig, rows[i].counter);
        script(rig, 0, WANT("SET", "k", "v"), SAY("%s\r\n", rows[i].refusal), WANT("SET", "k", "v"),
               SAY("+OK\r\n"));
        cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
        cr_expect_eq(metric(rig, rows[i].counter), before + 1, "%s", rows[i].refusal);
    }
    rig_stop(&rig);
}

Test(redirect, a_refusal_is_shown_as_clusterdown_when_the_deadline_is_over)
{
    static const char *const refusals[] = {
        "-CLUSTERDOWN The cluster is down",
        "-TRYAGAIN Multiple keys request during rehashing of slot",
        "-LOADING Redis is loading the dataset in memory",
        "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "-READONLY You can't write against a read only replica.",
    };
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .request_timeout = "400ms"});

    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        fake_node_handle(rig_node(rig, 0), fake_always, (void *)refusals[i]);
        const char *reply = ask(rig, "SET", "k", "v");
        EXPECT_STARTS(reply, "-CLUSTERDOWN ");
        EXPECT_LACKS(reply, "TRYAGAIN");
        cr_expect_gt(fake_node_count(rig_node(rig, 0), "SET"), i + 1, "%s", refusals[i]);
    }
    rig_stop(&rig);
}

/* Says that the slot is the other node's. */
static void moved_to_the_other(void *context, const struct fake_command *command,
                               struct bytes *answer)
{
    (void)context;
    bytes_print(answer, "-MOVED 7629 %s\r\n",
                fake_node_address(fake_cluster_node(command->cluster, 1 - command->index)));
}

Test(redirect, moved_in_a_circle_ends_at_the_deadline)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2, .request_timeout = "400ms"});
    fake_node_handle(rig_node(rig, 0), moved_to_the_other, NULL);
    fake_node_handle(rig_node(rig, 1), moved_to_the_other, NULL);

    const char *reply = ask(rig, "SET", "k", "v");
    EXPECT_STARTS(reply, "-CLUSTERDOWN ");
    EXPECT_LACKS(reply, "MOVED");
    size_t tries =
        fake_node_count(rig_node(rig, 0), "SET") + fake_node_count(rig_node(rig, 1), "SET");
    cr_expect_lt(tries, 200, "%zu tries are a storm", tries);
    rig_stop(&rig);
}

Test(redirect, other_errors_pass_unchanged_and_nobody_asks_for_the_map)
{
    static const char *const errors[] = {
        "-OOM command not allowed when used memory > 'maxmemory'.",
        "-WRONGTYPE Operation against a key holding the wrong kind of value",
        "-MISCONF Redis is configured to save RDB snapshots",
        "-NOREPLICAS Not enough good replicas to write.",
        "-BUSY Redis is busy running a script.",
        "-NOPERM this user has no permissions",
        "-ERR MOVED 7629 is not what this says",
        "-MOVEDON is no redirection",
        "-ASKED",
        "-",
    };
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .refresh = "1h"});
    size_t before = fake_node_count(rig_node(rig, 0), "CLUSTER SLOTS");

    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        fake_node_handle(rig_node(rig, 0), fake_always, (void *)errors[i]);
        wire_request(rig_client(rig), "SET", "k", "v");
        wire_expect(rig_client(rig), rig_print(rig, "%s\r\n", errors[i]));
    }
    cr_expect_not(WAIT_FOR_MS(300, fake_node_count(rig_node(rig, 0), "CLUSTER SLOTS") > before));
    rig_stop(&rig);
}

Test(redirect, a_redirection_that_makes_no_sense_is_an_error_and_no_more)
{
    static const char *const errors[] = {
        "-MOVED",
        "-MOVED 7629",
        "-MOVED x y",
        "-MOVED 16384 127.0.0.1:1",
        "-MOVED 7629 :",
        "-MOVED 7629 127.0.0.1:99999",
        "-ASK 7629 127.0.0.1:x",
    };
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .request_timeout = "300ms"});

    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        fake_node_handle(rig_node(rig, 0), fake_always, (void *)errors[i]);
        cr_expect_eq(ask(rig, "SET", "k", "v")[0], '-', "%s", errors[i]);
    }
    fake_node_handle(rig_node(rig, 0), fake_always, "+OK");
    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    rig_stop(&rig);
}

Test(redirect, a_redirection_may_come_byte_by_byte)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("GET", "k"), SAY_IN_PIECES("-MOVED 7629 %s\r\n", rig_address(rig, 1)));
    script(rig, 1, WANT("GET", "k"), SAY_IN_PIECES("$10\r\n01234\r\n789\r\n"));

    cr_expect_str_eq(ask(rig, "GET", "k"), "01234\r\n789");
    rig_stop(&rig);
}
