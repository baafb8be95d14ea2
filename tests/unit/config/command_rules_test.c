#include "config/command_rules.h"

#include <criterion/criterion.h>

static const struct {
    const char *text;
    const char *name; /* NULL: it is refused */
    enum command_rule_kind kind;
    int first, last, step;
} samples[] = {
    {"keys=deny", "keys", COMMAND_RULE_DENY, 0, 0, 0},
    {" KEYS = Deny ", "keys", COMMAND_RULE_DENY, 0, 0, 0},
    {"foo.bar=write first", "foo.bar", COMMAND_RULE_WRITE, 1, 1, 1},
    {"foo.bar=read  FIRST", "foo.bar", COMMAND_RULE_READ, 1, 1, 1},
    {"foo.bar=read all", "foo.bar", COMMAND_RULE_READ, 1, -1, 1},
    {"foo.bar=read none", "foo.bar", COMMAND_RULE_READ, 0, 0, 0},
    {"foo.bar=write 2:-1:3", "foo.bar", COMMAND_RULE_WRITE, 2, -1, 3},
    {"foo.bar=write 2:2:1", "foo.bar", COMMAND_RULE_WRITE, 2, 2, 1},
    {"foo.bar=write 1000:1000:1000", "foo.bar", COMMAND_RULE_WRITE, 1000, 1000, 1000},
    {"Config|Set=deny", "config set", COMMAND_RULE_DENY, 0, 0, 0},
    {"config set=deny", "config set", COMMAND_RULE_DENY, 0, 0, 0},
    {"config  |  set=deny", "config set", COMMAND_RULE_DENY, 0, 0, 0},
    {"_ft.debug=deny", "_ft.debug", COMMAND_RULE_DENY, 0, 0, 0},
    {"", NULL, 0, 0, 0, 0},
    {"keys", NULL, 0, 0, 0, 0},
    {"=deny", NULL, 0, 0, 0, 0},
    {"keys=", NULL, 0, 0, 0, 0},
    {"keys=allow", NULL, 0, 0, 0, 0},
    {"keys=deny all", NULL, 0, 0, 0, 0},
    {"a b c=deny", NULL, 0, 0, 0, 0},
    {"a|b|c=deny", NULL, 0, 0, 0, 0},
    {"a|=deny", NULL, 0, 0, 0, 0},
    {"|b=deny", NULL, 0, 0, 0, 0},
    {"a\tb=deny", NULL, 0, 0, 0, 0},
    {"foo.bar=first", NULL, 0, 0, 0, 0},
    {"foo.bar=write", NULL, 0, 0, 0, 0},
    {"foo.bar=write second", NULL, 0, 0, 0, 0},
    {"foo.bar=write 0:0:0", NULL, 0, 0, 0, 0},
    {"foo.bar=write 1:-1:0", NULL, 0, 0, 0, 0},
    {"foo.bar=write 1:-1:-1", NULL, 0, 0, 0, 0},
    {"foo.bar=write -1:-1:1", NULL, 0, 0, 0, 0},
    {"foo.bar=write 3:2:1", NULL, 0, 0, 0, 0},
    {"foo.bar=write 1:1", NULL, 0, 0, 0, 0},
    {"foo.bar=write 1:1:1:1", NULL, 0, 0, 0, 0},
    {"foo.bar=write 1001:1001:1", NULL, 0, 0, 0, 0},
    {"foo.bar=write 1:99999999999999999999:1", NULL, 0, 0, 0, 0},
};

Test(command_rules, samples)
{
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        struct command_rules rules = {0};
        bool is_rule = command_rules_append(&rules, span_of(samples[i].text));

        cr_expect_eq(is_rule, samples[i].name != NULL, "'%s'", samples[i].text);
        cr_assert_eq(rules.count, is_rule ? 1 : 0, "'%s'", samples[i].text);
        if (is_rule) {
            cr_expect_str_eq(rules.items[0].name, samples[i].name);
            cr_expect_str_eq(rules.items[0].text, samples[i].text);
            cr_expect_eq(rules.items[0].kind, samples[i].kind, "'%s'", samples[i].text);
            cr_expect_eq(rules.items[0].first, samples[i].first, "'%s'", samples[i].text);
            cr_expect_eq(rules.items[0].last, samples[i].last, "'%s'", samples[i].text);
            cr_expect_eq(rules.items[0].step, samples[i].step, "'%s'", samples[i].text);
        }
        command_rules_clear(&rules);
    }
}

Test(command_rules, a_command_has_one_rule)
{
    struct command_rules rules = {0};

    cr_expect(command_rules_append(&rules, SPAN("keys=deny")));
    cr_expect(command_rules_append(&rules, SPAN("config|set=deny")));
    cr_expect_not(command_rules_append(&rules, SPAN("KEYS=read none")));
    cr_expect_not(command_rules_append(&rules, SPAN("config set=deny")));
    cr_expect_eq(rules.count, 2);
    command_rules_clear(&rules);
}
