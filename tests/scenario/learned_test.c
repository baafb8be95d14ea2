/* Commands that slotway was not built with: learned from the nodes, or told by the configuration.
 */
#include <criterion/criterion.h>

#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(learned, .timeout = 60, .fini = rig_clean_up);

/* Elements of COMMAND, as modules of a 7.0 server bring them. */
#define ONE_KEY(name, flag)                                                                        \
    "*10\r\n$7\r\n" name "\r\n:-2\r\n*1\r\n+" flag "\r\n:1\r\n:1\r\n:1\r\n*0\r\n*0\r\n"            \
    "*1\r\n*6\r\n$5\r\nflags\r\n*1\r\n+RW\r\n"                                                     \
    "$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n"                     \
    "*2\r\n$5\r\nindex\r\n:1\r\n"                                                                  \
    "$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n"                         \
    "*6\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n*0\r\n"
#define NO_KEYS(name, tip)                                                                         \
    "*10\r\n$7\r\n" name "\r\n:-1\r\n*1\r\n+readonly\r\n:0\r\n:0\r\n:0\r\n*0\r\n"                  \
    "*1\r\n$25\r\n" tip "\r\n*0\r\n*0\r\n"
#define MOVABLE(name)                                                                              \
    "*10\r\n$7\r\n" name "\r\n:-2\r\n*2\r\n+write\r\n+movablekeys\r\n:0\r\n:0\r\n:0\r\n"           \
    "*0\r\n*0\r\n*0\r\n*0\r\n"

#define UNKNOWN(name) "-ERR unknown command '" name "', with args beginning with: 'k' 'v' "

static struct rig *start(struct rig_options options)
{
    options.nodes = 2;
    options.refresh = "100ms";
    options.do_not_wait = true;
    options.start_dead = true;
    return rig_start_with(options);
}

static void wake_nodes(struct rig *rig)
{
    for (int i = 0; i < fake_cluster_size(rig_cluster(rig)); i++) {
        fake_node_return(rig_node(rig, i));
    }
    cr_assert(rig_topology_passes(rig, 0));
}

/* A rig whose nodes have known these commands from the beginning. */
static struct rig *start_taught(struct rig_options options, int count, const char *commands)
{
    struct rig *rig = start(options);

    fake_cluster_teach(rig_cluster(rig), "7.0.0", count, commands);
    wake_nodes(rig);
    return rig;
}

static bool is_answered(struct rig *rig, const char *name, const char *answer)
{
    return strcmp(ask(rig, name, "k", "v"), answer) == 0;
}

static void expect_unknown(struct rig *rig, const char *name)
{
    const char *reply = ask(rig, name, "k", "v");

    EXPECT_STARTS(reply, "-ERR unknown command '");
}

/* "k" is the first node's, "a" the second one's. */
Test(learned, a_command_of_the_nodes_can_be_used_at_once)
{
    struct rig *rig = start_taught((struct rig_options){0}, 1, ONE_KEY("foo.bar", "write"));

    script(rig, 0, WANT("foo.bar", "k", "v"), SAY("+first\r\n"));
    script(rig, 1, WANT("FOO.BAR", "a", "v"), SAY("+second\r\n"));
    cr_expect_str_eq(ask(rig, "FOO.BAR", "a", "v"), "second");
    cr_expect_str_eq(ask(rig, "foo.bar", "k", "v"), "first");
    cr_expect_str_eq(ask(rig, "foo.bar"), "-ERR wrong number of arguments for 'foo.bar' command");
    rig_stop(&rig);
}

Test(learned, another_version_brings_another_command)
{
    struct rig *rig = start_taught((struct rig_options){0}, 1, ONE_KEY("foo.bar", "write"));

    cr_expect_str_eq(ask(rig, "foo.baz", "k", "v"), UNKNOWN("foo.baz"));
    fake_node_handle(rig_node(rig, 0), fake_always, "+OK");
    fake_cluster_teach(rig_cluster(rig), "7.1.0", 1, ONE_KEY("foo.baz", "write"));
    WAIT_FOR(is_answered(rig, "foo.baz", "OK"));
    cr_expect_str_eq(ask(rig, "foo.bar", "k", "v"), "OK", "a node may still know it");
    rig_stop(&rig);
}

