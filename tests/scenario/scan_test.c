/* SCAN of the whole cluster, while nodes say what nodes say when slots move and connections break.
 *
 * The nodes have keys of their own, wherever a test puts them: also where they do not belong.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "tests/support/expect.h"
#include "tests/support/fake_keys.h"
#include "tests/support/rig.h"

enum { SLOT_OF_K = 7629, SLOT_OF_B = 3300 };

TestSuite(scan, .timeout = 60, .init = fake_keys_clear, .fini = rig_clean_up);

static struct rig *start(void)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2, .request_timeout = "20s"});

    for (int i = 0; i < 2; i++) {
        fake_node_handle(rig_node(rig, i), fake_keys_answer, NULL);
    }
    return rig;
}

struct found {
    char *names; /* " a b c " */
    int count;
    int calls;
};

/* "[cursor [a b]]" */
static char *take_page(struct found *found, const char *text)
{
    const char *space = strchr(text, ' ');

    cr_assert_not_null(space, "%s", text);

    char *cursor = memory_copy(text + 1, (size_t)(space - text - 1));
    size_t size = strlen(space + 2) - 2;
    char *names = memory_print("%s%.*s%s", found->names, (int)size, space + 2, size > 0 ? " " : "");

    for (size_t i = 0; i < size; i++) {
        found->count += i == 0 || space[2 + i] == ' ';
    }
    free(found->names);
    found->names = names;
    found->calls++;
    return cursor;
}

/* Scans to the end, with those options behind each cursor. */
static struct found scan_all_list(struct rig *rig, const char *const *options)
{
    struct found found = {.names = memory_copy(" ", 1)};
    const char *words[12] = {"SCAN"};
    char *cursor = memory_copy("0", 1);

    for (size_t i = 0; options[i] != NULL; i++) {
        words[2 + i] = options[i];
    }
    do {
        words[1] = cursor;
        char *next = take_page(&found, wire_ask_list(rig_client(rig), words));

        free(cursor);
        cursor = next;
    } while (strcmp(cursor, "0") != 0 && found.calls < 20000);
    cr_expect_str_eq(cursor, "0");
    free(cursor);
    return found;
}
#define scan_all(rig, ...) scan_all_list((rig), (const char *const[]){__VA_ARGS__, NULL})

static void expect_found(struct found *found, int count, const char *const *names)
{
    cr_expect_eq(found->count, count, "%.300s", found->names);
    for (size_t i = 0; names[i] != NULL; i++) {
        char *name = memory_print(" %s ", names[i]);

        EXPECT_CONTAINS(found->names, name);
        free(name);
    }
    free(found->names);
}
#define EXPECT_FOUND(found, count, ...)                                                            \
    expect_found(&(found), (count), (const char *const[]){__VA_ARGS__, NULL})

static void put_some_keys(void)
{
    fake_keys_put("b", 0);
    fake_keys_put("k", 0);
    fake_keys_put("{k}list", 0);
    fake_keys_put("a", 1);
    fake_keys_put("foo", 1);
}

Test(scan, returns_the_keys_of_all_nodes)
{
    struct rig *rig = start();

    put_some_keys();

    struct found all = scan_all(rig, "COUNT", "100");

    cr_expect_eq(all.calls, 1);
    EXPECT_FOUND(all, 5, "b", "k", "{k}list", "a", "foo");

    struct found slowly = scan_all(rig, "COUNT", "1");

    cr_expect_eq(slowly.calls, 5);
    EXPECT_FOUND(slowly, 5, "b", "k", "{k}list", "a", "foo");
    rig_stop(&rig);
}

Test(scan, of_a_slot_that_a_pattern_names_looks_nowhere_else)
{
    struct rig *rig = start();

    put_some_keys();

    struct found found = scan_all(rig, "MATCH", "{k}*");

    cr_expect_eq(found.calls, 1);
    EXPECT_FOUND(found, 1, "{k}list");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "CLUSTER GETKEYSINSLOT"), 1);
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "CLUSTER GETKEYSINSLOT"), 0);
    rig_stop(&rig);
}

Test(scan, returns_what_matches_and_is_of_the_type)
{
    struct rig *rig = start();

    put_some_keys();
    struct found matches = scan_all(rig, "MATCH", "*[ok]*");
    EXPECT_FOUND(matches, 3, "k", "{k}list", "foo");
    struct found lists = scan_all(rig, "TYPE", "LIST");
    EXPECT_FOUND(lists, 1, "{k}list");
    struct found none = scan_all(rig, "TYPE", "nonsense");
    EXPECT_FOUND(none, 0, NULL);
    struct found both = scan_all(rig, "match", "*o*", "count", "2", "type", "string");
    EXPECT_FOUND(both, 1, "foo");
    rig_stop(&rig);
}

