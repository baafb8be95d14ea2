/* Every kind of rule: what a user is afterwards, as ACL LIST shows him, or what is wrong. */
#include "tests/unit/proxy/acl/user_of.h"

#define FOO "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
#define BAR "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9"

static const struct row {
    const char *rules;
    const char *shown;
} rows[] = {
    {"", "off resetchannels -@all"},
    {"on", "on resetchannels -@all"},
    {"ON Nopass", "on nopass resetchannels -@all"},
    {"on off", "off resetchannels -@all"},
    {">foo", "off #" FOO " resetchannels -@all"},
    {">foo >foo #" FOO, "off #" FOO " resetchannels -@all"},
    {">foo >bar", "off #" FOO " #" BAR " resetchannels -@all"},
    {">foo >bar <foo", "off #" BAR " resetchannels -@all"},
    {">foo >bar !" BAR, "off #" FOO " resetchannels -@all"},
    {">foo nopass", "off nopass resetchannels -@all"},
    {"nopass >foo", "off #" FOO " resetchannels -@all"},
    {"nopass resetpass", "off resetchannels -@all"},
    {">foo resetpass", "off resetchannels -@all"},
    {"~a* ~b*", "off ~a* ~b* resetchannels -@all"},
    {"~a* ~a*", "off ~a* resetchannels -@all"},
    {"%R~a* %w~b* %rW~c* %WR~d*", "off %R~a* %W~b* ~c* ~d* resetchannels -@all"},
    {"%R~a* %W~a*", "off ~a* resetchannels -@all"},
    {"%R", "off %R~ resetchannels -@all"},
    {"%RW~* ~a", "off %RW~* ~a resetchannels -@all"},
    {"%R~* %W~*", "off %RW~* resetchannels -@all"},
    {"~a* allkeys", "off ~* resetchannels -@all"},
    {"~a* ~*", "off ~* resetchannels -@all"},
    {"allkeys resetkeys ~a", "off ~a resetchannels -@all"},
    {"&a* &b", "off resetchannels &a* &b -@all"},
    {"&a &a", "off resetchannels &a -@all"},
    {"&a allchannels", "off &* -@all"},
    {"&*", "off &* -@all"},
    {"&* resetchannels &b", "off resetchannels &b -@all"},
    {"+get", "off resetchannels -@all +get"},
    {"+GET +Config|Get", "off resetchannels -@all +get +config|get"},
    {"+get -get", "off resetchannels -@all -get"},
    {"+config|get +config", "off resetchannels -@all +config"},
    {"+@read -@dangerous +keys", "off resetchannels -@all +@read -@dangerous +keys"},
    {"+@Read", "off resetchannels -@all +@read"},
    {"+@all -get", "off resetchannels +@all -get"},
    {"-get allcommands", "off resetchannels +@all"},
    {"+get nocommands", "off resetchannels -@all"},
    {"+select|0 +select|1", "off resetchannels -@all +select|0 +select|1"},
    {"+foo.bar -foo.baz|QUX", "off resetchannels -@all +foo.bar -foo.baz|qux"},
    {"+@search", "off resetchannels -@all +@search"},
    {"sanitize-payload", "off sanitize-payload resetchannels -@all"},
    {"sanitize-payload skip-sanitize-payload", "off skip-sanitize-payload resetchannels -@all"},
    {"(+get ~a*)", "off resetchannels -@all (~a* resetchannels -@all +get)"},
    {"(+get ~a* ) ( &x )", "off resetchannels -@all (~a* resetchannels -@all +get) "
                           "(resetchannels &x -@all)"},
    {"alldbs", "off resetchannels -@all"},
    {"AllDBs db=2 ALLDBS", "off resetchannels -@all"},
    {"resetdbs", "off resetchannels resetdbs -@all"},
    {"resetdbs db=0,1 ~a +get", "off ~a resetchannels db=0,1 -@all +get"},
    {"DB=3,0,3,12,0", "off resetchannels db=0,3,12 -@all"},
    {"db=0 db=2", "off resetchannels db=2 -@all"},
    {"db=2147483647 reset", "off sanitize-payload resetchannels -@all"},
    {"on nopass sanitize-payload ~* &* alldbs +@all", "on nopass sanitize-payload ~* &* +@all"},
    {"&* (db=2,3 &a +get) (resetdbs)", "off &* -@all (resetchannels &a db=2,3 -@all +get) "
                                       "(resetchannels resetdbs -@all)"},
    {"()", "off resetchannels -@all (resetchannels -@all)"},
    {"+get (+set) clearselectors", "off resetchannels -@all +get"},
    {"on >foo ~* &* +@all (+get) reset", "off sanitize-payload resetchannels -@all"},
};

