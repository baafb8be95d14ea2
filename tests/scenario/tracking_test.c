/* CLIENT TRACKING: clients that cache hear what has changed, behind the answer that it makes stale.
 *
 * With two nodes, node 0 serves "k" (slot 7629) and "{k}2", and node 1 serves "a" and "d".
 */
#include <stdio.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(tracking, .timeout = 120, .fini = rig_clean_up);

#define PUSH(key) ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\n" key "\r\n"
#define ALL_STALE ">2\r\n$10\r\ninvalidate\r\n_\r\n"

/* A client that speaks RESP3 and has said `request`. */
static struct wire *tracked_client(struct rig *rig, const char *request)
{
    struct wire *wire = rig_connect(rig);

    cr_assert(wire_send(wire, "HELLO 3\r\n"));
    cr_assert_not_null(wire_reply(wire, NULL));
    cr_assert(wire_send(wire, "%s\r\n", request));
    wire_expect(wire, "+OK\r\n");
    return wire;
}

/* Nothing has come for the client but the answer to what it asks now. */
static void expect_quiet(struct wire *wire)
{
    cr_assert(wire_send(wire, "ECHO quiet\r\n"));
    wire_expect(wire, "$5\r\nquiet\r\n");
}

Test(tracking, a_change_is_told_once_to_those_who_have_read_the_key)
{
    struct rig *rig = rig_start(2);
    struct wire *reader = tracked_client(rig, "CLIENT TRACKING ON");
    struct wire *other = tracked_client(rig, "CLIENT TRACKING ON");
    script(rig, 0, WANT("GET", "k"), SAY("$1\r\nv\r\n"), WANT("GET", "{k}2"),
           SAY(PUSH("k") "$1\r\nw\r\n" PUSH("k")));

    cr_assert(wire_send(reader, "GET k\r\n"));
    wire_expect(reader, "$1\r\nv\r\n");
    cr_assert(wire_send(other, "GET {k}2\r\n"));
    wire_expect(other, "$1\r\nw\r\n");
    wire_expect(reader, PUSH("k"));
    expect_quiet(reader);
    expect_quiet(other);
    cr_expect_eq(metric(rig, "invalidations_total"), 1);
    cr_expect_eq(metric(rig, "tracking_clients"), 2);
    rig_stop(&rig);
}

Test(tracking, a_change_is_told_to_all_who_have_read_the_key_and_are_still_there)
{
    enum { READERS = 4, LEAVES = 1 };
    struct rig *rig = rig_start(2);
    struct wire *readers[READERS];

    for (int i = 0; i < READERS; i++) {
        script(rig, 0, WANT("GET", "k"), SAY("$1\r\nv\r\n"));
    }
    script(rig, 0, WANT("GET", "{k}2"), SAY("$1\r\nw\r\n" PUSH("k")));
    for (int i = 0; i < READERS; i++) {
        readers[i] = tracked_client(rig, "CLIENT TRACKING ON");
        cr_assert(wire_send(readers[i], "GET k\r\n"));
        wire_expect(readers[i], "$1\r\nv\r\n");
    }
    rig_disconnect(rig, &readers[LEAVES]);
    cr_assert(WAIT_FOR(metric(rig, "tracking_clients") == READERS - 1));
    cr_assert(wire_send(readers[0], "GET {k}2\r\n"));
    wire_expect(readers[0], "$1\r\nw\r\n");
    for (int i = 0; i < READERS; i++) {
        if (i != LEAVES) {
            wire_expect(readers[i], PUSH("k"));
            expect_quiet(readers[i]);
        }
    }
    cr_expect_eq(metric(rig, "invalidations_total"), READERS - 1);
    rig_stop(&rig);
}

