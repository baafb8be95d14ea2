/* Functions that the cluster has are on every node of it where they are called.
 *
 * With two nodes, node 0 serves "k" (slot 7629), "b" and "c", and node 1 serves "a" and "d".
 */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(functions, .timeout = 120, .fini = rig_clean_up);

#define MISSING "-ERR Function not found\r\n"
#define CODE    "#!lua name=one"

/* A node's FUNCTION LIST WITHCODE with the library "one", which has the function "f". */
#define LISTED                                                                                     \
    "*1\r\n*8\r\n$12\r\nlibrary_name\r\n$3\r\none\r\n$6\r\nengine\r\n$3\r\nLUA\r\n$9\r\n"          \
    "functions\r\n*1\r\n*6\r\n$4\r\nname\r\n$1\r\nf\r\n$11\r\ndescription\r\n$-1\r\n$5\r\n"        \
    "flags\r\n*0\r\n$12\r\nlibrary_code\r\n$14\r\n" CODE "\r\n"

static struct rig *start(int nodes)
{
    return rig_start_with((struct rig_options){.nodes = nodes, .request_timeout = "10s"});
}

Test(functions, that_a_node_lacks_are_brought_to_it_from_another)
{
    struct rig *rig = start(2);
    script(rig, 0, WANT("FCALL", "f", "1", "k", "x"), SAY(MISSING), WANT("FUNCTION", "LOAD", CODE),
           SAY("$3\r\none\r\n"), WANT("FCALL", "f", "1", "k", "x"), SAY(":1\r\n"),
           WANT("FCALL_RO", "F", "1", "k"), SAY(":2\r\n"));
    script(rig, 1, WANT("FUNCTION", "LIST", "WITHCODE"), SAY(LISTED));

    cr_expect_str_eq(ask(rig, "FCALL", "f", "1", "k", "x"), "1");
    cr_expect_str_eq(ask(rig, "FCALL_RO", "F", "1", "k"), "2");
    cr_expect_eq(metric(rig, "functions_healed_total"), 1);
    rig_stop(&rig);
}

Test(functions, that_are_brought_keep_a_slot_in_order)
{
    struct rig *rig = start(2);
    struct wire *other = rig_connect(rig);
    script(rig, 0, WANT("FCALL", "f", "1", "k"), SAY(MISSING), WANT("FUNCTION", "LOAD", CODE),
           SAY("$3\r\none\r\n"), WANT("FCALL", "f", "1", "k"), SAY(":1\r\n"), WANT("GET", "k"),
           SAY("$1\r\nv\r\n"));
    script(rig, 1, WANT("FUNCTION", "LIST", "WITHCODE"), STALL, SAY(LISTED), WANT("GET", "a"),
           SAY("$1\r\nm\r\n"));

    wire_request(rig_client(rig), "FCALL", "f", "1", "k");
    cr_expect(fake_node_has_stalled(rig_node(rig, 1)));
    wire_request(rig_client(rig), "GET", "k");
    wire_request(other, "GET", "a");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "GET"), 0);
    fake_node_release(rig_node(rig, 1));
    wire_expect(rig_client(rig), ":1\r\n$1\r\nv\r\n");
    wire_expect(other, "$1\r\nm\r\n");
    rig_stop(&rig);
}

Test(functions, that_nobody_has_are_missed_as_on_one_server_and_not_looked_for_each_time)
{
    struct rig *rig = start(2);
    script(rig, 0, WANT("FCALL", "g", "1", "k"), SAY(MISSING), WANT("FUNCTION", "LOAD", CODE),
           SAY("-ERR Library 'one' already exists\r\n"), WANT("FCALL", "g", "1", "k"), SAY(MISSING),
           WANT("FCALL", "g", "1", "k"), SAY(MISSING));
    script(rig, 1, WANT("FUNCTION", "LIST", "WITHCODE"), SAY(LISTED));

    for (int i = 0; i < 3; i++) {
        cr_expect_str_eq(ask(rig, "FCALL", "g", "1", "k"), "-ERR Function not found");
    }
    cr_expect_eq(metric(rig, "functions_healed_total"), 0);
    rig_stop(&rig);
}

/* It has been executed, then. */
Test(functions, that_say_they_are_missing_although_they_are_there_are_run_once)
{
    struct rig *rig = start(2);
    script(rig, 0, WANT("FCALL", "f", "1", "k"), SAY(MISSING), WANT("FUNCTION", "LOAD", CODE),
           SAY("-ERR Library 'one' already exists\r\n"));
    script(rig, 1, WANT("FUNCTION", "LIST", "WITHCODE"), SAY(LISTED));

    cr_expect_str_eq(ask(rig, "FCALL", "f", "1", "k"), "-ERR Function not found");
    rig_stop(&rig);
}

