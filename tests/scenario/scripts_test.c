/* Scripts that clients have sent once are wherever they are called by name.
 *
 * With two nodes, node 0 serves "k" (slot 7629), "b" and "c", and node 1 serves "a" and "d".
 */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(scripts, .timeout = 120, .fini = rig_clean_up);

#define BODY     "return 1"
#define SHA      "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"
#define NOSCRIPT "-NOSCRIPT No matching script. Please use EVAL.\r\n"

static struct rig *start(int nodes)
{
    return rig_start_with((struct rig_options){.nodes = nodes, .request_timeout = "10s"});
}

Test(scripts, go_by_their_name_to_a_node_that_has_them)
{
    struct rig *rig = start(2);
    script(rig, 0, WANT("EVAL", BODY, "1", "k"), SAY(":1\r\n"), WANT("EVALSHA", SHA, "1", "k", "x"),
           SAY(":2\r\n"));

    cr_expect_str_eq(ask(rig, "EVAL", BODY, "1", "k"), "1");
    cr_expect_str_eq(ask(rig, "EVALSHA", SHA, "1", "k", "x"), "2");
    cr_expect_eq(metric(rig, "scripts_sent_total"), 0);
    rig_stop(&rig);
}

Test(scripts, go_with_their_body_to_a_node_that_may_not_have_them)
{
    struct rig *rig = start(2);
    script(rig, 0, WANT("EVAL", BODY, "1", "k"), SAY(":1\r\n"));
    script(rig, 1, WANT("eval", BODY, "1", "a", "x"), SAY(":2\r\n"), WANT("EVALSHA", SHA, "1", "a"),
           SAY(":3\r\n"));

    cr_expect_str_eq(ask(rig, "EVAL", BODY, "1", "k"), "1");
    cr_expect_str_eq(ask(rig, "EVALSHA", SHA, "1", "a", "x"), "2");
    cr_expect_str_eq(ask(rig, "EVALSHA", SHA, "1", "a"), "3");
    cr_expect_eq(metric(rig, "scripts_sent_total"), 1);
    rig_stop(&rig);
}

Test(scripts, are_in_time_for_all_that_is_pipelined_behind_them)
{
    struct rig *rig = start(2);
    script(rig, 0, WANT("EVAL", BODY, "1", "k"), SAY(":1\r\n"));
    script(rig, 1, WANT("APPEND", "a", "1"), WANT("eval", BODY, "1", "a"),
           WANT("EVALSHA", SHA, "1", "a"), WANT("GET", "a"), SAY(":1\r\n"), SAY(":2\r\n"),
           SAY(":3\r\n"), SAY("$1\r\nv\r\n"));

    cr_expect_str_eq(ask(rig, "EVAL", BODY, "1", "k"), "1");
    wire_request(rig_client(rig), "APPEND", "a", "1");
    wire_request(rig_client(rig), "EVALSHA", SHA, "1", "a");
    wire_request(rig_client(rig), "EVALSHA", SHA, "1", "a");
    wire_request(rig_client(rig), "GET", "a");
    wire_expect(rig_client(rig), ":1\r\n:2\r\n:3\r\n$1\r\nv\r\n");
    rig_stop(&rig);
}

Test(scripts, that_a_node_has_lost_are_brought_back)
{
    struct rig *rig = start(1);
    script(rig, 0, WANT("EVAL", BODY, "1", "k"), SAY(":1\r\n"), WANT("EVALSHA", SHA, "1", "k"),
           SAY(NOSCRIPT), WANT("eval", BODY, "1", "k"), SAY(":2\r\n"),
           WANT("EVALSHA", SHA, "1", "k"), SAY(":3\r\n"));

    cr_expect_str_eq(ask(rig, "EVAL", BODY, "1", "k"), "1");
    cr_expect_str_eq(ask(rig, "EVALSHA", SHA, "1", "k"), "2");
    cr_expect_str_eq(ask(rig, "EVALSHA", SHA, "1", "k"), "3");
    cr_expect_eq(metric(rig, "scripts_healed_total"), 1);
    rig_stop(&rig);
}

Test(scripts, that_are_brought_back_keep_their_place_in_the_order)
{
    struct rig *rig = start(2);
    struct wire *other = rig_connect(rig);
    script(rig, 0, WANT("EVAL", BODY, "1", "k"), SAY(":1\r\n"), WANT("EVALSHA", SHA, "1", "k"),
           SAY(NOSCRIPT), WANT("eval", BODY, "1", "k"), STALL, SAY(":2\r\n"), WANT("GET", "k"),
           SAY("$1\r\nv\r\n"));
    script(rig, 1, WANT("GET", "a"), SAY("$1\r\nm\r\n"));

    cr_expect_str_eq(ask(rig, "EVAL", BODY, "1", "k"), "1");
    wire_request(rig_client(rig), "EVALSHA", SHA, "1", "k");
    cr_expect(fake_node_has_stalled(rig_node(rig, 0)));
    wire_request(rig_client(rig), "GET", "k");
    /* When another client of the same worker is answered, the request before it was looked at. */
    cr_expect_str_eq(wire_ask(other, "GET", "a"), "m");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "GET"), 0);
    fake_node_release(rig_node(rig, 0));
    wire_expect(rig_client(rig), ":2\r\n$1\r\nv\r\n");
    rig_stop(&rig);
}

