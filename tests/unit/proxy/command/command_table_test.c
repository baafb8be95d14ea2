#include "proxy/command/command_table.h"

#include <stdio.h>

#include "proxy/command/command_class.h"
#include "proxy/command/command_rows.h"
#include "tests/unit/proxy/command/words.h"

static const struct command_rules no_rules;

#define ONE_KEY(at)                                                                                \
    .key_spec_count = 1,                                                                           \
    .keys = {{.begin = KEY_BEGIN_INDEX, .index = (at), .find = KEY_FIND_RANGE, .step = 1}}

/* What a node might tell. */
static const struct command told[] = {
    {.name = "foo.get", .arity = 2, .flags = COMMAND_READONLY, ONE_KEY(1)},
    {.name = "foo.set", .arity = -3, .flags = COMMAND_WRITE, ONE_KEY(1)},
    {.name = "foo", .arity = -2, .class = COMMAND_CLASS_CONTAINER},
    {.name = "foo bar", .arity = 3, .flags = COMMAND_READONLY, ONE_KEY(2)},
    {.name = "foo baz", .arity = 2},
    {.name = "config frob", .arity = 2},
    {.name = "get", .arity = 7, ONE_KEY(1)},
    {.name = "get sub", .arity = 2},
};

static const struct command *keep(const struct command *from)
{
    struct command facts = *from;

    facts.groups = "@read,@slow";
    command_classify(&facts, KEYS_TOLD);
    const struct command *row = command_row_keep(&facts);
    cr_assert_not_null(row);
    return row;
}

static struct command_table *make_table(const struct command_rules *rules)
{
    const struct command *rows[ARRAY_LEN(told)];

    for (size_t i = 0; i < ARRAY_LEN(told); i++) {
        rows[i] = keep(&told[i]);
    }
    return command_table_new(rows, ARRAY_LEN(rows), rules);
}

static struct command_table *table_with_rules(const char *const *texts, size_t count)
{
    struct command_rules rules = {0};

    for (size_t i = 0; i < count; i++) {
        cr_assert(command_rules_append(&rules, span_of(texts[i])), "%s", texts[i]);
    }
    struct command_table *table = make_table(&rules);
    command_rules_clear(&rules);
    return table;
}

static const struct lookup {
    const char *request;
    enum command_result result;
    const char *name; /* of the row; NULL: none */
} lookups[] = {
    {"GET k", COMMAND_FOUND, "get"},
    {"GET", COMMAND_BAD_ARITY, "get"},
    {"CONFIG GET x", COMMAND_FOUND, "config get"},
    {"FOO.GET k", COMMAND_FOUND, "foo.get"},
    {"foo.get k", COMMAND_FOUND, "foo.get"},
    {"foo.get", COMMAND_BAD_ARITY, "foo.get"},
    {"foo.set k v w", COMMAND_FOUND, "foo.set"},
    {"foo.gets k", COMMAND_UNKNOWN, NULL},
    {"foo.ge k", COMMAND_UNKNOWN, NULL},
    {"'' k", COMMAND_UNKNOWN, NULL},
    {"foo", COMMAND_BAD_ARITY, "foo"},
    {"foo BAR k", COMMAND_FOUND, "foo bar"},
    {"Foo bar", COMMAND_BAD_ARITY, "foo bar"},
    {"foo nosuch", COMMAND_UNKNOWN_SUBCOMMAND, "foo"},
    {"foo|bar k", COMMAND_UNKNOWN, NULL},
    {"config frob", COMMAND_FOUND, "config frob"},
    {"config frobs", COMMAND_UNKNOWN_SUBCOMMAND, "config"},
    {"get sub", COMMAND_FOUND, "get"},
};

Test(command_table, learned_commands_are_found_behind_those_of_the_table)
{
    struct command_table *table = make_table(&no_rules);

    for (size_t i = 0; i < ARRAY_LEN(lookups); i++) {
        struct words words;
        const struct command *command = NULL;
        words_init(&words, lookups[i].request);
        cr_expect_eq(command_table_find(table, &words.arguments, &command), lookups[i].result, "%s",
                     lookups[i].request);
        cr_assert_eq(command == NULL, lookups[i].name == NULL, "%s", lookups[i].request);
        cr_expect(command == NULL || strcmp(command->name, lookups[i].name) == 0, "%s is '%s'",
                  lookups[i].request, command == NULL ? "" : command->name);
    }
    command_table_release(&table);
}

Test(command_table, what_commands_def_says_is_not_replaced)
{
    struct command_table *table = make_table(&no_rules);

    cr_expect_eq(command_table_by_name(table, SPAN("get")), command_by_id(COMMAND_ID_GET));
    cr_expect_eq(command_table_learned(table), ARRAY_LEN(told) - 2);
    command_table_release(&table);
}

