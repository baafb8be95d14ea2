/* Replies byte for byte. What Redis 7.0.15 says to the same request is what stands here, but where
 * slotway means something else and the row says so. */
#include <stdio.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/unit/proxy/downstream/local_rig.h"

#define NAME_ERROR "-ERR Client names cannot contain spaces, newlines or special characters.\r\n"
#define WRONG_PASS "-WRONGPASS invalid username-password pair or user is disabled.\r\n"
#define HELLO_NO_AUTH                                                                              \
    "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "     \
    "AUTH <user> <pass> option can be used to authenticate the client and select the RESP "        \
    "protocol version at the same time\r\n"

static struct local_rig *rig;
static int fd;

static void open_rig(void)
{
    rig = local_rig_open(NULL);
    fd = local_rig_connect(rig, 0);
}

static void open_locked_rig(void)
{
    rig = local_rig_open("secret");
    fd = local_rig_connect(rig, 0);
}

static void close_rig(void)
{
    close(fd);
    local_rig_close(&rig);
}

TestSuite(answers, .init = open_rig, .fini = close_rig, .timeout = 60);
TestSuite(locked, .init = open_locked_rig, .fini = close_rig, .timeout = 60);

static const struct {
    const char *request;
    const char *reply;
} rows[] = {
    {"PING", "+PONG\r\n"},
    {"PING a", "$1\r\na\r\n"},
    {"PING a b", "-ERR wrong number of arguments for 'ping' command\r\n"},
    {"ECHO ''", "$0\r\n\r\n"},
    {"AUTH x",
     "-ERR AUTH <password> called without any password configured for the default user. Are you "
     "sure your configuration is correct?\r\n"},
    {"AUTH default x", "+OK\r\n"},
    {"AUTH other x", WRONG_PASS},
    {"AUTH a b c", "-ERR syntax error\r\n"},
    {"HELLO x", "-ERR Protocol version is not an integer or out of range\r\n"},
    {"HELLO 1", "-NOPROTO unsupported protocol version\r\n"},
    {"HELLO 4", "-NOPROTO unsupported protocol version\r\n"},
    {"HELLO 2 FOO", "-ERR Syntax error in HELLO option 'FOO'\r\n"},
    {"HELLO 2 AUTH a", "-ERR Syntax error in HELLO option 'AUTH'\r\n"},
    {"HELLO 2 SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'\r\n"},
    {"HELLO 2 AUTH other x", WRONG_PASS},
    {"SELECT 0", "+OK\r\n"},
    {"SELECT 1", "-ERR DB index is out of range\r\n"},
    {"SELECT -1", "-ERR DB index is out of range\r\n"},
    {"SELECT x", "-ERR value is not an integer or out of range\r\n"},
    {"SELECT 2147483648",
     "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n"},
    {"ROLE", "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n"},
    {"ACL WHOAMI", "$7\r\ndefault\r\n"},
    {"READONLY", "+OK\r\n"}, /* Redis says so in cluster mode only */
    {"READWRITE", "+OK\r\n"},
    {"LOLWUT VERSION x", "-ERR value is not an integer or out of range\r\n"},
    {"CLIENT GETNAME", "$-1\r\n"},
    {"CLIENT SETNAME n\xc3\xa9", NAME_ERROR},
    {"CLIENT SETNAME name", "+OK\r\n"},
    {"CLIENT GETNAME", "$4\r\nname\r\n"},
    {"CLIENT SETNAME ''", "+OK\r\n"},
    {"CLIENT GETNAME", "$-1\r\n"},
    {"CLIENT SETINFO LIB-NAME a", "+OK\r\n"},
    {"CLIENT SETINFO lib-ver n\xc3\xa9",
     "-ERR lib-ver cannot contain spaces, newlines or special characters.\r\n"},
    {"CLIENT SETINFO lib-x 1", "-ERR Unrecognized option 'lib-x'\r\n"},
    {"CLIENT NO-EVICT ON", "+OK\r\n"},
    {"CLIENT NO-EVICT x", "-ERR syntax error\r\n"},
    {"CLIENT NO-TOUCH off", "+OK\r\n"},
    {"CLIENT IMPORT-SOURCE OFF", "+OK\r\n"},
    {"CLIENT IMPORT-SOURCE on",
     "-ERR proxy: CLIENT IMPORT-SOURCE is of one connection to a node, and slotway's are shared; "
     "import to the nodes themselves\r\n"},
    {"CLIENT IMPORT-SOURCE x", "-ERR syntax error\r\n"},
    {"HOTKEYS GET",
     "-ERR proxy: 'hotkeys get' is refused: administration of a node, which PROXY NODE "
     "is for\r\n"},
    {"BACKUP HELP", "*3\r\n+BACKUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n"
                    "+HELP\r\n+    Prints this help.\r\n"},
    {"CLIENT REPLY x", "-ERR syntax error\r\n"},
    {"CLIENT REPLY ON", "+OK\r\n"},
    {"CLIENT PAUSE x", "-ERR timeout is not an integer or out of range\r\n"},
    {"CLIENT PAUSE -1", "-ERR timeout is negative\r\n"},
    {"CLIENT PAUSE x x", "-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n"},
    {"CLIENT PAUSE 1 write x",
     "-ERR unknown subcommand or wrong number of arguments for 'PAUSE'. Try CLIENT HELP.\r\n"},
    {"CLIENT PAUSE 0 write", "+OK\r\n"},
    {"CLIENT UNPAUSE", "+OK\r\n"},
    {"CLIENT UNBLOCK 1", ":0\r\n"},
    {"CLIENT UNBLOCK 1 timeout", ":0\r\n"},
    {"CLIENT UNBLOCK x", "-ERR value is not an integer or out of range\r\n"},
    {"CLIENT UNBLOCK x y", "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n"},
    {"CLIENT UNBLOCK 1 error x",
     "-ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP.\r\n"},
    {"CLIENT CAPA redirect more", "+OK\r\n"},
    {"CLIENT GETREDIR", ":-1\r\n"},
    {"CLIENT TRACKINGINFO",
     "*6\r\n$5\r\nflags\r\n*1\r\n$3\r\noff\r\n$8\r\nredirect\r\n:-1\r\n$8\r\nprefixes\r\n*0\r\n"},
    {"ASKING", "+OK\r\n"}, /* Redis says so in cluster mode only */
    {"CLIENT LIST x", "-ERR syntax error\r\n"},
    {"CLIENT LIST TYPE pubsub", "$0\r\n\r\n"},
    {"CLIENT KILL 1.2.3.4:5", "-ERR No such client\r\n"},
    {"CLIENT KILL ID 99", ":0\r\n"},
    {"CLIENT KILL ID 0", "-ERR client-id should be greater than 0\r\n"},
    {"CLUSTER KEYSLOT a", ":15495\r\n"},
    {"CLUSTER KEYSLOT {a}b", ":15495\r\n"},
    {"CLUSTER MYID", "$40\r\n0123456789abcdef0123456789abcdef01234567\r\n"},
    {"CLUSTER LINKS", "*0\r\n"},
    {"CLUSTER COUNTKEYSINSLOT x", "-ERR value is not an integer or out of range\r\n"},
    {"CLUSTER COUNTKEYSINSLOT -1", "-ERR Invalid slot\r\n"},
    {"CLUSTER COUNTKEYSINSLOT 16384", "-ERR Invalid slot\r\n"},
    {"CLUSTER GETKEYSINSLOT 1 x", "-ERR value is not an integer or out of range\r\n"},
    {"CLUSTER GETKEYSINSLOT 16384 1", "-ERR Invalid slot or number of keys\r\n"},
    {"CLUSTER GETKEYSINSLOT 1 -1", "-ERR Invalid slot or number of keys\r\n"},
    {"CLUSTER REPLICAS x", "-ERR Unknown node x\r\n"},
    {"CLUSTER REPLICAS 0123456789abcdef0123456789abcdef01234567", "*0\r\n"},
    {"COMMAND INFO nothing", "*1\r\n$-1\r\n"},
    {"COMMAND INFO swapdb",
     "*1\r\n*10\r\n$6\r\nswapdb\r\n:3\r\n*2\r\n+write\r\n+fast\r\n:0\r\n:0\r\n:0\r\n"
     "*4\r\n+@keyspace\r\n+@write\r\n+@fast\r\n+@dangerous\r\n*0\r\n*0\r\n*0\r\n"},
    {"COMMAND LIST x", "-ERR syntax error\r\n"},
    {"COMMAND LIST FILTERBY x y", "-ERR syntax error\r\n"},
    {"COMMAND LIST FILTERBY MODULE x", "*0\r\n"},
    {"COMMAND LIST FILTERBY PATTERN ec*", "*1\r\n$4\r\necho\r\n"},
    {"COMMAND GETKEYS mset a 1 b 2", "*2\r\n$1\r\na\r\n$1\r\nb\r\n"},
    {"COMMAND GETKEYS nothing a", "-ERR Invalid command specified\r\n"},
    {"COMMAND GETKEYS config nothing", "-ERR Invalid command specified\r\n"},
    {"COMMAND GETKEYS ping a", "-ERR The command has no key arguments\r\n"},
    {"COMMAND GETKEYS spublish a b", "-ERR The command has no key arguments\r\n"},
    {"COMMAND GETKEYS get a b", "-ERR Invalid number of arguments specified for command\r\n"},
    {"COMMAND GETKEYS eval x 0", "*0\r\n"},
    {"COMMAND GETKEYS zunion x a", "-ERR Invalid arguments specified for command\r\n"},
    {"COMMAND GETKEYSANDFLAGS set a 1", "*1\r\n*2\r\n$1\r\na\r\n*2\r\n+OW\r\n+update\r\n"},
    {"CONFIG GET databases", "*2\r\n$9\r\ndatabases\r\n$1\r\n1\r\n"},
    {"CONFIG GET requirepass", "*0\r\n"},
    {"CONFIG GET nothing", "*0\r\n"},
    {"RESET", "+RESET\r\n"},
};