Test(functions, are_looked_for_at_the_next_node_when_one_cannot_tell)
{
    struct rig *rig = start(3);
    const char *key = "b"; /* of node 0 */
    script(rig, 0, WANT("FCALL", "f", "1", key), SAY(MISSING), WANT("FUNCTION", "LOAD", CODE),
           SAY("$3\r\none\r\n"), WANT("FCALL", "f", "1", key), SAY(":1\r\n"));
    script(rig, 1, WANT("FUNCTION", "LIST", "WITHCODE"), SAY("-NOPERM not you\r\n"));
    script(rig, 2, WANT("FUNCTION", "LIST", "WITHCODE"), SAY(LISTED));

    cr_expect_str_eq(ask(rig, "FCALL", "f", "1", key), "1");
    rig_stop(&rig);
}

Test(functions, that_were_deleted_are_not_brought_back)
{
    struct rig *rig = start(2);
    script(rig, 0, WANT("FUNCTION", "DELETE", "one"), SAY("+OK\r\n"), WANT("FCALL", "f", "1", "k"),
           SAY(MISSING));
    script(rig, 1, WANT("FUNCTION", "DELETE", "one"), SAY("+OK\r\n"));

    cr_expect_str_eq(ask(rig, "FUNCTION", "DELETE", "one"), "OK");
    cr_expect_str_eq(ask(rig, "FCALL", "f", "1", "k"), "-ERR Function not found");
    rig_stop(&rig);
}

Test(functions, are_brought_to_a_node_that_joins_before_they_are_missed)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 2, .start_dead = true, .request_timeout = "10s"});
    fake_cluster_give(rig_cluster(rig), 0, 16383, 0);
    fake_node_return(rig_node(rig, 0));
    fake_node_return(rig_node(rig, 1));
    cr_expect(rig_topology_passes(rig, 0));

    long long version = metric(rig, "topology_version");
    script(rig, 0, WANT("FUNCTION", "LIST", "WITHCODE"), SAY(LISTED));
    script(rig, 1, WANT("FUNCTION", "LOAD", CODE), SAY("$3\r\none\r\n"));
    fake_cluster_give(rig_cluster(rig), 7629, 7629, 1);
    cr_expect(rig_topology_passes(rig, version));
    cr_expect(WAIT_FOR(metric(rig, "functions_healed_total") == 1));
    script(rig, 1, WANT("FCALL", "f", "1", "k"), SAY(":1\r\n"));
    cr_expect_str_eq(ask(rig, "FCALL", "f", "1", "k"), "1");
    rig_stop(&rig);
}

static void serve_list(void *context, const struct fake_command *command UNUSED,
                       struct bytes *answer)
{
    bytes_print(answer, "%s", (const char *)context);
}

struct late_library {
    bool is_loaded;
};

static void serve_late(void *context, const struct fake_command *command, struct bytes *answer)
{
    struct late_library *library = context;

    if (span_equal(command->arguments[0], SPAN("FCALL"))) {
        bytes_print(answer, "%s", library->is_loaded ? ":1\r\n" : MISSING);
    } else if (library->is_loaded) {
        bytes_print(answer, "-ERR Library 'one' already exists\r\n");
    } else {
        library->is_loaded = true;
        bytes_print(answer, "$3\r\none\r\n");
    }
}

/* New clients go to the worker that has the fewest. */
Test(functions, that_two_workers_miss_at_once_are_found_by_both)
{
    static struct late_library library;
    static const char listed[] = LISTED;
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 2, .workers = 2, .request_timeout = "10s"});
    struct wire *one = rig_connect(rig);
    cr_expect_str_eq(wire_ask(one, "ECHO", "1"), "1");
    struct wire *other = rig_connect(rig);
    fake_node_handle(rig_node(rig, 0), serve_late, &library);
    fake_node_handle(rig_node(rig, 1), serve_list, (void *)listed);

    fake_node_pause(rig_node(rig, 1));
    wire_request(one, "FCALL", "f", "1", "k");
    wire_request(other, "FCALL", "f", "1", "k");
    cr_expect(WAIT_FOR(fake_node_count(rig_node(rig, 0), "FCALL") == 2));
    fake_node_resume(rig_node(rig, 1));
    wire_expect(one, ":1\r\n");
    wire_expect(other, ":1\r\n");
    cr_expect_eq(metric(rig, "functions_healed_total"), 1);
    cr_expect_eq(fake_node_count(rig_node(rig, 1), "FUNCTION LIST"), 2);
    rig_stop(&rig);
}
