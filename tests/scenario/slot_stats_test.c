/* CLUSTER SLOT-STATS of several nodes is one list, in the order that was asked for. */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(slot_stats, .timeout = 120, .fini = rig_clean_up);

#define SLOT(slot, keys)                                                                           \
    "*2\r\n:" slot "\r\n*4\r\n$9\r\nkey-count\r\n:" keys "\r\n$8\r\ncpu-usec\r\n:7\r\n"
#define SHOWN(slot, keys) "[" slot " [key-count " keys " cpu-usec 7]]"

Test(slot_stats, a_range_is_in_the_order_of_slots)
{
    struct rig *rig = rig_start(2);

    script(rig, 0, WANT("CLUSTER", "SLOT-STATS", "SLOTSRANGE", "8190", "8193"),
           SAY("*2\r\n" SLOT("8190", "5") SLOT("8191", "4")));
    script(rig, 1, WANT("CLUSTER", "SLOT-STATS", "SLOTSRANGE", "8190", "8193"),
           SAY("*2\r\n" SLOT("8192", "3") SLOT("8193", "9")));
    cr_expect_str_eq(ask(rig, "CLUSTER", "SLOT-STATS", "SLOTSRANGE", "8190", "8193"),
                     "[" SHOWN("8190", "5") " " SHOWN("8191", "4") " " SHOWN("8192", "3") " " SHOWN(
                         "8193", "9") "]");
    rig_stop(&rig);
}

Test(slot_stats, slots_are_in_order_whichever_node_has_them)
{
    struct rig *rig = rig_start(2);

    script(rig, 0, WANT("CLUSTER", "SLOT-STATS", "SLOTSRANGE", "0", "16383"),
           SAY("*2\r\n" SLOT("1", "5") SLOT("16383", "4")));
    script(rig, 1, WANT("CLUSTER", "SLOT-STATS", "SLOTSRANGE", "0", "16383"),
           SAY("*1\r\n" SLOT("10000", "3")));
    cr_expect_str_eq(ask(rig, "CLUSTER", "SLOT-STATS", "SLOTSRANGE", "0", "16383"),
                     "[" SHOWN("1", "5") " " SHOWN("10000", "3") " " SHOWN("16383", "4") "]");
    rig_stop(&rig);
}

/* One row: the words behind ORDERBY, and what is wanted of the slots 1:5 2:9 on node 0 and 9000:9
 * 9001:7 on node 1. */
static const struct {
    const char *words[6];
    const char *want;
} orders[] = {
    {{"key-count"},
     "[" SHOWN("2", "9") " " SHOWN("9000", "9") " " SHOWN("9001", "7") " " SHOWN("1", "5") "]"},
    {{"KEY-COUNT", "asc"},
     "[" SHOWN("1", "5") " " SHOWN("9001", "7") " " SHOWN("2", "9") " " SHOWN("9000", "9") "]"},
    {{"key-count", "LIMIT", "2", "DESC"}, "[" SHOWN("2", "9") " " SHOWN("9000", "9") "]"},
    {{"key-count", "ASC", "limit", "3"},
     "[" SHOWN("1", "5") " " SHOWN("9001", "7") " " SHOWN("2", "9") "]"},
    {{"cpu-usec", "LIMIT", "3"},
     "[" SHOWN("1", "5") " " SHOWN("2", "9") " " SHOWN("9000", "9") "]"},
};

Test(slot_stats, the_whole_list_is_ordered_and_then_cut)
{
    struct rig *rig = rig_start(2);

    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        const char *words[10] = {"CLUSTER", "SLOT-STATS", "ORDERBY"};

        for (size_t j = 0; orders[i].words[j] != NULL; j++) {
            words[3 + j] = orders[i].words[j];
        }
        script(rig, 0, WANT("CLUSTER", "SLOT-STATS", "ORDERBY", "..."),
               SAY("*2\r\n" SLOT("2", "9") SLOT("1", "5")));
        script(rig, 1, WANT("CLUSTER", "SLOT-STATS", "ORDERBY", "..."),
               SAY("*2\r\n" SLOT("9000", "9") SLOT("9001", "7")));
        cr_expect_str_eq(wire_ask_list(rig_client(rig), words), orders[i].want, "row %zu", i);
    }
    rig_stop(&rig);
}