/* A server does not look at keys for "*", and to any other pattern an empty one is no match. */
Test(scan, returns_a_key_without_a_name_for_one_star_and_no_other_pattern)
{
    struct rig *rig = start();

    fake_keys_put("", 0);
    fake_keys_put("k", 0);
    cr_expect_str_eq(ask(rig, "SCAN", "0", "MATCH", "*", "COUNT", "100"), "[0 [ k]]");
    cr_expect_str_eq(ask(rig, "SCAN", "0", "MATCH", "**", "COUNT", "100"), "[0 [k]]");
    rig_stop(&rig);
}

Test(scan, leaves_out_keys_whose_time_is_over)
{
    struct rig *rig = start();

    put_some_keys();
    fake_keys_expire("k");
    fake_keys_expire("a");
    struct found found = scan_all(rig, "COUNT", "2");
    EXPECT_FOUND(found, 3, "b", "{k}list", "foo");
    rig_stop(&rig);
}

Test(scan, answers_a_client_in_resp3_as_well)
{
    struct rig *rig = start();

    put_some_keys();
    wire_request(rig_client(rig), "HELLO", "3");
    cr_assert_not_null(wire_reply(rig_client(rig), NULL));
    struct found found = scan_all(rig, "COUNT", "100");
    EXPECT_FOUND(found, 5, "b", "k", "{k}list", "a", "foo");
    rig_stop(&rig);
}

/* More keys than fit on a page, all of one slot. */
Test(scan, of_a_large_slot_returns_each_key_once)
{
    struct rig *rig = start();

    for (int i = 0; i < 3000; i++) {
        fake_keys_put(rig_print(rig, "{k}%d", i), 0);
    }
    struct found found = scan_all(rig, "COUNT", "10");
    cr_expect(found.calls >= 8 && found.calls <= 20, "%d calls", found.calls);
    EXPECT_FOUND(found, 3000, "{k}0", "{k}2999");
    rig_stop(&rig);
}

Test(scan, of_a_moving_slot_asks_both_nodes)
{
    struct rig *rig = start();

    put_some_keys();
    fake_keys_put("{k}moved", 1);
    fake_keys_move(SLOT_OF_K, 0, 1, 0);
    struct found found = scan_all(rig, "COUNT", "100");
    EXPECT_FOUND(found, 6, "b", "k", "{k}list", "{k}moved", "a", "foo");
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "CLUSTER GETKEYSINSLOT 7629"), 1);
    rig_stop(&rig);
}

/* On both lists, and once in the reply. */
Test(scan, a_key_that_moves_while_it_is_looked_for_is_returned_once)
{
    struct rig *rig = start();

    put_some_keys();
    fake_keys_move(SLOT_OF_K, 0, 1, 1);
    struct found found = scan_all(rig, "COUNT", "100");
    EXPECT_FOUND(found, 5, "b", "k", "{k}list", "a", "foo");
    cr_expect_eq(fake_keys_leaving(), 0);
    rig_stop(&rig);
}

Test(scan, of_a_slot_whose_target_knows_nothing_of_it_has_what_the_source_has)
{
    struct rig *rig = start();

    put_some_keys();
    fake_keys_put("{k}nobodys", 1);
    fake_keys_move(SLOT_OF_K, 0, FAKE_KEYS_NOBODY, 0);
    struct found found = scan_all(rig, "COUNT", "100");
    EXPECT_FOUND(found, 5, "b", "k", "{k}list", "a", "foo");
    rig_stop(&rig);
}

Test(scan, finds_slots_that_have_moved_unnoticed)
{
    struct rig *rig = start();

    put_some_keys();
    fake_keys_give(rig_cluster(rig), SLOT_OF_K, SLOT_OF_K, 1);
    fake_keys_give(rig_cluster(rig), SLOT_OF_B, SLOT_OF_B, 1);
    fake_keys_give(rig_cluster(rig), 0, 0, 1);
    struct found found = scan_all(rig, "COUNT", "100");
    EXPECT_FOUND(found, 5, "b", "k", "{k}list", "a", "foo");
    rig_stop(&rig);
}

Test(scan, goes_on_with_its_cursor_where_the_slot_is_now)
{
    struct rig *rig = start();
    struct found found = {.names = memory_copy(" ", 1)};

    put_some_keys();
    char *cursor = take_page(&found, ask(rig, "SCAN", "0", "COUNT", "1"));
    cr_expect_str_eq(cursor, rig_print(rig, "%d", SLOT_OF_B + 1));
    fake_keys_give(rig_cluster(rig), SLOT_OF_K, SLOT_OF_K, 1);
    fake_keys_give(rig_cluster(rig), SLOT_OF_B, SLOT_OF_B, 1);
    EXPECT_CONTAINS(ask(rig, "SCAN", cursor, "COUNT", "1"), "k {k}list");
    free(cursor);
    free(found.names);
    rig_stop(&rig);
}

