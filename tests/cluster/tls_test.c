/* slotway in front of a real cluster that speaks nothing but TLS, to itself as well, whose nodes
 * want a certificate of whoever connects and tell host names instead of addresses.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "tests/support/expect.h"
#include "tests/support/load.h"
#include "tests/support/process.h"
#include "tests/support/real_cluster.h"
#include "tests/support/real_nodes.h"

TestSuite(tls, .timeout = 300, .fini = rig_clean_up);

/* slotway in front of the cluster, and what it needs to be let in. */
static struct rig *start(const struct real_cluster *cluster)
{
    const char *folder = real_cluster_folder(cluster);
    char *seeds = memory_print("\"localhost:%u\", \"localhost:%u\"", real_cluster_port(cluster, 0),
                               real_cluster_port(cluster, 1));
    char *backend = memory_print("password: \"%s\", tls: true, tls_ca_file: %s/tls/ca.crt, "
                                 "tls_certificate: %s/tls/client.crt, tls_key: %s/tls/client.key",
                                 REAL_NODES_PASSWORD, folder, folder, folder);
    struct rig *rig = rig_start_with((struct rig_options){.seeds = seeds,
                                                          .workers = 2,
                                                          .request_timeout = "8s",
                                                          .connect_timeout = "2s",
                                                          .refresh = "5s",
                                                          .clients = "admin: true",
                                                          .pool = "tls: {watch: 50ms}",
                                                          .backend = backend});

    free(seeds);
    free(backend);
    return rig;
}

static void expect_unnoticed(struct load_result result)
{
    cr_expect_gt(result.requests, 0);
    cr_expect_eq(result.errors, 0, "%s", result.first_error);
    cr_expect_eq(result.wrong, 0, "%s", result.first_wrong);
}

/* A client that blocks, one that listens and one in a transaction. */
static void expect_private_ways(struct rig *rig)
{
    struct wire *waiting = rig_connect(rig);
    struct wire *listening = rig_connect(rig);

    wire_request(waiting, "BLPOP", "queue", "30");
    cr_expect_str_eq(wire_ask(listening, "SUBSCRIBE", "news"), "[subscribe news 1]");
    cr_expect_str_eq(wire_ask(listening, "SSUBSCRIBE", "shard"), "[ssubscribe shard 1]");
    cr_expect(WAIT_FOR(metric(rig, "downstream_blocked") == 1));
    cr_expect_str_eq(ask(rig, "RPUSH", "queue", "x"), "1");
    cr_expect_str_eq(wire_text(waiting), "[queue x]");
    ask(rig, "PUBLISH", "news", "hello");
    cr_expect_str_eq(wire_text(listening), "[message news hello]");
    ask(rig, "SPUBLISH", "shard", "hello");
    cr_expect_str_eq(wire_text(listening), "[smessage shard hello]");
    cr_expect_str_eq(ask(rig, "WATCH", "{t}a"), "OK");
    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "{t}a", "1"), "QUEUED");
    cr_expect_str_eq(ask(rig, "GET", "{t}a"), "QUEUED");
    cr_expect_str_eq(ask(rig, "EXEC"), "[OK 1]");
    rig_disconnect(rig, &waiting);
    rig_disconnect(rig, &listening);
}

/* Slots move under load: MOVED and ASK tell host names and ports of TLS. */
static void move_slots(struct real_cluster *cluster, struct rig *rig)
{
    uint16_t port = real_cluster_port(cluster, 1);
    char *from = memory_print("%u", real_cluster_port(cluster, 0));
    char *to = memory_print("%u", port);

    real_cluster_run(cluster, "--from", from, "--to", to, "--slots", "40", "reshard");
    cr_expect_gt(metric(rig, "redirect_moved_total") + metric(rig, "redirect_ask_total"), 0);
    free(from);
    free(to);
}

static void openssl(const char *const *arguments)
{
    struct bytes output = {0};

    cr_assert_eq(process_run(arguments, &output), 0, "%s", output.at);
    bytes_clear(&output);
}

/* A new NAME.crt and NAME.key by the same authority, in place of the old ones. */
static void renew(const char *folder, const char *name, const char *names)
{
    char *command = memory_print(
        "cd '%s/tls' && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes "
        "-days 5 -CA ca.crt -CAkey ca.key -subj /CN=renewed -addext subjectAltName=%s "
        "-addext basicConstraints=critical,CA:false -keyout new.key -out new.crt && "
        "mv new.key %s.key && mv new.crt %s.crt",
        folder, names, name, name);

    openssl((const char *const[]){"sh", "-c", command, NULL});
    free(command);
}

/* Both sides get new certificates, while all goes on. */
static void rotate(struct real_cluster *cluster, struct rig *rig)
{
    const char *folder = real_cluster_folder(cluster);
    char *node_file = memory_print("%s/tls/node.crt", folder);

    renew(folder, "node", "DNS:localhost,IP:127.0.0.1");
    for (int node = 0; node < 6; node++) {
        char *address = memory_print("localhost:%u", real_cluster_port(cluster, node));

        /* One that has just become a replica is not announced for a moment. */
        cr_expect(WAIT_FOR(
            strcmp(ask(rig, "PROXY", "NODE", address, "CONFIG", "SET", "tls-cert-file", node_file),
                   "OK") == 0));
        free(address);
    }
    renew(folder, "client", "DNS:client");
    cr_expect(WAIT_FOR(rig_has_written(rig, "new TLS files are in use for new connections")));
    free(node_file);
}

static void kill_a_primary(struct real_cluster *cluster, struct rig *rig)
{
    real_cluster_do(cluster, "kill", 2);
    cr_expect(WAIT_FOR_MS(2 * WAIT_MS, ask(rig, "SET", "foo", "1")[0] == 'O'));
}

Test(tls, failovers_redirections_and_renewed_certificates_go_unnoticed)
{
    struct real_cluster *cluster = real_cluster_start_with(
        (const char *const[]){"--tls", "--set", "cluster-announce-hostname localhost", "--set",
                              "cluster-preferred-endpoint-type hostname", NULL});
    struct rig *rig = start(cluster);
    struct load *everywhere =
        load_start((struct load_options){.port = rig_port(rig), .clients = 2, .keys = 60});
    struct load *moved = load_start((struct load_options){
        .port = rig_port(rig), .clients = 2, .keys = 40, .slot_from = 0, .slot_to = 80});

    EXPECT_CONTAINS(ask(rig, "PROXY", "TOPOLOGY"), "localhost:");
    expect_private_ways(rig);
    move_slots(cluster, rig);
    real_cluster_do(cluster, "failover", 0);
    rotate(cluster, rig);
    expect_private_ways(rig);
    real_cluster_do(cluster, "failover", 1);
    expect_unnoticed(load_stop(&everywhere));
    expect_unnoticed(load_stop(&moved));
    cr_expect_eq(metric(rig, "upstream_tls_failed_total"), 0);
    kill_a_primary(cluster, rig);
    rig_stop(&rig);
    real_cluster_stop(&cluster);
}
