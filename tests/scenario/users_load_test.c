/* Users whose rights change while they are there: ACL LOAD. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base.h"
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(users_load, .timeout = 60, .fini = rig_clean_up);

#define NO_KEY  "-NOPERM No permissions to access a key"
#define NO_MORE "-NOPERM No permissions to run the command any more"
#define NO_COMMAND(user, command)                                                                  \
    "-NOPERM User " user " has no permissions to run the '" command "' command"

/* An ACL file, and a client that may have it read again. */
struct acl_file {
    char path[64];
    struct rig *rig;
    struct wire *root;
};

static void file_write(const struct acl_file *file, const char *text)
{
    FILE *to = fopen(file->path, "we");

    cr_assert_not_null(to);
    fprintf(to, "user root on nopass ~* &* +@all\n%s", text);
    cr_assert_eq(fclose(to), 0);
}

static struct wire *log_in(struct acl_file *file, const char *user)
{
    struct wire *wire = rig_connect(file->rig);

    cr_assert_str_eq(wire_ask(wire, "AUTH", user, ""), "OK");
    return wire;
}

static void file_open(struct acl_file *file, const char *text)
{
    char clients[128];

    strcpy(file->path, "/tmp/slotway-acl-XXXXXX");

    int fd = mkstemp(file->path);

    cr_assert_geq(fd, 0);
    close(fd);
    file_write(file, text);
    snprintf(clients, sizeof clients, "acl_file: %s", file->path);
    file->rig = rig_start_with(
        (struct rig_options){.nodes = 1, .with_store = true, .workers = 2, .clients = clients});
    file->root = log_in(file, "root");
}

static void file_close(struct acl_file *file)
{
    rig_stop(&file->rig);
    unlink(file->path);
}

/* Other workers open their mail a moment later. */
static void load_and_settle(struct acl_file *file, const char *text)
{
    file_write(file, text);
    cr_assert_str_eq(wire_ask(file->root, "ACL", "LOAD"), "OK");
    wire_ask(file->root, "CLIENT", "LIST"); /* all workers have answered it */
}

Test(users_load, have_new_rights_at_once)
{
    struct acl_file file;

    file_open(&file, "user alice on nopass ~a +get +set\n");

    struct wire *one = log_in(&file, "alice");
    struct wire *two = log_in(&file, "alice");

    cr_expect_str_eq(wire_ask(one, "SET", "a", "1"), "OK");
    load_and_settle(&file, "user alice on nopass ~a ~b +get\nuser bob on >x");
    cr_expect_str_eq(wire_ask(one, "SET", "a", "1"), NO_COMMAND("alice", "set"));
    cr_expect_str_eq(wire_ask(two, "SET", "a", "1"), NO_COMMAND("alice", "set"));
    cr_expect_str_eq(wire_ask(two, "GET", "b"), "(nil)");
    cr_expect_str_eq(wire_ask(two, "AUTH", "bob", "x"), "OK");
    file_close(&file);
}

Test(users_load, who_are_gone_or_off_are_closed)
{
    struct acl_file file;

    file_open(&file, "user alice on nopass\nuser bob on nopass\nuser carol on nopass +ping");

    struct wire *alice = log_in(&file, "alice");
    struct wire *bob = log_in(&file, "bob");
    struct wire *carol = log_in(&file, "carol");

    load_and_settle(&file, "user bob off nopass\nuser carol on >other +ping");
    cr_expect(wire_is_closed(alice));
    cr_expect(wire_is_closed(bob));
    cr_expect_str_eq(wire_ask(carol, "PING"), "PONG");
    cr_expect_eq(rig_metric(file.rig, "downstream_closed_total", "reason=\"user_changed\""), 2);
    file_close(&file);
}

Test(users_load, stay_as_they_are_when_the_file_is_bad)
{
    struct acl_file file;
    const char *text;

    file_open(&file, "user alice on nopass +ping\n");

    struct wire *alice = log_in(&file, "alice");

    file_write(&file, "user alice off\nuser bob +nosuch >secret <other\n");
    text = wire_ask(file.root, "ACL", "LOAD");
    EXPECT_STARTS(text, "-ERR ");
    EXPECT_CONTAINS(text, ":3: Error in applying operation '+nosuch'");
    EXPECT_CONTAINS(text, "no change to the previously active ACL rules was performed");
    EXPECT_LACKS(text, "secret");
    cr_expect_str_eq(wire_ask(alice, "PING"), "PONG");
    file_close(&file);
}

