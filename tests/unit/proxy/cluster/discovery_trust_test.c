/* Whose word discovery takes: nodes cut off, other clusters, what is remembered, and resolvers. */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/events.h"
#include "common/log.h"
#include "tests/unit/proxy/cluster/discovery_stage.h"

TestSuite(discovery_trust, .init = stage_set_up, .fini = stage_tear_down, .timeout = 60);

Test(discovery_trust, is_not_led_by_a_node_that_was_left_with_the_minority)
{
    pool.refresh = 20 * US_PER_MS;
    stage_start_agreed();
    /* Alone, it counts epochs up. */
    scripted_node_lock(&nodes[0]);
    nodes[0].locked.is_down = true;
    scripted_node_unlock(&nodes[0]);
    says_three(&nodes[0], 50, 1);
    WAIT_FOR(stats()->doubted[DOUBT_DOWN] >= 2);
    cr_expect_eq(published_count(), 1);
    says_three(&nodes[1], 6, 2);
    says_three(&nodes[2], 6, 2);
    WAIT_FOR(published_count() == 2);
    cr_expect_eq(served_by(50), nodes[2].port);
}

/* A picture without a node in common with the others'. */
static void says_another_cluster(struct scripted_node *node, uint64_t epoch)
{
    scripted_node_says_text(node, "*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:9\r\n"
                                  "$10\r\nother-node\r\n");
    scripted_node_lock(node);
    node->locked.epoch = epoch;
    scripted_node_unlock(node);
}

/* The newest event of doubt. */
static bool find_doubt(struct event *found)
{
    struct event events[EVENTS_MAX];
    size_t count = events_copy(0, events, EVENTS_MAX);

    while (count > 0 && events[count - 1].kind != EVENT_DOUBT) {
        count--;
    }
    *found = count == 0 ? (struct event){.count = 0} : events[count - 1];
    return count > 0;
}

Test(discovery_trust, tells_whom_it_doubts_also_where_the_log_has_errors_alone)
{
    struct event event;
    char name[32];

    log_configure(LOG_ERROR, LOG_TEXT);
    events_forget();
    pool.refresh = 20 * US_PER_MS;
    stage_start_agreed();
    says_another_cluster(&nodes[0], 9);
    WAIT_FOR(find_doubt(&event));
    snprintf(name, sizeof name, "127.0.0.1:%u", nodes[0].port);
    cr_expect_str_eq(event.node, name);
}

/* Whoever is asked first. */
Test(discovery_trust, believes_the_higher_epoch_of_two_nodes_that_claim_the_same_slots)
{
    pool.refresh = 20 * US_PER_MS;
    pool.seeds.count = 2;
    says_three(&nodes[0], 5, 0);
    says_three(&nodes[1], 6, 1);
    says_three(&nodes[2], 6, 1);
    stage_start();
    WAIT_FOR(published_count() == 2);
    cr_expect_eq(served_by(50), nodes[1].port);
    uint32_t asked = scripted_node_questions(&nodes[0]);
    WAIT_FOR(scripted_node_questions(&nodes[0]) > asked);
    WAIT_FOR(stats()->doubted[DOUBT_OLDER] >= 1);
    cr_expect_eq(published_count(), 2);
}

Test(discovery_trust, ignores_another_cluster_at_the_address_of_a_node)
{
    pool.refresh = 20 * US_PER_MS;
    pool.down_after = 0;
    says_three(&nodes[0], 5, 0);
    says_three(&nodes[1], 5, 0);
    says_another_cluster(&nodes[2], 9);
    stage_start();
    WAIT_FOR(published_count() == 1);
    scripted_node_stop(&nodes[0]);
    scripted_node_stop(&nodes[1]);
    WAIT_FOR(stats()->doubted[DOUBT_STRANGER] >= 5);
    cr_expect_eq(published_count(), 1);
    cr_expect_eq(served_by(50), nodes[0].port);
}

Test(discovery_trust, goes_over_to_the_cluster_that_a_seed_tells_when_it_hears_of_no_other)
{
    pool.refresh = 20 * US_PER_MS;
    pool.down_after = 200 * US_PER_MS;
    stage_start_agreed();
    says_another_cluster(&nodes[0], 1);
    WAIT_FOR(stats()->doubted[DOUBT_STRANGER] >= 3);
    cr_expect_eq(published_count(), 1);
    scripted_node_stop(&nodes[1]);
    scripted_node_stop(&nodes[2]);
    WAIT_FOR(published_count() == 2);
    cr_expect_eq(served_by(50), 9);
    cr_expect_eq(stats()->overruled[DOUBT_STRANGER], 1);
}

static char state_path[] = "/tmp/slotway-discovery-XXXXXX";

