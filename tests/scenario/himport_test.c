/* HIMPORT over connections that are shared: fields are a client's, and stand before its values. */
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(himport, .timeout = 120, .fini = rig_clean_up);

/* A set of fields that slotway has a node look at. */
#define CHECKED(...)                                                                               \
    WANT("HIMPORT", "PREPARE", __VA_ARGS__), SAY("+OK\r\n"), WANT("HIMPORT", "DISCARDALL"),        \
        SAY(":1\r\n")

/* What stands before values. */
#define PREPARED(...)                                                                              \
    WANT("HIMPORT", "DISCARDALL"), SAY(":0\r\n"), WANT("HIMPORT", "PREPARE", __VA_ARGS__),         \
        SAY("+OK\r\n")

Test(himport, fields_go_before_each_row_of_values)
{
    struct rig *rig = rig_start(1);

    script(rig, 0, CHECKED("u", "name", "mail"), PREPARED("u", "name", "mail"),
           WANT("HIMPORT", "SET", "k", "u", "ann", "ann@a.b"), SAY("+OK\r\n"),
           PREPARED("u", "name", "mail"), WANT("HIMPORT", "SET", "l", "u", "bob"),
           SAY("-ERR value count does not match\r\n"), WANT("GET", "k"), SAY("$-1\r\n"));
    wire_request(rig_client(rig), "HIMPORT", "PREPARE", "u", "name", "mail");
    wire_request(rig_client(rig), "HIMPORT", "SET", "k", "u", "ann", "ann@a.b");
    wire_request(rig_client(rig), "HIMPORT", "SET", "l", "u", "bob");
    wire_request(rig_client(rig), "GET", "k");
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n-ERR value count does not match\r\n$-1\r\n");
    cr_expect_eq(metric(rig, "orphans_total"), 0);
    rig_stop(&rig);
}

Test(himport, a_client_has_its_own_fields_until_it_discards_them)
{
    struct rig *rig = rig_start(1);
    struct wire *other = rig_connect(rig);

    script(rig, 0, CHECKED("u", "f"), CHECKED("v", "g"), CHECKED("u", "h"), PREPARED("u", "f"),
           WANT("HIMPORT", "SET", "k", "u", "1"), SAY("+OK\r\n"), PREPARED("u", "h"),
           WANT("HIMPORT", "SET", "k", "u", "2"), SAY("+OK\r\n"), CHECKED("u", "i"));
    cr_expect_str_eq(ask(rig, "HIMPORT", "PREPARE", "u", "f"), "OK");
    cr_expect_str_eq(ask(rig, "HIMPORT", "PREPARE", "v", "g"), "OK");
    cr_expect_str_eq(wire_ask(other, "HIMPORT", "SET", "k", "u", "1"), "-ERR no such fieldset");
    cr_expect_str_eq(wire_ask(other, "HIMPORT", "PREPARE", "u", "h"), "OK");
    cr_expect_str_eq(ask(rig, "HIMPORT", "SET", "k", "u", "1"), "OK");
    cr_expect_str_eq(wire_ask(other, "HIMPORT", "SET", "k", "u", "2"), "OK");
    cr_expect_str_eq(ask(rig, "HIMPORT", "DISCARD", "v"), "1");
    cr_expect_str_eq(ask(rig, "HIMPORT", "DISCARD", "v"), "0");
    cr_expect_str_eq(ask(rig, "HIMPORT", "DISCARDALL"), "1");
    cr_expect_str_eq(ask(rig, "HIMPORT", "SET", "k", "u", "1"), "-ERR no such fieldset");
    cr_expect_str_eq(wire_ask(other, "HIMPORT", "PREPARE", "u", "i"), "OK");
    cr_expect_str_eq(wire_ask(other, "RESET"), "RESET");
    cr_expect_str_eq(wire_ask(other, "HIMPORT", "SET", "k", "u", "1"), "-ERR no such fieldset");
    rig_stop(&rig);
}

Test(himport, what_a_node_objects_to_is_not_prepared)
{
    struct rig *rig = rig_start(1);

    script(rig, 0, WANT("HIMPORT", "PREPARE", "u", "f", "f"), SAY("-ERR duplicate field name\r\n"),
           WANT("HIMPORT", "DISCARDALL"), SAY(":0\r\n"), WANT("HIMPORT", "PREPARE", "u", "f"),
           SAY("-ERR unknown command 'HIMPORT'\r\n"), WANT("HIMPORT", "DISCARDALL"),
           SAY("-ERR unknown command 'HIMPORT' again\r\n"));
    cr_expect_str_eq(ask(rig, "HIMPORT", "PREPARE", "u", "f", "f"), "-ERR duplicate field name");
    cr_expect_str_eq(ask(rig, "HIMPORT", "PREPARE", "u", "f"), "-ERR unknown command 'HIMPORT'");
    cr_expect_str_eq(ask(rig, "HIMPORT", "SET", "k", "u", "1"), "-ERR no such fieldset");
    rig_stop(&rig);
}