Test(command_table, a_name_that_is_too_long_or_has_a_zero_byte_is_unknown)
{
    struct command_table *table = make_table(&no_rules);
    char longest[4096];
    struct span items[] = {{longest, sizeof longest}, {longest, sizeof longest}};
    struct arguments arguments = {.items = items, .count = 2};
    const struct command *command = NULL;

    memset(longest, 'f', sizeof longest);
    cr_expect_eq(command_table_find(table, &arguments, &command), COMMAND_UNKNOWN);
    items[0] = SPAN("foo");
    cr_expect_eq(command_table_find(table, &arguments, &command), COMMAND_UNKNOWN_SUBCOMMAND);
    items[0] = (struct span){"foo.get\0x", 9};
    cr_expect_eq(command_table_find(table, &arguments, &command), COMMAND_UNKNOWN);
    command_table_release(&table);
}

Test(command_table, no_table_is_that_of_commands_def)
{
    struct words words;
    const struct command *command = NULL;
    size_t at = 0;
    size_t count = 0;

    words_init(&words, "foo.get k");
    cr_expect_eq(command_table_find(NULL, &words.arguments, &command), COMMAND_UNKNOWN);
    words_init(&words, "get k");
    cr_expect_eq(command_table_find(NULL, &words.arguments, &command), COMMAND_FOUND);
    while (command_table_next(NULL, &at) != NULL) {
        count++;
    }
    cr_expect_eq(count, COMMAND_COUNT);
    cr_expect_eq(command_table_learned(NULL), 0);
}

static const struct lookup denials[] = {
    {"KEYS *", COMMAND_DENIED, "keys"},
    {"KEYS", COMMAND_DENIED, "keys"},
    {"CONFIG GET x", COMMAND_DENIED, "config get"},
    {"CONFIG nosuch", COMMAND_DENIED, "config"},
    {"CLIENT LIST", COMMAND_DENIED, "client list"},
    {"CLIENT ID", COMMAND_FOUND, "client id"},
    {"foo.get k", COMMAND_DENIED, "foo.get"},
    {"foo bar k", COMMAND_DENIED, "foo"},
    {"never.heard of it", COMMAND_DENIED, "never.heard"},
    {"GET k", COMMAND_FOUND, "get"},
    {"foo.set k v", COMMAND_FOUND, "foo.set"},
};

Test(command_table, what_the_configuration_denies_is_denied)
{
    const char *const rules[] = {"keys=deny",    "config=deny", "client|list=deny",
                                 "foo.get=deny", "foo=deny",    "never.heard=deny"};
    struct command_table *table = table_with_rules(rules, ARRAY_LEN(rules));

    for (size_t i = 0; i < ARRAY_LEN(denials); i++) {
        struct words words;
        const struct command *command = NULL;
        words_init(&words, denials[i].request);
        cr_expect_eq(command_table_find(table, &words.arguments, &command), denials[i].result, "%s",
                     denials[i].request);
        cr_assert_not_null(command, "%s", denials[i].request);
        cr_expect_str_eq(command->name, denials[i].name);
    }
    cr_expect_null(command_table_by_name(table, SPAN("keys")));
    cr_expect_null(command_table_by_name(table, SPAN("config|get")));
    cr_expect_null(command_table_by_name(table, SPAN("foo.get")));
    command_table_release(&table);
}

static bool lists(const struct command_table *table, const char *name)
{
    const struct command *command;

    for (size_t at = 0; (command = command_table_next(table, &at)) != NULL;) {
        if (strcmp(command->name, name) == 0) {
            return true;
        }
    }
    return false;
}

Test(command_table, rows_are_listed_without_the_denied_ones)
{
    const char *const rules[] = {"keys=deny", "foo.get=deny"};
    struct command_table *table = table_with_rules(rules, ARRAY_LEN(rules));

    cr_expect(lists(table, "get"));
    cr_expect(lists(table, "foo.set"));
    cr_expect(lists(table, "config frob"));
    cr_expect_not(lists(table, "keys"));
    cr_expect_not(lists(table, "foo.get"));
    command_table_release(&table);
}

static size_t count_below(const struct command_table *table, const char *name, const char *last)
{
    const struct command *container = command_table_by_name(table, span_of(name));
    const struct command *command;
    const char *seen = "";
    size_t count = 0;

    cr_assert_not_null(container);
    for (size_t at = 0; (command = command_table_next_below(table, container, &at)) != NULL;) {
        seen = command->name;
        count++;
    }
    cr_expect_str_eq(seen, last);
    return count;
}

