/* ACL, byte for byte what Redis 7.0.15 says where there is one user who may do everything. */
#include <stdio.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/unit/proxy/downstream/local_rig.h"

static struct local_rig *rig;
static int fd;

static void open_rig(void)
{
    rig = local_rig_open(NULL);
    fd = local_rig_connect(rig, 0);
}

static void open_locked_rig(void)
{
    rig = local_rig_open("x");
    fd = local_rig_connect(rig, 0);
    local_rig_ask(rig, fd, "AUTH x");
}

static void close_rig(void)
{
    close(fd);
    local_rig_close(&rig);
}

TestSuite(acl, .init = open_rig, .fini = close_rig, .timeout = 60);
TestSuite(acl_locked, .init = open_locked_rig, .fini = close_rig, .timeout = 60);

#define GENPASS_ERROR                                                                              \
    "-ERR ACL GENPASS argument must be the number of bits for the output password, a positive "    \
    "number up to 4096\r\n"
#define DIGEST "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
#define PERMISSIONS                                                                                \
    "$8\r\ncommands\r\n$5\r\n+@all\r\n$4\r\nkeys\r\n$2\r\n~*\r\n$8\r\nchannels\r\n$2\r\n&*\r\n"    \
    "$9\r\nselectors\r\n*0\r\n"

struct row {
    const char *request;
    const char *reply;
};

static const struct row rows[] = {
    {"ACL GETUSER default", "*12\r\n$5\r\nflags\r\n*2\r\n$2\r\non\r\n$6\r\nnopass\r\n$"
                            "9\r\npasswords\r\n*0\r\n" PERMISSIONS},
    {"ACL GETUSER x", "$-1\r\n"},
    {"ACL LIST", "*1\r\n$34\r\nuser default on nopass ~* &* +@all\r\n"},
    {"ACL USERS", "*1\r\n$7\r\ndefault\r\n"},
    {"ACL LOG", "*0\r\n"},
    {"ACL LOG 5", "*0\r\n"},
    {"ACL LOG x", "-ERR value is not an integer or out of range\r\n"},
    {"ACL LOG reset", "+OK\r\n"},
    {"ACL LOG reset x",
     "-ERR unknown subcommand or wrong number of arguments for 'LOG'. Try ACL HELP.\r\n"},
    {"ACL CAT x", "-ERR Unknown category 'x'\r\n"},
    {"ACL CAT @string", "-ERR Unknown category '@string'\r\n"},
    {"ACL CAT string x",
     "-ERR unknown subcommand or wrong number of arguments for 'CAT'. Try ACL HELP.\r\n"},
    {"ACL DRYRUN default get a", "+OK\r\n"},
    {"ACL DRYRUN default get", "-ERR wrong number of arguments for 'get' command\r\n"},
    {"ACL DRYRUN default nosuch", "-ERR Command 'nosuch' not found\r\n"},
    {"ACL DRYRUN default config nosuch", "-ERR Command 'config' not found\r\n"},
    {"ACL DRYRUN nobody get a", "-ERR User 'nobody' not found\r\n"},
    {"ACL GENPASS x", "-ERR value is not an integer or out of range\r\n"},
    {"ACL GENPASS 0", GENPASS_ERROR},
    {"ACL GENPASS 4097", GENPASS_ERROR},
    {"ACL GENPASS 1 2",
     "-ERR unknown subcommand or wrong number of arguments for 'GENPASS'. Try ACL HELP.\r\n"},
};

static const struct row locked_rows[] = {
    {"ACL GETUSER default",
     "*12\r\n$5\r\nflags\r\n*1\r\n$2\r\non\r\n$9\r\npasswords\r\n*1\r\n$64\r\n" DIGEST
     "\r\n" PERMISSIONS},
    {"ACL LIST", "*1\r\n$93\r\nuser default on #" DIGEST " ~* &* +@all\r\n"},
};

static void expect_rows(const struct row *from, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *reply = local_rig_ask(rig, fd, from[i].request);

        cr_expect_str_eq(reply, from[i].reply, "%s: got %s", from[i].request, reply);
    }
}

