/* A request that was split, one part of which failed: the error says what became of the others.
 *
 * With three nodes, node 0 serves "b", node 1 serves "k" and node 2 serves "a".
 */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(partial, .timeout = 60, .fini = rig_clean_up);

enum { PARTS = 3 };

static struct rig *start_three(void)
{
    return rig_start_with((struct rig_options){.nodes = PARTS, .request_timeout = "2s"});
}

/* DEL b k a, each part answered so; NULL is a connection that breaks. */
static const char *delete_all(struct rig *rig, const char *const *answers)
{
    static const char *const keys[PARTS] = {"b", "k", "a"};

    for (int i = 0; i < PARTS; i++) {
        script(rig, i, WANT("DEL", keys[i]),
               answers[i] == NULL ? CLOSE : SAY("%s\r\n", answers[i]));
    }
    return ask(rig, "DEL", "b", "k", "a");
}

Test(partial, writes_say_which_node_failed_and_how_many_parts_were_executed)
{
    struct rig *rig = start_three();
    const char *reply = delete_all(rig, (const char *const[]){":1", "-OOM no memory", ":1"});

    cr_expect_str_eq(reply, rig_print(rig,
                                      "-OOM no memory (proxy: from %s; 2 of 3 parts of this "
                                      "request were executed)",
                                      rig_address(rig, 1)));
    rig_stop(&rig);
}

/* A part whose answer was lost may have been executed, whatever error stands in front. */
Test(partial, writes_say_when_parts_have_an_unknown_outcome)
{
    struct rig *rig = start_three();
    const char *reply = delete_all(rig, (const char *const[]){"-OOM no memory", NULL, ":1"});

    cr_expect_str_eq(reply, rig_print(rig,
                                      "-OOM no memory (proxy: from %s; 1 of 3 parts of this "
                                      "request were executed, the outcome of 1 is unknown)",
                                      rig_address(rig, 0)));
    rig_stop(&rig);
}

Test(partial, writes_of_which_all_parts_were_lost_say_so)
{
    struct rig *rig = start_three();
    const char *reply = delete_all(rig, (const char *const[]){NULL, NULL, NULL});

    EXPECT_STARTS(reply,
                  rig_print(rig, "-ERR proxy: connection to %s lost after send, outcome unknown",
                            rig_address(rig, 0)));
    EXPECT_CONTAINS(reply,
                    "0 of 3 parts of this request were executed, the outcome of 3 is unknown");
    rig_stop(&rig);
}

/* One server would have said no more: what fails there does nothing. */
Test(partial, writes_of_which_no_part_was_executed_answer_with_the_first_error_alone)
{
    struct rig *rig = start_three();
    const char *reply =
        delete_all(rig, (const char *const[]){"-OOM no memory", "-OOM no memory", "-OOM no room"});

    cr_expect_str_eq(reply, "-OOM no memory");
    rig_stop(&rig);
}

/* There is nothing to say of reads: they did nothing. And no error hides in a list of values. */
Test(partial, reads_answer_with_the_error_alone)
{
    struct rig *rig = start_three();
    script(rig, 0, WANT("MGET", "b"), SAY("*1\r\n$1\r\n1\r\n"));
    script(rig, 1, WANT("MGET", "k"), SAY("-WRONGTYPE not what it should be\r\n"));
    script(rig, 2, WANT("MGET", "a"), SAY("*1\r\n$1\r\n1\r\n"));

    cr_expect_str_eq(ask(rig, "MGET", "b", "k", "a"), "-WRONGTYPE not what it should be");
    rig_stop(&rig);
}

/* Only the part that was refused is sent again. */
Test(partial, writes_that_were_refused_in_part_are_completed)
{
    struct rig *rig = start_three();
    script(rig, 0, WANT("DEL", "b"), SAY(":1\r\n"));
    script(rig, 1, WANT("DEL", "k"), SAY("-LOADING Redis is loading the dataset in memory\r\n"),
           WANT("DEL", "k"), SAY("-MOVED 7629 %s\r\n", rig_address(rig, 2)));
    script(rig, 2, WANT("DEL", "a"), SAY(":1\r\n"), WANT("DEL", "k"), SAY(":1\r\n"));

    cr_expect_str_eq(ask(rig, "DEL", "b", "k", "a"), "3");
    rig_stop(&rig);
}
