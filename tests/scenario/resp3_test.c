/* RESP3: what slotway answers itself has the types that a server gives it, in both protocols. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "common/base.h"
#include "tests/support/rig.h"
#include "tests/support/twin.h"
#include "tests/support/wire.h"

enum { OUTLINE_MAX = 4096 };

/* How far the two replies must be alike. */
enum likeness {
    SAME,  /* to the byte */
    TYPES, /* in their types, and in the numbers of elements of aggregates */
    TOP,   /* in the type of the whole: what is in it is the server's own */
};

static const struct {
    const char *request;
    enum likeness likeness;
} rows[] = {
    {"ACL WHOAMI", SAME},
    {"CLIENT GETNAME", SAME},
    {"CLIENT GETREDIR", SAME},
    {"CLIENT INFO", TYPES},
    {"CLIENT LIST", TYPES},
    {"CLIENT TRACKINGINFO", SAME},
    {"COMMAND COUNT", TYPES},
    {"COMMAND GETKEYS mset a 1 b 2", SAME},
    {"COMMAND GETKEYSANDFLAGS set a 1", SAME},
    {"COMMAND INFO get", SAME},
    {"COMMAND INFO getdel lpush nosuch", SAME},
    {"COMMAND LIST", TOP},
    {"ECHO a", SAME},
    {"HELLO", TYPES},
    {"HELLO 1", SAME},
    {"INFO server", TYPES},
    {"LOLWUT", TYPES},
    {"PING", SAME},
    {"PING a", SAME},
    {"ROLE", TYPES},
    {"SELECT 0", SAME},
    {"TIME", TYPES},
};

/* "%2$_~1+" for a reply: its types one by one, aggregates with their sizes. */
static char *outline(const char *reply, size_t size)
{
    static char text[OUTLINE_MAX];
    size_t at = 0;
    size_t length = 0;

    while (at < size && length + 32 < sizeof text) {
        char type = reply[at];
        long number = strtol(reply + at + 1, NULL, 10);
        size_t line = (size_t)((const char *)memchr(reply + at, '\n', size - at) - reply) + 1 - at;
        bool is_string = type == '$' || type == '=' || type == '!';
        bool is_aggregate = type == '*' || type == '%' || type == '~' || type == '>';

        text[length++] = type;
        if (is_aggregate) {
            length += (size_t)sprintf(text + length, "%ld", number);
        }
        at += line + (is_string && number >= 0 ? (size_t)number + 2 : 0);
    }
    text[length] = '\0';
    return text;
}

static void expect_alike(struct wire *ours, struct wire *theirs, size_t row)
{
    char before[OUTLINE_MAX];
    size_t our_size = 0;
    size_t their_size = 0;

    cr_assert(wire_send(ours, "%s\r\n", rows[row].request));
    cr_assert(wire_send(theirs, "%s\r\n", rows[row].request));

    const char *our = wire_reply(ours, &our_size);
    const char *their = wire_reply(theirs, &their_size);

    cr_assert(our != NULL && their != NULL, "%s", rows[row].request);
    switch (rows[row].likeness) {
    case SAME:
        cr_expect(our_size == their_size && memcmp(our, their, our_size) == 0, "%s: %.*s not %.*s",
                  rows[row].request, (int)our_size, our, (int)their_size, their);
        return;
    case TYPES:
        snprintf(before, sizeof before, "%s", outline(our, our_size));
        cr_expect_str_eq(before, outline(their, their_size), "%s: %s not %s", rows[row].request,
                         before, outline(their, their_size));
        return;
    case TOP: cr_expect_eq(our[0], their[0], "%s: %c", rows[row].request, our[0]); return;
    }
}

static void compare(struct rig *rig, uint16_t twin, const char *protocol)
{
    struct wire *ours = rig_connect(rig);
    struct wire *theirs = wire_open(twin);

    wire_ask(ours, "HELLO", protocol);
    wire_ask(theirs, "HELLO", protocol);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect_alike(ours, theirs, i);
    }
    wire_close(&theirs);
}

Test(resp3, local_replies_have_a_servers_types_in_both_protocols)
{
    struct rig *rig = rig_start(1);
    uint16_t twin = twin_start();

    compare(rig, twin, "2");
    compare(rig, twin, "3");
    twin_stop();
    rig_stop(&rig);
}

/* Two clients that speak differently share slotway, and not what they are told. */
Test(resp3, each_client_is_answered_in_its_own_protocol)
{
    struct rig *rig = rig_start(1);
    struct wire *new = rig_connect(rig);

    wire_ask(new, "HELLO", "3");
    cr_assert(wire_send(new, "CLIENT GETNAME\r\n"));
    wire_expect(new, "_\r\n");
    cr_assert(wire_send(rig_client(rig), "CLIENT GETNAME\r\n"));
    wire_expect(rig_client(rig), "$-1\r\n");
    cr_assert(wire_send(new, "HELLO 2\r\n"));
    cr_expect_eq(wire_reply(new, NULL)[0], '*');
    cr_assert(wire_send(new, "CLIENT GETNAME\r\n"));
    wire_expect(new, "$-1\r\n");
    cr_assert(wire_send(new, "HELLO 3\r\nRESET\r\nCLIENT GETNAME\r\n"));
    cr_expect_eq(wire_reply(new, NULL)[0], '%');
    wire_expect(new, "+RESET\r\n$-1\r\n");
    rig_stop(&rig);
}

Test(resp3, the_nodes_settings_come_as_a_map)
{
    struct rig *rig = rig_start(1);
    struct wire *new = rig_connect(rig);

    wire_ask(new, "HELLO", "3");
    script(rig, 0, WANT("CONFIG", "GET", "lua-time-limit"),
           SAY("%%1\r\n$14\r\nlua-time-limit\r\n$4\r\n5000\r\n"));
    cr_assert(wire_send(new, "CONFIG GET lua-time-limit\r\n"));
    wire_expect(new, "%1\r\n$14\r\nlua-time-limit\r\n$4\r\n5000\r\n");
    rig_stop(&rig);
}