Test(answers, rows)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *reply = local_rig_ask(rig, fd, rows[i].request);

        cr_expect_str_eq(reply, rows[i].reply, "%s: got %s", rows[i].request, reply);
    }
}

/* The name of a container is a thousandth of what is told of it. */
Test(answers, of_what_commands_are_is_asked_for_so_many_only)
{
    enum { MANY = 1025 };
    static const char name[] = " cluster";
    char line[sizeof "COMMAND INFO" + MANY * sizeof name] = "COMMAND INFO";

    for (int i = 0; i < MANY; i++) {
        strcat(line, name);
    }
    cr_expect_str_eq(local_rig_ask(rig, fd, line),
                     "-ERR proxy: too many names, at most 1024 may be asked for at once\r\n");
}

static void expect_hello(const char *reply, uint64_t id)
{
    char expected[256];

    snprintf(expected, sizeof expected,
             "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto"
             "\r\n:2\r\n$2\r\nid\r\n:%llu\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n"
             "$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n",
             (unsigned long long)id);
    cr_expect_str_eq(reply, expected);
}

Test(answers, hello_says_who_we_are_and_sets_the_name)
{
    uint64_t id = local_rig_id(rig, fd);

    expect_hello(local_rig_ask(rig, fd, "HELLO"), id);
    expect_hello(local_rig_ask(rig, fd, "HELLO 2 SETNAME me"), id);
    cr_expect_str_eq(local_rig_ask(rig, fd, "CLIENT GETNAME"), "$2\r\nme\r\n");
}