Test(command_table, subcommands_are_found_below_containers_of_either_kind)
{
    const char *const rules[] = {"config set=deny"};
    struct command_table *plain = make_table(&no_rules);
    struct command_table *denying = table_with_rules(rules, 1);
    size_t built_in = count_below(NULL, "config", "config set");

    cr_expect_eq(count_below(plain, "foo", "foo baz"), 2);
    cr_expect_eq(count_below(plain, "foo.get", ""), 0);
    cr_expect_eq(count_below(plain, "get", ""), 0);
    cr_expect_eq(count_below(plain, "config", "config frob"), built_in + 1);
    cr_expect_eq(count_below(denying, "config", "config frob"), built_in);
    command_table_release(&plain);
    command_table_release(&denying);
}

static enum command_result look_up(const struct command_table *table, const char *request)
{
    struct words words;
    const struct command *command;

    words_init(&words, request);
    return command_table_find(table, &words.arguments, &command);
}

Test(command_table, other_rules_take_the_place_of_those_before)
{
    const char *const deny[] = {"keys=deny", "foo.get=deny", "foo.new=read first"};
    struct command_table *denying = table_with_rules(deny, ARRAY_LEN(deny));
    struct command_table *table = command_table_again(denying, &no_rules);
    struct command_table *plain = make_table(&no_rules);
    struct command_table *own = command_table_again(NULL, &no_rules);

    cr_expect_eq(look_up(denying, "foo.get k"), COMMAND_DENIED);
    command_table_release(&denying);
    cr_expect(command_table_equal(table, plain));
    cr_expect_eq(look_up(table, "foo.get k"), COMMAND_FOUND);
    cr_expect_eq(look_up(table, "keys x"), COMMAND_FOUND);
    cr_expect_eq(look_up(table, "foo.new x"), COMMAND_UNKNOWN);
    cr_expect_eq(look_up(own, "foo.get k"), COMMAND_UNKNOWN);
    cr_expect_eq(look_up(own, "keys x"), COMMAND_FOUND);
    command_table_release(&table);
    command_table_release(&plain);
    command_table_release(&own);
}

static const struct rule_row {
    const char *rule;
    const char *request;
    enum command_class class;
    uint8_t only_key;
    uint32_t flag;
} rule_rows[] = {
    {"a.b=write first", "a.b k", COMMAND_CLASS_ONE_KEY, 1, COMMAND_WRITE},
    {"a.b=read all", "a.b k l", COMMAND_CLASS_SAME_SLOT, 0, COMMAND_READONLY},
    {"a.b=read none", "a.b", COMMAND_CLASS_ANY_NODE, 0, COMMAND_READONLY},
    {"a.b=write 2:2:1", "a.b x k", COMMAND_CLASS_ONE_KEY, 2, COMMAND_WRITE},
    {"foo.set=read first", "foo.set k v", COMMAND_CLASS_ONE_KEY, 1, COMMAND_READONLY},
    {"foo.get=write none", "foo.get k", COMMAND_CLASS_ANY_NODE, 0, COMMAND_WRITE},
    {"quux|put=write 2:2:1", "quux put k", COMMAND_CLASS_ONE_KEY, 2, COMMAND_WRITE},
    {"foo qux=write 2:2:1", "foo qux k", COMMAND_CLASS_ONE_KEY, 2, COMMAND_WRITE},
};

Test(command_table, rules_tell_facts_of_what_commands_def_does_not_have)
{
    for (size_t i = 0; i < ARRAY_LEN(rule_rows); i++) {
        const struct rule_row *row = &rule_rows[i];
        struct command_table *table = table_with_rules(&row->rule, 1);
        const struct command *command = NULL;
        struct words words;
        words_init(&words, row->request);
        cr_assert_eq(command_table_find(table, &words.arguments, &command), COMMAND_FOUND, "%s",
                     row->rule);
        cr_expect_eq(command->flags & (COMMAND_WRITE | COMMAND_READONLY), row->flag, "%s",
                     row->rule);
        cr_expect_eq(command->class, row->class, "%s: %s", row->rule,
                     command_class_name(command->class));
        cr_expect_eq(command->only_key, row->only_key, "%s", row->rule);
        command_table_release(&table);
    }
}

static void keep_all_there_is_room_for(void)
{
    char name[32];

    for (int i = 0; i < COMMAND_ROWS_MAX; i++) {
        struct command facts = {.name = name, .groups = "", .arity = 1};
        snprintf(name, sizeof name, "row.%d", i);
        if (command_row_keep(&facts) == NULL) {
            return;
        }
    }
}

