#include "proxy/cluster/candidates.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "common/clock.h"

static struct address address_of(const char *text)
{
    struct address address;

    cr_assert_eq(address_parse(span_of(text), &address), ADDRESS_OK);
    return address;
}

static struct topology *nodes(uint32_t count)
{
    struct topology *topology = topology_new();

    for (uint32_t number = 0; number < count; number++) {
        char text[32];
        snprintf(text, sizeof text, "10.0.%u.%u:1", number / 256, number % 256);
        struct address address = address_of(text);
        topology_add_node(topology, text, &address, NODE_PRIMARY, NODE_NONE);
    }
    return topology;
}

static void expect_next(struct candidates *candidates, const char *expected)
{
    struct endpoint endpoint;
    char text[sizeof(struct address)];

    cr_assert(candidates_next(candidates, &endpoint), "the round ended before %s", expected);
    cr_expect_str_eq(endpoint_print(&endpoint, text, sizeof text), expected, "%s", text);
}

static void expect_end(struct candidates *candidates)
{
    struct endpoint endpoint;

    cr_expect_not(candidates_next(candidates, &endpoint));
}

static struct address seed_items[2];
static struct addresses seeds = {seed_items, 2};
static struct resolver *resolver;
static struct candidates candidates;

static void set_up(void)
{
    seed_items[0] = address_of("10.9.0.1:1");
    seed_items[1] = address_of("10.0.0.1:1");
    resolver = resolver_new(address_resolve, -1, US_PER_SECOND);
    candidates_init(&candidates, &seeds, NULL, resolver);
}

static void tear_down(void)
{
    candidates_clear(&candidates);
    resolver_free(&resolver);
}

TestSuite(candidates, .init = set_up, .fini = tear_down);

Test(candidates, are_the_seeds_while_nothing_is_known)
{
    candidates_begin_round(&candidates, NULL);
    expect_next(&candidates, "10.9.0.1:1");
    expect_next(&candidates, "10.0.0.1:1");
    expect_end(&candidates);
}

Test(candidates, are_the_preferred_then_nodes_then_seeds_each_place_once)
{
    struct topology *topology = nodes(3);
    struct endpoint last = topology->nodes[2].endpoint;

    candidates_prefer(&candidates, &last);
    candidates_begin_round(&candidates, topology);
    expect_next(&candidates, "10.0.0.2:1");
    expect_next(&candidates, "10.0.0.0:1");
    expect_next(&candidates, "10.0.0.1:1");
    expect_next(&candidates, "10.9.0.1:1");
    expect_end(&candidates);
    topology_release(&topology);
}

Test(candidates, begin_with_another_node_when_none_is_preferred_any_more)
{
    struct topology *topology = nodes(3);

    candidates_begin_round(&candidates, topology);
    expect_next(&candidates, "10.0.0.0:1");
    candidates_prefer(&candidates, NULL);
    candidates_begin_round(&candidates, topology);
    expect_next(&candidates, "10.0.0.1:1");
    topology_release(&topology);
}

Test(candidates, skip_nodes_whose_name_was_not_resolved)
{
    struct topology *topology = nodes(2);

    topology->nodes[0].endpoint = (struct endpoint){0};
    candidates_begin_round(&candidates, topology);
    expect_next(&candidates, "10.0.0.1:1");
    expect_next(&candidates, "10.9.0.1:1");
    expect_end(&candidates);
    topology_release(&topology);
}

Test(candidates, that_were_silent_come_last)
{
    struct topology *topology = nodes(3);

    candidates_shun(&candidates, &topology->nodes[0].endpoint);
    candidates_prefer(&candidates, &topology->nodes[0].endpoint);
    candidates_begin_round(&candidates, topology);
    expect_next(&candidates, "10.0.0.1:1");
    expect_next(&candidates, "10.0.0.2:1");
    expect_next(&candidates, "10.9.0.1:1");
    expect_next(&candidates, "10.0.0.0:1");
    expect_end(&candidates);
    topology_release(&topology);
}