Test(tracking, a_change_does_not_overtake_the_answer_that_it_makes_stale)
{
    struct rig *rig = rig_start(2);
    struct wire *wire = tracked_client(rig, "CLIENT TRACKING ON");
    script(rig, 0, WANT("GET", "k"), SAY("$1\r\nv\r\n" PUSH("k")), WANT("GET", "{k}2"),
           SAY("$1\r\nw\r\n"));
    script(rig, 1, WANT("GET", "a"), SAY_LATER("$1\r\nx\r\n"));

    cr_assert(wire_send(wire, "GET a\r\nGET k\r\n"));
    cr_assert(fake_node_has_stalled(rig_node(rig, 1)));
    cr_assert(WAIT_FOR(metric(rig, "invalidations_total") == 1));
    cr_expect_not(wire_has_input(wire));
    fake_node_release(rig_node(rig, 1));
    wire_expect(wire, "$1\r\nx\r\n$1\r\nv\r\n" PUSH("k"));
    cr_assert(wire_send(wire, "GET {k}2\r\n"));
    wire_expect(wire, "$1\r\nw\r\n");
    rig_stop(&rig);
}

Test(tracking, when_a_connection_is_lost_all_that_was_read_is_stale)
{
    struct rig *rig = rig_start(2);
    struct wire *reader = tracked_client(rig, "CLIENT TRACKING ON");
    struct wire *idle = tracked_client(rig, "CLIENT TRACKING ON");
    script(rig, 0, WANT("GET", "k"), SAY("$1\r\nv\r\n"));

    cr_assert(wire_send(reader, "GET k\r\n"));
    wire_expect(reader, "$1\r\nv\r\n");
    fake_node_drop_connections(rig_node(rig, 0));
    wire_expect(reader, ALL_STALE);
    expect_quiet(reader);
    expect_quiet(idle);
    cr_expect_eq(metric(rig, "invalidations_of_all_total"), 1);
    rig_stop(&rig);
}

Test(tracking, when_a_slot_moves_what_was_read_of_it_is_stale)
{
    struct rig *rig = rig_start(2);
    struct wire *reader = tracked_client(rig, "CLIENT TRACKING ON");
    struct wire *elsewhere = tracked_client(rig, "CLIENT TRACKING ON");
    script(rig, 0, WANT("GET", "k"), SAY("$1\r\nv\r\n"), WANT("GET", "{k}2"),
           SAY("-MOVED 7629 %s\r\n", rig_address(rig, 1)));
    script(rig, 1, WANT("GET", "a"), SAY("$1\r\nx\r\n"), WANT("GET", "{k}2"), SAY("$1\r\nw\r\n"));

    cr_assert(wire_send(elsewhere, "GET a\r\n"));
    wire_expect(elsewhere, "$1\r\nx\r\n");
    cr_assert(wire_send(reader, "GET k\r\n"));
    wire_expect(reader, "$1\r\nv\r\n");
    cr_assert(wire_send(reader, "GET {k}2\r\n"));
    wire_expect(reader, "$1\r\nw\r\n" ALL_STALE);
    expect_quiet(elsewhere);
    rig_stop(&rig);
}

/* The node that it was read from tells of changes on behalf of a slot that is not its own yet. */
Test(tracking, what_was_read_behind_an_ask_is_stale_at_once)
{
    struct rig *rig = rig_start(2);
    struct wire *wire = tracked_client(rig, "CLIENT TRACKING ON");
    script(rig, 0, WANT("GET", "k"), SAY("-ASK 7629 %s\r\n", rig_address(rig, 1)));
    script(rig, 1, WANT("ASKING"), SAY("+OK\r\n"), WANT("GET", "k"), SAY("$1\r\nv\r\n"));

    cr_assert(wire_send(wire, "GET k\r\n"));
    wire_expect(wire, "$1\r\nv\r\n" PUSH("k"));
    rig_stop(&rig);
}

Test(tracking, who_wants_no_loop_is_not_told_of_its_own_changes)
{
    struct rig *rig = rig_start(2);
    struct wire *writer = tracked_client(rig, "CLIENT TRACKING ON NOLOOP");
    struct wire *reader = tracked_client(rig, "CLIENT TRACKING ON");
    script(rig, 0, WANT("GET", "k"), SAY("$1\r\nv\r\n"), WANT("GET", "k"), SAY("$1\r\nv\r\n"),
           WANT("SET", "k", "w"), SAY("+OK\r\n" PUSH("k")), WANT("GET", "k"), SAY("$1\r\nw\r\n"),
           WANT("DEL", "k"), SAY(":0\r\n" PUSH("k")));

    cr_assert(wire_send(writer, "GET k\r\n"));
    wire_expect(writer, "$1\r\nv\r\n");
    cr_assert(wire_send(reader, "GET k\r\n"));
    wire_expect(reader, "$1\r\nv\r\n");
    cr_assert(wire_send(writer, "SET k w\r\n"));
    wire_expect(writer, "+OK\r\n");
    wire_expect(reader, PUSH("k"));
    cr_assert(wire_send(writer, "GET k\r\n"));
    wire_expect(writer, "$1\r\nw\r\n");
    cr_assert(wire_send(writer, "DEL k\r\n"));
    wire_expect(writer, ":0\r\n" PUSH("k"));
    rig_stop(&rig);
}

