#include "proxy/routing/route_queued.h"

#include <criterion/criterion.h>
#include <string.h>

#include "proxy/cluster/slot.h"
#include "tests/unit/proxy/command/words.h"

static struct words words;
static struct keys keys;

static void clear(void)
{
    keys_clear(&keys);
}

TestSuite(route_queued, .fini = clear);

static const struct command *command_of(const char *text)
{
    const struct command *command = NULL;

    words_init(&words, text);
    cr_assert_eq(command_find(&words.arguments, &command), COMMAND_FOUND, "%s", text);
    return command;
}

static struct route route_words(const char *text)
{
    return route_queued(command_of(text), &words.arguments, &keys);
}

Test(route_queued, keys_name_the_slot)
{
    static const char *const rows[] = {
        "GET b",
        "MGET b {b}2",
        "MSET b 1 {b}2 2",
        "DEL b",
        "RENAME b {b}2",
        "EVAL x 2 b {b}2",
        "FCALL f 1 b",
        "BLPOP b {b}2 0",
        "BLMOVE b {b}2 LEFT RIGHT 0",
        "XREAD BLOCK 0 STREAMS b 0",
        "XREADGROUP GROUP g c BLOCK 0 STREAMS b >",
        "SPUBLISH b message",
        "OBJECT ENCODING b",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct route route = route_words(rows[i]);

        cr_expect_eq(route.kind, ROUTE_SLOT, "%s", rows[i]);
        cr_expect_eq(route.slot, slot_of(SPAN("b")), "%s", rows[i]);
    }
}

Test(route_queued, what_has_no_keys_goes_with_the_rest)
{
    static const char *const rows[] = {
        "PING",     "ECHO x",   "TIME",    "SELECT 0",        "PUBLISH b message",
        "EVAL x 0", "LASTSAVE", "UNWATCH", "EVALSHA x wrong", "FUNCTION LIST",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(route_words(rows[i]).kind, ROUTE_ANY, "%s", rows[i]);
    }
}

Test(route_queued, keys_of_several_slots_are_not_split)
{
    static const char *const rows[] = {"MGET a b", "DEL a b", "MSET a 1 b 2", "RENAME a b",
                                       "EVAL x 2 a b"};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct route route = route_words(rows[i]);

        cr_expect_eq(route.kind, ROUTE_REFUSE, "%s", rows[i]);
        cr_expect_eq(route.error, ERROR_CROSS_SLOT, "%s", rows[i]);
    }
}

Test(route_queued, what_one_node_cannot_do_is_refused)
{
    static const struct {
        const char *words;
        const char *part; /* of why */
    } rows[] = {
        {"DBSIZE", "all nodes"},        {"FLUSHALL", "all nodes"},
        {"KEYS *", "all nodes"},        {"SCRIPT LOAD x", "all nodes"},
        {"CONFIG GET x", "all nodes"},  {"INFO", "all nodes"},
        {"CLIENT ID", "itself"},        {"HELLO 3", "itself"},
        {"AUTH x", "itself"},           {"CLUSTER SLOTS", "itself"},
        {"PROXY STATS", "itself"},      {"SUBSCRIBE x", "connection"},
        {"SSUBSCRIBE b", "connection"}, {"MONITOR", "itself"},
        {"BGSAVE", "administration"},   {"SWAPDB 0 1", "impossible"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct command *command = command_of(rows[i].words);
        struct route route = route_queued(command, &words.arguments, &keys);
        char text[300];

        cr_expect_eq(route.kind, ROUTE_REFUSE, "%s", rows[i].words);
        cr_expect_eq(route.error, ERROR_NOT_IN_MULTI, "%s", rows[i].words);
        route_queued_refusal(command, text, sizeof text);
        cr_expect_not_null(strstr(text, rows[i].part), "%s: %s", rows[i].words, text);
    }
}