Test(acl_rules, make_users)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct acl_user *user = user_of(rows[i].rules);
        struct sendq text;

        sendq_init(&text);
        acl_line_write(&text, user, NULL);

        struct block *block = sendq_flatten(&text);

        cr_expect(span_equal((struct span){block->bytes, block->used}, span_of(rows[i].shown)),
                  "'%s' makes '%.*s'", rows[i].rules, (int)block->used, block->bytes);
        block_release(&block);
        sendq_clear(&text);
        acl_user_free(&user);
    }
}

#define UNKNOWN "Unknown command or category name in ACL"
#define SYNTAX  "Syntax error"
#define HASH                                                                                       \
    "The password hash must be exactly 64 characters and contain only lowercase hexadecimal "      \
    "characters"
#define GONE "The password you are trying to remove from the user does not exist"
#define KEYS                                                                                       \
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have " \
    "any effect. Try 'resetkeys' to start with an empty list of patterns"
#define CHANNELS                                                                                   \
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not "  \
    "have any effect. Try 'resetchannels' to start with an empty list of channels"
#define DATABASE "The provided database ID is out of range"
#define FIRST    "Allowing first-arg of a subcommand is not supported"

static const struct {
    const char *rules;
    const char *complaint;
} wrong[] = {
    {"nosuch", "nosuch: " SYNTAX},
    {"db", "db: " SYNTAX},
    {"db=", "db=: " SYNTAX},
    {"db=0,", "db=0,: " SYNTAX},
    {"db=,0", "db=,0: " SYNTAX},
    {"db=0,,1", "db=0,,1: " SYNTAX},
    {"db=x", "db=x: " SYNTAX},
    {"db=+1", "db=+1: " SYNTAX},
    {"db=-1", "db=-1: " DATABASE},
    {"db=0,2147483648", "db=0,2147483648: " DATABASE},
    {"(+get db=x)", "(+get db=x): " SYNTAX},
    {"+nosuch", "+nosuch: " UNKNOWN},
    {"-nosuch", "-nosuch: " UNKNOWN},
    {"+", "+: " UNKNOWN},
    {"+.", "+.: " UNKNOWN},
    {"-", "-: " UNKNOWN},
    {"+@nosuch", "+@nosuch: " UNKNOWN},
    {"-@", "-@: " UNKNOWN},
    {"+config|nosuch", "+config|nosuch: " UNKNOWN},
    {"-config|nosuch", "-config|nosuch: " UNKNOWN},
    {"-select|0", "-select|0: " UNKNOWN},
    {"+nosuch|get", "+nosuch|get: " UNKNOWN},
    {"+get|", "+get|: " SYNTAX},
    {"+config|", "+config|: " SYNTAX},
    {"+config|get|x", "+config|get|x: " FIRST},
    {"#12", "#12: " HASH},
    {"#", "#: " HASH},
    {"#" FOO "0", "#" FOO "0: " HASH},
    {"#2C26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
     "#2C26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae: " HASH},
    {"!x", "!x: " HASH},
    {"<foo", "<foo: " GONE},
    {">bar !" FOO, "!" FOO ": " GONE},
    {"~* ~a", "~a: " KEYS},
    {"allkeys %R~a", "%R~a: " KEYS},
    {"&* &a", "&a: " CHANNELS},
    {"%~a", "%~a: " SYNTAX},
    {"%", "%: " SYNTAX},
    {"%RR~a", "%RR~a: " SYNTAX},
    {"%RX~a", "%RX~a: " SYNTAX},
    {"(+get", "(+get: unmatched"},
    {"on (+get ~a &b", "(+get: unmatched"},
    {"(+nosuch)", "(+nosuch): " UNKNOWN},
    {"(on)", "(on): " SYNTAX},
    {"(~a))", "(~a)): " SYNTAX},
    {")", "): " SYNTAX},
    {"(+get)x", "(+get)x: unmatched"},
};