/* The first picture is remembered; then discovery starts again, all seeds refusing. */
static void start_again_without_seeds(void)
{
    int fd = mkostemp(state_path, O_CLOEXEC);

    cr_assert_geq(fd, 0);
    close(fd);
    pool.state_file = state_path;
    stage_start();
    WAIT_FOR(published_count() == 1);
    discovery_free(&discovery);
    scripted_node_stop(&nodes[0]);
    stage_start();
}

Test(discovery_trust, starts_from_the_nodes_that_the_state_file_remembers)
{
    says_three(&nodes[0], 5, 0);
    says_three(&nodes[2], 6, 1);
    start_again_without_seeds();
    WAIT_FOR(published_count() == 2);
    cr_expect_eq(served_by(50), nodes[1].port);
    cr_expect_geq(stats()->seed_failures, 1);
    discovery_free(&discovery);
    unlink(state_path);
}

Test(discovery_trust, asks_on_when_the_address_of_a_remembered_node_is_another_clusters)
{
    says_three(&nodes[0], 5, 0);
    says_another_cluster(&nodes[1], 9);
    says_three(&nodes[2], 5, 0);
    start_again_without_seeds();
    WAIT_FOR(published_count() == 2);
    cr_expect_eq(served_by(50), nodes[0].port);
    discovery_free(&discovery);
    unlink(state_path);
}

Test(discovery_trust, does_not_believe_another_cluster_at_a_remembered_address)
{
    pool.down_after = 0;
    says_three(&nodes[0], 5, 0);
    says_another_cluster(&nodes[1], 9);
    says_another_cluster(&nodes[2], 9);
    start_again_without_seeds();
    WAIT_FOR(stats()->doubted[DOUBT_STRANGER] >= 4);
    cr_expect_eq(published_count(), 1);
    discovery_free(&discovery);
    unlink(state_path);
}

Test(discovery_trust, runs_on_when_the_state_file_cannot_be_written)
{
    pool.refresh = 20 * US_PER_MS;
    pool.state_file = "/no/such/folder/nodes";
    says_three(&nodes[0], 5, 0);
    stage_start();
    WAIT_FOR(published_count() == 1);
    WAIT_FOR(stats()->state_failures >= 1);
    says_three(&nodes[0], 6, 1);
    WAIT_FOR(published_count() == 2);
}

static _Atomic uint32_t lookups;
static pthread_mutex_t nobody_unlocks = PTHREAD_MUTEX_INITIALIZER;

static enum address_result lookup_that_hangs(const struct address *address UNUSED,
                                             struct endpoint *endpoint UNUSED)
{
    lookups++;
    pthread_mutex_lock(&nobody_unlocks);
    return ADDRESS_NOT_FOUND;
}

/* The seed that is a name comes first. */
static void start_with_a_resolver_that_hangs(void)
{
    pthread_mutex_lock(&nobody_unlocks);
    pool.seeds.count = 2;
    cr_assert_eq(address_set(&seed_items[0], SPAN("seed.example"), 7000), ADDRESS_OK);
    stage_start_with_lookup(lookup_that_hangs);
}

Test(discovery_trust, goes_on_with_the_next_seed_when_the_resolver_hangs)
{
    says_all_on(&nodes[1], 5, 1);
    start_with_a_resolver_that_hangs();
    WAIT_FOR(published_count() == 1);
    cr_expect_eq(lookups, 1);
    WAIT_FOR(stats()->seeds_unresolved == 1);
    discovery_free(&discovery);
    pthread_mutex_unlock(&nobody_unlocks);
}

Test(discovery_trust, stops_at_once_while_the_resolver_hangs)
{
    start_with_a_resolver_that_hangs();
    WAIT_FOR(lookups == 1);
    discovery_free(&discovery);
    pthread_mutex_unlock(&nobody_unlocks);
}

static _Atomic bool has_moved;

static enum address_result lookup_that_moves(const struct address *address,
                                             struct endpoint *endpoint)
{
    struct address place = local_address(has_moved ? nodes[1].port : nodes[0].port);

    return strcmp(address->host, "node.example") == 0 && address_to_endpoint(&place, endpoint)
               ? ADDRESS_OK
               : ADDRESS_NOT_FOUND;
}

Test(discovery_trust, finds_a_node_at_its_new_place_when_its_name_has_moved)
{
    scripted_node_says(&nodes[0], 5, &(struct piece){0, 16383, 7000, "node.example"}, 1);
    scripted_node_says(&nodes[1], 5, &(struct piece){0, 16383, 7000, "node.example"}, 1);
    pool.refresh = 20 * US_PER_MS;
    cr_assert_eq(address_set(&seed_items[0], SPAN("node.example"), 7000), ADDRESS_OK);
    stage_start_with_lookup(lookup_that_moves);
    WAIT_FOR(published_count() == 1);
    has_moved = true;
    scripted_node_stop(&nodes[0]);
    WAIT_FOR(published_count() == 2);
    cr_expect_eq(
        ntohs(((struct sockaddr_in *)&published.latest->nodes[0].endpoint.storage)->sin_port),
        nodes[1].port);
}