Test(candidates, are_all_asked_when_all_were_silent)
{
    struct topology *topology = nodes(CANDIDATES_SHUNNED_MAX + 4);
    struct endpoint endpoint;
    uint32_t asked = 0;

    for (uint16_t number = 0; number < topology->node_count; number++) {
        candidates_shun(&candidates, &topology->nodes[number].endpoint);
    }
    candidates_begin_round(&candidates, topology);
    while (candidates_next(&candidates, &endpoint)) {
        asked++;
    }
    /* One seed is a node too. */
    cr_expect_eq(asked, topology->node_count + 1);
    topology_release(&topology);
}

Test(candidates, reach_every_node_of_a_large_cluster_in_a_few_rounds)
{
    enum { NODES = 3 * CANDIDATE_NODES_MAX };
    struct topology *topology = nodes(NODES);
    bool was_asked[NODES] = {false};
    struct endpoint endpoint;

    for (int round = 0; round < 3; round++) {
        candidates_begin_round(&candidates, topology);
        size_t asked = 0;
        while (candidates_next(&candidates, &endpoint)) {
            for (uint16_t number = 0; number < NODES; number++) {
                was_asked[number] |= memcmp(&topology->nodes[number].endpoint.storage,
                                            &endpoint.storage, endpoint.size) == 0;
            }
            asked++;
        }
        cr_expect_leq(asked, CANDIDATE_NODES_MAX + seeds.count);
    }
    for (uint16_t number = 0; number < NODES; number++) {
        cr_expect(was_asked[number], "node %u", number);
    }
    topology_release(&topology);
}

Test(candidates, begin_with_seeds_that_are_new_until_one_has_answered)
{
    struct topology *topology = nodes(3);

    candidates_use_seeds(&candidates);
    for (int round = 0; round < 2; round++) {
        candidates_begin_round(&candidates, topology);
        cr_expect(candidates_is_for_seeds(&candidates));
        expect_next(&candidates, "10.9.0.1:1");
        expect_next(&candidates, "10.0.0.1:1");
        expect_next(&candidates, "10.0.0.0:1");
        candidates_note_answer(&candidates, &topology->nodes[0].endpoint);
        candidates.seeds_due = clock_now(); /* however slow this machine is */
    }
    candidates_begin_round(&candidates, topology);
    expect_next(&candidates, "10.9.0.1:1");
    expect_next(&candidates, "10.0.0.1:1");
    candidates_note_answer(&candidates, &topology->nodes[1].endpoint);
    expect_end(&candidates);
    candidates_begin_round(&candidates, topology);
    cr_expect_not(candidates_is_for_seeds(&candidates));
    expect_next(&candidates, "10.0.0.0:1");
    topology_release(&topology);
}

Test(candidates, are_others_when_seeds_that_are_new_were_silent)
{
    struct topology *topology = nodes(1);
    struct endpoint seed;

    cr_assert(address_to_endpoint(&seed_items[0], &seed));
    candidates_shun(&candidates, &seed);
    candidates_use_seeds(&candidates);
    candidates_begin_round(&candidates, topology);
    expect_next(&candidates, "10.0.0.1:1");
    expect_next(&candidates, "10.0.0.0:1");
    expect_next(&candidates, "10.9.0.1:1");
    expect_end(&candidates);
    topology_release(&topology);
}

/* A round with the new seeds first, in which nobody at them says anything for a second. */
static void round_of_silent_seeds(const struct topology *topology)
{
    candidates_use_seeds(&candidates);
    candidates_begin_round(&candidates, topology);
    expect_next(&candidates, "10.9.0.1:1");
    expect_next(&candidates, "10.0.0.1:1");
    candidates.began_at -= US_PER_SECOND;
    expect_next(&candidates, "10.0.0.0:1");
}

Test(candidates, do_not_wait_for_new_seeds_most_of_the_time)
{
    struct topology *topology = nodes(3);

    round_of_silent_seeds(topology);
    cr_expect_geq(candidates.seeds_due, candidates.began_at + 10 * US_PER_SECOND);
    candidates_begin_round(&candidates, topology);
    cr_expect_not(candidates_is_for_seeds(&candidates));
    expect_next(&candidates, "10.0.0.0:1");
    candidates.seeds_due = clock_now();
    candidates_begin_round(&candidates, topology);
    cr_expect(candidates_is_for_seeds(&candidates));
    expect_next(&candidates, "10.9.0.1:1");
    topology_release(&topology);
}

