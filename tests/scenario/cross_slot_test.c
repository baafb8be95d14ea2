/* A command whose keys must share a slot is refused at once when they do not. */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(cross_slot, .timeout = 60, .fini = rig_clean_up);

Test(cross_slot, is_refused_without_asking_a_node)
{
    static const char *const rows[][8] = {
        {"SINTER", "a", "b"},
        {"SUNIONSTORE", "k", "{k}1", "b"},
        {"RENAME", "a", "b"},
        {"MSETNX", "a", "1", "b", "2"},
        {"PFCOUNT", "a", "b"},
        {"BITOP", "AND", "k", "{k}1", "a"},
        {"ZUNIONSTORE", "k", "2", "{k}1", "b"},
        {"LMPOP", "2", "a", "b", "LEFT"},
        {"EVAL", "return 1", "2", "a", "b"},
        {"SORT", "a", "STORE", "b"},
        {"COPY", "a", "b"},
        {"SMOVE", "a", "b", "member"},
    };
    struct rig *rig = rig_start(1);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        EXPECT_STARTS(wire_ask_list(rig_client(rig), rows[i]),
                      "-CROSSSLOT Keys in request don't hash to the same slot");
    }
    const char *log = rig_log(rig, 0);
    cr_expect_str_eq(log, "");
    rig_stop(&rig);
}

Test(cross_slot, keys_with_a_common_tag_pass)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("SINTER", "{k}1", "x{k}", "k"), SAY("*0\r\n"),
           WANT("EVAL", "return 1", "2", "{k}1", "{k}2", "a"), SAY(":1\r\n"));

    cr_expect_str_eq(ask(rig, "SINTER", "{k}1", "x{k}", "k"), "[]");
    cr_expect_str_eq(ask(rig, "EVAL", "return 1", "2", "{k}1", "{k}2", "a"), "1");
    rig_stop(&rig);
}

Test(cross_slot, does_not_disturb_what_is_pipelined_around_it)
{
    struct rig *rig = rig_start_store(2);

    wire_request(rig_client(rig), "SET", "k", "v");
    wire_request(rig_client(rig), "RENAME", "k", "a");
    wire_request(rig_client(rig), "GET", "k");
    cr_expect_str_eq(wire_text(rig_client(rig)), "OK");
    EXPECT_STARTS(wire_text(rig_client(rig)), "-CROSSSLOT ");
    cr_expect_str_eq(wire_text(rig_client(rig)), "v");
    rig_stop(&rig);
}
