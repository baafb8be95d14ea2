#include <stdlib.h>

#include "common/memory.h"
#include "config/config_share.h"
#include "tests/unit/proxy/cluster/discovery_stage.h"

TestSuite(discovery, .init = stage_set_up, .fini = stage_tear_down, .timeout = 60);

/* Between the question with that number, counted from 0, and the one before. */
static uint64_t pause_before(struct scripted_node *node, uint32_t question)
{
    return scripted_node_asked_at(node, question) - scripted_node_asked_at(node, question - 1);
}

Test(discovery, publishes_the_first_picture)
{
    says_three(&nodes[0], 5, 0);
    stage_start();
    WAIT_FOR(published_count() == 1);
    cr_expect_eq(served_by(0), nodes[0].port);
    cr_expect_eq(served_by(16383), nodes[2].port);
    cr_expect_eq(published.latest->version, 1);
    cr_expect_eq(published.latest->epoch, 5);
    cr_expect_neq(published.latest->nodes[0].endpoint.size, 0);
    WAIT_FOR(stats()->last_success != 0);
    cr_expect_eq(stats()->changes, 1);
    cr_expect_eq(stats()->failures, 0);
}

Test(discovery, goes_on_with_the_next_seed_when_one_refuses)
{
    pool.seeds.count = 2;
    scripted_node_stop(&nodes[0]);
    says_all_on(&nodes[1], 5, 1);
    stage_start();
    WAIT_FOR(published_count() == 1);
    cr_expect_eq(stats()->failures, 1);
}

Test(discovery, goes_on_with_the_next_seed_when_one_hangs)
{
    pool.seeds.count = 2;
    pool.timeout_connect = 100 * US_PER_MS;
    nodes[0].locked.hangs = true;
    says_all_on(&nodes[1], 5, 1);
    uint64_t began = clock_now();
    stage_start();
    WAIT_FOR(published_count() == 1);
    cr_expect_geq(clock_now() - began, pool.timeout_connect);
}

Test(discovery, goes_on_with_the_next_seed_when_one_talks_nonsense)
{
    static const char *nonsense[] = {
        "HTTP/1.1 400 Bad Request\r\n", "*1\r\n*3\r\n:0\r\n:9\r\n$1\r\nx\r\n", "*0\r\n",
        "-ERR This instance has cluster support disabled\r\n", "%1\r\n+a\r\n+b\r\n"};

    pool.seeds.count = 2;
    says_all_on(&nodes[1], 5, 1);
    for (size_t at = 0; at < ARRAY_LEN(nonsense); at++) {
        scripted_node_says_text(&nodes[0], nonsense[at]);
        stage_start();
        WAIT_FOR(published_count() == at + 1);
        cr_expect_eq(stats()->failures, 1, "%s", nonsense[at]);
        discovery_free(&discovery);
    }
}

Test(discovery, keeps_asking_until_a_node_answers)
{
    stage_start();
    WAIT_FOR(stats()->failures >= 3);
    cr_expect_eq(published_count(), 0);
    says_all_on(&nodes[0], 5, 0);
    WAIT_FOR(published_count() == 1);
}