Test(candidates, begin_with_new_seeds_at_once_when_one_is_heard_out_of_its_turn)
{
    struct topology *topology = nodes(3);

    round_of_silent_seeds(topology);
    candidates_begin_round(&candidates, topology);
    candidates_note_answer(&candidates, &topology->nodes[1].endpoint);
    candidates_begin_round(&candidates, topology);
    cr_expect(candidates_is_for_seeds(&candidates));
    topology_release(&topology);
}

/* As many nodes as the state file knows. */
static struct topology *remember(uint32_t count)
{
    struct topology *remembered = nodes(count);

    candidates_clear(&candidates);
    candidates_init(&candidates, &seeds, remembered, resolver);
    return remembered;
}

Test(candidates, that_are_remembered_come_after_the_seeds)
{
    struct topology *remembered = remember(3);

    candidates_begin_round(&candidates, NULL);
    expect_next(&candidates, "10.9.0.1:1");
    expect_next(&candidates, "10.0.0.1:1");
    expect_next(&candidates, "10.0.0.0:1");
    expect_next(&candidates, "10.0.0.2:1");
    expect_end(&candidates);
    topology_release(&remembered);
}

Test(candidates, that_are_remembered_are_forgotten_with_the_first_picture)
{
    struct topology *remembered = remember(3);
    struct topology *topology = nodes(1);

    candidates_begin_round(&candidates, topology);
    expect_next(&candidates, "10.0.0.0:1");
    expect_next(&candidates, "10.9.0.1:1");
    expect_next(&candidates, "10.0.0.1:1");
    expect_end(&candidates);
    topology_release(&topology);
    topology_release(&remembered);
}

Test(candidates, that_are_remembered_are_all_reached_in_a_few_rounds)
{
    struct topology *remembered = remember(2 * CANDIDATE_NODES_MAX);
    struct endpoint last = remembered->nodes[2 * CANDIDATE_NODES_MAX - 1].endpoint;
    struct endpoint endpoint;
    bool was_asked = false;

    for (int round = 0; round < 2; round++) {
        candidates_begin_round(&candidates, NULL);
        while (candidates_next(&candidates, &endpoint)) {
            was_asked = was_asked || memcmp(&endpoint.storage, &last.storage, last.size) == 0;
        }
    }
    cr_expect(was_asked);
    topology_release(&remembered);
}

Test(candidates, know_which_of_them_are_seeds)
{
    struct topology *topology = nodes(2);

    cr_expect_not(candidates_is_seed(&candidates, &topology->nodes[0].endpoint));
    cr_expect(candidates_is_seed(&candidates, &topology->nodes[1].endpoint));
    topology_release(&topology);
}

Test(candidates, with_a_name_are_seeds_once_they_were_resolved)
{
    struct endpoint endpoint = {0};

    seed_items[0] = address_of("localhost:1");
    candidates_clear(&candidates);
    candidates_init(&candidates, &seeds, NULL, resolver);
    cr_expect_not(candidates_is_seed(&candidates, &endpoint));
    candidates_begin_round(&candidates, NULL);
    cr_assert(candidates_next(&candidates, &endpoint));
    cr_expect(candidates_is_seed(&candidates, &endpoint));
}

static void expect_next_by(const char *host)
{
    struct endpoint endpoint;

    cr_assert(candidates_next(&candidates, &endpoint), "the round ended before %s", host);
    cr_expect_str_eq(candidates.host, host);
}

Test(candidates, have_the_name_that_they_are_known_by)
{
    struct topology *topology = nodes(2);

    strcpy(topology->nodes[0].address.host, "first.example.org");
    strcpy(topology->nodes[1].address.host, "second.example.org");
    candidates_begin_round(&candidates, topology);
    expect_next_by("first.example.org");
    expect_next_by("second.example.org");
    candidates_prefer(&candidates, &topology->nodes[1].endpoint);
    expect_next_by("10.9.0.1");
    candidates_begin_round(&candidates, topology);
    expect_next_by("second.example.org");
    expect_next_by("first.example.org");
    topology_release(&topology);
}