Test(answers, a_cluster_client_sees_one_node_where_it_connected)
{
    char expected[512];
    const char *id = "0123456789abcdef0123456789abcdef01234567";

    snprintf(expected, sizeof expected,
             "*1\r\n*3\r\n:0\r\n:16383\r\n*4\r\n$9\r\n127.0.0.1\r\n:%u\r\n$40\r\n%s\r\n*0\r\n",
             rig->port, id);
    cr_expect_str_eq(local_rig_ask(rig, fd, "CLUSTER SLOTS"), expected);
    snprintf(expected, sizeof expected,
             "%s 127.0.0.1:%u@0 myself,master - 0 0 1 connected 0-16383\n", id, rig->port);
    cr_expect_not_null(strstr(local_rig_ask(rig, fd, "CLUSTER NODES"), expected));
    cr_expect_not_null(
        strstr(local_rig_ask(rig, fd, "CLUSTER SHARDS"), "$8\r\nendpoint\r\n$9\r\n127.0.0.1\r\n"));
    cr_expect_not_null(strstr(local_rig_ask(rig, fd, "CLUSTER INFO"), "cluster_state:fail\r\n"));
}

Test(answers, quit_says_ok_and_closes)
{
    local_rig_say(fd, "QUIT now");
    local_rig_say(fd, "PING");
    cr_expect_str_eq(local_rig_hear(rig, fd), "+OK\r\n");
    cr_expect_str_eq(local_rig_hear(rig, fd), "");
}

