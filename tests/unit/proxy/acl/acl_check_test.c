/* What users may do, where the rows of a real server are not enough: acl_server_test.c has those.
 */
#include "tests/unit/proxy/acl/user_of.h"

#include "proxy/acl/acl_check.h"
#include "proxy/command/command_rows.h"
#include "tests/unit/proxy/command/words.h"

static const struct row {
    const char *rules;
    const char *words;
    const char *refusal; /* "": it is allowed */
} rows[] = {
    {"+@all ~*", "get a", ""},
    {"+get ~a*", "get a1", ""},
    {"+get ~a*", "get b1", "No permissions to access a key"},
    {"+get ~a*", "set a1 x", "User u has no permissions to run the 'set' command"},
    {"+config|get", "config get maxmemory", ""},
    {"+config|get", "config set maxmemory 1",
     "User u has no permissions to run the 'config|set' command"},
    {"", "auth x y", ""},
    {"", "hello", ""},
    {"", "quit", ""},
    {"", "ping", "User u has no permissions to run the 'ping' command"},
    {"+set %W~a", "set a 1", ""},
    {"+set %W~a", "set a 1 get", "No permissions to access a key"},
    {"+set %RW~a", "set a 1 get", ""},
    {"+set %R~a", "set a 1", "No permissions to access a key"},
    {"+copy %R~a %W~b", "copy a b", ""},
    {"+copy %R~a %W~b", "copy b a", "No permissions to access a key"},
    {"+exists %W~a", "exists a", ""},
    {"+@all ~a &*", "publish any x", ""},
    {"+@all ~a &news*", "publish news1 x", ""},
    {"+@all ~a &news*", "publish other x", "No permissions to access a channel"},
    {"+@all ~a &news*", "subscribe news1 other", "No permissions to access a channel"},
    {"+@all ~a &news*", "psubscribe news*", ""},
    {"+@all ~a &news*", "psubscribe news1", "No permissions to access a channel"},
    {"+@all ~a &news*", "ssubscribe news1", ""},
    {"+@all ~a &news*", "ssubscribe x", "No permissions to access a channel"},
    {"+@all ~a &news*", "unsubscribe x", ""},
    {"+@all ~a", "eval x 1 a", ""},
    {"+@all ~a", "eval x 1 b", "No permissions to access a key"},
    {"+@all ~a", "eval x 0 b", ""},
    {"+@all ~a", "eval x many a", "No permissions to access a key"},
    {"+@all ~a", "xread streams a 0", ""},
    {"+@all ~a", "xread streams a b 0 0", "No permissions to access a key"},
    {"+@all ~a", "sort a store b", "No permissions to access a key"},
    {"+@all %R~a %W~b", "sort a store b", ""},
    {"+@all %R~a %W~by", "sort a store by store b", "No permissions to access a key"},
    {"+@all %R~a %W~b", "georadius a 1 1 1 m store b", ""},
    {"+@all %R~a %W~c", "georadius a 1 1 1 m store b", "No permissions to access a key"},
    {"+@all ~a", "proxy topology", ""},
    {"+@all -@dangerous", "proxy node x info",
     "User u has no permissions to run the 'proxy|node' "
     "command"},
    {"+select|0", "select 0", ""},
    {"+select|0", "select 1", "User u has no permissions to run the 'select' command"},
    {"(+get ~a) (+set ~b)", "get a", ""},
    {"(+get ~a) (+set ~b)", "set b 1", ""},
    {"(+get ~a) (+set ~b)", "get b", "No permissions to access a key"},
    {"(+get ~a) (+set ~b)", "del a", "User u has no permissions to run the 'del' command"},
    {"+@all ~* alldbs", "get a", ""},
    {"+@all ~* db=0", "get a", ""},
    {"+@all ~* &* db=0,1", "set a x", ""},
    {"+@all ~* &* db=1", "get a", "User u has no permissions to run the 'get' command"},
    {"+@all ~* &* db=1", "ping", "User u has no permissions to run the 'ping' command"},
    {"+@all ~* &* db=1", "auth x y", ""},
    {"+@all ~* &* resetdbs", "set a x", "User u has no permissions to run the 'set' command"},
    {"+get ~* resetdbs", "get a", "User u has no permissions to run the 'get' command"},
    {"+@all ~* &* db=1 (+get ~a db=0)", "get a", ""},
    {"+@all ~* &* db=1 (+get ~a db=0)", "set a x",
     "User u has no permissions to run the 'set' command"},
    {"+@all ~* &* db=0", "flushall", "User u has no permissions to run the 'flushall' command"},
    {"+@all ~* &* alldbs", "flushall", ""},
    {"+@all ~* &* db=0", "flushdb", ""},
    {"+@all ~* &* db=0,1", "select 1", ""},
    {"+@all ~* &* db=0,1", "select 2", "User u has no permissions to run the 'select' command"},
    {"+@all ~* &* db=0,2", "copy a b replace db 2", ""},
    {"+@all ~* &* db=0,2", "copy a b DB 1", "User u has no permissions to run the 'copy' command"},
    {"+@all ~* &* db=0", "copy a b", ""},
    {"+@all ~* &* db=0,2", "copy a b db x", "User u has no permissions to run the 'copy' command"},
    {"+@all ~* &* db=0,2", "move a 2", ""},
    {"+@all ~* &* db=0,2", "move a 3", "User u has no permissions to run the 'move' command"},
    {"+@all ~* &* db=0,2", "swapdb 0 2", ""},
    {"+@all ~* &* db=0,2", "swapdb 0 1", "User u has no permissions to run the 'swapdb' command"},
    {"+@all ~* &* db=0,2", "swapdb 1 0", "User u has no permissions to run the 'swapdb' command"},
};

