/* Clients that are users with rights. */
#include "common/base.h"
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(users, .timeout = 60, .fini = rig_clean_up);

#define NO_KEY     "-NOPERM No permissions to access a key"
#define NO_CHANNEL "-NOPERM No permissions to access a channel"
#define NO_COMMAND(user, command)                                                                  \
    "-NOPERM User " user " has no permissions to run the '" command "' command"

#define USERS                                                                                      \
    "users: {alice: 'on #ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb ~app:* " \
    "&news:* +@all -@dangerous', "                                                                 \
    "reader: 'on nopass %R~* +@read +@connection +@transaction +acl|whoami', "                     \
    "root: 'on nopass ~* &* +@all', "                                                              \
    "script: 'on nopass ~app:* +eval +get', "                                                      \
    "gone: 'off nopass ~* &* +@all'}"

static struct rig *start(const char *clients)
{
    return rig_start_with((struct rig_options){.nodes = 1, .with_store = true, .clients = clients});
}

static struct wire *log_in(struct rig *rig, const char *user, const char *password)
{
    struct wire *wire = rig_connect(rig);

    cr_assert_str_eq(wire_ask(wire, "AUTH", user, password), "OK");
    return wire;
}

Test(users, come_in_with_their_own_passwords)
{
    struct rig *rig = start(USERS);

    cr_expect_str_eq(ask(rig, "GET", "k"), "-NOAUTH Authentication required.");
    EXPECT_STARTS(ask(rig, "AUTH", "alice", "b"), "-WRONGPASS ");
    EXPECT_STARTS(ask(rig, "AUTH", "gone", "x"), "-WRONGPASS ");
    EXPECT_STARTS(ask(rig, "AUTH", "nobody", "x"), "-WRONGPASS ");
    EXPECT_STARTS(ask(rig, "AUTH", "x"), "-WRONGPASS ");
    cr_expect_str_eq(ask(rig, "AUTH", "alice", "a"), "OK");
    cr_expect_str_eq(ask(rig, "ACL", "WHOAMI"), "alice");
    EXPECT_CONTAINS(ask(rig, "CLIENT", "INFO"), " user=alice ");
    EXPECT_CONTAINS(ask(rig, "HELLO", "2", "AUTH", "reader", "any"), "proto 2");
    cr_expect_str_eq(ask(rig, "ACL", "WHOAMI"), "reader");
    cr_expect_str_eq(ask(rig, "RESET"), "RESET");
    cr_expect_str_eq(ask(rig, "ACL", "WHOAMI"), "-NOAUTH Authentication required.");
    cr_expect_eq(metric(rig, "denied_logins_total"), 4);
    rig_stop(&rig);
}

Test(users, may_do_what_their_rules_say)
{
    struct rig *rig = start(USERS);
    struct wire *alice = log_in(rig, "alice", "a");
    struct wire *reader = log_in(rig, "reader", "");

    cr_expect_str_eq(wire_ask(alice, "SET", "app:1", "x"), "OK");
    cr_expect_str_eq(wire_ask(alice, "GET", "app:1"), "x");
    cr_expect_str_eq(wire_ask(alice, "GET", "other"), NO_KEY);
    cr_expect_str_eq(wire_ask(alice, "MGET", "app:1", "other"), NO_KEY);
    cr_expect_str_eq(wire_ask(alice, "KEYS", "*"), NO_COMMAND("alice", "keys"));
    cr_expect_str_eq(wire_ask(alice, "CONFIG", "GET", "x"), NO_COMMAND("alice", "config|get"));
    cr_expect_str_eq(wire_ask(alice, "PROXY", "STATS"), NO_COMMAND("alice", "proxy|stats"));
    cr_expect_str_eq(wire_ask(alice, "GET"), "-ERR wrong number of arguments for 'get' command");
    EXPECT_STARTS(wire_ask(alice, "NOSUCH"), "-ERR unknown command 'NOSUCH'");
    cr_expect_str_eq(wire_ask(reader, "GET", "app:1"), "x");
    cr_expect_str_eq(wire_ask(reader, "SET", "app:1", "y"), NO_COMMAND("reader", "set"));
    cr_expect_eq(metric(rig, "denied_keys_total"), 2);
    cr_expect_eq(metric(rig, "denied_commands_total"), 4);
    cr_expect_str_eq(rig_log(rig, 0), "SET app:1 x | GET app:1 | GET app:1");
    rig_stop(&rig);
}