/* ASKING and the row must be neighbours, and the fields stand before both. */
Test(himport, a_redirected_row_takes_its_fields_along)
{
    struct rig *rig = rig_start(1);
    struct fake_cluster *strangers = fake_cluster_new(1);
    struct fake_node *stranger = fake_cluster_node(strangers, 0);

    script(rig, 0, CHECKED("u", "f"), PREPARED("u", "f"), WANT("HIMPORT", "SET", "k", "u", "1"),
           SAY("-ASK 7629 %s\r\n", fake_node_address(stranger)), PREPARED("u", "f"),
           WANT("HIMPORT", "SET", "k", "u", "2"),
           SAY("-MOVED 7629 %s\r\n", fake_node_address(stranger)));
    fake_node_script(stranger, PREPARED("u", "f"), WANT("ASKING"), SAY("+OK\r\n"),
                     WANT("HIMPORT", "SET", "k", "u", "1"), SAY("+OK\r\n"), PREPARED("u", "f"),
                     WANT("HIMPORT", "SET", "k", "u", "2"), SAY("+OK\r\n"));
    cr_expect_str_eq(ask(rig, "HIMPORT", "PREPARE", "u", "f"), "OK");
    cr_expect_str_eq(ask(rig, "HIMPORT", "SET", "k", "u", "1"), "OK");
    cr_expect_str_eq(ask(rig, "HIMPORT", "SET", "k", "u", "2"), "OK");
    cr_expect_null(fake_node_complaint(stranger));
    rig_stop(&rig);
    fake_cluster_free(&strangers);
}

Test(himport, a_row_whose_answer_is_lost_is_not_sent_again)
{
    struct rig *rig = rig_start(1);

    script(rig, 0, CHECKED("u", "f"), PREPARED("u", "f"), WANT("HIMPORT", "SET", "k", "u", "1"),
           CLOSE, PREPARED("u", "f"), WANT("HIMPORT", "SET", "k", "u", "2"), SAY("+OK\r\n"));
    cr_expect_str_eq(ask(rig, "HIMPORT", "PREPARE", "u", "f"), "OK");
    EXPECT_CONTAINS(ask(rig, "HIMPORT", "SET", "k", "u", "1"), "outcome unknown");
    cr_expect_str_eq(ask(rig, "HIMPORT", "SET", "k", "u", "2"), "OK");
    rig_stop(&rig);
}

Test(himport, who_leaves_takes_the_fields_from_nobody)
{
    struct rig *rig = rig_start(1);
    struct wire *other = rig_connect(rig);

    script(rig, 0, CHECKED("u", "f"), PREPARED("u", "f"), WANT("HIMPORT", "SET", "k", "u", "1"),
           SAY_LATER("+OK\r\n"), WANT("GET", "k"), SAY("$-1\r\n"));
    cr_expect_str_eq(wire_ask(other, "HIMPORT", "PREPARE", "u", "f"), "OK");
    wire_request(other, "HIMPORT", "SET", "k", "u", "1");
    cr_assert(WAIT_FOR(metric(rig, "upstream_in_flight") == 1));
    wire_reset_on_close(other);
    rig_disconnect(rig, &other);
    cr_assert(WAIT_FOR(metric(rig, "downstream_connections_active") == 0));
    fake_node_release(rig_node(rig, 0));
    cr_expect_str_eq(ask(rig, "GET", "k"), "(nil)");
    cr_expect_eq(metric(rig, "orphans_total"), 1);
    rig_stop(&rig);
}

static char *text_of(size_t size)
{
    char *text = malloc(size + 1);

    memset(text, 'x', size);
    text[size] = '\0';
    return text;
}

Test(himport, fields_have_a_limit)
{
    struct rig *rig = rig_start(1);
    char *field = text_of(600 * 1024);

    script(rig, 0, WANT("HIMPORT", "PREPARE", "u", "..."), SAY("+OK\r\n"),
           WANT("HIMPORT", "DISCARDALL"), SAY(":1\r\n"), CHECKED("v", "f"));
    cr_expect_str_eq(ask(rig, "HIMPORT", "PREPARE", "u", field), "OK");
    EXPECT_STARTS(ask(rig, "HIMPORT", "PREPARE", "v", field), "-ERR proxy: all fieldsets ");
    cr_expect_str_eq(ask(rig, "HIMPORT", "DISCARDALL"), "1");
    cr_expect_str_eq(ask(rig, "HIMPORT", "PREPARE", "v", "f"), "OK");
    free(field);
    rig_stop(&rig);
}

/* Few bytes of a client are many to a node, and all who share its connection wait behind them. */
Test(himport, what_goes_before_rows_counts_as_not_answered)
{
    enum { ROWS = 5, FIELD_SIZE = 900 * 1024, VALUE_SIZE = 200 * 1024 };
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .request_timeout = "60s"});
    char *field = text_of(FIELD_SIZE);
    char *value = text_of(VALUE_SIZE);

    script(rig, 0, CHECKED("u", "..."), PREPARED("u", "..."), WANT("HIMPORT", "SET", "..."),
           SAY_LATER("+OK\r\n"));
    for (int i = 1; i < ROWS; i++) {
        script(rig, 0, PREPARED("u", "..."), WANT("HIMPORT", "SET", "..."), SAY("+OK\r\n"));
    }
    cr_expect_str_eq(ask(rig, "HIMPORT", "PREPARE", "u", field), "OK");
    for (int i = 0; i < ROWS; i++) {
        wire_request(rig_client(rig), "HIMPORT", "SET", "k", "u", value);
    }
    cr_expect(WAIT_FOR(metric(rig, "downstream_paused_total") > 0));
    fake_node_release(rig_node(rig, 0));
    for (int i = 0; i < ROWS; i++) {
        wire_expect(rig_client(rig), "+OK\r\n");
    }
    cr_expect_eq(metric(rig, "large_requests_total"), 0);
    free(field);
    free(value);
    rig_stop(&rig);
}

Test(himport, is_not_for_transactions)
{
    struct rig *rig = rig_start(1);

    ask(rig, "MULTI");
    EXPECT_STARTS(ask(rig, "HIMPORT", "SET", "k", "u", "1"), "-ERR proxy: ");
    EXPECT_STARTS(ask(rig, "EXEC"), "-EXECABORT ");
    rig_stop(&rig);
}
