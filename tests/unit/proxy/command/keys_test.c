#include "proxy/command/keys.h"

#include <stdio.h>

#include "tests/unit/proxy/command/words.h"

/* Keys as the indices of their arguments. */
static const struct {
    const char *request;
    const char *keys;
} found[] = {
    {"GET a", "1"},
    {"set a b EX 10", "1"},
    {"object encoding a", "2"},
    {"memory usage a samples 3", "2"},
    {"XINFO STREAM s FULL", "2"},
    {"spublish channel message", "1"},
    {"ssubscribe a b", "1 2"},
    {"sunsubscribe a b", "1 2"},
    {"DEL a", "1"},
    {"del a b a", "1 2 3"},
    {"mset a 1 b 2", "1 3"},
    {"blpop a b 0", "1 2"},
    {"lcs a b LEN", "1 2"},
    {"rename a b", "1 2"},
    {"bitop AND d a b", "2 3 4"},
    {"pfmerge d", "1"},
    {"pfmerge d a", "1 2"},
    {"eval script 2 a b c", "3 4"},
    {"fcall_ro f 1 a", "3"},
    {"eval script 2.0 a b c", "3 4"},
    {"eval script +1 a", "3"},
    {"eval script 01x a", "3"},
    {"zunion 2 a b weights 1 2", "2 3"},
    {"zunionstore d 2 a b", "1 3 4"},
    {"blmpop 0 2 a b LEFT", "3 4"},
    {"msetex 2 a 1 b 2 EX 10", "2 4"},
    {"sort a", "1"},
    {"sort a by nosort get # store d", "1 7"},
    {"sort a STORE b store c", "1 5"},
    {"sort a get store desc", "1"},
    {"sort a by store get store limit store store", "1"},
    {"sort a store by store d", "1 5"},
    {"sort a store store", "1 3"},
    {"sort a store", "1"},
    {"sort_ro a by w_* get o_*", "1"},
    {"georadius a 1 2 3 km", "1"},
    {"georadius a 1 2 3 km store b", "1 7"},
    {"georadius a 1 2 3 km storedist b store c", "1 9"},
    {"georadius a 1 2 3 km store c storedist b", "1 9"},
    {"georadius a 1 2 3 km store store", "1 7"},
    {"georadius a 1 2 3 km store store desc", "1 7"},
    {"georadius a 1 2 3 km withdist store", "1"},
    {"georadiusbymember a m 3 km store b", "1 6"},
    {"georadiusbymember store m 3 km", "1"},
    {"xread streams a b 0 0", "2 3"},
    {"XREAD COUNT 2 BLOCK 0 STREAMS a $", "6"},
    {"xread streams streams 0", "2"},
    {"xreadgroup group streams streams streams a >", "5"},
    {"xreadgroup group g c count streams noack streams a b > >", "8 9"},
    {"xreadgroup group g c claim 100 streams a >", "7"},
    {"migrate host 1 a 0 10", "3"},
    {"migrate host 1 '' 0 10 COPY KEYS a b", "8 9"},
    {"migrate host 1 '' 0 10 AUTH keys KEYS a", "9"},
    {"migrate host 1 '' 0 10 AUTH2 keys keys KEYS a", "10"},
};

static const struct {
    const char *request;
    enum keys_result result;
} without[] = {
    {"ping", KEYS_NONE},
    {"config get maxmemory", KEYS_NONE},
    {"sunsubscribe", KEYS_NONE},
    {"eval script 0", KEYS_NONE},
    {"eval script 0 a b", KEYS_NONE},
    {"fcall f 0 a", KEYS_NONE},
    {"eval script -1 a", KEYS_UNCLEAR},
    {"eval script x a", KEYS_UNCLEAR},
    {"eval script +0 a", KEYS_UNCLEAR},
    {"eval script 02 a", KEYS_UNCLEAR},
    {"eval script 0x1 a", KEYS_UNCLEAR},
    {"eval script .1 a", KEYS_UNCLEAR},
    {"eval script 12345678901234567890123 a", KEYS_UNCLEAR},
    {"eval script '' a", KEYS_UNCLEAR},
    {"eval script 2 a", KEYS_UNCLEAR},
    {"eval script 9223372036854775807 a", KEYS_UNCLEAR},
    {"eval script 18446744073709551617 a", KEYS_UNCLEAR},
    {"zunionstore d 3 a b", KEYS_UNCLEAR},
    {"zunionstore d 0 a", KEYS_UNCLEAR},
    {"msetex 2 a 1 b", KEYS_UNCLEAR},
    {"msetex 4611686018427387905 a 1", KEYS_UNCLEAR},
    {"xread streams a b 0", KEYS_UNCLEAR},
    {"xread count 1 streams", KEYS_UNCLEAR},
    {"xread count 1 block streams", KEYS_UNCLEAR},
    {"xread nosuch streams a 0", KEYS_UNCLEAR},
    {"xread block 0 count", KEYS_UNCLEAR},
    {"xreadgroup count 1 block 0 streams a >", KEYS_UNCLEAR},
    {"xreadgroup count group block 0 streams a >", KEYS_UNCLEAR},
    {"migrate host 1 a 0 10 KEYS b", KEYS_UNCLEAR},
    {"migrate host 1 '' 0 10 KEYS", KEYS_UNCLEAR},
};