Test(users, change_in_the_middle_of_a_pipeline)
{
    struct rig *rig = start(USERS);
    struct wire *wire = rig_connect(rig);

    wire_send_lines(wire, "GET app:1|AUTH reader x|SET app:1 x|AUTH alice a|SET app:1 x|GET other|"
                          "AUTH alice b|GET app:1|RESET|GET app:1");
    cr_expect_str_eq(wire_text(wire), "-NOAUTH Authentication required.");
    cr_expect_str_eq(wire_text(wire), "OK");
    cr_expect_str_eq(wire_text(wire), NO_COMMAND("reader", "set"));
    cr_expect_str_eq(wire_text(wire), "OK");
    cr_expect_str_eq(wire_text(wire), "OK");
    cr_expect_str_eq(wire_text(wire), NO_KEY);
    EXPECT_STARTS(wire_text(wire), "-WRONGPASS ");
    cr_expect_str_eq(wire_text(wire), "x");
    cr_expect_str_eq(wire_text(wire), "RESET");
    cr_expect_str_eq(wire_text(wire), "-NOAUTH Authentication required.");
    rig_stop(&rig);
}

Test(users, spoil_transactions_by_what_they_may_not_do)
{
    struct rig *rig = start(USERS);
    struct wire *alice = log_in(rig, "alice", "a");
    struct wire *reader = log_in(rig, "reader", "");

    wire_send_lines(alice, "MULTI|SET app:1 x|SET other y|EXEC|GET app:1");
    cr_expect_str_eq(wire_text(alice), "OK");
    cr_expect_str_eq(wire_text(alice), "QUEUED");
    cr_expect_str_eq(wire_text(alice), NO_KEY);
    EXPECT_STARTS(wire_text(alice), "-EXECABORT ");
    cr_expect_str_eq(wire_text(alice), "(nil)");
    wire_send_lines(reader, "MULTI|DEL a|EXEC");
    cr_expect_str_eq(wire_text(reader), "OK");
    cr_expect_str_eq(wire_text(reader), NO_COMMAND("reader", "del"));
    EXPECT_STARTS(wire_text(reader), "-EXECABORT ");
    rig_stop(&rig);
}

Test(users, may_be_kept_from_exec_itself)
{
    struct rig *rig = start("users: {u: 'on nopass ~* +@all -exec'}");
    struct wire *wire = log_in(rig, "u", "");

    wire_send_lines(wire, "MULTI|SET k v|EXEC|EXEC|GET k");
    cr_expect_str_eq(wire_text(wire), "OK");
    cr_expect_str_eq(wire_text(wire), "QUEUED");
    cr_expect_str_eq(wire_text(wire), "-EXECABORT Transaction discarded because of: NOPERM User u "
                                      "has no permissions to run the 'exec' command");
    EXPECT_STARTS(wire_text(wire), "-EXECABORT ");
    cr_expect_str_eq(wire_text(wire), "(nil)");
    rig_stop(&rig);
}

