/* clients.auth: nodes in front of a real cluster, whose users have rights of their own. */
#include <stdlib.h>

#include "common/memory.h"
#include "tests/support/expect.h"
#include "tests/support/real_cluster.h"
#include "tests/support/real_nodes.h"

TestSuite(node_users, .timeout = 240, .fini = rig_clean_up);

enum { NODES = 6 };

#define NO_KEY      "-NOPERM this user has no permissions to access one of the keys"
#define NO_COMMAND  "-NOPERM this user has no permissions to run the '"
#define WRONGPASS   "-WRONGPASS "
#define ON_ALL(...) on_all(cluster, (const char *const[]){__VA_ARGS__, NULL})

static void on_all(const struct real_cluster *cluster, const char *const *command)
{
    for (int node = 0; node < NODES; node++) {
        cr_assert(real_cluster_says_list(cluster, node, "", command));
    }
}

static struct rig *start(const struct real_cluster *cluster)
{
    char *seeds = memory_print("\"127.0.0.1:%u\"", real_cluster_port(cluster, 0));
    struct rig *rig =
        rig_start_with((struct rig_options){.seeds = seeds,
                                            .workers = 2,
                                            .request_timeout = "8s",
                                            .connect_timeout = "1s",
                                            .refresh = "600s",
                                            .clients = "auth: nodes",
                                            .backend = "password: \"" REAL_NODES_PASSWORD "\""});

    free(seeds);
    return rig;
}

static struct wire *log_in(struct rig *rig, const char *user, const char *password)
{
    struct wire *wire = rig_connect(rig);

    cr_assert_str_eq(wire_ask(wire, "AUTH", user, password), "OK");
    return wire;
}

static void expect_what_an_application_does(struct wire *alice)
{
    cr_expect_str_eq(wire_ask(alice, "MSET", "app:1", "1", "app:2", "2", "app:3", "3"), "OK");
    cr_expect_str_eq(wire_ask(alice, "MGET", "app:1", "app:2", "app:3"), "[1 2 3]");
    EXPECT_STARTS(wire_ask(alice, "GET", "other"), NO_KEY);
    EXPECT_STARTS(wire_ask(alice, "MGET", "app:1", "other", "app:2"), NO_KEY);
    EXPECT_STARTS(wire_ask(alice, "KEYS", "*"), NO_COMMAND);
    cr_expect_str_eq(wire_ask(alice, "DBSIZE"), "3");
    cr_expect_str_eq(wire_ask(alice, "EVAL", "return redis.call('get', KEYS[1])", "1", "app:1"),
                     "1");
    EXPECT_STARTS(wire_ask(alice, "EVAL", "return redis.call('get', 'other')", "1", "app:1"), "-");
    cr_expect_str_eq(wire_ask(alice, "LPUSH", "app:list", "x"), "1");
    cr_expect_str_eq(wire_ask(alice, "BLPOP", "app:list", "1"), "[app:list x]");
    EXPECT_STARTS(wire_ask(alice, "BLPOP", "list", "1"), NO_KEY);
    cr_expect_str_eq(wire_ask(alice, "PUBLISH", "news", "x"), "0");
    EXPECT_CONTAINS(wire_ask(alice, "SCAN", "0", "COUNT", "1000"), "app:2");
    EXPECT_STARTS(wire_ask(alice, "CLIENT", "LIST"), "-NOPERM ");
    EXPECT_STARTS(wire_ask(alice, "CONFIG", "GET", "maxmemory"), "-NOPERM ");
    EXPECT_STARTS(wire_ask(alice, "ACL", "LIST"), NO_COMMAND);
}

static void expect_transactions(struct wire *alice)
{
    cr_expect_str_eq(wire_ask(alice, "WATCH", "app:1"), "OK");
    cr_expect_str_eq(wire_ask(alice, "MULTI"), "OK");
    cr_expect_str_eq(wire_ask(alice, "INCR", "app:1"), "QUEUED");
    cr_expect_str_eq(wire_ask(alice, "EXEC"), "[2]");
    wire_send_requests(alice, "MULTI|SET other 1|EXEC");
    cr_expect_str_eq(wire_text(alice), "OK");
    wire_text(alice); /* whether it was asked already or will be */
    EXPECT_STARTS(wire_text(alice), "-EXECABORT ");
}