static void print_keys(const struct keys *keys, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < keys->count; i++) {
        used += (size_t)snprintf(text + used, size - used, i == 0 ? "%u" : " %u", keys->index[i]);
        cr_assert_lt(used, size);
    }
}

static enum keys_result find(const char *request, struct words *words, struct keys *keys)
{
    const struct command *command;

    words_init(words, request);
    cr_assert_eq(command_find(&words->arguments, &command), COMMAND_FOUND, "%s", request);
    return keys_find(command, &words->arguments, keys);
}

Test(keys, are_the_arguments_that_the_row_describes)
{
    struct keys keys = {0};
    struct words words;
    char text[256];

    for (size_t i = 0; i < ARRAY_LEN(found); i++) {
        cr_expect_eq(find(found[i].request, &words, &keys), KEYS_FOUND, "%s", found[i].request);
        print_keys(&keys, text, sizeof text);
        cr_expect_str_eq(text, found[i].keys, "%s: %s", found[i].request, text);
    }
    keys_clear(&keys);
}

Test(keys, are_none_or_unclear_when_arguments_name_none)
{
    struct keys keys = {0};
    struct words words;

    for (size_t i = 0; i < ARRAY_LEN(without); i++) {
        cr_expect_eq(find(without[i].request, &words, &keys), without[i].result, "%s",
                     without[i].request);
    }
    keys_clear(&keys);
}

Test(keys, of_a_long_request_are_all_found)
{
    enum { COUNT = 10000 };
    static struct span items[COUNT];
    struct arguments arguments = {.items = items, .count = COUNT};
    const struct command *command;
    struct keys keys = {0};

    for (size_t i = 0; i < COUNT; i++) {
        items[i] = i == 0 ? SPAN("MGET") : SPAN("key");
    }
    cr_assert_eq(command_find(&arguments, &command), COMMAND_FOUND);
    for (int again = 0; again < 2; again++) {
        cr_assert_eq(keys_find(command, &arguments, &keys), KEYS_FOUND);
        cr_assert_eq(keys.count, COUNT - 1);
        cr_expect_eq(keys.index[0], 1);
        cr_expect_eq(keys.index[COUNT - 2], COUNT - 1);
    }
    keys_clear(&keys);
}

/* A command that is described by a spec alone, as those that a newer server brings. */
static const struct {
    const char *text;
    struct key_spec spec;
    const char *request;
    enum keys_result result;
    const char *keys;
} specs[] = {
    {"a keyword, then one key",
     {KEY_BEGIN_KEYWORD, "STORE", 2, KEY_FIND_RANGE, 0, 1, 0, KEY_OW},
     "c store x store d e",
     KEYS_FOUND,
     "4"},
    {"a keyword that is not there",
     {KEY_BEGIN_KEYWORD, "STORE", 2, KEY_FIND_RANGE, 0, 1, 0, KEY_OW},
     "c store x",
     KEYS_NONE,
     ""},
    {"a keyword without its key",
     {KEY_BEGIN_KEYWORD, "STORE", 1, KEY_FIND_RANGE, 0, 1, 0, KEY_OW},
     "c x store",
     KEYS_UNCLEAR,
     ""},
    {"a keyword, then half of the rest",
     {KEY_BEGIN_KEYWORD, "STREAMS", 1, KEY_FIND_RANGE, -1, 1, 2, KEY_RO},
     "c x streams a b 0 0",
     KEYS_FOUND,
     "3 4"},
    {"a keyword looked for from the end",
     {KEY_BEGIN_KEYWORD, "KEYS", -2, KEY_FIND_RANGE, -1, 1, 0, KEY_RW},
     "c keys x keys a b",
     KEYS_FOUND,
     "4 5"},
    {"a keyword looked for from before the first argument",
     {KEY_BEGIN_KEYWORD, "KEYS", -2, KEY_FIND_RANGE, -1, 1, 0, KEY_RW},
     "c",
     KEYS_NONE,
     ""},
    {"a count away from its keys",
     {KEY_BEGIN_INDEX, NULL, 1, KEY_FIND_COUNT, 1, 1, 3, KEY_RO},
     "c x 2 y a b",
     KEYS_FOUND,
     "4 5"},
    {"a count that is not there",
     {KEY_BEGIN_INDEX, NULL, 1, KEY_FIND_COUNT, 1, 1, 2, KEY_RO},
     "c x",
     KEYS_UNCLEAR,
     ""},
    {"nobody knows where",
     {KEY_BEGIN_UNKNOWN, NULL, 0, KEY_FIND_UNKNOWN, 0, 0, 0, KEY_RO},
     "c a",
     KEYS_NONE,
     ""},
};

Test(keys, follow_every_form_of_key_spec)
{
    struct keys keys = {0};
    char text[256];

    for (size_t i = 0; i < ARRAY_LEN(specs); i++) {
        struct command command = {.id = COMMAND_ID_GET, .key_spec_count = 1};
        struct words words;
        command.keys[0] = specs[i].spec;
        words_init(&words, specs[i].request);
        cr_expect_eq(keys_find(&command, &words.arguments, &keys), specs[i].result, "%s",
                     specs[i].text);
        print_keys(&keys, text, sizeof text);
        cr_expect_str_eq(text, specs[i].keys, "%s: %s", specs[i].text, text);
    }
    keys_clear(&keys);
}