Test(tracking, who_opts_in_is_told_of_what_it_has_chosen)
{
    struct rig *rig = rig_start(2);
    struct wire *wire = tracked_client(rig, "CLIENT TRACKING ON OPTIN");
    script(rig, 0, WANT("GET", "k"), SAY("$1\r\nv\r\n" PUSH("k")), WANT("GET", "k"),
           SAY("$1\r\nv\r\n" PUSH("k")), WANT("GET", "k"), SAY("$1\r\nv\r\n" PUSH("k")));

    wire_send_requests(wire, "GET k|CLIENT CACHING YES|GET k|GET k");
    wire_expect(wire, "$1\r\nv\r\n+OK\r\n$1\r\nv\r\n");
    cr_assert(fake_node_is_done(rig_node(rig, 0), WAIT_MS));
    cr_expect_eq(metric(rig, "invalidations_total"), 1);
    rig_stop(&rig);
}

Test(tracking, clients_that_do_not_cache_share_no_connection_with_those_that_do)
{
    struct rig *rig = rig_start(2);
    struct wire *plain = rig_connect(rig);
    struct wire *tracked = tracked_client(rig, "CLIENT TRACKING ON");
    struct wire *ended = tracked_client(rig, "CLIENT TRACKING ON");
    script(rig, 0, WANT("GET", "k"), SAY("$1\r\nv\r\n"), WANT("GET", "k"), SAY("$1\r\nv\r\n"),
           WANT("GET", "k"), SAY("$1\r\nv\r\n"));

    cr_assert(wire_send(ended, "CLIENT TRACKING OFF\r\n"));
    wire_expect(ended, "+OK\r\n");
    for (int i = 0; i < 3; i++) {
        struct wire *wire = i == 0 ? plain : i == 1 ? tracked : ended;

        cr_assert(wire_send(wire, "GET k\r\n"));
        wire_expect(wire, "$1\r\nv\r\n");
    }
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "CLIENT TRACKING ON"), 1);
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "HELLO 3"), 2);
    cr_expect_eq(metric(rig, "tracking_clients"), 1);
    rig_stop(&rig);
}

/* A node says nothing of its own accord in a script; but when nothing happens it is asked whether
 * it is there, and says more than that. */
Test(tracking, nobody_has_more_prefixes_than_any_program_means)
{
    enum { PREFIXES = 4096 };
    static const char *const error =
        "-ERR proxy: a client may have 4096 prefixes at most, of a megabyte together";
    struct rig *rig = rig_start(1);
    struct bytes request = {0};

    bytes_print(&request, "*%d\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$2\r\nON\r\n$5\r\nBCAST\r\n",
                4 + 2 * (PREFIXES + 1));
    for (int i = 0; i <= PREFIXES; i++) {
        bytes_print(&request, "$6\r\nPREFIX\r\n$5\r\n%05d\r\n", i);
    }
    wire_send_bytes(rig_client(rig), request.at, request.size);
    cr_expect_str_eq(wire_text(rig_client(rig)), error);
    request.size = 0;
    bytes_print(&request,
                "*6\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$2\r\nON\r\n$5\r\nBCAST\r\n"
                "$6\r\nPREFIX\r\n$1048576\r\n%01048576d\r\n",
                0);
    wire_send_bytes(rig_client(rig), request.at, request.size);
    cr_expect_str_eq(wire_text(rig_client(rig)), error);
    cr_expect_eq(metric(rig, "tracking_clients"), 0);
    bytes_clear(&request);
    rig_stop(&rig);
}