Test(learned, commands_are_listed_as_all_others)
{
    struct rig *plain = rig_start(1);
    const char *count = rig_print(plain, "%s", ask(plain, "COMMAND", "COUNT"));
    long long before = atoll(count);
    rig_stop(&plain);

    struct rig *rig =
        start_taught((struct rig_options){0}, 2, ONE_KEY("foo.bar", "write") MOVABLE("foo.qux"));
    cr_expect_eq(atoll(ask(rig, "COMMAND", "COUNT")), before + 2, "with one that is refused");
    EXPECT_STARTS(ask(rig, "COMMAND", "INFO", "foo.bar"), "[[foo.bar -2 [write] 1 1 1 ");
    cr_expect_str_eq(ask(rig, "COMMAND", "LIST", "FILTERBY", "PATTERN", "foo.*"),
                     "[foo.bar foo.qux]");
    cr_expect_str_eq(ask(rig, "COMMAND", "GETKEYS", "foo.bar", "k", "v"), "[k]");
    EXPECT_CONTAINS(ask(rig, "COMMAND"), "[foo.bar -2 [write] 1 1 1 ");
    rig_stop(&rig);
}

Test(learned, a_command_without_keys_goes_where_its_tips_say)
{
    struct rig *rig =
        start_taught((struct rig_options){0}, 1, NO_KEYS("foo.all", "request_policy:all_shards"));

    script(rig, 0, WANT("foo.all"), SAY("*1\r\n+a\r\n"));
    script(rig, 1, WANT("foo.all"), SAY("*1\r\n+b\r\n"));
    cr_expect_str_eq(ask(rig, "foo.all"), "[a b]");
    rig_stop(&rig);
}

/* The facts of MGET, under another name. */
#define MANY_KEYS(name)                                                                            \
    "*10\r\n$8\r\n" name "\r\n:-2\r\n*1\r\n+readonly\r\n:1\r\n:-1\r\n:1\r\n*0\r\n"                 \
    "*1\r\n$26\r\nrequest_policy:multi_shard\r\n"                                                  \
    "*1\r\n*6\r\n$5\r\nflags\r\n*1\r\n+RO\r\n"                                                     \
    "$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n"                     \
    "*2\r\n$5\r\nindex\r\n:1\r\n"                                                                  \
    "$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n"                         \
    "*6\r\n$7\r\nlastkey\r\n:-1\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n*0\r\n"

Test(learned, a_command_that_its_tips_split_is_split)
{
    struct rig *rig = start_taught((struct rig_options){0}, 1, MANY_KEYS("foo.mget"));

    script(rig, 0, WANT("foo.mget", "{k}1", "{k}2"), SAY("*2\r\n+1\r\n+2\r\n"));
    script(rig, 1, WANT("foo.mget", "a"), SAY("*1\r\n+3\r\n"));
    cr_expect_str_eq(ask(rig, "foo.mget", "{k}1", "a", "{k}2"), "[1 3 2]");
    rig_stop(&rig);
}

Test(learned, a_command_of_which_too_little_is_told_is_refused)
{
    struct rig *rig = start_taught((struct rig_options){0}, 1, MOVABLE("foo.qux"));

    EXPECT_STARTS(ask(rig, "foo.qux", "k", "v"), "-ERR proxy: 'foo.qux' is refused: the nodes do");
    rig_stop(&rig);
}

Test(learned, the_configuration_tells_what_the_nodes_do_not)
{
    struct rig *rig = start_taught((struct rig_options){.commands = "foo.qux: write first"}, 1,
                                   MOVABLE("foo.qux"));

    script(rig, 0, WANT("foo.qux", "k", "v"), SAY("+OK\r\n"));
    cr_expect_str_eq(ask(rig, "foo.qux", "k", "v"), "OK");
    rig_stop(&rig);
}

Test(learned, the_configuration_denies_commands_of_all_kinds)
{
    struct rig *rig = start_taught(
        (struct rig_options){.commands = "keys: deny, foo.bar: deny, \"config|set\": deny"}, 1,
        ONE_KEY("foo.bar", "write"));

    cr_expect_str_eq(ask(rig, "KEYS", "*"),
                     "-ERR command 'keys' is denied by this proxy's configuration");
    cr_expect_str_eq(ask(rig, "foo.bar", "k", "v"),
                     "-ERR command 'foo.bar' is denied by this proxy's configuration");
    cr_expect_str_eq(ask(rig, "CONFIG", "SET", "a", "b"),
                     "-ERR command 'config set' is denied by this proxy's configuration");
    cr_expect_str_eq(ask(rig, "COMMAND", "INFO", "keys"), "[(nil)]");
    cr_expect_str_eq(ask(rig, "COMMAND", "LIST", "FILTERBY", "PATTERN", "foo.*"), "[]");
    rig_stop(&rig);
}

Test(learned, nodes_that_talk_nonsense_teach_nothing_and_do_no_harm)
{
    struct rig *rig =
        start_taught((struct rig_options){.with_store = true}, 3,
                     ":5\r\n*3\r\n+foo bar\r\n:1\r\n*0\r\n*3\r\n+get\r\n:99\r\n*0\r\n");

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    expect_unknown(rig, "foo");
    rig_stop(&rig);
}