Test(command_table, rules_have_their_effect_also_when_rows_have_run_out)
{
    struct command_rules rules = {0};
    const struct command *rows[] = {keep(&told[0]), keep(&told[1])};
    const struct command *command = NULL;
    struct words words;

    cr_assert(command_rules_append(&rules, SPAN("foo.get=deny")));
    cr_assert(command_rules_append(&rules, SPAN("foo.set=write none")));
    struct command_table *first = command_table_new(NULL, 0, &rules);
    keep_all_there_is_room_for();
    struct command_table *table = command_table_new(rows, ARRAY_LEN(rows), &rules);
    words_init(&words, "foo.get k");
    cr_expect_eq(command_table_find(table, &words.arguments, &command), COMMAND_DENIED);
    words_init(&words, "foo.set k v");
    cr_expect_eq(command_table_find(table, &words.arguments, &command), COMMAND_FOUND);
    cr_expect_eq(command->class, COMMAND_CLASS_ANY_NODE);
    command_table_release(&first);
    command_table_release(&table);
    command_rules_clear(&rules);
}

Test(command_table, rules_without_effect_are_named)
{
    struct command_rules rules = {0};
    size_t at = 0;

    cr_assert(command_rules_append(&rules, SPAN("keys=deny")));
    cr_assert(command_rules_append(&rules, SPAN("get=write first")));
    cr_assert(command_rules_append(&rules, SPAN("foo.bar=write first")));
    cr_assert(command_rules_append(&rules, SPAN("get|sub=write first")));
    cr_expect_str_eq(command_table_idle_rule(&rules, &at)->name, "get");
    cr_expect_str_eq(command_table_idle_rule(&rules, &at)->name, "get sub");
    cr_expect_null(command_table_idle_rule(&rules, &at));
    command_rules_clear(&rules);
}

Test(command_table, a_later_row_replaces_an_earlier_one)
{
    struct command other = told[0];
    other.arity = 5;
    const struct command *rows[] = {keep(&told[1]), keep(&told[0]), keep(&told[1]), keep(&other)};
    struct command_table *table = command_table_new(rows, ARRAY_LEN(rows), &no_rules);

    cr_expect_eq(command_table_learned(table), 2);
    cr_expect_eq(command_table_by_name(table, SPAN("foo.get"))->arity, 5);
    command_table_release(&table);
}

Test(command_table, equal_tables_have_the_same_rows_and_denials)
{
    const char *const denial[] = {"foo.get=deny"};
    const char *const other_denial[] = {"keys=deny"};
    struct command_table *one = make_table(&no_rules);
    struct command_table *same = make_table(&no_rules);
    struct command_table *denying = table_with_rules(denial, 1);
    struct command_table *other = table_with_rules(other_denial, 1);

    cr_expect(command_table_equal(one, same));
    cr_expect_not(command_table_equal(one, denying));
    cr_expect_not(command_table_equal(one, other));
    cr_expect_not(command_table_equal(one, NULL));
    cr_expect(command_table_equal(NULL, NULL));
    struct command_table *taken = command_table_take(one);
    command_table_release(&one);
    cr_expect_null(one);
    cr_expect(command_table_equal(taken, same));
    command_table_release(&taken);
    command_table_release(&same);
    command_table_release(&denying);
    command_table_release(&other);
}

Test(command_rows, equal_facts_are_one_row_and_all_of_it_is_copied)
{
    char name[] = "foo.text";
    char word[] = "AT";
    struct command facts = {
        .name = name,
        .groups = "@slow",
        .arity = -2,
        .key_spec_count = 1,
        .keys = {{.begin = KEY_BEGIN_KEYWORD, .keyword = word, .find = KEY_FIND_RANGE}},
    };
    const struct command *row = command_row_keep(&facts);

    cr_expect_eq(command_row_keep(&facts), row);
    cr_expect_eq(row->id, COMMAND_ID_LEARNED);
    name[0] = 'x';
    word[0] = 'x';
    cr_expect_str_eq(row->name, "foo.text");
    cr_expect_str_eq(row->keys[0].keyword, "AT");
    cr_expect_neq(command_row_keep(&facts), row);
}

Test(command_rows, are_limited)
{
    size_t kept = 0;
    char name[32];

    for (int i = 0; i < COMMAND_ROWS_MAX + 100; i++) {
        struct command facts = {.name = name, .groups = "", .arity = 1};
        snprintf(name, sizeof name, "row.%d", i);
        kept += command_row_keep(&facts) != NULL ? 1 : 0;
    }
    cr_expect_eq(kept, COMMAND_ROWS_MAX);
    struct command first = {.name = "row.0", .groups = "", .arity = 1};
    cr_expect_not_null(command_row_keep(&first), "a row that is there can still be had");
}