Test(answers, reply_off_silences_until_on)
{
    local_rig_say(fd, "CLIENT REPLY OFF");
    local_rig_say(fd, "PING 1");
    local_rig_say(fd, "CLIENT LIST");
    local_rig_say(fd, "CLIENT REPLY SKIP");
    local_rig_say(fd, "PING 2");
    local_rig_say(fd, "PING 3");
    local_rig_say(fd, "CLIENT REPLY ON");
    cr_expect_str_eq(local_rig_hear(rig, fd), "+OK\r\n");
    cr_expect_str_eq(local_rig_ask(rig, fd, "PING"), "+PONG\r\n");
}

Test(answers, reply_skip_silences_one_request)
{
    local_rig_say(fd, "CLIENT REPLY SKIP");
    local_rig_say(fd, "PING 1");
    cr_expect_str_eq(local_rig_ask(rig, fd, "PING 2"), "$1\r\n2\r\n");
    local_rig_say(fd, "CLIENT REPLY SKIP");
    cr_expect_str_eq(local_rig_ask(rig, fd, "CLIENT REPLY ON"), "+OK\r\n");
    cr_expect_str_eq(local_rig_ask(rig, fd, "PING"), "+PONG\r\n");
}

Test(answers, help_lists_what_is_served)
{
    const char *text = local_rig_ask(rig, fd, "CONFIG HELP");
    const char *title = "+CONFIG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n";

    cr_expect_eq(strncmp(strchr(text, '+'), title, strlen(title)), 0);
    cr_expect_not_null(strstr(text, "\r\n+GET\r\n+    sent to every primary"));
    cr_expect_not_null(strstr(text, "\r\n+HELP\r\n+    Prints this help.\r\n"));
    cr_expect_null(strstr(text, "REWRITE"));
}

Test(answers, client_info_tells_what_the_client_said)
{
    local_rig_ask(rig, fd, "CLIENT SETNAME me");
    local_rig_ask(rig, fd, "CLIENT SETINFO lib-name lib");
    local_rig_ask(rig, fd, "CLIENT NO-EVICT on");

    const char *line = local_rig_ask(rig, fd, "CLIENT INFO");
    char local[64];

    snprintf(local, sizeof local, " laddr=127.0.0.1:%u ", rig->port);
    cr_expect_not_null(strstr(line, "\r\nid=1 addr=127.0.0.1:"));
    cr_expect_not_null(strstr(line, local));
    cr_expect_not_null(strstr(line, " name=me age=0 idle=0 flags=e db=0 "));
    cr_expect_not_null(strstr(line, " multi=-1 "));
    cr_expect_not_null(
        strstr(line, " cmd=client|info user=default redir=-1 resp=2 lib-name=lib lib-ver=\n"));
}