static struct acl_ruling judge(const struct acl_user *user, const struct command_table *table,
                               const struct words *words, struct acl_request *request)
{
    const struct command *command;

    cr_assert_eq(command_table_find(table, &words->arguments, &command), COMMAND_FOUND, "%.*s",
                 (int)words->items[0].size, words->items[0].at);
    request->table = table;
    request->command = command;
    request->arguments = &words->arguments;
    return acl_check(user, request);
}

/* The quick look may miss what is allowed, and never allows what is not. */
static void expect_plain(const struct acl_user *user, const struct acl_request *request,
                         bool is_allowed)
{
    if (request->command->only_key != 0 && request->command->class == COMMAND_CLASS_ONE_KEY) {
        cr_expect(!acl_allows_plain(user, request->command, request->arguments) || is_allowed);
    }
}

Test(acl_check, rows)
{
    struct keys keys = {0};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct acl_user *user = user_of(rows[i].rules);
        struct acl_request request = {.keys = &keys};
        struct words words;
        char text[ACL_TEXT_MAX] = "";

        words_init(&words, rows[i].words);

        struct acl_ruling ruling = judge(user, NULL, &words, &request);

        if (ruling.verdict != ACL_ALLOWED) {
            acl_refusal(user, &request, ruling, text);
        }
        cr_expect_str_eq(text, rows[i].refusal, "'%s' for '%s': %s", rows[i].words, rows[i].rules,
                         text);
        expect_plain(user, &request, ruling.verdict == ACL_ALLOWED);
        acl_user_free(&user);
    }
    keys_clear(&keys);
}

static const struct {
    const char *rules;
    const char *words;
    const char *option;
} sorts[] = {
    {"+@all ~a", "sort a", NULL},          {"+@all ~a", "sort a by nosort", NULL},
    {"+@all ~a", "sort a by w*", "BY"},    {"+@all ~a", "sort a limit by 2 get x*", "GET"},
    {"+@all ~a", "sort a store by", NULL}, {"+@all ~a", "sort_ro a get #", "GET"},
    {"+@all ~*", "sort a by w*", NULL},    {"+@all %R~* ~a", "sort a by w* get v*", NULL},
    {"+@all %W~*", "sort a by w*", "BY"},  {"(+sort ~a) (+get ~*)", "sort a by w*", "BY"},
    {"~* &* +@all", "sort a by w*", NULL},
};

Test(acl_check, sort_reads_other_keys_only_for_those_who_may_read_all)
{
    struct keys keys = {0};

    for (size_t i = 0; i < ARRAY_LEN(sorts); i++) {
        struct acl_user *user = user_of(sorts[i].rules);
        struct acl_request request = {.keys = &keys};
        struct words words;

        words_init(&words, sorts[i].words);
        judge(user, NULL, &words, &request);

        const char *option = acl_check_sort(user, &request);

        if (sorts[i].option == NULL) {
            cr_expect_null(option, "%s", sorts[i].words);
        } else {
            cr_expect_str_eq(option, sorts[i].option, "%s", sorts[i].words);
        }
        acl_user_free(&user);
    }
    keys_clear(&keys);
}

