/* Clients that block: on connections of their own, for as long as they asked, and no longer than
 * they are there. With two nodes, node 0 serves "k" (slot 7629) and "b", and node 1 serves "a".
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(blocking, .timeout = 120, .fini = rig_clean_up);

#define POPPED "*2\r\n$1\r\nk\r\n$1\r\nx\r\n"

enum { K_SLOT = 7629 };

static bool nobody_blocks(struct rig *rig)
{
    return metric(rig, "downstream_blocked") == 0 && metric(rig, "upstream_private_active") == 0;
}

/* Sends it, and waits until the node has it and stalls. */
static void blocks(struct rig *rig, struct wire *wire, const char *line)
{
    wire_send(wire, "%s\r\n", line);
    cr_assert(fake_node_has_stalled(rig_node(rig, 0)), "%s", line);
    cr_expect(WAIT_FOR(metric(rig, "downstream_blocked") == 1));
}

static const char *id_of(struct wire *wire)
{
    return wire_ask(wire, "CLIENT", "ID");
}

Test(blocking, what_is_asked_before_and_behind_keeps_its_place)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("RPUSH", "b", "x"), STALL, SAY(":1\r\n"), WANT("BLPOP", "k", "0"), STALL,
           SAY(POPPED), WANT("GET", "k"), SAY("$1\r\nv\r\n"));

    wire_send(rig_client(rig), "RPUSH b x\r\nBLPOP k 0\r\nGET k\r\nPING\r\n");
    cr_assert(fake_node_has_stalled(rig_node(rig, 0)));
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "BLPOP"), 0);
    fake_node_release(rig_node(rig, 0));
    cr_assert(fake_node_has_stalled(rig_node(rig, 0)));
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "GET"), 0);
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), ":1\r\n" POPPED "$1\r\nv\r\n+PONG\r\n");
    cr_expect(nobody_blocks(rig));
    rig_stop(&rig);
}

Test(blocking, nobody_else_waits_for_who_blocks)
{
    struct rig *rig = rig_start(1);
    struct wire *other = rig_connect(rig);
    script(rig, 0, WANT("BLPOP", "k", "0"), STALL, WANT("RPUSH", "k", "x"), SAY(":1\r\n"));

    blocks(rig, rig_client(rig), "BLPOP k 0");
    fake_node_release(rig_node(rig, 0));
    cr_expect_str_eq(wire_ask(other, "RPUSH", "k", "x"), "1");
    cr_expect_eq(metric(rig, "downstream_blocked"), 1);
    cr_expect_eq(metric(rig, "upstream_private_active"), 1);
    rig_stop(&rig);
}

Test(blocking, lasts_longer_than_any_other_request_may)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2, .request_timeout = "100ms"});
    struct wire *other = rig_connect(rig);
    script(rig, 0, WANT("BLPOP", "k", "0"), STALL, SAY(POPPED),
           WANT("XREAD", "BLOCK", "90000", "STREAMS", "k", "$"), STALL, SAY("*-1\r\n"));
    script(rig, 1, WANT("SET", "a", "1"), WANT("SET", "a", "1"));

    blocks(rig, rig_client(rig), "BLPOP k 0");
    EXPECT_STARTS(wire_ask(other, "SET", "a", "1"), "-ERR proxy: ");
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), POPPED);
    blocks(rig, rig_client(rig), "XREAD BLOCK 90000 STREAMS k $");
    EXPECT_STARTS(wire_ask(other, "SET", "a", "1"), "-ERR proxy: ");
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), "*-1\r\n");
    rig_stop(&rig);
}

/* A node that stands still is not waited for for ever by who asked for a tenth of a second. */
Test(blocking, ends_some_time_after_its_timeout)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .request_timeout = "100ms"});
    script(rig, 0, WANT("BLPOP", "k", "0.1"));

    const char *reply = ask(rig, "BLPOP", "k", "0.1");
    EXPECT_STARTS(reply, "-ERR proxy: no answer from ");
    EXPECT_CONTAINS(reply, "outcome unknown");
    cr_expect(WAIT_FOR(nobody_blocks(rig)));
    rig_stop(&rig);
}