Test(acl, rows)
{
    expect_rows(rows, ARRAY_LEN(rows));
}

Test(acl_locked, rows)
{
    expect_rows(locked_rows, ARRAY_LEN(locked_rows));
}

Test(acl, cat_lists_categories_and_their_commands)
{
    const char *reply = local_rig_ask(rig, fd, "ACL CAT");

    cr_expect_eq(strncmp(reply, "*21\r\n$8\r\nkeyspace\r\n$4\r\nread\r\n$5\r\nwrite\r\n", 40), 0);
    reply = local_rig_ask(rig, fd, "ACL CAT GEO");
    cr_expect_not_null(strstr(reply, "\r\ngeoradius_ro\r\n"));
    cr_expect_null(strstr(reply, "\r\nget\r\n"));
    reply = local_rig_ask(rig, fd, "ACL CAT admin");
    cr_expect_not_null(strstr(reply, "\r\nconfig|get\r\n"));
    cr_expect_not_null(strstr(reply, "\r\nshutdown\r\n"), "refused, but there");
}

Test(acl, genpass_makes_as_many_digits_as_needed_and_never_the_same)
{
    char first[128];
    const char *second;

    snprintf(first, sizeof first, "%s", local_rig_ask(rig, fd, "ACL GENPASS"));
    second = local_rig_ask(rig, fd, "ACL GENPASS");
    cr_expect_eq(strncmp(first, "$64\r\n", 5), 0);
    cr_expect_eq(strspn(first + 5, "0123456789abcdef"), 64);
    cr_expect_str_neq(first, second);
    cr_expect_eq(strncmp(local_rig_ask(rig, fd, "ACL GENPASS 5"), "$2\r\n", 4), 0);
    cr_expect_eq(strncmp(local_rig_ask(rig, fd, "ACL GENPASS 4096"), "$1024\r\n", 7), 0);
}

Test(acl, what_the_configuration_denies_is_taken_from_the_user)
{
    struct pool_config *config = &rig->config->pools[0];
    struct command_table *table;

    cr_assert(command_rules_append(&config->commands, SPAN("keys=deny")));
    cr_assert(command_rules_append(&config->commands, SPAN("config|set=deny")));
    table = command_table_new(NULL, 0, &config->commands);
    rig->workers[0].clients.commands = table;
    cr_expect_str_eq(local_rig_ask(rig, fd, "ACL LIST"),
                     "*1\r\n$52\r\nuser default on nopass ~* &* +@all -keys -config|set\r\n");
    cr_expect_not_null(
        strstr(local_rig_ask(rig, fd, "ACL GETUSER default"), "\r\n+@all -keys -config|set\r\n"));
    cr_expect_str_eq(local_rig_ask(rig, fd, "ACL DRYRUN default keys *"),
                     "$57\r\nUser default has no permissions to run the 'keys' command\r\n");
    cr_expect_str_eq(local_rig_ask(rig, fd, "ACL DRYRUN default config set a b"),
                     "$63\r\nUser default has no permissions to run the 'config|set' command\r\n");
    rig->workers[0].clients.commands = NULL;
    command_table_release(&table);
}

Test(acl, in_resp3_a_user_is_a_map_with_a_set_of_flags)
{
    const char *reply;

    local_rig_ask(rig, fd, "HELLO 3");
    reply = local_rig_ask(rig, fd, "ACL GETUSER default");
    cr_expect_eq(strncmp(reply, "%6\r\n$5\r\nflags\r\n~2\r\n$2\r\non\r\n", 27), 0, "%s", reply);
    cr_expect_str_eq(local_rig_ask(rig, fd, "ACL GETUSER x"), "_\r\n");
    reply = local_rig_ask(rig, fd, "CLIENT TRACKINGINFO");
    cr_expect_eq(strncmp(reply, "%3\r\n$5\r\nflags\r\n~1\r\n", 19), 0, "%s", reply);
}