/* Commands that a cluster has taught us, and that rules may have named before. */
static const struct row learned_rows[] = {
    {"+@all ~a", "foo.set a 1", ""},
    {"+@all ~a", "foo.set b 1", "No permissions to access a key"},
    {"-@all ~a", "foo.set a 1", "User u has no permissions to run the 'foo.set' command"},
    {"+foo.set ~a", "foo.set a 1", ""},
    {"+foo.set ~a", "foo.get a", "User u has no permissions to run the 'foo.get' command"},
    {"+@all -foo.set ~a", "foo.set a 1", "User u has no permissions to run the 'foo.set' command"},
    {"+@write ~a", "foo.set a 1", ""},
    {"+@write ~a", "foo.get a", "User u has no permissions to run the 'foo.get' command"},
    {"+@json ~a", "foo.get a", ""},
    {"+foo.set -@write ~a", "foo.set a 1",
     "User u has no permissions to run the 'foo.set' command"},
    {"-@write +foo.set ~a", "foo.set a 1", ""},
    {"+foo.get|a ~a ~b", "foo.get a", ""},
    {"+foo.get|a ~a ~b", "foo.get b", "User u has no permissions to run the 'foo.get' command"},
    {"+@all -foo.get|a ~*", "foo.get a", "User u has no permissions to run the 'foo.get' command"},
    {"+@all -foo.get|a ~*", "foo.get b", ""},
    {"+@all -foo.get|a +foo.get ~*", "foo.get a", ""},
    {"+@all -foo.box|put", "foo.box put",
     "User u has no permissions to run the 'foo.box|put' command"},
    {"+@all -foo.box|put", "foo.box take", ""},
    {"+foo.box|put", "foo.box put", ""},
    {"+foo.box|put", "foo.box take", "User u has no permissions to run the 'foo.box|take' command"},
    {"+foo.box", "foo.box take", ""},
    {"+@timeseries", "foo.box take", ""},
    {"+@all %R~a", "foo.get a", ""},
    {"+@all %R~a", "foo.set a 1", "No permissions to access a key"},
    {"+@all ~a", "foo.search x", "No permissions to access a key"},
    {"+@all %W~*", "foo.search x", "No permissions to access a key"},
    {"+@all %R~*", "foo.search x", ""},
    {"+@all ~*", "foo.search x", ""},
    {"+@all ~a (+foo.search %R~*)", "foo.search x", ""},
    {"-@all ~a", "foo.search x", "User u has no permissions to run the 'foo.search' command"},
    {"+@all %R~*", "foo.alter x", "No permissions to access a key"},
    {"+@all %RW~*", "foo.alter x", ""},
    {"+@all ~a", "foo.copy a b", "No permissions to access a key"},
    {"+@all ~*", "foo.copy a b", ""},
    {"+@all ~a", "foo.merge a more", "No permissions to access a key"},
    {"+@all %RW~*", "foo.merge a more", ""},
    {"+@all ~chan ~a", "foo.send chan a", ""},
    {"+@all ~chan", "foo.send chan b", "No permissions to access a key"},
    {"+@all ~a", "foo.store a 0", ""},
    {"+@all ~a", "foo.store b 0", "No permissions to access a key"},
};

static struct key_spec key_at(int16_t index, uint16_t flags)
{
    return (struct key_spec){.begin = KEY_BEGIN_INDEX,
                             .index = index,
                             .find = KEY_FIND_RANGE,
                             .step = 1,
                             .flags = flags};
}

static const struct command *learned(const char *name, const char *groups, uint16_t key_flags)
{
    struct command facts = {
        .name = name,
        .groups = groups,
        .since = "",
        .id = COMMAND_ID_LEARNED,
        .arity = -1,
        .class = key_flags == 0 ? COMMAND_CLASS_ANY_NODE : COMMAND_CLASS_ONE_KEY,
        .key_spec_count = key_flags == 0 ? 0 : 1,
        .keys = {key_at(1, key_flags)},
    };

    return command_row_keep(&facts);
}

/* One with flags, and with those keys that have an index. */
static const struct command *learned_keys(const char *name, uint32_t flags, struct key_spec first,
                                          struct key_spec second)
{
    struct command facts = {
        .name = name,
        .groups = "",
        .since = "",
        .id = COMMAND_ID_LEARNED,
        .arity = -1,
        .class = COMMAND_CLASS_SAME_SLOT,
        .flags = flags,
        .key_spec_count = (uint8_t)((first.index != 0) + (second.index != 0)),
        .keys = {first, second},
    };

