/* MEMORY STATS, DOCTOR and MALLOC-STATS ask every primary, and say what all of them have said. */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(memory, .timeout = 120, .fini = rig_clean_up);

#define STATS(total, keys)                                                                         \
    "*6\r\n$15\r\ntotal.allocated\r\n:" total "\r\n$10\r\nkeys.count\r\n:" keys                    \
    "\r\n$18\r\nkeys.bytes-per-key\r\n:1\r\n"
#define STATS_3(total, keys)                                                                       \
    "%%3\r\n$15\r\ntotal.allocated\r\n:" total "\r\n$10\r\nkeys.count\r\n:" keys                   \
    "\r\n$18\r\nkeys.bytes-per-key\r\n:1\r\n"

Test(memory, stats_are_those_of_all_nodes_together)
{
    struct rig *rig = rig_start(2);

    script(rig, 0, WANT("MEMORY", "STATS"), SAY(STATS("100", "1")), WANT("MEMORY", "STATS"),
           SAY(STATS_3("100", "1")));
    script(rig, 1, WANT("MEMORY", "STATS"), SAY(STATS("500", "2")), WANT("MEMORY", "STATS"),
           SAY(STATS_3("500", "2")));
    wire_request(rig_client(rig), "MEMORY", "STATS");
    wire_expect(rig_client(rig), "*6\r\n$15\r\ntotal.allocated\r\n:600\r\n$10\r\nkeys.count\r\n:3"
                                 "\r\n$18\r\nkeys.bytes-per-key\r\n:200\r\n");
    ask(rig, "HELLO", "3");
    wire_request(rig_client(rig), "MEMORY", "STATS");
    wire_expect(rig_client(rig), "%3\r\n$15\r\ntotal.allocated\r\n:600\r\n$10\r\nkeys.count\r\n:3"
                                 "\r\n$18\r\nkeys.bytes-per-key\r\n:200\r\n");
    rig_stop(&rig);
}

Test(memory, texts_stand_below_the_names_of_their_nodes)
{
    struct rig *rig = rig_start(2);

    script(rig, 0, WANT("MEMORY", "DOCTOR"), SAY("$6\r\nfine.\n\r\n"), WANT("MEMORY", "DOCTOR"),
           SAY("=10\r\ntxt:fine.\n\r\n"), WANT("MEMORY", "MALLOC-STATS"), SAY("$1\r\n1\r\n"));
    script(rig, 1, WANT("MEMORY", "DOCTOR"), SAY("$3\r\nbad\r\n"), WANT("MEMORY", "DOCTOR"),
           SAY("=7\r\ntxt:bad\r\n"), WANT("MEMORY", "MALLOC-STATS"), SAY("$1\r\n2\r\n"));
    const char *zero = rig_address(rig, 0);
    const char *one = rig_address(rig, 1);
    const char *text = rig_print(rig, "# %s\nfine.\n\n# %s\nbad\n", zero, one);

    wire_request(rig_client(rig), "MEMORY", "DOCTOR");
    wire_expect(rig_client(rig), rig_print(rig, "$%zu\r\n%s\r\n", strlen(text), text));
    ask(rig, "HELLO", "3");
    wire_request(rig_client(rig), "MEMORY", "DOCTOR");
    wire_expect(rig_client(rig), rig_print(rig, "=%zu\r\ntxt:%s\r\n", strlen(text) + 4, text));
    ask(rig, "HELLO", "2");
    cr_expect_str_eq(ask(rig, "MEMORY", "MALLOC-STATS"),
                     rig_print(rig, "# %s\n1\n\n# %s\n2\n", zero, one));
    rig_stop(&rig);
}

Test(memory, an_error_of_one_node_and_what_is_no_answer_are_errors)
{
    struct rig *rig = rig_start(2);

    script(rig, 0, WANT("MEMORY", "STATS"), SAY(STATS("100", "1")), WANT("MEMORY", "STATS"),
           SAY(STATS("100", "1")), WANT("MEMORY", "DOCTOR"), SAY(":1\r\n"));
    script(rig, 1, WANT("MEMORY", "STATS"), SAY("-ERR unknown\r\n"), WANT("MEMORY", "STATS"),
           SAY("+OK\r\n"), WANT("MEMORY", "DOCTOR"), SAY("$1\r\n1\r\n"));
    cr_expect_str_eq(ask(rig, "MEMORY", "STATS"), "-ERR unknown");
    EXPECT_STARTS(ask(rig, "MEMORY", "STATS"), "-ERR proxy: ");
    EXPECT_STARTS(ask(rig, "MEMORY", "DOCTOR"), "-ERR proxy: ");
    rig_stop(&rig);
}