Test(scripts, follow_a_slot_that_has_moved)
{
    struct rig *rig = start(2);
    script(rig, 0, WANT("EVAL", BODY, "1", "k"), SAY(":1\r\n"), WANT("EVALSHA", SHA, "1", "k"),
           SAY("-MOVED 7629 %s\r\n", rig_address(rig, 1)));
    script(rig, 1, WANT("eval", BODY, "1", "k"), SAY(":2\r\n"));

    cr_expect_str_eq(ask(rig, "EVAL", BODY, "1", "k"), "1");
    cr_expect_str_eq(ask(rig, "EVALSHA", SHA, "1", "k"), "2");
    rig_stop(&rig);
}

Test(scripts, go_where_a_slot_is_going_behind_asking)
{
    struct rig *rig = start(2);
    script(rig, 0, WANT("EVAL", BODY, "1", "k"), SAY(":1\r\n"), WANT("EVALSHA", SHA, "1", "k"),
           SAY("-ASK 7629 %s\r\n", rig_address(rig, 1)));
    script(rig, 1, WANT("ASKING"), SAY("+OK\r\n"), WANT("eval", BODY, "1", "k"), SAY(":2\r\n"));

    cr_expect_str_eq(ask(rig, "EVAL", BODY, "1", "k"), "1");
    cr_expect_str_eq(ask(rig, "EVALSHA", SHA, "1", "k"), "2");
    rig_stop(&rig);
}

Test(scripts, go_with_their_body_to_a_node_that_may_have_been_restarted)
{
    struct rig *rig = start(1);
    script(rig, 0, WANT("EVAL", BODY, "1", "k"), SAY(":1\r\n"), CLOSE, WANT("eval", BODY, "1", "k"),
           SAY(":2\r\n"));

    cr_expect_str_eq(ask(rig, "EVAL", BODY, "1", "k"), "1");
    cr_expect(WAIT_FOR(rig_metric(rig, "upstream_closed_total", "peer_closed") == 1));
    cr_expect_str_eq(ask(rig, "EVALSHA", SHA, "1", "k"), "2");
    rig_stop(&rig);
}

Test(scripts, are_known_by_either_case_of_their_name_and_read_only_ones_stay_so)
{
    struct rig *rig = start(2);
    script(rig, 0, WANT("EVAL_RO", BODY, "1", "k"), SAY(":1\r\n"));
    script(rig, 1, WANT("eval_ro", BODY, "1", "a"), SAY(":2\r\n"));

    cr_expect_str_eq(ask(rig, "EVAL_RO", BODY, "1", "k"), "1");
    cr_expect_str_eq(ask(rig, "EVALSHA_RO", "E0E1F9FABFC9D4800C877A703B823AC0578FF8DB", "1", "a"),
                     "2");
    rig_stop(&rig);
}

Test(scripts, that_nobody_sent_are_missed_as_on_one_server)
{
    struct rig *rig = start(1);
    script(rig, 0, WANT("EVALSHA", SHA, "1", "k"), SAY(NOSCRIPT), WANT("EVALSHA", "abc", "1", "k"),
           SAY(NOSCRIPT));

    EXPECT_STARTS(ask(rig, "EVALSHA", SHA, "1", "k"), "-NOSCRIPT ");
    EXPECT_STARTS(ask(rig, "EVALSHA", "abc", "1", "k"), "-NOSCRIPT ");
    cr_expect_eq(metric(rig, "scripts_healed_total"), 0);
    rig_stop(&rig);
}

Test(scripts, that_no_node_took_are_not_remembered)
{
    static const char bad[] = "-ERR Error compiling script (new function): user_script:1: what\r\n";
    struct rig *rig = start(1);
    script(rig, 0, WANT("EVAL", BODY, "1", "k"), SAY("%s", bad), WANT("EVALSHA", SHA, "1", "k"),
           SAY(NOSCRIPT), WANT("EVAL", BODY, "x", "k"), SAY("-ERR value is not an integer\r\n"),
           WANT("EVALSHA", SHA, "0"), SAY(NOSCRIPT));

    EXPECT_STARTS(ask(rig, "EVAL", BODY, "1", "k"), "-ERR Error compiling");
    EXPECT_STARTS(ask(rig, "EVALSHA", SHA, "1", "k"), "-NOSCRIPT ");
    EXPECT_STARTS(ask(rig, "EVAL", BODY, "x", "k"), "-ERR value");
    EXPECT_STARTS(ask(rig, "EVALSHA", SHA, "0"), "-NOSCRIPT ");
    rig_stop(&rig);
}

