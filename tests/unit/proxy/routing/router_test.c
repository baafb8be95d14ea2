#include "proxy/routing/router.h"

#include <stdio.h>

#include <criterion/criterion.h>

#include "common/resp_scan.h"

static struct arguments arguments;
static struct keys keys;
static char text[1024];

static void clear(void)
{
    free(arguments.items);
    keys_clear(&keys);
}

TestSuite(router, .fini = clear);

/* "GET k" into `arguments`, whose words then live in `text`. */
static const struct command *read_words(const char *words)
{
    const struct command *command = NULL;
    char *rest = text;

    snprintf(text, sizeof text, "%s", words);
    arguments.items = realloc(arguments.items, 64 * sizeof *arguments.items);
    arguments.count = 0;
    while (rest != NULL) {
        cr_assert_lt(arguments.count, 64);
        arguments.items[arguments.count++] = span_of(strsep(&rest, " "));
    }
    cr_assert_eq(command_find(&arguments, &command), COMMAND_FOUND, "%s", words);
    return command;
}

static struct route route_words(const char *words)
{
    const struct command *command = read_words(words);

    return route_request(command, &arguments, &keys);
}

Test(router, requests_of_one_slot_go_to_it)
{
    static const char *const rows[] = {
        "GET b",
        "SET b 1 EX 5",
        "MGET b",
        "MGET {b}1 {b}2 b",
        "MSET b 1 {b}x 2",
        "DEL b b b",
        "RENAME b {b}2",
        "EVAL return 2 b {b}2 argument",
        "SORT b STORE {b}2",
        "OBJECT ENCODING b",
        "XREAD STREAMS b 0",
        "XREAD COUNT 5 STREAMS b {b}2 0 0",
        "XREADGROUP GROUP group consumer COUNT 5 NOACK STREAMS b >",
        "XREADGROUP GROUP block streams STREAMS b >",
        "XREADGROUP COUNT 1 GROUP block block STREAMS b >",
        "XREAD COUNT 5 block 0 STREAMS b 0",
        "BLPOP b 0",
        "BRPOPLPUSH b {b}2 0",
        "BLMOVE b {b}2 LEFT RIGHT 0",
        "BLMPOP 0 2 b {b}2 LEFT",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct route route = route_words(rows[i]);

        cr_expect_eq(route.kind, ROUTE_SLOT, "%s", rows[i]);
        cr_expect_eq(route.slot, slot_of(SPAN("b")), "%s", rows[i]);
    }
}

Test(router, where_other_requests_go)
{
    static const struct {
        const char *words;
        enum route_kind kind;
    } rows[] = {
        {"MGET a b", ROUTE_SPLIT},
        {"MSET a 1 b 2", ROUTE_SPLIT},
        {"DEL a b", ROUTE_SPLIT},
        {"EXISTS a b", ROUTE_SPLIT},
        {"TOUCH a b", ROUTE_SPLIT},
        {"UNLINK a b", ROUTE_SPLIT},
        {"DBSIZE", ROUTE_PRIMARIES},
        {"FLUSHALL", ROUTE_PRIMARIES},
        {"KEYS *", ROUTE_PRIMARIES},
        {"SCRIPT LOAD x", ROUTE_NODES},
        {"WAIT 1 0", ROUTE_WRITTEN},
        {"WAITAOF 1 1 0", ROUTE_WRITTEN},
        {"EVAL return 0", ROUTE_ANY},
        {"EVAL return many b", ROUTE_ANY},
        {"FUNCTION LIST", ROUTE_ANY},
        {"PING", ROUTE_LOCAL},
        {"CLUSTER SLOTS", ROUTE_LOCAL},
        {"XREAD STREAMS a b 0", ROUTE_ANY},
        {"XREAD STREAMS a b 0 0", ROUTE_SPLIT},
        {"XREADGROUP GROUP g c STREAMS a b > >", ROUTE_SPLIT},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(route_words(rows[i].words).kind, rows[i].kind, "%s", rows[i].words);
    }
}

Test(router, keys_of_several_slots_that_cannot_be_split_are_refused)
{
    static const char *const rows[] = {
        "RENAME a b",
        "SINTER a b",
        "MSETNX a 1 b 2",
        "EVAL return 2 a b",
        "XREAD BLOCK 0 STREAMS a b 0 0",
        "BLPOP a b 0",
        "BZMPOP 0 2 a b MIN",
        "SORT a STORE b",
        "MSETEX 2 a 1 b 2 NX",
        "MSETEX 2 a 1 b 2 EX 10 xx",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct route route = route_words(rows[i]);

        cr_expect_eq(route.kind, ROUTE_REFUSE, "%s", rows[i]);
        cr_expect_eq(route.error, ERROR_CROSS_SLOT, "%s", rows[i]);
    }
}

/* One of these on a shared connection would concern every client of the node. */
Test(router, what_keeps_state_never_reaches_a_shared_connection)
{
    static const char *const rows[] = {
        "MONITOR",  "MULTI",    "WATCH a", "SUBSCRIBE a",      "SSUBSCRIBE a",
        "AUTH a",   "SELECT 0", "HELLO 3", "CLIENT REPLY OFF", "CLIENT TRACKING ON",
        "READONLY", "ASKING",   "RESET",   "CLIENT SETNAME a",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(route_words(rows[i]).kind, ROUTE_LOCAL, "%s", rows[i]);
    }
}

Test(router, a_refusal_says_what_was_refused)
{
    char detail[200];
    const struct command *command = read_words("RENAME a b");

    cr_expect_str_eq(route_refusal(command, ERROR_CROSS_SLOT, detail, sizeof detail), "rename");
    command = read_words("BGSAVE");
    route_refusal(command, ERROR_UNSUPPORTED, detail, sizeof detail);
    cr_expect_not_null(strstr(detail, "'bgsave' is "), "%s", detail);
}
