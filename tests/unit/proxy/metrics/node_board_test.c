#include "proxy/metrics/node_board.h"

#include <criterion/criterion.h>

enum { WORKERS = 2 };

static struct node_board *boards[WORKERS];
static struct nodes_gathered gathered;

static void set_up(void)
{
    for (size_t i = 0; i < WORKERS; i++) {
        boards[i] = node_board_new();
    }
}

static void tear_down(void)
{
    nodes_clear(&gathered);
    for (size_t i = 0; i < WORKERS; i++) {
        node_board_free(&boards[i]);
    }
}

TestSuite(node_board, .init = set_up, .fini = tear_down);

Test(node_board, a_node_of_several_workers_is_one_and_nodes_are_told_by_name)
{
    struct node_counts here = {.name = "b:1"};
    struct node_counts there = {.name = "b:1"};
    struct node_counts other = {.name = "a:1"};

    metric_add(&here.requests_total, 2);
    metric_add(&there.requests_total, 3);
    metric_add(&there.connections, 1);
    steps_record(&here.backend_time, 100, 1);
    steps_record(&there.backend_time, 100, 4);
    node_board_add(boards[0], &here);
    node_board_add(boards[1], &there);
    node_board_add(boards[1], &other);
    gathered = nodes_gather(boards, WORKERS, SIZE_MAX);
    cr_assert_eq(gathered.count, 2);
    cr_expect_str_eq(gathered.nodes[0].name, "a:1");
    cr_expect_eq(gathered.nodes[0].requests_total, 0);
    cr_expect_str_eq(gathered.nodes[1].name, "b:1");
    cr_expect_eq(gathered.nodes[1].requests_total, 5);
    cr_expect_eq(gathered.nodes[1].connections, 1);
    cr_expect_eq(steps_count(&gathered.nodes[1].backend_time), 5);
    cr_expect_eq(gathered.nodes[1].backend_time.sum, 500);
    node_board_remove(boards[0], &here);
    node_board_remove(boards[1], &there);
    node_board_remove(boards[1], &other);
}

Test(node_board, a_node_that_has_left_is_told_no_more)
{
    struct node_counts gone = {.name = "a:1"};
    struct node_counts stays = {.name = "b:1"};

    node_board_add(boards[0], &gone);
    node_board_add(boards[0], &stays);
    node_board_remove(boards[0], &gone);
    gathered = nodes_gather(boards, WORKERS, SIZE_MAX);
    cr_assert_eq(gathered.count, 1);
    cr_expect_str_eq(gathered.nodes[0].name, "b:1");
    node_board_remove(boards[0], &stays);
}

Test(node_board, where_there_is_no_board_nothing_is_told)
{
    struct node_board *none[] = {NULL};
    struct node_counts counts = {.name = "a:1"};

    node_board_add(NULL, &counts);
    node_board_remove(NULL, &counts);
    gathered = nodes_gather(none, ARRAY_LEN(none), 0);
    cr_expect_eq(gathered.count, 0);
}

Test(node_board, where_there_are_too_many_nodes_none_is_told)
{
    struct node_counts here = {.name = "a:1"};
    struct node_counts there = {.name = "b:1"};

    node_board_add(boards[0], &here);
    node_board_add(boards[1], &there);
    gathered = nodes_gather(boards, WORKERS, 1);
    cr_expect_eq(gathered.count, 0);
    gathered = nodes_gather(boards, WORKERS, 2);
    cr_expect_eq(gathered.count, 2);
    node_board_remove(boards[0], &here);
    node_board_remove(boards[1], &there);
}

Test(node_board, where_there_are_far_too_many_nodes_none_is_even_read)
{
    struct node_counts unreadable[3] = {{.name = NULL}};

    for (size_t i = 0; i < ARRAY_LEN(unreadable); i++) {
        node_board_add(boards[1], &unreadable[i]);
    }
    gathered = nodes_gather(boards, WORKERS, 1);
    cr_expect_eq(gathered.count, 0);
    for (size_t i = 0; i < ARRAY_LEN(unreadable); i++) {
        node_board_remove(boards[1], &unreadable[i]);
    }
}

Test(node_board, a_node_that_leaves_and_has_come_again_is_one)
{
    struct node_counts leaves = {.name = "a:1"};
    struct node_counts is_back = {.name = "a:1"};

    metric_add(&leaves.requests_total, 2);
    metric_add(&is_back.requests_total, 3);
    node_board_add(boards[0], &leaves);
    node_board_add(boards[0], &is_back);
    gathered = nodes_gather(boards, WORKERS, 1);
    cr_assert_eq(gathered.count, 1);
    cr_expect_eq(gathered.nodes[0].requests_total, 5);
    node_board_remove(boards[0], &leaves);
    node_board_remove(boards[0], &is_back);
}

Test(node_board, a_node_is_one_for_all_who_have_connections_to_it)
{
    struct node_counts *chief = node_board_take(boards[0], "a:1");
    struct node_counts *other = node_board_take(boards[0], "b:1");
    struct node_counts *alice = node_board_take(boards[0], "a:1");
    struct node_counts *bob = node_board_take(boards[0], "a:1");

    cr_expect_eq(chief, alice);
    cr_expect_eq(chief, bob);
    cr_expect_neq(chief, other);
    metric_add(&alice->requests_total, 3);
    gathered = nodes_gather(boards, WORKERS, 2);
    cr_assert_eq(gathered.count, 2);
    nodes_clear(&gathered);
    node_board_give_back(boards[0], &other);
    node_board_give_back(boards[0], &alice);
    node_board_give_back(boards[0], &chief);
    gathered = nodes_gather(boards, WORKERS, 1);
    cr_assert_eq(gathered.count, 1);
    cr_expect_eq(gathered.nodes[0].requests_total, 3, "who goes takes nothing away");
    nodes_clear(&gathered);
    node_board_give_back(boards[0], &bob);
    gathered = nodes_gather(boards, WORKERS, 1);
    cr_expect_eq(gathered.count, 0);
}

Test(node_board, where_there_is_none_each_has_counts_of_its_own)
{
    struct node_counts *one = node_board_take(NULL, "a:1");
    struct node_counts *other = node_board_take(NULL, "a:1");

    cr_expect_neq(one, other);
    node_board_give_back(NULL, &one);
    node_board_give_back(NULL, &other);
}