static const char *moves_to_node_1(struct rig *rig)
{
    fake_cluster_give(rig_cluster(rig), K_SLOT, K_SLOT, 1);
    return rig_print(rig, "-MOVED %d %s\r\n", K_SLOT, rig_address(rig, 1));
}

/* The timeout that node 1 was asked for, behind `prefix`. */
static double asked_of_node_1(struct rig *rig, const char *prefix)
{
    const char *at = strstr(rig_log(rig, 1), prefix);

    cr_assert_not_null(at, "%s", rig_log(rig, 1));
    return strtod(at + strlen(prefix), NULL);
}

static const struct {
    const char *line;
    const char *wanted[3];
    const char *prefix;
    double most;
} times[] = {
    {"BLPOP k 90", {"BLPOP", "k", "..."}, "BLPOP k ", 90},
    {"BLMPOP 90.5 1 k LEFT", {"BLMPOP", "..."}, "BLMPOP ", 90.5},
    {"XREAD BLOCK 90000 STREAMS k $", {"XREAD", "BLOCK", "..."}, "XREAD BLOCK ", 90000},
};

Test(blocking, a_slot_that_moves_takes_along_who_blocks_for_the_time_that_is_left)
{
    for (size_t i = 0; i < ARRAY_LEN(times); i++) {
        struct rig *rig = rig_start(2);
        const char *const *wanted = times[i].wanted;
        script(rig, 0, WANT(wanted[0], "..."), STALL, SAY("%s", moves_to_node_1(rig)));
        script(rig, 1, WANT(wanted[0], "..."), SAY(POPPED));

        blocks(rig, rig_client(rig), times[i].line);
        uint64_t since = wait_now_ms();
        cr_expect(WAIT_FOR(wait_now_ms() > since));
        fake_node_release(rig_node(rig, 0));
        wire_expect(rig_client(rig), POPPED);
        double left = asked_of_node_1(rig, times[i].prefix);
        cr_expect(left > 0 && left < times[i].most, "%s: %f", times[i].line, left);
        rig_stop(&rig);
    }
}

Test(blocking, for_ever_stays_for_ever_when_the_slot_moves)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("BLPOP", "k", "0"), SAY("%s", moves_to_node_1(rig)));
    script(rig, 1, WANT("BLPOP", "k", "0"), SAY(POPPED));

    wire_request(rig_client(rig), "BLPOP", "k", "0");
    wire_expect(rig_client(rig), POPPED);
    rig_stop(&rig);
}

Test(blocking, with_no_time_left_a_move_is_the_end)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("BLPOP", "k", "0.05"), STALL, SAY("%s", moves_to_node_1(rig)));

    uint64_t asked = wait_now_ms();
    blocks(rig, rig_client(rig), "BLPOP k 0.05");
    cr_expect(WAIT_FOR(wait_now_ms() > asked + 60));
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), "*-1\r\n");
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "BLPOP"), 0);
    rig_stop(&rig);
}

Test(blocking, a_node_that_becomes_a_replica_sends_its_clients_on)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("BLPOP", "k", "0"), STALL,
           SAY("-UNBLOCKED force unblock from blocking operation, instance state changed (master "
               "-> replica?)\r\n"),
           CLOSE);
    script(rig, 1, WANT("BLPOP", "k", "0"), SAY(POPPED));

    blocks(rig, rig_client(rig), "BLPOP k 0");
    long long version = metric(rig, "topology_version");
    fake_cluster_give(rig_cluster(rig), K_SLOT, K_SLOT, 1);
    cr_expect(rig_topology_passes(rig, version));
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), POPPED);
    rig_stop(&rig);
}

Test(blocking, who_is_woken_at_the_node_itself_is_told_so)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("BLPOP", "k", "0"),
           SAY("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"));

    cr_expect_str_eq(ask(rig, "BLPOP", "k", "0"), "-UNBLOCKED client unblocked via CLIENT UNBLOCK");
    rig_stop(&rig);
}