/* Says `words` and a name of so many bytes. */
static const char *ask_with_name(const char *words, size_t size)
{
    static char line[2048];
    size_t used = (size_t)snprintf(line, sizeof line, "%s ", words);

    memset(line + used, 'n', size);
    line[used + size] = '\0';
    return local_rig_ask(rig, fd, line);
}

Test(answers, names_have_an_end)
{
    static const char *const words[] = {
        "CLIENT SETNAME",
        "CLIENT SETINFO lib-name",
        "CLIENT SETINFO lib-ver",
        "HELLO 2 SETNAME",
    };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        cr_expect_neq(ask_with_name(words[i], 1024)[0], '-', "%s", words[i]);
        cr_expect_str_eq(ask_with_name(words[i], 1025),
                         "-ERR proxy: what a client calls itself or its library has at most 1024 "
                         "bytes\r\n",
                         "%s", words[i]);
    }
}

Test(answers, an_error_shows_words_of_the_client_on_one_line)
{
    static const char request[] = "*3\r\n$5\r\nHELLO\r\n$1\r\n2\r\n$4\r\na\r\nb\r\n";

    cr_assert_eq(write(fd, request, sizeof request - 1), (ssize_t)sizeof request - 1);
    cr_expect_str_eq(local_rig_hear(rig, fd), "-ERR Syntax error in HELLO option 'a  b'\r\n");
}

Test(locked, nothing_but_auth_and_hello_is_answered_first)
{
    cr_expect_str_eq(local_rig_ask(rig, fd, "PING"), "-NOAUTH Authentication required.\r\n");
    cr_expect_str_eq(local_rig_ask(rig, fd, "HELLO 2 SETNAME me"), HELLO_NO_AUTH);
    cr_expect_str_eq(local_rig_ask(rig, fd, "AUTH wrong"), WRONG_PASS);
    cr_expect_str_eq(local_rig_ask(rig, fd, "AUTH default wrong"), WRONG_PASS);
    cr_expect_str_eq(local_rig_ask(rig, fd, "AUTH secret"), "+OK\r\n");
    cr_expect_str_eq(local_rig_ask(rig, fd, "CLIENT GETNAME"), "$-1\r\n");
}

Test(locked, a_hello_that_fails_changes_nothing)
{
    cr_expect_str_eq(local_rig_ask(rig, fd, "AUTH default secret"), "+OK\r\n");
    cr_expect_str_eq(local_rig_ask(rig, fd, "HELLO 2 SETNAME me AUTH default wrong"), WRONG_PASS);
    cr_expect_str_eq(local_rig_ask(rig, fd, "CLIENT GETNAME"), "$-1\r\n");
    cr_expect_str_eq(local_rig_ask(rig, fd, "HELLO 4 SETNAME me"),
                     "-NOPROTO unsupported protocol version\r\n");
    cr_expect_str_eq(local_rig_ask(rig, fd, "CLIENT GETNAME"), "$-1\r\n");
}

Test(locked, hello_can_authenticate)
{
    expect_hello(local_rig_ask(rig, fd, "HELLO 2 AUTH default secret"), 1);
    cr_expect_str_eq(local_rig_ask(rig, fd, "PING"), "+PONG\r\n");
}

Test(locked, reset_asks_for_the_password_again)
{
    cr_expect_str_eq(local_rig_ask(rig, fd, "AUTH secret"), "+OK\r\n");
    cr_expect_str_eq(local_rig_ask(rig, fd, "RESET"), "+RESET\r\n");
    cr_expect_str_eq(local_rig_ask(rig, fd, "PING"), "-NOAUTH Authentication required.\r\n");
}
