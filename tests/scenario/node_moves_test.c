/* A node that comes back at another port under its old id is the same node: it is found, and
 * nothing is left behind of where it was.
 *
 * With three nodes, "b" is on node 0, "k" on node 1 and "a" on node 2.
 */
#include <dirent.h>
#include <stdio.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(node_moves, .timeout = 240, .fini = rig_clean_up);

static const char *const keys[] = {"b", "k", "a"};

static struct rig *start(void)
{
    return rig_start_with((struct rig_options){.nodes = 3,
                                               .workers = 2,
                                               .with_store = true,
                                               .request_timeout = "30s",
                                               .refresh = "100ms",
                                               .backend = "refresh_min: 10ms"});
}

static int open_descriptors(struct rig *rig)
{
    char path[64];
    int count = 0;

    snprintf(path, sizeof path, "/proc/%d/fd", (int)rig_process(rig)->pid);
    DIR *folder = opendir(path);
    cr_assert_not_null(folder);
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

/* Clients of both workers use all nodes; then every descriptor is there that will ever be. */
static void use_all(struct wire **wires, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < ARRAY_LEN(keys); j++) {
            cr_expect_str_eq(wire_ask(wires[i], "GET", keys[j]), "v");
        }
    }
}

Test(node_moves, a_hundred_times_under_load_without_an_error_or_a_descriptor_more)
{
    enum { MOVES = 100, CLIENTS = 4 };
    struct rig *rig = start();
    struct wire *wires[CLIENTS];

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        cr_expect_str_eq(ask(rig, "SET", keys[i], "v"), "OK");
    }
    for (int i = 0; i < CLIENTS; i++) {
        wires[i] = rig_connect(rig);
    }
    use_all(wires, CLIENTS);
    cr_expect(WAIT_FOR(metric(rig, "upstream_connections_active") == 6));
    int before = open_descriptors(rig);
    for (int move = 0; move < MOVES; move++) {
        for (int i = 0; i < CLIENTS; i++) {
            for (size_t j = 0; j < ARRAY_LEN(keys); j++) {
                wire_request(wires[i], "GET", keys[j]);
            }
        }
        fake_node_move(rig_node(rig, move % 3));
        for (int i = 0; i < CLIENTS; i++) {
            for (size_t j = 0; j < ARRAY_LEN(keys); j++) {
                cr_assert_str_eq(wire_text(wires[i]), "v", "move %d", move);
            }
        }
        cr_assert_str_eq(ask(rig, "GET", keys[move % 3]), "v", "move %d", move);
    }
    use_all(wires, CLIENTS);
    cr_expect(WAIT_FOR(metric(rig, "upstream_connections_active") == 6));
    cr_expect(WAIT_FOR(open_descriptors(rig) <= before), "%d descriptors before, %d after", before,
              open_descriptors(rig));
    cr_expect(WAIT_FOR(metric(rig, "nodes_unreachable") == 0));
    cr_expect_eq(metric(rig, "topology_primaries"), 3);
    cr_expect_eq(metric(rig, "outcome_unknown_total"), 0);
    rig_stop(&rig);
}

Test(node_moves, and_a_write_that_waits_for_it_goes_to_its_new_place)
{
    struct rig *rig = start();

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_node_die(rig_node(rig, 1));
    cr_expect(WAIT_FOR(metric(rig, "upstream_lost_total") >= 1));
    wire_request(rig_client(rig), "SET", "k", "2");
    cr_expect(WAIT_FOR(metric(rig, "waiting_requests") == 1));
    fake_node_move(rig_node(rig, 1));
    cr_expect_str_eq(wire_text(rig_client(rig)), "OK");
    cr_expect_str_eq(ask(rig, "GET", "k"), "2");
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "SET k 2"), 1);
    rig_stop(&rig);
}