Test(users, have_channels)
{
    struct rig *rig = start(USERS);
    struct wire *alice = log_in(rig, "alice", "a");

    cr_expect_str_eq(wire_ask(alice, "PUBLISH", "other", "x"), NO_CHANNEL);
    cr_expect_str_eq(wire_ask(alice, "SUBSCRIBE", "other"), NO_CHANNEL);
    cr_expect_str_eq(wire_ask(alice, "SUBSCRIBE", "news:1", "other"), NO_CHANNEL);
    cr_expect_str_eq(wire_ask(alice, "PSUBSCRIBE", "news:1*"), NO_CHANNEL);
    cr_expect_str_eq(wire_ask(alice, "SSUBSCRIBE", "other"), NO_CHANNEL);
    cr_expect_str_eq(wire_ask(alice, "SPUBLISH", "other", "x"), NO_CHANNEL);
    cr_expect_eq(metric(rig, "denied_channels_total"), 6);
    rig_stop(&rig);
}

Test(users, name_the_keys_of_scripts)
{
    struct rig *rig = start(USERS);
    struct wire *wire = log_in(rig, "script", "");

    cr_expect_str_eq(wire_ask(wire, "EVAL", "return 1", "1", "other"), NO_KEY);
    cr_expect_str_eq(wire_ask(wire, "EVAL", "return 1", "x", "app:1"), NO_KEY);
    cr_expect_str_eq(wire_ask(wire, "EVALSHA", "x", "1", "app:1"), NO_COMMAND("script", "evalsha"));
    rig_stop(&rig);
}

Test(users, sort_by_other_keys_only_if_they_may_read_all)
{
    struct rig *rig = start(USERS);
    struct wire *alice = log_in(rig, "alice", "a");

    /* SORT is dangerous. */
    cr_expect_str_eq(wire_ask(alice, "SORT", "app:1"), NO_COMMAND("alice", "sort"));
    rig_stop(&rig);
    rig = start("users: {u: 'on nopass ~a +@all'}");

    struct wire *wire = log_in(rig, "u", "");

    cr_expect_str_eq(wire_ask(wire, "SORT", "a", "BY", "w*"),
                     "-ERR BY option of SORT denied due to insufficient ACL permissions");
    cr_expect_str_eq(wire_ask(wire, "ACL", "DRYRUN", "u", "sort_ro", "a", "GET", "w"),
                     "GET option of SORT denied due to insufficient ACL permissions");
    cr_expect_str_eq(wire_ask(wire, "ACL", "DRYRUN", "u", "sort", "a", "BY", "w"), "OK");
    rig_stop(&rig);
}

Test(users, are_told_of_by_acl)
{
    struct rig *rig = start(USERS);
    struct wire *root = log_in(rig, "root", "");

    cr_expect_str_eq(wire_ask(root, "ACL", "USERS"), "[alice default gone reader root script]");
    cr_expect_str_eq(wire_ask(root, "ACL", "DRYRUN", "alice", "get", "x"),
                     "User alice has no permissions to access the 'x' key");
    cr_expect_str_eq(wire_ask(root, "ACL", "DRYRUN", "alice", "get", "app:1"), "OK");
    cr_expect_str_eq(wire_ask(root, "ACL", "DRYRUN", "alice", "publish", "x", "y"),
                     "User alice has no permissions to access the 'x' channel");
    cr_expect_str_eq(wire_ask(root, "ACL", "DRYRUN", "alice", "keys", "*"),
                     "User alice has no permissions to run the 'keys' command");
    EXPECT_CONTAINS(wire_ask(root, "ACL", "LIST"),
                    "user alice on "
                    "#ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb ~app:* "
                    "resetchannels &news:* +@all -@dangerous");
    EXPECT_CONTAINS(wire_ask(root, "ACL", "GETUSER", "reader"), "-@all +@read +@connection");
    EXPECT_STARTS(wire_ask(root, "ACL", "SETUSER", "bob", "on"), "-ERR proxy: users are what");
    EXPECT_STARTS(wire_ask(root, "ACL", "DELUSER", "alice"), "-ERR proxy: users are what");
    EXPECT_STARTS(wire_ask(root, "ACL", "SAVE"), "-ERR proxy: users are what");
    EXPECT_STARTS(wire_ask(root, "ACL", "LOAD"), "-ERR This slotway is not configured to use an");
    rig_stop(&rig);
}