/* Until the nodes take it away. */
static void expect_subscriptions(const struct real_cluster *cluster, struct rig *rig)
{
    struct wire *carol;
    struct wire *other;
    struct wire *dave;

    ON_ALL("ACL", "SETUSER", "dave", "on", ">pd", "allchannels", "+subscribe");
    ON_ALL("ACL", "SETUSER", "carol", "on", ">pc", "&news:*", "&shard", "&p*", "+@pubsub");
    carol = log_in(rig, "carol", "pc");
    other = log_in(rig, "carol", "pc");
    dave = log_in(rig, "dave", "pd");
    EXPECT_STARTS(wire_ask(carol, "SUBSCRIBE", "news:1", "secret"), "-NOPERM ");
    EXPECT_STARTS(wire_ask(carol, "PSUBSCRIBE", "*"), "-NOPERM ");
    EXPECT_STARTS(wire_ask(carol, "SSUBSCRIBE", "secret"), "-NOPERM ");
    cr_expect_str_eq(wire_ask(carol, "SUBSCRIBE", "news:1"), "[subscribe news:1 1]");
    cr_expect_str_eq(wire_ask(carol, "PSUBSCRIBE", "p*"), "[psubscribe p* 2]");
    cr_expect_str_eq(wire_ask(carol, "SSUBSCRIBE", "shard"), "[ssubscribe shard 1]");
    EXPECT_STARTS(wire_ask(carol, "SUBSCRIBE", "secret"), "-NOPERM ");
    cr_expect_str_eq(wire_ask(other, "PUBLISH", "news:1", "x"), "1");
    cr_expect_str_eq(wire_text(carol), "[message news:1 x]");
    cr_expect_str_eq(wire_ask(other, "SUBSCRIBE", "news:2"), "[subscribe news:2 1]");
    cr_expect_str_eq(wire_ask(dave, "SUBSCRIBE", "any"), "[subscribe any 1]");
    ON_ALL("ACL", "SETUSER", "carol", "resetchannels", "&news:*", "&p*");
    ON_ALL("ACL", "DELUSER", "dave");
    cr_expect(wire_is_closed(carol));
    cr_expect(wire_is_closed(dave));
    cr_expect_str_eq(wire_ask(other, "PING"), "[pong ]");
    rig_disconnect(rig, &carol);
    rig_disconnect(rig, &other);
    rig_disconnect(rig, &dave);
}

static void expect_what_a_reader_may(struct wire *bob)
{
    cr_expect_str_eq(wire_ask(bob, "GET", "app:2"), "2");
    EXPECT_STARTS(wire_ask(bob, "SET", "app:2", "x"), NO_COMMAND);
    EXPECT_STARTS(wire_ask(bob, "SCAN", "0"), "-NOPERM ");
    EXPECT_STARTS(wire_ask(bob, "EVAL", "return 1", "0"), NO_COMMAND);
    EXPECT_STARTS(wire_ask(bob, "PUBLISH", "news", "x"), NO_COMMAND);
    cr_expect_str_eq(wire_ask(bob, "ACL", "WHOAMI"), "bob");
}

/* What follows a slot is the user's, too. */
static void expect_redirections(struct real_cluster *cluster, struct rig *rig, struct wire *alice)
{
    char *from = memory_print("%u", real_cluster_port(cluster, 0));
    char *to = memory_print("%u", real_cluster_port(cluster, 1));
    long long moved = metric(rig, "redirect_moved_total");

    real_cluster_run(cluster, "--from", from, "--to", to, "--slots", "40", "reshard");
    for (int i = 0; i < 2000; i++) {
        const char *key = rig_print(rig, "app:%d", i);

        EXPECT_STARTS(wire_ask(alice, "SET", key, "1"), "OK");
    }
    cr_expect_gt(metric(rig, "redirect_moved_total"), moved);
    EXPECT_STARTS(wire_ask(alice, "GET", "other"), NO_KEY);
    free(from);
    free(to);
}

static void expect_deletion(const struct real_cluster *cluster, struct rig *rig, struct wire *alice,
                            struct wire *bob)
{
    ON_ALL("ACL", "DELUSER", "alice");
    EXPECT_STARTS(wire_ask(alice, "GET", "app:1"), WRONGPASS);
    EXPECT_STARTS(wire_ask(alice, "SET", "app:1", "x"), WRONGPASS);
    EXPECT_STARTS(wire_ask(alice, "PING"), WRONGPASS);
    EXPECT_STARTS(wire_ask(alice, "AUTH", "alice", "pa"), WRONGPASS);
    cr_expect_str_eq(wire_ask(bob, "GET", "app:2"), "1");
    cr_expect_eq(metric(rig, "breaker_opened_total"), 0);
    ON_ALL("ACL", "SETUSER", "alice", "on", ">new", "~*", "+@all");
    cr_expect_str_eq(wire_ask(alice, "AUTH", "alice", "new"), "OK");
    cr_expect_str_eq(wire_ask(alice, "GET", "other"), "(nil)");
}

Test(node_users, have_the_rights_that_the_nodes_give_them)
{
    struct real_cluster *cluster = real_cluster_start();
    struct rig *rig;
    struct wire *alice;
    struct wire *bob;

    ON_ALL("ACL", "SETUSER", "alice", "on", ">pa", "~app:*", "&*", "+@all", "-@dangerous");
    ON_ALL("ACL", "SETUSER", "bob", "on", ">pb", "%R~app:*", "+get", "+acl|whoami");
    rig = start(cluster);
    EXPECT_STARTS(ask(rig, "GET", "app:1"), "-NOAUTH ");
    EXPECT_STARTS(ask(rig, "AUTH", "alice", "pb"), WRONGPASS);
    alice = log_in(rig, "alice", "pa");
    bob = log_in(rig, "bob", "pb");
    expect_what_an_application_does(alice);
    expect_transactions(alice);
    expect_what_a_reader_may(bob);
    expect_subscriptions(cluster, rig);
    expect_redirections(cluster, rig, alice);
    expect_deletion(cluster, rig, alice, bob);
    cr_expect_not(rig_has_written(rig, REAL_NODES_PASSWORD));
    rig_stop(&rig);
    real_cluster_stop(&cluster);
}