Test(scripts, that_were_loaded_are_there_and_exist_until_they_are_flushed)
{
    struct rig *rig = start(1);
    script(rig, 0, WANT("SCRIPT", "LOAD", BODY), SAY("$40\r\n" SHA "\r\n"),
           WANT("SCRIPT", "EXISTS", SHA, "x"), SAY("*2\r\n:0\r\n:0\r\n"),
           WANT("eval", BODY, "0", "x"), SAY(":1\r\n"), WANT("SCRIPT", "FLUSH", "now"),
           SAY("-ERR SCRIPT FLUSH only support SYNC|ASYNC option\r\n"), WANT("EVALSHA", SHA, "0"),
           SAY(":1\r\n"), WANT("SCRIPT", "FLUSH", "async"), SAY("+OK\r\n"),
           WANT("SCRIPT", "EXISTS", SHA), SAY("*1\r\n:0\r\n"), WANT("EVALSHA", SHA, "0"),
           SAY(NOSCRIPT));

    cr_expect_str_eq(ask(rig, "SCRIPT", "LOAD", BODY), SHA);
    cr_expect_str_eq(ask(rig, "SCRIPT", "EXISTS", SHA, "x"), "[1 0]");
    cr_expect_str_eq(ask(rig, "EVALSHA", SHA, "0", "x"), "1");
    EXPECT_STARTS(ask(rig, "SCRIPT", "FLUSH", "now"), "-ERR SCRIPT FLUSH");
    cr_expect_str_eq(ask(rig, "EVALSHA", SHA, "0"), "1");
    cr_expect_str_eq(ask(rig, "SCRIPT", "FLUSH", "async"), "OK");
    cr_expect_str_eq(ask(rig, "SCRIPT", "EXISTS", SHA), "[0]");
    EXPECT_STARTS(ask(rig, "EVALSHA", SHA, "0"), "-NOSCRIPT ");
    rig_stop(&rig);
}

/* Which are pipelined: what is sent behind the question is no part of its answer. */
Test(scripts, do_not_exist_before_they_were_sent)
{
    struct rig *rig = start(1);
    script(rig, 0, WANT("SCRIPT", "EXISTS", SHA), SAY("*1\r\n:0\r\n"), WANT("EVAL", BODY, "1", "k"),
           SAY(":1\r\n"));

    wire_send_lines(rig_client(rig), "SCRIPT EXISTS " SHA);
    wire_request(rig_client(rig), "EVAL", BODY, "1", "k");
    wire_expect(rig_client(rig), "*1\r\n:0\r\n:1\r\n");
    rig_stop(&rig);
}

/* Likewise: what was loaded before it is flushed, whenever the nodes answer. */
Test(scripts, that_were_loaded_just_before_a_flush_are_gone)
{
    struct rig *rig = start(1);
    script(rig, 0, WANT("SCRIPT", "LOAD", BODY), SAY("$40\r\n" SHA "\r\n"), WANT("SCRIPT", "FLUSH"),
           SAY("+OK\r\n"), WANT("SCRIPT", "EXISTS", SHA), SAY("*1\r\n:0\r\n"),
           WANT("EVALSHA", SHA, "0"), SAY(NOSCRIPT));

    wire_request(rig_client(rig), "SCRIPT", "LOAD", BODY);
    wire_send_lines(rig_client(rig), "SCRIPT FLUSH|SCRIPT EXISTS " SHA "|EVALSHA " SHA " 0");
    wire_expect(rig_client(rig), "$40\r\n" SHA "\r\n+OK\r\n*1\r\n:0\r\n" NOSCRIPT);
    rig_stop(&rig);
}

/* New clients go to the worker that has the fewest. */
Test(scripts, are_known_to_all_workers_and_forgotten_by_all)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1, .workers = 2, .request_timeout = "10s"});
    struct wire *one = rig_connect(rig);
    script(rig, 0, WANT("EVAL", BODY, "1", "k"), SAY(":1\r\n"));
    cr_expect_str_eq(wire_ask(one, "EVAL", BODY, "1", "k"), "1");

    struct wire *other = rig_connect(rig);
    script(rig, 0, WANT("eval", BODY, "1", "k"), SAY(":2\r\n"), WANT("EVALSHA", SHA, "1", "k"),
           SAY(":3\r\n"), WANT("SCRIPT", "FLUSH"), SAY("+OK\r\n"), WANT("EVALSHA", SHA, "1", "k"),
           SAY(NOSCRIPT), WANT("EVALSHA", SHA, "1", "k"), SAY(NOSCRIPT));
    cr_expect_str_eq(wire_ask(other, "EVALSHA", SHA, "1", "k"), "2");
    cr_expect_str_eq(wire_ask(one, "EVALSHA", SHA, "1", "k"), "3");
    cr_expect_str_eq(wire_ask(one, "SCRIPT", "FLUSH"), "OK");
    EXPECT_STARTS(wire_ask(other, "EVALSHA", SHA, "1", "k"), "-NOSCRIPT ");
    EXPECT_STARTS(wire_ask(one, "EVALSHA", SHA, "1", "k"), "-NOSCRIPT ");
    rig_stop(&rig);
}