Test(users, keep_to_the_databases_that_are_theirs)
{
    struct rig *rig = start("users: {root: 'on nopass ~* &* alldbs +@all', "
                            "here: 'on nopass ~* &* db=0,2 +@all (resetdbs +get)', "
                            "elsewhere: 'on nopass ~* &* db=2 +@all'}");
    struct wire *root = log_in(rig, "root", "");
    struct wire *here = log_in(rig, "here", "");
    struct wire *elsewhere = log_in(rig, "elsewhere", "");

    cr_expect_str_eq(wire_ask(here, "SET", "k", "v"), "OK");
    cr_expect_str_eq(wire_ask(here, "FLUSHALL"), NO_COMMAND("here", "flushall"));
    cr_expect_str_eq(wire_ask(elsewhere, "GET", "k"), NO_COMMAND("elsewhere", "get"));
    cr_expect_str_eq(wire_ask(elsewhere, "PING"), NO_COMMAND("elsewhere", "ping"));
    cr_expect_str_eq(wire_ask(root, "GET", "k"), "v");
    EXPECT_CONTAINS(wire_ask(root, "ACL", "LIST"),
                    "user here on nopass ~* &* db=0,2 +@all (resetchannels resetdbs -@all +get)");
    EXPECT_CONTAINS(wire_ask(root, "ACL", "LIST"), "user root on nopass ~* &* +@all");
    EXPECT_CONTAINS(wire_ask(root, "ACL", "GETUSER", "here"),
                    "channels &* databases db=0,2 selectors [[commands -@all +get keys  channels  "
                    "databases ]]");
    EXPECT_CONTAINS(wire_ask(root, "ACL", "GETUSER", "root"), "channels &* selectors []");
    rig_stop(&rig);
}

Test(users, leave_what_they_were_refused_in_a_log)
{
    struct rig *rig = start(USERS);
    struct wire *root = log_in(rig, "root", "");
    struct wire *alice = log_in(rig, "alice", "a");
    const char *text;

    cr_expect_str_eq(wire_ask(root, "ACL", "LOG"), "[]");
    wire_ask(alice, "GET", "other");
    wire_ask(alice, "GET", "other");
    wire_ask(alice, "KEYS", "*");
    wire_ask(alice, "AUTH", "root2", "secret");
    wire_ask(alice, "MULTI");
    wire_ask(alice, "PUBLISH", "other", "x");
    text = wire_ask(root, "ACL", "LOG", "1");
    EXPECT_CONTAINS(text, "count 1 reason channel context multi object other username alice");
    EXPECT_LACKS(text, "object keys");
    text = wire_ask(root, "ACL", "LOG");
    EXPECT_CONTAINS(text, "count 2 reason key context toplevel object other username alice");
    EXPECT_CONTAINS(text, "count 1 reason command context toplevel object keys username alice");
    EXPECT_CONTAINS(text, "count 1 reason auth context toplevel object auth username root2");
    EXPECT_LACKS(text, "secret");
    text = wire_ask(root, "INFO", "stats");
    EXPECT_CONTAINS(text, "acl_access_denied_auth:1\r\nacl_access_denied_cmd:1\r\n"
                          "acl_access_denied_key:2\r\nacl_access_denied_channel:1\r\n");
    cr_expect_str_eq(wire_ask(root, "ACL", "LOG", "RESET"), "OK");
    cr_expect_str_eq(wire_ask(root, "ACL", "LOG"), "[]");
    rig_stop(&rig);
}

Test(users, may_administer_nodes_as_far_as_their_rules_go)
{
    struct rig *rig = start("admin: true, users: {u: 'on nopass ~* +proxy +info'}");
    struct wire *wire = log_in(rig, "u", "");

    cr_expect_str_eq(
        wire_ask(wire, "PROXY", "NODE", rig_address(rig, 0), "CONFIG", "SET", "a", "b"),
        NO_COMMAND("u", "config|set"));
    rig_stop(&rig);
}

