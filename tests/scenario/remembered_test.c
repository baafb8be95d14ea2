/* The state file: slotway finds its cluster again when no seed is left, and comes to no harm by
 * what is wrong with the file.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

static char folder[64];
static char path[128];
static struct fake_cluster *cluster;
static struct fake_store *store;

static void set_up(void)
{
    strcpy(folder, "/tmp/slotway-state-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/main.nodes", folder);
    cluster = fake_cluster_new(3);
    store = fake_store_new();
    fake_store_serve(store, cluster);
}

static void tear_down(void)
{
    rig_clean_up();
    fake_cluster_free(&cluster);
    fake_store_free(&store);
    unlink(path);
    cr_expect_eq(rmdir(folder), 0, "something was left in the folder");
}

TestSuite(remembered, .timeout = 60, .init = set_up, .fini = tear_down);

static struct rig *start_with(const char *seeds, const char *file)
{
    static char backend[256];

    snprintf(backend, sizeof backend, "state_file: \"%s\", down_after: 1s", file);
    return rig_start_with((struct rig_options){.seeds = seeds,
                                               .backend = backend,
                                               .refresh = "100ms",
                                               .request_timeout = "10s",
                                               .do_not_wait = true});
}

/* With node 0 of `of` as the only seed, and `file` as the state file. */
static struct rig *start(const struct fake_cluster *of, const char *file)
{
    static char seeds[64];

    snprintf(seeds, sizeof seeds, "\"%s\"", fake_node_address(fake_cluster_node(of, 0)));
    return start_with(seeds, file);
}

/* With a node of `stranger` where there once was another seed than the one that is left. */
static struct rig *start_beside(const struct fake_cluster *stranger)
{
    static char seeds[128];

    snprintf(seeds, sizeof seeds, "\"%s\", \"%s\"",
             fake_node_address(fake_cluster_node(stranger, 0)),
             fake_node_address(fake_cluster_node(cluster, 0)));
    return start_with(seeds, path);
}

/* slotway has run, and knew all nodes. */
static void run_once(void)
{
    struct rig *rig = start(cluster, path);

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    rig_stop(&rig);
}

static void put(const char *text, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    cr_assert_eq(write(fd, text, size), (ssize_t)size);
    close(fd);
}

Test(remembered, nodes_are_asked_when_the_seed_is_gone)
{
    struct stat facts;

    run_once();
    cr_assert_eq(stat(path, &facts), 0);
    cr_expect_eq(facts.st_mode & 0777, 0600);
    fake_cluster_give(cluster, 0, 16383, 2);
    fake_node_die(fake_cluster_node(cluster, 0));
    struct rig *rig = start(cluster, path);
    cr_expect_str_eq(ask(rig, "GET", "k"), "1");
    cr_expect(rig_has_written(rig, "state file read"));
    cr_expect_geq(metric(rig, "seed_failures_total"), 1);
    rig_stop(&rig);
}

Test(remembered, nodes_go_before_a_seed_that_tells_of_another_cluster)
{
    struct fake_cluster *stranger = fake_cluster_new(1);
    struct fake_store *strange_store = fake_store_new();

    fake_store_serve(strange_store, stranger);
    run_once();
    fake_cluster_give(cluster, 0, 16383, 2);
    fake_node_die(fake_cluster_node(cluster, 0));
    struct rig *rig = start_beside(stranger);
    cr_expect_str_eq(ask(rig, "GET", "k"), "1");
    cr_expect_geq(rig_metric(rig, "topology_doubted_total", "kind=\"stranger\""), 1);
    cr_expect_eq(fake_node_count(fake_cluster_node(stranger, 0), "GET"), 0);
    rig_stop(&rig);
    fake_cluster_free(&stranger);
    fake_store_free(&strange_store);
}

Test(remembered, nodes_are_forgotten_when_all_seeds_are_others)
{
    struct fake_cluster *other = fake_cluster_new(1);
    struct fake_store *other_store = fake_store_new();

    fake_store_serve(other_store, other);
    run_once();
    struct rig *rig = start(other, path);
    cr_expect_str_eq(ask(rig, "SET", "k", "2"), "OK");
    cr_expect_eq(fake_node_count(fake_cluster_node(other, 0), "SET k 2"), 1);
    cr_expect(rig_has_written(rig, "state file ignored"));
    rig_stop(&rig);
    fake_cluster_free(&other);
    fake_store_free(&other_store);
}