Test(discovery, does_not_hurry_while_nobody_answers_whatever_the_hints)
{
    enum { ROUNDS = 4 };

    stage_start();
    while (scripted_node_questions(&nodes[0]) < ROUNDS) {
        discovery_hint(discovery, HINT_UNBOUND);
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    for (int at = 1; at < ROUNDS; at++) {
        uint64_t pause = pause_before(&nodes[0], at);
        cr_expect_geq(pause, 40 * US_PER_MS * (1u << (at - 1)), "pause %d: %llu us", at,
                      (unsigned long long)pause);
    }
}

Test(discovery, without_a_password_gets_no_picture_from_a_node_that_wants_one)
{
    nodes[0].locked.wants_auth = true;
    says_all_on(&nodes[0], 5, 0);
    stage_start();
    WAIT_FOR(stats()->failures >= 2);
    cr_expect_eq(published_count(), 0);
}

Test(discovery, says_the_password_alone_for_the_default_user)
{
    nodes[0].locked.wants_auth = true;
    pool.backend_password = "secret word";
    says_all_on(&nodes[0], 5, 0);
    stage_start();
    WAIT_FOR(published_count() == 1);
    cr_expect_str_eq(nodes[0].locked.auth, "secret word ");
}

Test(discovery, says_user_and_password_otherwise)
{
    nodes[0].locked.wants_auth = true;
    pool.backend_username = "proxy";
    pool.backend_password = "secret";
    says_all_on(&nodes[0], 5, 0);
    stage_start();
    WAIT_FOR(published_count() == 1);
    cr_expect_str_eq(nodes[0].locked.auth, "proxy secret ");
}

Test(discovery, asks_again_over_the_same_connection_and_publishes_only_changes)
{
    pool.refresh = 10 * US_PER_MS;
    says_all_on(&nodes[0], 5, 0);
    stage_start();
    WAIT_FOR(scripted_node_questions(&nodes[0]) >= 5);
    cr_expect_eq(published_count(), 1);
    cr_expect_eq(nodes[0].locked.accepted, 1);
    says_three(&nodes[0], 6, 1);
    WAIT_FOR(published_count() == 2);
    cr_expect_eq(published.latest->version, 2);
    cr_expect_eq(served_by(50), nodes[1].port);
}

Test(discovery, learns_from_nodes_of_the_picture_when_all_seeds_are_dead)
{
    says_three(&nodes[0], 5, 0);
    says_three(&nodes[1], 6, 1);
    says_three(&nodes[2], 6, 1);
    stage_start();
    WAIT_FOR(published_count() == 1);
    scripted_node_stop(&nodes[0]);
    discovery_hint(discovery, HINT_UNREACHABLE);
    WAIT_FOR(published_count() == 2);
    cr_expect_eq(served_by(50), nodes[1].port);
    cr_expect_eq(stats()->hints[HINT_UNREACHABLE], 1);
}

Test(discovery, makes_one_refresh_of_many_hints)
{
    /* Far longer than a thousand hints take. */
    pool.refresh_min = 1 * US_PER_SECOND;
    says_all_on(&nodes[0], 5, 0);
    stage_start();
    WAIT_FOR(published_count() == 1);
    for (int at = 0; at < 1000; at++) {
        discovery_hint(discovery, HINT_MOVED);
    }
    WAIT_FOR(scripted_node_questions(&nodes[0]) == 2);
    /* A second hint now: had the thousand been more than one refresh, this would be the third. */
    discovery_hint(discovery, HINT_UNBOUND);
    WAIT_FOR(scripted_node_questions(&nodes[0]) == 3);
    cr_expect_eq(stats()->hints[HINT_MOVED], 1000);
    cr_expect_eq(stats()->refreshes, 3);
}

Test(discovery, a_hint_during_a_refresh_makes_another_one)
{
    nodes[0].locked.hangs = true;
    says_all_on(&nodes[0], 5, 0);
    stage_start();
    WAIT_FOR(stats()->refreshes == 1);
    discovery_hint(discovery, HINT_MOVED);
    scripted_node_wake(&nodes[0]);
    WAIT_FOR(stats()->refreshes == 2 && scripted_node_questions(&nodes[0]) == 2);
}

Test(discovery, asks_another_node_when_the_last_one_knows_nothing_of_the_news)
{
    says_three(&nodes[0], 5, 0);
    says_three(&nodes[1], 6, 1);
    says_three(&nodes[2], 6, 1);
    stage_start();
    WAIT_FOR(published_count() == 1);
    discovery_hint(discovery, HINT_MOVED);
    WAIT_FOR(scripted_node_questions(&nodes[0]) == 2);
    discovery_hint(discovery, HINT_MOVED);
    WAIT_FOR(published_count() == 2);
    cr_expect_eq(served_by(50), nodes[1].port);
}

Test(discovery, does_not_wait_again_and_again_for_a_node_that_hangs)
{
    enum { ROUNDS = 8 };

    pool.timeout_connect = 1 * US_PER_SECOND;
    stage_start_agreed();
    scripted_node_lock(&nodes[0]);
    nodes[0].locked.hangs = true;
    scripted_node_unlock(&nodes[0]);

    uint64_t start = clock_now();

    discovery_hint(discovery, HINT_UNREACHABLE);
    WAIT_FOR(stats()->failures == 1);
    for (int at = 0; at < ROUNDS; at++) {
        uint64_t before = stats()->refreshes;
        discovery_hint(discovery, HINT_UNREACHABLE);
        WAIT_FOR(stats()->refreshes > before);
    }
    /* Its next turn comes two seconds later: none yet, unless the machine is very slow. */
    cr_expect_leq(stats()->failures, 1 + (clock_now() - start) / (2 * US_PER_SECOND));
}

Test(discovery, asks_another_node_when_the_last_one_says_its_cluster_is_down)
{
    pool.refresh = 20 * US_PER_MS;
    nodes[0].locked.is_down = true;
    says_three(&nodes[0], 5, 0);
    says_three(&nodes[1], 6, 1);
    says_three(&nodes[2], 6, 1);
    stage_start();
    WAIT_FOR(published_count() == 2);
    cr_expect_eq(served_by(50), nodes[1].port);
}

Test(discovery, ignores_an_older_picture_while_a_node_contradicts)
{
    pool.refresh = 20 * US_PER_MS;
    says_three(&nodes[0], 5, 0);
    says_three(&nodes[1], 4, 1);
    says_three(&nodes[2], 5, 0);
    stage_start();
    WAIT_FOR(published_count() == 1);
    scripted_node_stop(&nodes[0]);
    WAIT_FOR(scripted_node_questions(&nodes[1]) >= 1 && scripted_node_questions(&nodes[2]) >= 3);
    cr_expect_eq(published_count(), 1);
    cr_expect_eq(served_by(50), nodes[0].port);
    cr_expect_geq(stats()->failures, 2);
}

Test(discovery, believes_an_older_picture_when_nobody_contradicts)
{
    says_three(&nodes[0], 5, 0);
    says_three(&nodes[1], 4, 1);
    stage_start();
    WAIT_FOR(published_count() == 1);
    scripted_node_stop(&nodes[0]);
    scripted_node_stop(&nodes[2]);
    discovery_hint(discovery, HINT_UNREACHABLE);
    WAIT_FOR(published_count() == 2);
    cr_expect_eq(served_by(50), nodes[1].port);
}

Test(discovery, believes_fewer_slots_from_the_only_node_when_it_says_so_twice)
{
    says_all_on(&nodes[0], 5, 0);
    stage_start();
    WAIT_FOR(published_count() == 1);
    scripted_node_says(&nodes[0], 5, &(struct piece){0, 16000, nodes[0].port, NULL}, 1);
    discovery_hint(discovery, HINT_UNBOUND);
    WAIT_FOR(published_count() == 2);
    cr_expect_eq(served_by(16383), 0);
    cr_expect_geq(scripted_node_questions(&nodes[0]), 3);
}

Test(discovery, resolves_nodes_that_are_announced_by_name)
{
    scripted_node_says(&nodes[0], 5, &(struct piece){0, 16383, nodes[0].port, "localhost"}, 1);
    stage_start();
    WAIT_FOR(published_count() == 1);
    cr_expect_str_eq(published.latest->nodes[0].address.host, "localhost");
    cr_expect_neq(published.latest->nodes[0].endpoint.size, 0);
}

Test(discovery, publishes_a_picture_with_a_name_that_cannot_be_resolved)
{
    struct piece pieces[] = {{0, 8000, nodes[0].port, NULL},
                             {8001, 16383, nodes[1].port, "no-such-host.invalid"}};

    scripted_node_says(&nodes[0], 5, pieces, ARRAY_LEN(pieces));
    stage_start();
    WAIT_FOR(published_count() == 1);
    cr_expect_eq(published.latest->nodes[1].endpoint.size, 0);
    cr_expect_eq(served_by(16383), nodes[1].port);
}

Test(discovery, stops_at_once_while_a_node_hangs)
{
    pool.timeout_connect = 600ull * US_PER_SECOND;
    nodes[0].locked.hangs = true;
    stage_start();
    WAIT_FOR(stats()->refreshes == 1);
    discovery_free(&discovery);
}

Test(discovery, stops_at_once_while_it_sleeps)
{
    says_all_on(&nodes[0], 5, 0);
    stage_start();
    WAIT_FOR(stats()->last_success != 0);
    discovery_free(&discovery);
}

Test(discovery, that_never_started_can_be_freed)
{
    stage_make();
    discovery_hint(discovery, HINT_MOVED);
    cr_expect_eq(stats()->hints[HINT_MOVED], 1);
    discovery_free(&discovery);
    cr_expect_null(discovery);
}

static void *hint_often(void *context)
{
    for (int at = 0; at < 20000; at++) {
        discovery_hint(context, at % 3);
    }
    return NULL;
}

Test(discovery, takes_hints_from_many_threads)
{
    pthread_t threads[4];

    pool.refresh_min = 1 * US_PER_MS;
    says_all_on(&nodes[0], 5, 0);
    stage_start();
    WAIT_FOR(published_count() == 1);
    for (size_t at = 0; at < ARRAY_LEN(threads); at++) {
        pthread_create(&threads[at], NULL, hint_often, discovery);
    }
    for (size_t at = 0; at < ARRAY_LEN(threads); at++) {
        pthread_join(threads[at], NULL);
    }
    cr_expect_eq(stats()->hints[HINT_MOVED] + stats()->hints[HINT_UNREACHABLE] +
                     stats()->hints[HINT_UNBOUND],
                 80000);
    uint64_t before = stats()->refreshes;
    discovery_hint(discovery, HINT_MOVED);
    WAIT_FOR(stats()->refreshes > before);
}

/* From now on that node is the only seed. */
static void offer_seed(const struct scripted_node *node)
{
    char *seed = memory_print("127.0.0.1:%u", node->port);
    const struct config_overrides overrides = {.seeds = (const char **)&seed, .seed_count = 1};
    struct config_errors errors;
    struct config *config = config_load(NULL, &overrides, &errors);

    cr_assert_not_null(config);
    struct config_share *share = config_share_new(&config);
    discovery_use_config(discovery, share, 0);
    config_share_release(&share);
    free(seed);
}

static bool has_come(struct scripted_node *node)
{
    scripted_node_lock(node);
    bool has = node->locked.accepted > 0;
    scripted_node_unlock(node);
    return has;
}

Test(discovery, that_begins_again_goes_by_what_it_was_told_last)
{
    nodes[0].locked.hangs = true;
    says_all_on(&nodes[1], 5, 1);
    says_all_on(&nodes[2], 5, 2);
    stage_start();
    WAIT_FOR(has_come(&nodes[0]));
    offer_seed(&nodes[1]);
    discovery_stop(discovery);
    cr_assert_eq(published_count(), 0);
    offer_seed(&nodes[2]);
    discovery_start(discovery);
    WAIT_FOR(published_count() > 0);
    /* Between two rounds it takes what it has been offered. */
    discovery_hint(discovery, HINT_MOVED);
    WAIT_FOR(scripted_node_questions(&nodes[1]) + scripted_node_questions(&nodes[2]) >= 2);
    cr_expect_eq(scripted_node_questions(&nodes[1]), 0);
    cr_expect_eq(served_by(0), nodes[2].port);
}

static _Atomic bool is_publishing;

static void publish_when_unlocked(void *context, struct topology *topology)
{
    is_publishing = true;
    pthread_mutex_lock(context);
    pthread_mutex_unlock(context);
    topology_release(&topology);
}

/* As one that hangs in a write to a disk. */
Test(discovery, that_is_stuck_is_asked_to_end_without_being_waited_for)
{
    pthread_mutex_t stuck = PTHREAD_MUTEX_INITIALIZER;

    says_all_on(&nodes[0], 5, 0);
    says_all_on(&nodes[1], 5, 1);
    pthread_mutex_lock(&stuck);
    discovery = discovery_new(&pool, publish_when_unlocked, &stuck);
    cr_expect(discovery_has_stopped(discovery));
    discovery_start(discovery);
    WAIT_FOR(is_publishing);
    discovery_stop_soon(discovery);
    offer_seed(&nodes[1]);
    cr_expect_not(discovery_has_stopped(discovery));
    pthread_mutex_unlock(&stuck);
    WAIT_FOR(discovery_has_stopped(discovery));
    uint32_t asked = scripted_node_questions(&nodes[0]);
    discovery_start(discovery);
    WAIT_FOR(scripted_node_questions(&nodes[1]) > 0);
    cr_expect_eq(scripted_node_questions(&nodes[0]), asked);
    discovery_free(&discovery);
}