Test(users, are_killed_by_name)
{
    struct rig *rig = start(USERS);
    struct wire *root = log_in(rig, "root", "");
    struct wire *alice = log_in(rig, "alice", "a");
    struct wire *reader = log_in(rig, "reader", "");

    EXPECT_STARTS(wire_ask(root, "CLIENT", "KILL", "USER", "nobody"), "-ERR No such user 'nobody'");
    cr_expect_str_eq(wire_ask(root, "CLIENT", "KILL", "USER", "alice"), "1");
    cr_expect(wire_is_closed(alice));
    cr_expect_str_eq(wire_ask(reader, "PING"), "PONG");
    rig_stop(&rig);
}

static const struct rig_options reloaded = {
    .nodes = 1, .with_store = true, .workers = 2, .clients = USERS};

Test(users, are_made_anew_when_the_configuration_is_read_again)
{
    struct rig *rig = rig_start_with(reloaded);
    struct rig_options next = reloaded;
    struct wire *reader = log_in(rig, "reader", "");
    struct wire *script = log_in(rig, "script", "");
    const char *said;

    cr_expect_str_eq(wire_ask(reader, "SET", "k", "v"), NO_COMMAND("reader", "set"));
    next.clients = "users: {reader: 'on nopass ~* +set', eve: 'on +nosuch'}";
    rig_rewrite(rig, next);
    cr_expect_eq(rig_reload(rig, &said), 400);
    EXPECT_CONTAINS(said, "Error in applying operation '+nosuch': Unknown command");
    cr_expect_str_eq(wire_ask(reader, "SET", "k", "v"), NO_COMMAND("reader", "set"));
    next.clients = "users: {reader: 'on nopass ~* +set +client'}";
    rig_rewrite(rig, next);
    cr_expect_eq(rig_reload(rig, &said), 200);
    EXPECT_LACKS(said, "#ca97");
    cr_expect(wire_is_closed(script));
    wire_ask(reader, "CLIENT", "LIST"); /* all workers have answered it */
    cr_expect_str_eq(wire_ask(reader, "SET", "k", "v"), "OK");
    rig_stop(&rig);
}

Test(users, may_be_renamed_where_there_is_but_one)
{
    struct rig_options options = reloaded;
    struct rig *rig;
    struct wire *wire;

    options.clients = "username: app, password: secret";
    rig = rig_start_with(options);
    wire = log_in(rig, "app", "secret");
    options.clients = "username: other, password: secret2";
    rig_rewrite(rig, options);
    cr_expect_eq(rig_reload(rig, NULL), 200);
    cr_expect(WAIT_FOR(strcmp(wire_ask(wire, "ACL", "WHOAMI"), "other") == 0));
    cr_expect_str_eq(wire_ask(wire, "AUTH", "other", "secret2"), "OK");
    rig_stop(&rig);
}

Test(users, leave_their_secrets_nowhere)
{
    struct rig *rig = start("users: {root: 'on nopass ~* &* +@all'}, max: 100");
    struct wire *root = log_in(rig, "root", "");
    struct wire *monitor = log_in(rig, "root", "");

    cr_expect_str_eq(wire_ask(monitor, "MONITOR"), "OK");
    wire_ask(root, "AUTH", "alice", "geheim1");
    wire_ask(root, "HELLO", "2", "AUTH", "alice", "geheim2");
    wire_ask(root, "ACL", "SETUSER", "x", ">geheim3");
    wire_ask(root, "PING");
    for (int i = 0; i < 5; i++) {
        const char *line = wire_text(monitor);

        EXPECT_LACKS(line, "geheim");
        if (strstr(line, "\"PING\"") != NULL) {
            break;
        }
    }
    EXPECT_LACKS(wire_ask(root, "SLOWLOG", "GET"), "geheim");
    cr_expect_not(rig_has_written(rig, "geheim"));
    rig_stop(&rig);
}