Test(scripts, are_not_remembered_where_the_configuration_says_so)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2, .scripts = "remembered: 0"});
    script(rig, 0, WANT("EVAL", BODY, "1", "k"), SAY(":1\r\n"));
    script(rig, 1, WANT("EVALSHA", SHA, "1", "a"), SAY(NOSCRIPT));

    cr_expect_str_eq(ask(rig, "EVAL", BODY, "1", "k"), "1");
    EXPECT_STARTS(ask(rig, "EVALSHA", SHA, "1", "a"), "-NOSCRIPT ");
    rig_stop(&rig);
}

/* A script that returns such an error has been executed. */
Test(scripts, say_what_they_like_and_are_run_once)
{
    static const char *const errors[] = {
        "TRYAGAIN later",      "CLUSTERDOWN for today", "LOADING the cart",
        "MASTERDOWN with flu", "READONLY account",      "NOSCRIPT for this play",
    };
    struct rig *rig = start(1);

    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        script(rig, 0, WANT("EVAL", BODY, "1", "k"), SAY("-%s\r\n", errors[i]),
               WANT("FCALL", "f", "1", "k"), SAY("-%s\r\n", errors[i]));
        cr_expect_str_eq(ask(rig, "EVAL", BODY, "1", "k"), rig_print(rig, "-%s", errors[i]));
        cr_expect_str_eq(ask(rig, "FCALL", "f", "1", "k"), rig_print(rig, "-%s", errors[i]));
    }
    rig_stop(&rig);
}

Test(scripts, that_a_server_refuses_are_sent_again)
{
    static const char *const errors[] = {
        "TRYAGAIN Multiple keys request during rehashing of slot",
        "CLUSTERDOWN The cluster is down",
        "LOADING Redis is loading the dataset in memory",
        "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        "READONLY You can't write against a read only replica.",
    };
    struct rig *rig = start(1);

    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        script(rig, 0, WANT("EVAL", BODY, "1", "k"), SAY("-%s\r\n", errors[i]),
               WANT("EVAL", BODY, "1", "k"), SAY(":1\r\n"));
        cr_expect_str_eq(ask(rig, "EVAL", BODY, "1", "k"), "1");
    }
    rig_stop(&rig);
}

/* The node of a transaction may have been promoted just now. */
Test(scripts, of_a_transaction_go_with_their_body_to_a_node_that_may_not_have_them)
{
    struct rig *rig = start(2);
    script(rig, 0, WANT("EVAL", BODY, "1", "k"), SAY(":1\r\n"), WANT("MULTI"), SAY("+OK\r\n"),
           WANT("EVALSHA", SHA, "1", "k"), SAY("+QUEUED\r\n"), WANT("EXEC"), SAY("*1\r\n:2\r\n"));
    script(rig, 1, WANT("MULTI"), SAY("+OK\r\n"), WANT("eval", BODY, "1", "a", "x"),
           SAY("+QUEUED\r\n"), WANT("EXEC"), SAY("*1\r\n:3\r\n"));

    cr_expect_str_eq(ask(rig, "EVAL", BODY, "1", "k"), "1");
    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "EVALSHA", SHA, "1", "k"), "QUEUED");
    cr_expect_str_eq(ask(rig, "EXEC"), "[2]");
    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "EVALSHA", SHA, "1", "a", "x"), "QUEUED");
    cr_expect_str_eq(ask(rig, "EXEC"), "[3]");
    rig_stop(&rig);
}

Test(scripts, are_remembered_from_a_transaction)
{
    struct rig *rig = start(2);
    script(rig, 0, WANT("MULTI"), SAY("+OK\r\n"), WANT("EVAL", BODY, "1", "k"), SAY("+QUEUED\r\n"),
           WANT("EXEC"), SAY("*1\r\n:2\r\n"));
    script(rig, 1, WANT("eval", BODY, "1", "a"), SAY(":3\r\n"));

    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "EVAL", BODY, "1", "k"), "QUEUED");
    cr_expect_str_eq(ask(rig, "EXEC"), "[2]");
    cr_expect_str_eq(ask(rig, "EVALSHA", SHA, "1", "a"), "3");
    rig_stop(&rig);
}