Test(tracking, by_prefixes_are_told_of_all_keys_that_begin_so)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("CLIENT", "TRACKING", "ON", "BCAST"), SAY("+OK\r\n"), WANT("PING"),
           SAY(">2\r\n$10\r\ninvalidate\r\n*3\r\n$1\r\na\r\n$1\r\nk\r\n$2\r\nkl\r\n+PONG\r\n"));
    struct wire *some = tracked_client(rig, "CLIENT TRACKING ON BCAST PREFIX k PREFIX x");
    struct wire *none = tracked_client(rig, "CLIENT TRACKING ON BCAST PREFIX ka");
    struct wire *two = tracked_client(rig, "CLIENT TRACKING ON BCAST PREFIX k PREFIX a");
    struct wire *all = tracked_client(rig, "CLIENT TRACKING ON BCAST");

    wire_expect(some, ">2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\nk\r\n$2\r\nkl\r\n");
    wire_expect(two, PUSH("a") ">2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\nk\r\n$2\r\nkl\r\n");
    wire_expect(all, ">2\r\n$10\r\ninvalidate\r\n*3\r\n$1\r\na\r\n$1\r\nk\r\n$2\r\nkl\r\n");
    expect_quiet(none);
    rig_stop(&rig);
}

Test(tracking, when_a_broadcast_is_lost_and_when_it_is_there_again_all_is_stale)
{
    struct rig *rig = rig_start(2);
    struct wire *wire = tracked_client(rig, "CLIENT TRACKING ON BCAST");

    cr_expect_eq(fake_node_count(rig_node(rig, 0), "CLIENT TRACKING ON BCAST"), 1);
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "CLIENT TRACKING ON BCAST"), 1);
    expect_quiet(wire);
    fake_node_drop_connections(rig_node(rig, 1));
    wire_expect(wire, ALL_STALE ALL_STALE);
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "CLIENT TRACKING ON BCAST"), 2);
    cr_assert(wire_send(wire, "CLIENT TRACKING OFF\r\n"));
    wire_expect(wire, "+OK\r\n");
    rig_stop(&rig);
}

enum { OTHERS = 40 };

/* Of those that come one after the other some are the first to find that the node can be tried
 * again, and then it is not looked for any more. */
Test(tracking, a_broadcast_that_is_lost_comes_back_also_where_requests_are_served_again_before)
{
    struct rig *rig = rig_start_store(1);
    struct wire *wire = tracked_client(rig, "CLIENT TRACKING ON BCAST");
    struct wire *others[OTHERS];

    for (int i = 0; i < OTHERS; i++) {
        others[i] = rig_connect(rig);
    }
    for (int round = 0; round < 10; round++) {
        fake_node_drop_connections(rig_node(rig, 0));
        for (int i = 0; i < OTHERS; i++) {
            cr_assert(wire_send(others[i], "EXISTS k\r\n"));
            wait_a_moment();
        }
        for (int i = 0; i < OTHERS; i++) {
            wire_expect(others[i], ":0\r\n");
        }
        wire_expect(wire, ALL_STALE ALL_STALE);
    }
    rig_stop(&rig);
}

/* The id of a client of the rig's. */
static const char *id_of(struct rig *rig, struct wire *wire)
{
    return rig_print(rig, "%s", wire_ask(wire, "CLIENT", "ID"));
}

/* Clients come to the workers in turn: each has one that is tracked in RESP2, and one in RESP3,
 * over whose connection its node tells of both. */
Test(tracking, in_resp2_another_client_of_any_worker_is_told)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .workers = 2});
    struct wire *ear = rig_connect(rig);
    const char *id = id_of(rig, ear);
    script(rig, 0, WANT("subscribe", "__redis__:invalidate"),
           SAY("*3\r\n$9\r\nsubscribe\r\n$20\r\n__redis__:invalidate\r\n:1\r\n"), WANT("GET", "k"),
           SAY("$1\r\nv\r\n"), WANT("GET", "k"), SAY("$1\r\nv\r\n"), WANT("GET", "x"),
           SAY(PUSH("k") "$1\r\nw\r\n"), WANT("GET", "x"), SAY(PUSH("k") "$1\r\nw\r\n"));

    cr_assert(wire_request(ear, "SUBSCRIBE", "__redis__:invalidate"));
    wire_expect(ear, "*3\r\n$9\r\nsubscribe\r\n$20\r\n__redis__:invalidate\r\n:1\r\n");
    for (int i = 0; i < 2; i++) {
        struct wire *reader = rig_connect(rig);

        cr_expect_str_eq(wire_ask(reader, "CLIENT", "TRACKING", "ON", "REDIRECT", id), "OK");
        cr_expect_str_eq(wire_ask(reader, "CLIENT", "GETREDIR"), id);
        cr_expect_str_eq(wire_ask(reader, "GET", "k"), "v");
    }
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "CLIENT TRACKING ON REDIRECT"), 2);
    for (int i = 0; i < 2; i++) {
        struct wire *other = tracked_client(rig, "CLIENT TRACKING ON");

        cr_assert(wire_send(other, "GET x\r\n"));
        wire_expect(other, "$1\r\nw\r\n");
        wire_expect(ear, "*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n*1\r\n$1\r\nk\r\n");
    }
    rig_stop(&rig);
}

