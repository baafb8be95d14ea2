/* A slot on its way between two nodes for long: keys are asked for where they are, and only there.
 *
 * Node 0 of two serves slot 7629, of "{k}...", and gives it to node 1 key by key.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(ask_storm, .timeout = 60, .fini = rig_clean_up);

enum { KEYS = 60, CLIENTS = 6 };

/* Keys that have gone over are "{k}new...", the others "{k}old...": node 0 says ASK for what has
 * gone, and TRYAGAIN for requests that name both kinds. */
static size_t count_keys(const struct fake_command *command, struct span prefix)
{
    size_t count = 0;

    for (size_t i = 1; i < command->count; i++) {
        count += span_starts_with(command->arguments[i], prefix);
    }
    return count;
}

static void migrate(void *context, const struct fake_command *command, struct bytes *answer)
{
    if (count_keys(command, SPAN("{k}new")) == 0) {
        fake_store_answer(context, command, answer);
    } else if (count_keys(command, SPAN("{k}old")) > 0) {
        bytes_print(answer, "-TRYAGAIN Multiple keys request during rehashing of slot\r\n");
    } else {
        bytes_print(answer, "-ASK 7629 %s\r\n", fake_cluster_address(command->cluster, 1));
    }
}

static struct rig *start_migrating(void)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 2, .workers = 2, .request_timeout = "30s", .with_store = true});

    fake_node_handle(rig_node(rig, 0), migrate, rig_store(rig));
    fake_store_import(rig_store(rig), 7629, 1);
    return rig;
}

static const char *key_of(struct rig *rig, int number)
{
    return rig_print(rig, "{k}%s%d", number % 2 == 0 ? "old" : "new", number);
}

/* A key that is still at the source and is asked for at the target would be made there anew, and
 * be there twice. */
Test(ask_storm, keys_that_have_not_gone_are_never_asked_for_at_the_target)
{
    struct rig *rig = start_migrating();
    struct wire *wires[CLIENTS];

    for (int i = 0; i < CLIENTS; i++) {
        wires[i] = rig_connect(rig);
        for (int key = 0; key < KEYS; key++) {
            wire_request(wires[i], "INCR", key_of(rig, key));
        }
    }
    for (int i = 0; i < CLIENTS; i++) {
        for (int key = 0; key < KEYS; key++) {
            cr_expect_gt(atoi(wire_text(wires[i])), 0);
        }
    }
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "ASKING"), CLIENTS * KEYS / 2);
    for (int key = 0; key < KEYS; key++) {
        char *value = fake_store_get(rig_store(rig), key_of(rig, key));
        size_t asked =
            fake_node_count(rig_node(rig, 1), rig_print(rig, "INCR %s", key_of(rig, key)));
        cr_expect_str_eq(value, rig_print(rig, "%d", CLIENTS), "%s", key_of(rig, key));
        cr_expect_eq(asked, key % 2 == 0 ? 0 : CLIENTS, "%s", key_of(rig, key));
        free(value);
    }
    rig_stop(&rig);
}

/* One hop for a key that is there, two for one that has gone, however long it lasts. */
Test(ask_storm, costs_one_more_hop_for_a_key_that_has_gone)
{
    struct rig *rig = start_migrating();

    for (int key = 0; key < KEYS; key++) {
        cr_expect_str_eq(ask(rig, "SET", key_of(rig, key), "v"), "OK");
    }
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "SET"), KEYS);
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "SET"), KEYS / 2);
    cr_expect_eq(metric(rig, "redirect_ask_total"), KEYS / 2);
    cr_expect_eq(metric(rig, "redirect_moved_total"), 0);
    rig_stop(&rig);
}

Test(ask_storm, ends_when_the_slot_has_gone)
{
    struct rig *rig = start_migrating();

    cr_expect_str_eq(ask(rig, "SET", "{k}new", "1"), "OK");
    fake_cluster_give(rig_cluster(rig), 7629, 7629, 1);
    fake_node_handle(rig_node(rig, 0), fake_store_answer, rig_store(rig));
    cr_expect_str_eq(ask(rig, "APPEND", "{k}new", "2"), "2");
    size_t before = fake_node_count(rig_node(rig, 0), "APPEND");
    for (int i = 0; i < KEYS; i++) {
        cr_expect_str_eq(ask(rig, "APPEND", "{k}new", "3"), rig_print(rig, "%d", 3 + i));
    }
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "APPEND"), before);
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "ASKING"), 1);
    rig_stop(&rig);
}

/* Neither node can execute it, until both keys are on one side. */
Test(ask_storm, writes_over_both_sides_are_tried_again_ever_more_slowly)
{
    struct rig *rig = start_migrating();
    struct wire *other = rig_connect(rig);

    cr_expect_str_eq(ask(rig, "SET", "{k}old", "1"), "OK");
    wire_request(rig_client(rig), "MSET", "{k}old", "2", "{k}new", "2");
    cr_expect(WAIT_FOR(metric(rig, "redirect_tryagain_total") >= 10));
    size_t tries = fake_node_count(rig_node(rig, 0), "MSET");
    cr_expect_str_eq(wire_ask(other, "GET", "{k}old"), "1");
    cr_expect_not(WAIT_FOR_MS(200, fake_node_count(rig_node(rig, 0), "MSET") > tries + 100));
    fake_cluster_give(rig_cluster(rig), 7629, 7629, 1);
    fake_node_handle(rig_node(rig, 0), fake_store_answer, rig_store(rig));
    cr_expect_str_eq(wire_text(rig_client(rig)), "OK");
    cr_expect_str_eq(ask(rig, "MGET", "{k}old", "{k}new"), "[2 2]");
    rig_stop(&rig);
}

/* The move may last for minutes; these need not wait for its end. */
Test(ask_storm, what_need_not_be_done_at_once_is_done_key_by_key)
{
    struct rig *rig = start_migrating();

    cr_expect_str_eq(ask(rig, "SET", "{k}old", "1"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "{k}new", "2"), "OK");
    cr_expect_str_eq(ask(rig, "MGET", "{k}new", "{k}old", "{k}new1"), "[2 1 (nil)]");
    cr_expect_str_eq(ask(rig, "MGET", "a", "{k}new", "{k}old"), "[(nil) 2 1]");
    cr_expect_str_eq(ask(rig, "EXISTS", "{k}new", "{k}old", "{k}old"), "3");
    cr_expect_str_eq(ask(rig, "DEL", "{k}new", "{k}old", "{k}old1"), "2");
    cr_expect_str_eq(ask(rig, "EXISTS", "{k}new", "{k}old"), "0");
    rig_stop(&rig);
}