    return command_row_keep(&facts);
}

static void expect_rows(const struct row *first, size_t count, const struct command_table *table)
{
    struct keys keys = {0};

    for (size_t i = 0; i < count; i++) {
        const struct row *row = &first[i];
        struct acl_user *user = user_of(row->rules);
        struct acl_request request = {.keys = &keys};
        struct words words;
        char text[ACL_TEXT_MAX] = "";

        words_init(&words, row->words);

        struct acl_ruling ruling = judge(user, table, &words, &request);

        if (ruling.verdict != ACL_ALLOWED) {
            acl_refusal(user, &request, ruling, text);
        }
        cr_expect_str_eq(text, row->refusal, "'%s' for '%s': %s", row->words, row->rules, text);
        acl_user_free(&user);
    }
    keys_clear(&keys);
}

Test(acl_check, commands_that_became_known_later)
{
    const struct key_spec none_there = {0};
    const struct key_spec counted = {.begin = KEY_BEGIN_INDEX,
                                     .index = 2,
                                     .find = KEY_FIND_COUNT,
                                     .step = 1,
                                     .limit = 1,
                                     .flags = KEY_RO};
    const struct command *commands[] = {
        learned("foo.set", "@write,@slow", KEY_RW),
        learned("foo.get", "@read,@json", KEY_RO),
        learned("foo.box put", "@slow", 0),
        learned("foo.box take", "@slow", 0),
        learned_keys("foo.search", COMMAND_READONLY, none_there, none_there),
        learned_keys("foo.alter", COMMAND_WRITE, none_there, none_there),
        learned_keys("foo.copy", COMMAND_WRITE | COMMAND_MOVABLEKEYS, key_at(1, KEY_RW),
                     none_there),
        learned_keys("foo.merge", COMMAND_WRITE, key_at(1, KEY_RW | KEY_INCOMPLETE), none_there),
        learned_keys("foo.send", COMMAND_WRITE, key_at(1, KEY_NOT_KEY), key_at(2, KEY_RW)),
        learned_keys("foo.store", COMMAND_WRITE, key_at(1, KEY_RW), counted),
        NULL,
    };
    struct command box = {.name = "foo.box",
                          .groups = "@timeseries",
                          .since = "",
                          .id = COMMAND_ID_LEARNED,
                          .arity = -2,
                          .class = COMMAND_CLASS_CONTAINER};
    const struct command_rules none = {0};
    struct command_table *table;

    commands[ARRAY_LEN(commands) - 1] = command_row_keep(&box);
    table = command_table_new(commands, ARRAY_LEN(commands), &none);
    expect_rows(learned_rows, ARRAY_LEN(learned_rows), table);
    command_table_release(&table);
}

/* What is below an index is known to the nodes only, unless a rule tells of a key. */
static const struct row search_rows[] = {
    {"+@all ~a", "ft.search a q", "No permissions to access a key"},
    {"+@all %R~*", "ft.search a q", ""},
    {"+@all ~a", "ft.open a", "No permissions to access a key"},
    {"+@all %RW~*", "ft.open a", ""},
    {"+@all ~a", "_ft.open a", "No permissions to access a key"},
    {"+@all ~a", "ft.told a", ""},
    {"+@all ~a", "ft.told b", "No permissions to access a key"},
    {"+@all ~a", "fta.open a", ""},
    {"+@all ~a", "foo.ping a", ""},
};

Test(acl_check, searches_whatever_keys_are_told_of_them)
{
    const struct key_spec none_there = {0};
    const struct command *commands[] = {
        learned_keys("ft.search", COMMAND_READONLY, key_at(1, KEY_RO | KEY_INCOMPLETE), none_there),
        learned_keys("ft.told", COMMAND_WRITE, key_at(1, KEY_RW), none_there),
        learned_keys("ft.open", 0, none_there, none_there),
        learned_keys("_ft.open", 0, none_there, none_there),
        learned_keys("fta.open", 0, none_there, none_there),
        learned_keys("foo.ping", 0, none_there, none_there),
    };
    const struct command_rules none = {0};
    struct command_table *table = command_table_new(commands, ARRAY_LEN(commands), &none);

    expect_rows(search_rows, ARRAY_LEN(search_rows), table);
    command_table_release(&table);
}