Test(blocking, a_lost_connection_may_have_popped_and_is_not_asked_again)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("BLPOP", "k", "0"), CLOSE,
           WANT("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "k", ">"), CLOSE);

    EXPECT_CONTAINS(ask(rig, "BLPOP", "k", "0"), "outcome unknown");
    EXPECT_CONTAINS(ask(rig, "XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "k", ">"),
                    "outcome unknown");
    cr_expect_eq(metric(rig, "outcome_unknown_total"), 2);
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "BLPOP"), 1);
    rig_stop(&rig);
}

Test(blocking, a_lost_connection_is_replaced_for_those_that_only_read)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("XREAD", "BLOCK", "0", "STREAMS", "k", "$"), CLOSE,
           WANT("XREAD", "BLOCK", "0", "STREAMS", "k", "$"), SAY("*-1\r\n"));

    cr_expect_str_eq(ask(rig, "XREAD", "BLOCK", "0", "STREAMS", "k", "$"), "(nil)");
    rig_stop(&rig);
}

Test(blocking, a_lost_connection_is_replaced_where_that_is_wanted)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1, .backend = "blocking_retry: true"});
    script(rig, 0, WANT("BLPOP", "k", "90"), CLOSE, WANT("BLPOP", "k", "..."), SAY(POPPED));

    wire_request(rig_client(rig), "BLPOP", "k", "90");
    wire_expect(rig_client(rig), POPPED);
    EXPECT_STARTS(rig_log(rig, 0), "BLPOP k 90 | BLPOP k 89.");
    rig_stop(&rig);
}

Test(blocking, a_lost_connection_that_nothing_replaces_in_time_may_have_popped)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .request_timeout = "200ms", .backend = "blocking_retry: true"});
    script(rig, 0, WANT("BLPOP", "k", "90"), STALL);

    blocks(rig, rig_client(rig), "BLPOP k 90");
    fake_node_die(rig_node(rig, 0));
    EXPECT_CONTAINS(wire_text(rig_client(rig)), "outcome unknown");
    fake_node_release(rig_node(rig, 0));
    rig_stop(&rig);
}

Test(blocking, who_leaves_leaves_nothing_with_the_node)
{
    struct rig *rig = rig_start(1);
    struct wire *leaver = rig_connect(rig);
    script(rig, 0, WANT("GET", "k"), SAY("$-1\r\n"), WANT("BLPOP", "k", "0"), STALL);

    cr_expect_str_eq(ask(rig, "GET", "k"), "(nil)");
    size_t before = fake_node_connected(rig_node(rig, 0));
    blocks(rig, leaver, "BLPOP k 0");
    cr_expect_eq(fake_node_connected(rig_node(rig, 0)), before + 1);
    rig_disconnect(rig, &leaver);
    cr_expect(WAIT_FOR(fake_node_connected(rig_node(rig, 0)) == before));
    cr_expect(nobody_blocks(rig));
    fake_node_release(rig_node(rig, 0));
    rig_stop(&rig);
}

/* More than is read behind somebody who blocks. */
Test(blocking, who_leaves_is_noticed_also_when_nobody_reads)
{
    static char much[100 * 1024];
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1, .clients = "pending_bytes: 64kb"});
    struct wire *leaver = rig_connect(rig);
    script(rig, 0, WANT("BLPOP", "k", "0"), STALL);

    blocks(rig, leaver, "BLPOP k 0");
    memset(much, 'x', sizeof much);
    cr_expect(wire_send_bytes(leaver, much, sizeof much));
    cr_expect(WAIT_FOR(metric(rig, "downstream_paused_total") > 0));
    rig_disconnect(rig, &leaver);
    cr_expect(WAIT_FOR(nobody_blocks(rig)));
    fake_node_release(rig_node(rig, 0));
    rig_stop(&rig);
}

Test(blocking, no_more_do_than_may)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .backend = "private: 1"});
    struct wire *other = rig_connect(rig);
    script(rig, 0, WANT("BLPOP", "k", "0"), STALL, SAY(POPPED));

    blocks(rig, rig_client(rig), "BLPOP k 0");
    EXPECT_STARTS(wire_ask(other, "BLPOP", "k", "0"), "-ERR proxy: too many clients block on ");
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), POPPED);
    rig_stop(&rig);
}

enum { MANY = 60, VALUE = 40 * 1024 };