Test(slot_stats, numbers_are_maps_in_resp3)
{
    struct rig *rig = rig_start(1);

    ask(rig, "HELLO", "3");
    script(rig, 0, WANT("CLUSTER", "SLOT-STATS", "ORDERBY", "key-count"),
           SAY("*2\r\n*2\r\n:1\r\n%%1\r\n+key-count\r\n:1\r\n*2\r\n:2\r\n%%1\r\n+key-count\r\n:"
               "3\r\n"));
    wire_request(rig_client(rig), "CLUSTER", "SLOT-STATS", "ORDERBY", "key-count");
    wire_expect(rig_client(rig), "*2\r\n*2\r\n:2\r\n%1\r\n+key-count\r\n:3\r\n"
                                 "*2\r\n:1\r\n%1\r\n+key-count\r\n:1\r\n");
    rig_stop(&rig);
}

/* Slot 9000 is node 1's; node 0 has it too, as it has just gone from there. */
Test(slot_stats, a_slot_that_two_nodes_have_is_its_owners)
{
    struct rig *rig = rig_start(2);

    script(rig, 0, WANT("CLUSTER", "SLOT-STATS", "ORDERBY", "key-count"),
           SAY("*2\r\n" SLOT("9000", "1") SLOT("1", "2")));
    script(rig, 1, WANT("CLUSTER", "SLOT-STATS", "ORDERBY", "key-count"),
           SAY("*1\r\n" SLOT("9000", "9")));
    cr_expect_str_eq(ask(rig, "CLUSTER", "SLOT-STATS", "ORDERBY", "key-count"),
                     "[" SHOWN("9000", "9") " " SHOWN("1", "2") "]");
    rig_stop(&rig);
}

static const char *const strange[] = {
    "+OK\r\n",
    "*1\r\n:1\r\n",
    "*1\r\n*1\r\n:1\r\n",
    "*1\r\n*2\r\n:16384\r\n*2\r\n+key-count\r\n:1\r\n",
    "*1\r\n*2\r\n:-1\r\n*2\r\n+key-count\r\n:1\r\n",
    "*1\r\n*2\r\n:1\r\n*2\r\n+other\r\n:1\r\n",
    "*1\r\n*2\r\n:1\r\n*2\r\n+key-count\r\n+many\r\n",
};

Test(slot_stats, errors_and_strange_answers_are_errors)
{
    struct rig *rig = rig_start(2);

    for (size_t i = 0; i < ARRAY_LEN(strange); i++) {
        script(rig, 0, WANT("CLUSTER", "SLOT-STATS", "ORDERBY", "key-count"), SAY("*0\r\n"));
        script(rig, 1, WANT("CLUSTER", "SLOT-STATS", "ORDERBY", "key-count"),
               SAY("%s", strange[i]));
        EXPECT_STARTS(ask(rig, "CLUSTER", "SLOT-STATS", "ORDERBY", "key-count"), "-ERR proxy: ");
    }
    script(rig, 0, WANT("CLUSTER", "SLOT-STATS", "SLOTSRANGE", "2", "1"), SAY("-ERR Start\r\n"));
    script(rig, 1, WANT("CLUSTER", "SLOT-STATS", "SLOTSRANGE", "2", "1"), SAY("-ERR Start\r\n"));
    cr_expect_str_eq(ask(rig, "CLUSTER", "SLOT-STATS", "SLOTSRANGE", "2", "1"), "-ERR Start");
    rig_stop(&rig);
}
