#include "proxy/cluster/state_text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static const char whole[] = "slotway-state 1\n"
                            "pool main\n"
                            "epoch 12\n"
                            "node aaa primary 10.0.0.1:7000\n"
                            "node bbb replica [::1]:7001\n"
                            "node ccc primary a.example:7002\n"
                            "end 3\n";

static struct topology *three_nodes(void)
{
    static const char *const places[] = {"10.0.0.1:7000", "[::1]:7001", "a.example:7002"};
    static const char *const ids[] = {"aaa", "bbb", "ccc"};
    struct topology *topology = topology_new();

    for (size_t at = 0; at < ARRAY_LEN(places); at++) {
        struct address address;

        cr_assert_eq(address_parse(span_of(places[at]), &address), ADDRESS_OK);
        topology_add_node(topology, ids[at], &address, at == 1 ? NODE_REPLICA : NODE_PRIMARY,
                          at == 1 ? 0 : NODE_NONE);
    }
    topology->epoch = 12;
    return topology;
}

Test(state_text, is_what_the_drawing_says)
{
    struct topology *topology = three_nodes();
    char *text = state_text_print(topology, "main", NULL);

    cr_expect_str_eq(text, whole);
    free(text);
    topology_release(&topology);
}

Test(state_text, is_read_back_with_ids_addresses_and_roles)
{
    struct topology *read;

    cr_assert_eq(state_text_read(span_of(whole), "main", NULL, &read), STATE_TEXT_OK);
    cr_expect_eq(read->epoch, 12);
    cr_expect_eq(read->slots_served, 0);
    cr_assert_eq(read->node_count, 3);
    cr_expect_str_eq(read->nodes[1].id, "bbb");
    cr_expect_eq(read->nodes[1].role, NODE_REPLICA);
    cr_expect_str_eq(read->nodes[1].address.host, "::1");
    cr_expect_eq(read->nodes[1].address.port, 7001);
    cr_expect_neq(read->nodes[0].endpoint.size, 0);
    cr_expect_eq(read->nodes[2].endpoint.size, 0);
    topology_release(&read);
}

Test(state_text, that_was_cut_anywhere_is_refused)
{
    for (size_t size = 0; size < sizeof whole - 1; size++) {
        struct topology *read;

        cr_expect_neq(state_text_read((struct span){whole, size}, "main", NULL, &read),
                      STATE_TEXT_OK, "%zu bytes", size);
        cr_expect_null(read);
    }
}

#define HEAD "slotway-state 1\npool main\nepoch 12\n"

static const struct {
    const char *text;
    enum state_text_result result;
} bad[] = {
    {"", STATE_TEXT_FOREIGN},
    {"hello\n", STATE_TEXT_FOREIGN},
    {"slotway-state 2\npool main\nepoch 12\nnode a primary 1.1.1.1:1\nend 1\n", STATE_TEXT_FOREIGN},
    {"slotway-state 1\r\npool main\n", STATE_TEXT_FOREIGN},
    {"slotway-state 1\npool other\nepoch 12\nnode a primary 1.1.1.1:1\nend 1\n", STATE_TEXT_POOL},
    {"slotway-state 1\npool mainly\nepoch 12\nnode a primary 1.1.1.1:1\nend 1\n", STATE_TEXT_POOL},
    {"slotway-state 1\npool main\nepoch -1\nnode a primary 1.1.1.1:1\nend 1\n", STATE_TEXT_DAMAGED},
    {"slotway-state 1\npool main\nepoch\nnode a primary 1.1.1.1:1\nend 1\n", STATE_TEXT_DAMAGED},
    {HEAD "end 0\n", STATE_TEXT_DAMAGED},
    {HEAD "node a primary 1.1.1.1:1\nend 2\n", STATE_TEXT_DAMAGED},
    {HEAD "node a primary 1.1.1.1:1\nend 1\nmore\n", STATE_TEXT_DAMAGED},
    {HEAD "node a primary 1.1.1.1:1\nnode a primary 1.1.1.1:2\nend 2\n", STATE_TEXT_DAMAGED},
    {HEAD "node a master 1.1.1.1:1\nend 1\n", STATE_TEXT_DAMAGED},
    {HEAD "node a primary 1.1.1.1\nend 1\n", STATE_TEXT_DAMAGED},
    {HEAD "node a primary 1.1.1.1:0\nend 1\n", STATE_TEXT_DAMAGED},
    {HEAD "node a primary 1.1.1.1:65536\nend 1\n", STATE_TEXT_DAMAGED},
    {HEAD "node a primary *:7000\nend 1\n", STATE_TEXT_DAMAGED},
    {HEAD "node a primary unix:/tmp/x\nend 1\n", STATE_TEXT_DAMAGED},
    {HEAD "node a primary \nend 1\n", STATE_TEXT_DAMAGED},
    {HEAD "node  primary 1.1.1.1:1\nend 1\n", STATE_TEXT_DAMAGED},
    {HEAD "node a\x01 primary 1.1.1.1:1\nend 1\n", STATE_TEXT_DAMAGED},
    {HEAD "node 01234567890123456789012345678901234567890 primary 1.1.1.1:1\nend 1\n",
     STATE_TEXT_DAMAGED},
    {HEAD "node a primary 1.1.1.1:1\nend 99999999999999999999\n", STATE_TEXT_DAMAGED},
};