Test(scan, is_asked_for_again_when_its_answers_are_lost)
{
    struct rig *rig = start();

    put_some_keys();
    script(rig, 0, WANT("CLUSTER", "GETKEYSINSLOT", "1", "..."), CLOSE);
    struct found found = scan_all(rig, "COUNT", "100");
    EXPECT_FOUND(found, 5, "b", "k", "{k}list", "a", "foo");
    cr_expect_eq(metric(rig, "retry_read_total"), 1);
    rig_stop(&rig);
}

Test(scan, waits_for_the_new_primary)
{
    struct rig *rig = start();

    put_some_keys();
    fake_node_die(rig_node(rig, 0));
    wire_request(rig_client(rig), "SCAN", "0", "COUNT", "100");
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") > 0));
    fake_keys_give(rig_cluster(rig), 0, 16383, 1);
    EXPECT_STARTS(wire_text(rig_client(rig)), "[0 [");
    rig_stop(&rig);
}

/* What comes later in a pipeline is not seen by a scan that came first. */
Test(scan, is_over_before_what_comes_behind_it_begins)
{
    struct rig *rig = start();

    put_some_keys();
    wire_request(rig_client(rig), "SCAN", "0", "COUNT", "100");
    wire_request(rig_client(rig), "EXISTS", "behind");
    EXPECT_STARTS(wire_text(rig_client(rig)), "[0 [");
    cr_expect_str_eq(wire_text(rig_client(rig)), "0");
    EXPECT_CONTAINS(rig_log(rig, 1), "EXISTS a | EXISTS behind");
    rig_stop(&rig);
}

Test(scan, of_a_client_that_leaves_is_given_up)
{
    struct rig *rig = start();
    struct wire *wire = rig_connect(rig);

    put_some_keys();
    script(rig, 0, WANT("CLUSTER", "GETKEYSINSLOT", "1", "..."), SAY_LATER("*0\r\n"));
    wire_request(wire, "SCAN", "0", "COUNT", "100");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    wire_reset_on_close(wire);
    rig_disconnect(rig, &wire);
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 0));
    fake_node_release(rig_node(rig, 0));
    struct found found = scan_all(rig, "COUNT", "100");
    EXPECT_FOUND(found, 5, "b", "k", "{k}list", "a", "foo");
    rig_stop(&rig);
}

Test(scan, says_no_as_a_server_does)
{
    static const struct {
        const char *words[8];
        const char *reply;
    } rows[] = {
        {{"SCAN"}, "-ERR wrong number of arguments for 'scan' command"},
        {{"SCAN", "x"}, "-ERR invalid cursor"},
        {{"SCAN", "1x"}, "-ERR invalid cursor"},
        {{"SCAN", " 1"}, "-ERR invalid cursor"},
        {{"SCAN", "18446744073709551616"}, "-ERR invalid cursor"},
        {{"SCAN", "x", "COUNT", "y"}, "-ERR invalid cursor"},
        {{"SCAN", "0", "COUNT"}, "-ERR syntax error"},
        {{"SCAN", "0", "COUNT", "x"}, "-ERR value is not an integer or out of range"},
        {{"SCAN", "0", "COUNT", "0"}, "-ERR syntax error"},
        {{"SCAN", "0", "COUNT", "-5"}, "-ERR syntax error"},
        {{"SCAN", "0", "MATCH"}, "-ERR syntax error"},
        {{"SCAN", "0", "NOVALUES"}, "-ERR syntax error"},
        {{"SCAN", "0", "MATCH", "*", "TYPE"}, "-ERR syntax error"},
        {{"SCAN", "18446744073709551615"}, "[0 []]"},
        {{"SCAN", "-1"}, "[0 []]"},
    };
    struct rig *rig = start();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_str_eq(wire_ask_list(rig_client(rig), rows[i].words), rows[i].reply, "row %zu",
                         i);
    }
    rig_stop(&rig);
}

/* Of servers that have a command of their own for it. */
Test(scan, clusterscan_goes_to_the_slot_in_its_cursor)
{
    struct rig *rig = rig_start(2);

    script(rig, 0, WANT("CLUSTERSCAN", "abc-{k}-7", "MATCH", "x*"), SAY("*2\r\n$1\r\n0\r\n*0\r\n"));
    script(rig, 1, WANT("CLUSTERSCAN", "abc-{foo}-7"), SAY("*2\r\n$1\r\n0\r\n*0\r\n"));
    cr_expect_str_eq(ask(rig, "CLUSTERSCAN", "abc-{k}-7", "MATCH", "x*"), "[0 []]");
    cr_expect_str_eq(ask(rig, "CLUSTERSCAN", "abc-{foo}-7"), "[0 []]");
    script(rig, 1, WANT("CLUSTERSCAN", "abc-{k}-7", "MATCH", "{foo}*"), SAY("$2\r\nok\r\n"));
    cr_expect_str_eq(ask(rig, "CLUSTERSCAN", "abc-{k}-7", "MATCH", "{foo}*"), "ok");
    rig_stop(&rig);
}