Test(users_load, do_not_execute_what_began_under_other_rights)
{
    struct acl_file file;

    file_open(&file, "user alice on nopass ~* +@all\n");

    struct wire *alice = log_in(&file, "alice");
    struct wire *other = log_in(&file, "alice");

    wire_send_lines(alice, "MULTI|SET a 1");
    cr_expect_str_eq(wire_text(alice), "OK");
    cr_expect_str_eq(wire_text(alice), "QUEUED");
    load_and_settle(&file, "user alice on nopass ~* +@all -set\n");
    EXPECT_STARTS(wire_ask(alice, "EXEC"), "-EXECABORT ");
    cr_expect_str_eq(wire_ask(other, "GET", "a"), "(nil)");
    file_close(&file);
}

/* A node acknowledges each subscription at once. */
static void acknowledge(void *context UNUSED, const struct fake_command *command, struct bytes *to)
{
    bool ends = span_equal_nocase(command->arguments[0], SPAN("UNSUBSCRIBE"));

    if (ends || span_equal_nocase(command->arguments[0], SPAN("SUBSCRIBE"))) {
        bytes_print(to, "*3\r\n%s\r\n$4\r\nnews\r\n:1\r\n",
                    ends ? "$11\r\nunsubscribe" : "$9\r\nsubscribe");
    }
}

Test(users_load, are_unsubscribed_from_what_they_may_not_hear)
{
    struct acl_file file;

    file_open(&file, "user alice on nopass allchannels +@pubsub\n"
                     "user bob on nopass allchannels +@pubsub\n");
    fake_node_handle(rig_node(file.rig, 0), acknowledge, NULL);

    struct wire *alice = log_in(&file, "alice");
    struct wire *bob = log_in(&file, "bob");

    EXPECT_CONTAINS(wire_ask(alice, "SUBSCRIBE", "news"), "subscribe");
    EXPECT_CONTAINS(wire_ask(bob, "SUBSCRIBE", "news"), "subscribe");
    load_and_settle(&file, "user alice on nopass &other +@pubsub\n"
                           "user bob on nopass &new* +@pubsub +ping\n");
    cr_expect(wire_is_closed(alice));
    cr_expect_str_eq(wire_ask(bob, "PING"), "[pong ]");
    file_close(&file);
}

/* Waits until the node keeps what `wire` asks for. */
static void block(struct acl_file *file, struct wire *wire, const char *line)
{
    int blocked = (int)metric(file->rig, "downstream_blocked");

    wire_send(wire, "%s\r\n", line);
    cr_assert(WAIT_FOR(metric(file->rig, "downstream_blocked") == blocked + 1));
}

/* The same, and until the script stands still. */
static void block_at_node(struct acl_file *file, struct wire *wire, const char *line)
{
    block(file, wire, line);
    cr_assert(fake_node_has_stalled(rig_node(file->rig, 0)), "%s", line);
}

static void release(struct acl_file *file)
{
    fake_node_release(rig_node(file->rig, 0));
}

Test(users_load, are_woken_from_what_they_may_not_wait_for)
{
    struct acl_file file;

    file_open(&file, "user alice on nopass ~a ~b +blpop +xread\nuser bob on nopass ~a +blpop\n"
                     "user carol on nopass ~a +blpop +wait\n");
    script(file.rig, 0, WANT("BLPOP", "a", "0"), STALL, WANT("BLPOP", "a", "0"), STALL,
           WANT("BLPOP", "a", "0"), STALL, SAY("*2\r\n$1\r\na\r\n$1\r\nx\r\n"));

    struct wire *alice = log_in(&file, "alice");
    struct wire *bob = log_in(&file, "bob");
    struct wire *carol = log_in(&file, "carol");

    block(&file, alice, "BLPOP a 0");
    release(&file);
    block(&file, bob, "BLPOP a 0");
    release(&file);
    block(&file, carol, "BLPOP a 0");
    load_and_settle(&file, "user alice on nopass ~b +blpop\nuser bob on nopass ~a +ping\n"
                           "user carol on nopass ~a ~b +blpop\n");
    cr_expect_str_eq(wire_text(alice), NO_KEY);
    cr_expect_str_eq(wire_text(bob), NO_MORE);
    cr_expect_eq(metric(file.rig, "denied_keys_total"), 1);
    cr_expect_eq(metric(file.rig, "denied_commands_total"), 1);
    cr_expect(WAIT_FOR(rig_has_written(file.rig, "command=blpop reason=noperm")));
    cr_expect_str_eq(wire_ask(bob, "PING"), "PONG");
    release(&file);
    cr_expect_str_eq(wire_text(carol), "[a x]");
    file_close(&file);
}

