/* The board of what an operator has paused. */
#include "proxy/routing/halts.h"

#include <stdio.h>

#include <criterion/criterion.h>

static struct halts *halts;
static struct halt found[HALTS_MAX];

static void open_board(void)
{
    halts = halts_new("main", 2);
}

static void close_board(void)
{
    halts_free(&halts);
}

TestSuite(halts, .init = open_board, .fini = close_board);

Test(halts, end_when_their_time_is_over_or_they_are_ended)
{
    uint64_t first = halts_begin(halts, HALT_PAUSE, "", 100);

    cr_expect_neq(first, 0);
    cr_expect_neq(halts_begin(halts, HALT_PAUSE, "n1", 200), first);
    cr_expect_neq(halts_begin(halts, HALT_DRAIN, "n1", UINT64_MAX), 0);
    cr_expect_eq(halts_list(halts, 99, found), 3);
    cr_expect_eq(halts_list(halts, 100, found), 2);
    cr_expect_eq(halts_end(halts, ""), 0);
    cr_expect_eq(halts_end(halts, "n2"), 0);
    cr_expect_eq(halts_end(halts, "n1"), 2);
    cr_expect_eq(halts_list(halts, 100, found), 0);
    cr_expect_eq(halts_end(halts, NULL), 0);
}

Test(halts, are_one_for_a_node_and_the_last_word_counts)
{
    uint64_t first = halts_begin(halts, HALT_PAUSE, "n1", 300);
    uint64_t second = halts_begin(halts, HALT_PAUSE, "n1", 200);
    struct halt_tally sum;

    cr_expect_eq(halts_list(halts, 0, found), 1);
    cr_expect_eq(found[0].until, 200);
    cr_expect_eq(found[0].number, second);
    cr_expect_str_eq(found[0].node, "n1");
    cr_expect_eq(halts_sum(halts, first, &sum), HALT_UNKNOWN);
    cr_expect_eq(halts_sum(halts, 0, &sum), HALT_UNKNOWN);
}

Test(halts, of_a_node_that_is_known_go_by_its_id_and_by_its_address)
{
    static const char *const names[] = {"n1", "N1", "host:1", "HOST:1"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        for (size_t j = 0; j < ARRAY_LEN(names); j++) {
            halts_identify(halts, halts_begin(halts, HALT_PAUSE, names[i], 100), "n1", "host:1");
            cr_expect_eq(halts_end(halts, "n2"), 0);
            cr_expect_eq(halts_end(halts, names[j]), 1, "%s is %s", names[i], names[j]);
        }
    }
    uint64_t before = halts_begin(halts, HALT_PAUSE, "host:1", 100);

    halts_identify(halts, before, "n1", "host:1");
    cr_expect_neq(halts_begin(halts, HALT_PAUSE, "n1", 100), before);
    halts_identify(halts, before, "n2", "host:2");
    cr_expect_eq(halts_list(halts, 0, found), 1, "the second takes the place of the first");
    cr_expect_str_eq(found[0].id, "", "that was said of the first");
    cr_expect_eq(halts_end(halts, "host:2"), 0);
}

Test(halts, of_all_nodes_go_by_no_name)
{
    halts_identify(halts, halts_begin(halts, HALT_PAUSE, "", 100), "", "");
    halts_begin(halts, HALT_PAUSE, "n1", 100);
    cr_expect_eq(halts_end(halts, ""), 1);
    cr_expect_eq(halts_list(halts, 0, found), 1);
}

Test(halts, hold_when_all_workers_have_obeyed)
{
    uint64_t number = halts_begin(halts, HALT_PAUSE, "", 100);
    struct halt_tally sum;

    cr_expect_eq(halts_sum(halts, number, &sum), HALT_BEGINS);
    halts_report(halts, number, 1, &(struct halt_tally){2, 3, 4, 5, 6});
    cr_expect_eq(halts_sum(halts, number, &sum), HALT_BEGINS);
    halts_report(halts, number, 0, &(struct halt_tally){1, 10, 20, 30, 7});
    halts_report(halts, number + 1, 0, &(struct halt_tally){9, 9, 9, 9, 9});
    cr_expect_eq(halts_sum(halts, number, &sum), HALT_HOLDS);
    cr_expect_eq(sum.nodes, 2);
    cr_expect_eq(sum.in_flight, 13);
    cr_expect_eq(sum.blocked, 24);
    cr_expect_eq(sum.private, 35);
    cr_expect_eq(sum.slots, 7);
    number = halts_begin(halts, HALT_PAUSE, "", 200);
    cr_expect_eq(halts_sum(halts, number, &sum), HALT_BEGINS, "what was told of the old one");
    cr_expect_eq(sum.in_flight, 0);
}

Test(halts, are_bounded)
{
    char node[16];

    for (int i = 0; i < HALTS_MAX; i++) {
        snprintf(node, sizeof node, "n%d", i);
        cr_expect_neq(halts_begin(halts, HALT_PAUSE, node, 100), 0);
    }
    cr_expect_eq(halts_begin(halts, HALT_PAUSE, "one more", 100), 0);
    cr_expect_neq(halts_begin(halts, HALT_PAUSE, "n3", 200), 0, "it has its place");
    cr_expect_eq(halts_list(halts, 150, found), 1);
}