/* What is read in RESP2 is told of over another connection; with that goes all that was read. */
Test(tracking, in_resp2_all_is_stale_when_the_connection_that_tells_is_lost)
{
    struct rig *rig = rig_start(1);
    struct wire *ear = tracked_client(rig, "CLIENT TRACKING OFF");
    struct wire *reader = rig_connect(rig);
    char id[32];
    script(rig, 0, WANT("GET", "k"), SAY("$1\r\nv\r\n"), WANT("GET", "k"), SAY("$1\r\nv\r\n"));

    cr_assert(wire_send(ear, "CLIENT ID\r\n"));
    cr_assert_eq(sscanf(wire_reply(ear, NULL), ":%31[0-9]", id), 1);
    cr_expect_str_eq(wire_ask(reader, "CLIENT", "TRACKING", "ON", "REDIRECT", id), "OK");
    cr_expect_str_eq(wire_ask(reader, "GET", "k"), "v");
    fake_node_drop_connections(rig_node(rig, 0));
    wire_expect(ear, ALL_STALE);
    cr_expect_str_eq(wire_ask(reader, "GET", "k"), "v");
    expect_quiet(ear);
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "CLIENT TRACKING ON REDIRECT"), 2);
    rig_stop(&rig);
}

Test(tracking, who_has_somebody_told_that_has_left_hears_of_it)
{
    struct rig *rig = rig_start(1);
    struct wire *ear = rig_connect(rig);
    const char *broken =
        rig_print(rig, ">2\r\n$21\r\ntracking-redir-broken\r\n:%s\r\n", id_of(rig, ear));
    struct wire *reader =
        tracked_client(rig, rig_print(rig, "CLIENT TRACKING ON REDIRECT %s", id_of(rig, ear)));
    script(rig, 0, WANT("GET", "k"), SAY("$1\r\nv\r\n"), WANT("GET", "l"),
           SAY("$1\r\nw\r\n" PUSH("k")));

    cr_assert(wire_send(reader, "GET k\r\n"));
    wire_expect(reader, "$1\r\nv\r\n");
    rig_disconnect(rig, &ear);
    cr_assert(WAIT_FOR(metric(rig, "downstream_connections_active") == 1));
    cr_assert(wire_send(reader, "GET l\r\n"));
    wire_expect(reader, "$1\r\nw\r\n");
    wire_expect(reader, broken);
    rig_stop(&rig);
}

/* Step by step its node would be asked for EXEC alone, which has no key. */
Test(tracking, what_a_client_that_watches_reads_in_a_transaction_is_stale_at_once)
{
    struct rig *rig = rig_start(2);
    struct wire *wire = tracked_client(rig, "CLIENT TRACKING ON");
    script(rig, 0, WANT("WATCH", "k"), SAY("+OK\r\n"), WANT("MULTI"), SAY("+OK\r\n"),
           WANT("GET", "k"), SAY("+QUEUED\r\n"), WANT("EXEC"), SAY("*1\r\n$1\r\nv\r\n"));

    cr_expect_str_eq(wire_ask(wire, "WATCH", "k"), "OK");
    cr_expect_str_eq(wire_ask(wire, "MULTI"), "OK");
    cr_expect_str_eq(wire_ask(wire, "GET", "k"), "QUEUED");
    wire_request(wire, "EXEC");
    wire_expect(wire, "*1\r\n$1\r\nv\r\n" PUSH("k"));
    rig_stop(&rig);
}