/* Who pushes is answered, who pops is not. */
static void keep_waiting(void *context UNUSED, const struct fake_command *command,
                         struct bytes *answer)
{
    if (span_equal(command->arguments[0], SPAN("SET"))) {
        bytes_print(answer, "+OK\r\n");
    }
}

/* All that a worker reads in a while shares a block, of which little is left that is of any use. */
Test(blocking, who_blocks_does_not_hold_on_to_what_others_said)
{
    struct rig *rig = rig_start(1);
    static char value[VALUE + 1];

    memset(value, 'v', VALUE);
    fake_node_handle(rig_node(rig, 0), keep_waiting, NULL);
    for (int i = 0; i < MANY; i++) {
        cr_assert_str_eq(wire_ask(rig_client(rig), "SET", "k", value), "OK");
        wire_request(rig_connect(rig), "BLPOP", "k", "0");
        cr_assert(WAIT_FOR(metric(rig, "downstream_blocked") == i + 1));
    }
    cr_expect_str_eq(wire_ask(rig_client(rig), "SET", "k", "v"), "OK");
    cr_expect_lt(metric(rig, "buffered_bytes"), MANY * VALUE / 4);
    rig_stop(&rig);
}

Test(blocking, keys_must_share_a_slot)
{
    struct rig *rig = rig_start(2);

    EXPECT_STARTS(ask(rig, "BLPOP", "k", "a", "0"), "-CROSSSLOT ");
    EXPECT_STARTS(ask(rig, "BLMOVE", "k", "a", "LEFT", "LEFT", "0"), "-CROSSSLOT ");
    EXPECT_STARTS(ask(rig, "XREAD", "BLOCK", "0", "STREAMS", "k", "a", "0", "0"), "-CROSSSLOT ");
    cr_expect(nobody_blocks(rig));
    rig_stop(&rig);
}

Test(blocking, a_node_says_what_is_wrong_with_a_timeout)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("BLPOP", "k", "x"), SAY("-ERR timeout is not a float or out of range\r\n"),
           WANT("BLMPOP", "0", "x", "k", "LEFT"), SAY("-ERR numkeys should be greater than 0\r\n"));

    cr_expect_str_eq(ask(rig, "BLPOP", "k", "x"), "-ERR timeout is not a float or out of range");
    cr_expect_str_eq(ask(rig, "BLMPOP", "0", "x", "k", "LEFT"),
                     "-ERR numkeys should be greater than 0");
    rig_stop(&rig);
}

static const struct {
    const char *line;
    const char *reason;
    const char *protocol;
    const char *reply;
} wakes[] = {
    {"BLPOP k 0", "TIMEOUT", "2", "*-1\r\n"},
    {"BLPOP k 0", "TIMEOUT", "3", "_\r\n"},
    {"BLMOVE k k LEFT LEFT 0", "TIMEOUT", "2", "*-1\r\n"},
    {"XREAD BLOCK 0 STREAMS k $", "TIMEOUT", "2", "*-1\r\n"},
    {"BZPOPMIN k 0", "ERROR", "2", "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"},
};

Test(blocking, client_unblock_wakes_the_clients_of_all_workers)
{
    for (size_t i = 0; i < ARRAY_LEN(wakes); i++) {
        struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .workers = 3});
        struct wire *waker = rig_connect(rig);
        script(rig, 0,
               WANT(rig_print(rig, "%.*s", (int)strcspn(wakes[i].line, " "), wakes[i].line), "..."),
               STALL);

        wire_ask(rig_client(rig), "HELLO", wakes[i].protocol);
        const char *id = id_of(rig_client(rig));
        blocks(rig, rig_client(rig), wakes[i].line);
        cr_expect_str_eq(wire_ask(waker, "CLIENT", "UNBLOCK", id, wakes[i].reason), "1");
        wire_expect(rig_client(rig), wakes[i].reply);
        cr_expect(WAIT_FOR(nobody_blocks(rig)));
        cr_expect_str_eq(wire_ask(waker, "CLIENT", "UNBLOCK", id), "0");
        cr_expect_str_eq(ask(rig, "PING"), "PONG");
        fake_node_release(rig_node(rig, 0));
        rig_stop(&rig);
    }
}