#define MAY_BLOCK "user alice on nopass ~a +blpop +xread +wait\n"

static void allow_alice(struct acl_file *file, const char *rules)
{
    load_and_settle(file, rig_print(file->rig, "user alice on nopass %s\n", rules));
}

static const struct {
    const char *line;
    const char *rules; /* that alice has afterwards */
    const char *reply;
} wakes[] = {
    {"BLPOP a 0", "~b +blpop", NO_KEY},
    {"BLPOP a 0", "~a +wait", NO_MORE},
    {"XREAD BLOCK 0 STREAMS a $", "~b +xread", NO_KEY},
};

/* The node does wake them, and says so in its own words. */
Test(users_load, hear_that_they_may_not_in_place_of_what_the_node_says)
{
    for (size_t i = 0; i < ARRAY_LEN(wakes); i++) {
        const char *line = wakes[i].line;
        struct acl_file file;

        file_open(&file, MAY_BLOCK);

        struct wire *alice = log_in(&file, "alice");
        struct fake_node *node = rig_node(file.rig, 0);

        script(file.rig, 0, WANT("CLIENT", "ID"), SAY(":7\r\n"),
               WANT(rig_print(file.rig, "%.*s", (int)strcspn(line, " "), line), "..."), STALL,
               SAY("-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"));
        block_at_node(&file, alice, line);
        allow_alice(&file, wakes[i].rules);
        cr_expect(WAIT_FOR(fake_node_count(node, "CLIENT UNBLOCK 7 ERROR") > 0), "%s", line);
        cr_expect_not(wire_has_input(alice), "%s", line);
        release(&file);
        cr_expect_str_eq(wire_text(alice), wakes[i].reply, "%s", line);
        file_close(&file);
    }
}

static const struct {
    const char *rules;
    const char *reply;
} waits[] = {
    {"~a +blpop", NO_MORE},
    {"~a +wait|2", NO_MORE},
    {"+wait|1", "1"},
};

/* It goes to nodes with a PING in front of it, which is not what is judged, and ends at once. */
Test(users_load, do_not_wait_for_replicas_when_they_may_not)
{
    for (size_t i = 0; i < ARRAY_LEN(waits); i++) {
        bool is_woken = waits[i].reply[0] == '-';
        struct acl_file file;

        file_open(&file, MAY_BLOCK);

        struct wire *alice = log_in(&file, "alice");

        script(file.rig, 0, WANT("WAIT", "1", "0"), SAY_LATER("%s", is_woken ? "" : ":1\r\n"));
        block_at_node(&file, alice, "WAIT 1 0");
        allow_alice(&file, waits[i].rules);
        cr_expect(is_woken || metric(file.rig, "downstream_blocked") == 1);
        release(&file);
        cr_expect_str_eq(wire_text(alice), waits[i].reply, "%s", waits[i].rules);
        file_close(&file);
    }
}

static void begin_tracking(struct wire *wire)
{
    wire_ask(wire, "HELLO", "3");
    cr_expect_str_eq(wire_ask(wire, "CLIENT", "TRACKING", "ON"), "OK");
}

Test(users_load, are_closed_when_they_may_not_monitor_or_track_any_more)
{
    struct acl_file file;

    file_open(&file, "user alice on nopass +monitor\nuser bob on nopass +monitor\n"
                     "user carol on nopass ~* +client +hello\nuser dan on nopass +client +hello\n");

    struct wire *alice = log_in(&file, "alice");
    struct wire *bob = log_in(&file, "bob");
    struct wire *carol = log_in(&file, "carol");
    struct wire *dan = log_in(&file, "dan");

    cr_expect_str_eq(wire_ask(alice, "MONITOR"), "OK");
    cr_expect_str_eq(wire_ask(bob, "MONITOR"), "OK");
    begin_tracking(carol);
    begin_tracking(dan);
    load_and_settle(&file, "user alice on nopass +ping\nuser bob on nopass ~a +monitor\n"
                           "user carol on nopass ~* +client -client|tracking +hello\n"
                           "user dan on nopass +client +hello +ping\n");
    cr_expect(wire_is_closed(carol));
    cr_expect_str_eq(wire_ask(dan, "PING"), "PONG");
    cr_expect_eq(metric(file.rig, "monitors"), 1);
    cr_expect_eq(rig_metric(file.rig, "downstream_closed_total", "reason=\"user_changed\""), 2);
    file_close(&file);
}