Test(state_text, that_is_something_else_is_refused)
{
    for (size_t at = 0; at < ARRAY_LEN(bad); at++) {
        struct topology *read;
        enum state_text_result result = state_text_read(span_of(bad[at].text), "main", NULL, &read);

        cr_expect_eq(result, bad[at].result, "row %zu: %s", at, state_text_result_text(result));
        cr_expect_null(read);
    }
}

Test(state_text, of_too_many_nodes_is_refused)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    struct topology *read;

    fputs(HEAD, to);
    for (int at = 0; at <= TOPOLOGY_NODES_MAX; at++) {
        fprintf(to, "node %d primary 10.0.0.1:%d\n", at, at + 1);
    }
    fprintf(to, "end %d\n", TOPOLOGY_NODES_MAX + 1);
    fclose(to);
    cr_expect_eq(state_text_read((struct span){text, size}, "main", NULL, &read),
                 STATE_TEXT_DAMAGED);
    free(text);
}

#define WITH_SEEDS                                                                                 \
    "slotway-state 1\npool main\nseeds a:1 [::1]:2\nepoch 12\nnode a primary 1.1.1.1:1\nend 1\n"

static const struct {
    const char *text;
    const char *seeds[2];
    enum state_text_result result;
} seeded[] = {
    {WITH_SEEDS, {"a:1", "[::1]:2"}, STATE_TEXT_OK},
    {WITH_SEEDS, {"b:1", "[::1]:2"}, STATE_TEXT_OK},
    {WITH_SEEDS, {"b:1", "a:1"}, STATE_TEXT_OK},
    {WITH_SEEDS, {"b:1", "a:2"}, STATE_TEXT_SEEDS},
    {WITH_SEEDS, {"b:1", "aa:1"}, STATE_TEXT_SEEDS},
    {"slotway-state 1\npool main\nseeds  \nepoch 12\n", {"b:1", "a:1"}, STATE_TEXT_SEEDS},
    {"slotway-state 1\npool main\nseeds a:1\n", {"b:1", "a:1"}, STATE_TEXT_DAMAGED},
    {HEAD "node a primary 1.1.1.1:1\nend 1\n", {"b:1", "a:1"}, STATE_TEXT_OK},
};

Test(state_text, leads_to_no_cluster_that_was_found_through_other_seeds)
{
    for (size_t at = 0; at < ARRAY_LEN(seeded); at++) {
        struct address items[2];
        struct topology *read;

        cr_assert_eq(address_parse(span_of(seeded[at].seeds[0]), &items[0]), ADDRESS_OK);
        cr_assert_eq(address_parse(span_of(seeded[at].seeds[1]), &items[1]), ADDRESS_OK);
        enum state_text_result result =
            state_text_read(span_of(seeded[at].text), "main", &(struct addresses){items, 2}, &read);
        cr_expect_eq(result, seeded[at].result, "row %zu: %s", at, state_text_result_text(result));
        topology_release(&read);
    }
}

Test(state_text, names_the_seeds_in_the_form_in_which_they_are_known_again)
{
    struct topology *topology = three_nodes();
    struct address items[2];
    struct addresses seeds = {items, 2};
    struct topology *read;

    cr_assert_eq(address_parse(SPAN("[::1]:7001"), &items[0]), ADDRESS_OK);
    cr_assert_eq(address_parse(SPAN("a.example:7002"), &items[1]), ADDRESS_OK);
    char *text = state_text_print(topology, "main", &seeds);
    cr_expect_not_null(strstr(text, "\nseeds [::1]:7001 a.example:7002\n"));
    cr_expect_eq(state_text_read(span_of(text), "main", &seeds, &read), STATE_TEXT_OK);
    topology_release(&read);
    free(text);
    topology_release(&topology);
}