/* Nobody is connected to the node yet, and nobody will be. */
Test(blocking, client_unblock_wakes_who_waits_for_its_node)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .request_timeout = "60s"});
    struct wire *waker = rig_connect(rig);
    const char *id = id_of(rig_client(rig));

    fake_node_die(rig_node(rig, 0));
    wire_request(rig_client(rig), "BLPOP", "k", "0");
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == 1));
    cr_expect_str_eq(wire_ask(waker, "CLIENT", "UNBLOCK", id), "1");
    wire_expect(rig_client(rig), "*-1\r\n");
    cr_expect_eq(metric(rig, "waiting_requests"), 0);
    rig_stop(&rig);
}

/* A node that says how many clients it has blocked, and nothing else. */
static void answer_info(void *context, const struct fake_command *command, struct bytes *answer)
{
    const char *text = atomic_load((const char *_Atomic *)context);

    if (span_equal_nocase(command->arguments[0], SPAN("info"))) {
        bytes_print(answer, "$%zu\r\n%s\r\n", strlen(text), text);
    }
}

/* Between being asked and being blocked there is the way to the node. */
Test(blocking, info_counts_who_is_blocked_by_now)
{
    const char *_Atomic said = "# Clients\r\nblocked_clients:0\r\n";
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .workers = 2});
    struct wire *popper = rig_connect(rig);
    fake_node_handle(rig_node(rig, 0), answer_info, &said);

    wire_request(popper, "BLPOP", "k", "0");
    cr_assert(WAIT_FOR(metric(rig, "downstream_blocked") == 1));
    EXPECT_CONTAINS(ask(rig, "INFO", "clients"), "\r\nblocked_clients:0\r\n");
    atomic_store(&said, "# Clients\r\nblocked_clients:1\r\n");
    EXPECT_CONTAINS(ask(rig, "INFO", "clients"), "\r\nblocked_clients:1\r\n");
    atomic_store(&said, "# Clients\r\nblocked_clients:5\r\n");
    EXPECT_CONTAINS(ask(rig, "INFO"), "\r\nblocked_clients:1\r\n");
    atomic_store(&said, "# Clients\r\n");
    EXPECT_CONTAINS(ask(rig, "INFO", "clients"), "\r\nblocked_clients:1\r\n");
    rig_stop(&rig);
}

Test(blocking, client_list_and_info_tell_and_client_kill_ends_it)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .workers = 2});
    struct wire *victim = rig_connect(rig);
    const char *_Atomic said = "blocked_clients:1\r\n";
    fake_node_handle(rig_node(rig, 0), answer_info, &said);
    script(rig, 0, WANT("BLPOP", "k", "0"), STALL);

    const char *id = id_of(victim);
    blocks(rig, victim, "BLPOP k 0");
    EXPECT_CONTAINS(ask(rig, "INFO", "clients"), "blocked_clients:1\r\n");
    const char *line = ask(rig, "CLIENT", "LIST", "ID", id);
    EXPECT_CONTAINS(line, " flags=b ");
    EXPECT_CONTAINS(line, " qbuf=0 ");
    EXPECT_CONTAINS(line, " argv-mem=7 ");
    cr_expect_str_eq(ask(rig, "CLIENT", "KILL", "ID", id), "1");
    cr_expect(wire_is_closed(victim));
    cr_expect(WAIT_FOR(nobody_blocks(rig)));
    EXPECT_CONTAINS(ask(rig, "INFO", "clients"), "blocked_clients:0\r\n");
    fake_node_release(rig_node(rig, 0));
    rig_stop(&rig);
}

Test(blocking, keeps_no_process_from_ending_when_its_time_is_over)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .request_timeout = "60s", .global = "drain: {timeout: 300ms}\n"});
    script(rig, 0, WANT("BLPOP", "k", "0"), STALL);

    blocks(rig, rig_client(rig), "BLPOP k 0");
    kill(rig_process(rig)->pid, SIGTERM);
    cr_expect(wire_is_closed(rig_client(rig)));
    cr_expect(WAIT_FOR(process_has_ended(rig_process(rig))));
    fake_node_release(rig_node(rig, 0));
    rig_stop(&rig);
}