Test(remembered, nodes_that_are_all_gone_leave_the_word_to_the_seeds)
{
    struct fake_cluster *stranger = fake_cluster_new(1);
    struct fake_store *strange_store = fake_store_new();

    fake_store_serve(strange_store, stranger);
    run_once();
    for (int i = 0; i < 3; i++) {
        fake_node_die(fake_cluster_node(cluster, i));
    }
    struct rig *rig = start_beside(stranger);
    cr_expect_str_eq(ask(rig, "SET", "k", "2"), "OK");
    cr_expect_eq(fake_node_count(fake_cluster_node(stranger, 0), "SET k 2"), 1);
    cr_expect(rig_has_written(rig, "doubted picture of the cluster used"));
    rig_stop(&rig);
    fake_cluster_free(&stranger);
    fake_store_free(&strange_store);
}

Test(remembered, nonsense_in_the_file_is_ignored_and_replaced)
{
    static char huge[3 * 1024 * 1024];
    static const char half[] =
        "slotway-state 1\npool main\nepoch 3\nnode aaa primary 127.0.0.1:1\n";
    static const char foreign[] =
        "slotway-state 1\npool other\nepoch 3\nnode aaa primary 127.0.0.1:1\nend 1\n";
    const struct span texts[] = {SPAN(""), {huge, sizeof huge}, SPAN(half), SPAN(foreign)};

    memcpy(huge, "slotway-state 1\n", 16);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        put(texts[i].at, texts[i].size);
        struct rig *rig = start(cluster, path);
        cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
        cr_expect(rig_has_written(rig, "state file ignored"), "text %zu", i);
        rig_stop(&rig);
        rig = start(cluster, path);
        cr_expect_str_eq(ask(rig, "GET", "k"), "1");
        cr_expect_not(rig_has_written(rig, "state file ignored"), "text %zu", i);
        rig_stop(&rig);
    }
}

Test(remembered, nothing_in_a_file_that_is_somebody_elses)
{
    static const char config[] = "pools:\n  - name: main\n";
    char found[sizeof config] = "";

    put(config, strlen(config));
    struct rig *rig = start(cluster, path);
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    cr_expect(WAIT_FOR(rig_has_written(rig, "state file cannot be written")));
    rig_stop(&rig);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    cr_expect_eq(read(fd, found, sizeof found), (ssize_t)strlen(config));
    cr_expect_str_eq(found, config);
    close(fd);
}

Test(remembered, a_file_that_cannot_be_written_is_no_harm)
{
    struct rig *rig = start(cluster, "/no/such/folder/main.nodes");

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    cr_expect(WAIT_FOR(metric(rig, "state_file_failures_total") >= 1));
    cr_expect(rig_has_written(rig, "state file cannot be written"));
    rig_stop(&rig);
}

/* The address of a node has changed hands while slotway runs. */
Test(remembered, a_node_of_another_cluster_does_not_lead_away_while_ours_answers)
{
    struct fake_cluster *stranger = fake_cluster_new(1);
    struct bytes picture = {0};
    struct rig *rig = start(cluster, path);

    fake_cluster_print_slots(stranger, &picture);
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_node_tell_slots(fake_cluster_node(cluster, 0), picture.at);
    cr_expect(WAIT_FOR(rig_metric(rig, "topology_doubted_total", "kind=\"stranger\"") >= 3));
    cr_expect_str_eq(ask(rig, "GET", "k"), "1");
    cr_expect_eq(rig_metric(rig, "topology_overruled_total", "kind=\"stranger\""), 0);
    cr_expect_eq(fake_node_count(fake_cluster_node(stranger, 0), "GET"), 0);
    rig_stop(&rig);
    bytes_clear(&picture);
    fake_cluster_free(&stranger);
}

/* The cluster was torn down, and the seed leads to the one that was built in its place. */
Test(remembered, a_cluster_that_was_built_anew_is_found_without_a_restart)
{
    struct fake_cluster *fresh = fake_cluster_new(1);
    struct fake_store *fresh_store = fake_store_new();
    struct bytes picture = {0};
    struct rig *rig = start(cluster, path);

    fake_store_serve(fresh_store, fresh);
    fake_cluster_print_slots(fresh, &picture);
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    long long version = metric(rig, "topology_version");
    fake_node_tell_slots(fake_cluster_node(cluster, 0), picture.at);
    fake_node_die(fake_cluster_node(cluster, 1));
    fake_node_die(fake_cluster_node(cluster, 2));
    cr_expect(rig_topology_passes(rig, version));
    cr_expect_eq(rig_metric(rig, "topology_overruled_total", "kind=\"stranger\""), 1);
    cr_expect_str_eq(ask(rig, "SET", "k", "2"), "OK");
    cr_expect_eq(fake_node_count(fake_cluster_node(fresh, 0), "SET k 2"), 1);
    rig_stop(&rig);
    bytes_clear(&picture);
    fake_cluster_free(&fresh);
    fake_store_free(&fresh_store);
}