Test(acl_rules, that_make_no_sense_are_named)
{
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct first_complaint complaint;
        struct acl_user *user = user_try(wrong[i].rules, NULL, &complaint);

        cr_expect_str_eq(complaint.text, wrong[i].complaint);
        acl_user_free(&user);
    }
}

Test(acl_rules, a_selector_with_a_mistake_is_left_out_whole)
{
    struct first_complaint complaint;
    struct acl_user *user = user_try("+get (+set ~a* nosuch)", NULL, &complaint);

    cr_expect_eq(user->selector_count, 1);
    acl_user_free(&user);
}

Test(acl_rules, name_commands_that_the_configuration_tells_of)
{
    struct command_rules known = {0};
    struct first_complaint complaint;
    struct acl_user *user;

    cr_assert(command_rules_append(&known, SPAN("vadd=write first")));
    user = user_try("+vadd -VADD +vadd|x", &known, &complaint);
    cr_expect_str_eq(complaint.text, "");
    acl_user_free(&user);
    user = user_try("+vset", &known, &complaint);
    cr_expect_str_eq(complaint.text, "+vset: " UNKNOWN);
    acl_user_free(&user);
    command_rules_clear(&known);
}

static const struct {
    const char *rules;
    const char *password;
    bool is_admitted;
} logins[] = {
    {"on >foo", "foo", true},
    {"on >foo", "bar", false},
    {"on >foo", "", false},
    {"on >foo", "fo", false},
    {"on >foo", "fooo", false},
    {"on >foo >bar", "foo", true},
    {"on >foo >bar", "bar", true},
    {"on >foo >bar <foo", "foo", false},
    {"on #" FOO, "foo", true},
    {"on #" FOO, FOO, false},
    {"on", "", false},
    {"on nopass", "", true},
    {"on nopass", "anything", true},
    {"off nopass", "anything", false},
    {"off >foo", "foo", false},
    {"on >", "", true},
};

Test(acl_user, admits_those_who_know_one_of_his_passwords)
{
    for (size_t i = 0; i < ARRAY_LEN(logins); i++) {
        struct acl_user *user = user_of(logins[i].rules);

        cr_expect_eq(acl_user_admits(user, span_of(logins[i].password)), logins[i].is_admitted,
                     "'%s' and '%s'", logins[i].rules, logins[i].password);
        acl_user_free(&user);
    }
}

static const struct {
    const char *rules;
    bool is_free;
} free_rows[] = {
    {"~* &* +@all", true},
    {"~* &* +@all -get", false},
    {"~* +@all", false},
    {"&* +@all", false},
    {"~* &* +@all -foo.x", false},
    {"(~* &* +@all)", true},
    {"~* &* +@all -@search", false},
    {"~* &* +@all resetkeys", false},
    {"~* &* +@all alldbs", true},
    {"~* &* +@all db=0", false},
};

Test(acl_user, is_free_when_nothing_has_to_be_looked_at)
{
    for (size_t i = 0; i < ARRAY_LEN(free_rows); i++) {
        struct acl_user *user = user_of(free_rows[i].rules);

        cr_expect_eq(user->is_free, free_rows[i].is_free, "%s", free_rows[i].rules);
        acl_user_free(&user);
    }
}

static const struct {
    const char *one;
    const char *other;
    bool are_equal;
} pairs[] = {
    {"on ~a +get", "on ~a +get", true},  {"on >foo", "on >bar", true},
    {"on ~a", "on %R~a", false},         {"on ~a", "on ~b", false},
    {"on +get", "on +set", false},       {"on +get", "on -get", false},
    {"on +@all", "on -@all", false},     {"on", "off", false},
    {"on &a", "on &b", false},           {"on &*", "on", false},
    {"on (+get)", "on", false},          {"on (+get)", "on (+set)", false},
    {"on db=0,1", "on db=1,0", true},    {"on db=0", "on db=0,1", false},
    {"on alldbs", "on resetdbs", false}, {"on db=1", "on db=2", false},
};

Test(acl_user, two_of_them_mean_the_same_or_not)
{
    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct acl_user *one = user_of(pairs[i].one);
        struct acl_user *other = user_of(pairs[i].other);

        cr_expect_eq(acl_user_equal(one, other), pairs[i].are_equal, "'%s' and '%s'", pairs[i].one,
                     pairs[i].other);
        acl_user_free(&one);
        acl_user_free(&other);
    }
}
