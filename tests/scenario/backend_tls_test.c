/* TLS towards the nodes: what goes through it, and how each way it can fail is said.
 *
 * With two nodes, "b" is on node 0 and "a" on node 1.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/memory.h"
#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/pki.h"
#include "tests/support/ports.h"
#include "tests/support/rig.h"

#define EXPIRES "backend_tls_certificate_expires_seconds"

enum { DAY = 24 * 3600 };

static struct pki *pki;
static struct tls_context *expired;

static void set_up(void)
{
    pki = pki_new();
    pki_make_usual(pki);
}

static void tear_down(void)
{
    rig_clean_up();
    tls_context_release(&expired);
    pki_free(&pki);
}

TestSuite(backend_tls, .timeout = 120, .init = set_up, .fini = tear_down);

/* A node with the certificate NAME that asks clients for one by `authority`, unless that is NULL.
 */
static struct tls_context *node_with(const char *name, const char *authority)
{
    if (expired != NULL && strcmp(name, "expired") == 0) {
        return tls_context_take(expired);
    }

    struct tls_fault fault;
    char *certificate = memory_print("%s.pem", name);
    char *key = memory_print("%s.key", name);
    struct tls_settings settings = {
        .kind = TLS_SERVER,
        .verify = authority == NULL ? TLS_VERIFY_NONE : TLS_VERIFY_REQUIRED,
        .certificate = pki_path(pki, certificate),
        .key = pki_path(pki, key),
        .ca_file = authority == NULL ? NULL : pki_path(pki, authority),
    };
    struct tls_context *context = tls_context_new(&settings, &fault);

    cr_assert_not_null(context, "%s", fault.text);
    free(certificate);
    free(key);
    return context;
}

static void node_uses(struct rig *rig, int node, const char *name, const char *authority)
{
    fake_node_use_tls(rig_node(rig, node), node_with(name, authority));
    fake_node_drop_connections(rig_node(rig, node));
}

/* The options of the backend, "ca.pem" among them, and `more`. */
static char *options_with(const char *more)
{
    return memory_print("tls: true, tls_ca_file: %s%s%s", pki_path(pki, "ca.pem"),
                        more == NULL ? "" : ", ", more == NULL ? "" : more);
}

static struct rig *start_with(struct tls_context *nodes, const char *more, bool is_hopeless)
{
    char *backend = options_with(more);
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2,
                                                          .node_tls = nodes,
                                                          .with_store = true,
                                                          .do_not_wait = is_hopeless,
                                                          .clients = "admin: true",
                                                          .backend = backend});

    free(backend);
    tls_context_release(&nodes);
    return rig;
}

static struct rig *start(void)
{
    return start_with(node_with("server", NULL), NULL, false);
}

static void expect_served(struct rig *rig)
{
    cr_expect(WAIT_FOR(ask(rig, "SET", "a", "1")[0] == 'O'));
    cr_expect(WAIT_FOR(ask(rig, "SET", "b", "2")[0] == 'O'));
    cr_expect_str_eq(ask(rig, "MGET", "a", "b"), "[1 2]");
}

Test(backend_tls, requests_small_and_large_go_through_it)
{
    enum { LARGE = 2 * 1000 * 1000 };
    struct rig *rig = start();
    char *large = memory_new(LARGE + 1, 1);

    memset(large, 'x', LARGE);
    expect_served(rig);
    cr_expect_str_eq(ask(rig, "SET", "a", large), "OK");
    for (int i = 0; i < 200; i++) {
        wire_request(rig_client(rig), "GET", i % 50 == 0 ? "a" : "b");
    }
    for (int i = 0; i < 200; i++) {
        cr_assert_str_eq(wire_text(rig_client(rig)), i % 50 == 0 ? large : "2");
    }
    cr_expect_eq(metric(rig, "upstream_tls_failed_total"), 0);
    cr_expect_eq(metric(rig, "discovery_tls_failures_total"), 0);
    free(large);
    rig_stop(&rig);
}

/* Of which the last bytes have been taken from the socket, and no room was left for them. */
Test(backend_tls, replies_that_are_a_little_longer_than_a_block_come_whole)
{
    enum { BLOCK = 64 * 1024, AROUND = 120, STEP = 5 };
    struct rig *rig = start();
    char *value = memory_new(BLOCK + 1, 1);

    for (size_t size = BLOCK - AROUND; size < BLOCK; size += STEP) {
        memset(value, 'x', size);
        cr_expect_str_eq(ask(rig, "SET", "b", value), "OK");
        cr_assert_str_eq(ask(rig, "GET", "b"), value, "%zu", size);
    }
    free(value);
    rig_stop(&rig);
}

Test(backend_tls, connections_of_one_client_go_through_it_and_end_well)
{
    struct rig *rig = start();
    struct wire *wire = rig_connect(rig);

    for (int i = 0; i < 3; i++) {
        script(rig, 1, WANT("BLPOP", "a", "1"), SAY("*2\r\n$1\r\na\r\n$1\r\nx\r\n"));
        cr_expect_str_eq(wire_ask(wire, "BLPOP", "a", "1"), "[a x]");
    }
    cr_expect_eq(metric(rig, "upstream_tls_failed_total"), 0);
    rig_stop(&rig);
}

/* The connections that are there hide it from everybody else. */
Test(backend_tls, a_further_connection_that_fails_is_said_too)
{
    struct rig *rig = start();

    expect_served(rig);
    pki_make(pki, "stranger", .alternative = "IP:127.0.0.1");
    fake_node_use_tls(rig_node(rig, 1), node_with("stranger", NULL));
    wire_request(rig_client(rig), "BLPOP", "a", "1");
    cr_expect(WAIT_FOR(rig_has_written(rig, "no further connection to a node: TLS failed")));
    cr_expect(rig_has_written(rig, "self-signed certificate"));
    EXPECT_STARTS(wire_text(rig_client(rig)), "-CLUSTERDOWN "); /* no node has looked */
    expect_served(rig);
    rig_stop(&rig);
}

/* What slotway does not accept, and the words for it; then the node does better. */
static const struct {
    const char *node;
    const char *authority; /* that the node wants a certificate from */
    const char *backend;
    const char *said;
} refusals[] = {
    {"expired", NULL, NULL, "certificate has expired"},
    {"stranger", NULL, NULL, "self-signed certificate"},
    {"elsewhere", NULL, NULL, "IP address mismatch"},
    {"server", NULL, "tls_server_name: redis.example.org", "hostname mismatch"},
    {"server", "ca.pem", NULL, "certificate required"},
    {"server", "ca.pem", "tls_protocols: TLSv1.2", "handshake failure"},
    {NULL, NULL, NULL, "does the node speak TLS at this port?"},
};

/* No server starts with a certificate that is over; one that runs for long may have one. */
static void make_expired(void)
{
    time_t made = time(NULL);

    pki_make(pki, "expired", .issuer = "ca", .alternative = "IP:127.0.0.1", .ends_in = 2);
    expired = node_with("expired", NULL);
    cr_assert(WAIT_FOR(time(NULL) > made + 3));
}

static void make_bad_certificates(void)
{
    pki_make(pki, "stranger", .alternative = "IP:127.0.0.1");
    pki_make(pki, "elsewhere", .issuer = "ca", .alternative = "DNS:redis.example.org,IP:127.0.0.2");
}

Test(backend_tls, each_way_it_can_fail_at_the_seeds_is_said_and_counted_and_can_be_mended)
{
    make_bad_certificates();
    make_expired();
    for (size_t row = 0; row < ARRAY_LEN(refusals); row++) {
        const char *node = refusals[row].node;
        struct tls_context *context =
            node == NULL ? NULL : node_with(node, refusals[row].authority);
        struct rig *rig = start_with(context, refusals[row].backend, true);

        cr_expect(WAIT_FOR(rig_has_written(rig, refusals[row].said)), "row %zu", row);
        cr_expect(rig_has_written(rig, rig_address(rig, 0)), "row %zu", row);
        cr_expect(WAIT_FOR(metric(rig, "discovery_tls_failures_total") > 0), "row %zu", row);
        cr_expect_eq(http_get(rig_admin_port(rig), "/readyz", NULL), 503, "row %zu", row);
        const char *good =
            refusals[row].backend != NULL && strstr(refusals[row].backend, "example") != NULL
                ? "elsewhere"
                : "server";
        node_uses(rig, 0, good, NULL);
        node_uses(rig, 1, good, NULL);
        expect_served(rig);
        rig_stop(&rig);
    }
}

/* The other node is not touched by it. */
static void expect_out_of_reach(struct rig *rig, const char *said)
{
    cr_expect(WAIT_FOR(ask(rig, "GET", "b")[0] == '-'));
    cr_expect_str_eq(ask(rig, "GET", "a"), "1");
    cr_expect(WAIT_FOR(rig_has_written(rig, said)), "%s", said);
    cr_expect(rig_has_written(rig, "node unreachable"));
    cr_expect_gt(rig_metric(rig, "upstream_tls_failed_total", NULL), 0);
    cr_expect_gt(rig_metric(rig, "nodes_unreachable", NULL), 0);
}

Test(backend_tls, a_node_whose_certificate_goes_bad_is_out_of_reach_and_comes_back)
{
    make_expired();
    char *backend = options_with("down_after: 100ms");
    struct tls_context *nodes = node_with("server", NULL);
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2,
                                                          .node_tls = nodes,
                                                          .with_store = true,
                                                          .request_timeout = "300ms",
                                                          .backend = backend});
    expect_served(rig);
    node_uses(rig, 0, "expired", NULL);
    expect_out_of_reach(rig, "certificate has expired");
    node_uses(rig, 0, "server", NULL);
    expect_served(rig);
    fake_node_use_tls(rig_node(rig, 0), NULL);
    fake_node_drop_connections(rig_node(rig, 0));
    expect_out_of_reach(rig, "does the node speak TLS at this port?");
    node_uses(rig, 0, "server", NULL);
    expect_served(rig);
    node_uses(rig, 0, "server", "ca.pem");
    expect_out_of_reach(rig, "certificate required");
    node_uses(rig, 0, "server", NULL);
    expect_served(rig);
    tls_context_release(&nodes);
    free(backend);
    rig_stop(&rig);
}

Test(backend_tls, a_node_that_does_not_answer_the_handshake_is_said_to_be_that)
{
    struct port port = port_reserve();
    char *backend = options_with(NULL);

    port_listen(&port);
    char *seeds = memory_print("\"127.0.0.1:%u\"", port.number);
    struct rig *rig = rig_start_with((struct rig_options){
        .seeds = seeds, .do_not_wait = true, .connect_timeout = "50ms", .backend = backend});

    cr_expect(WAIT_FOR(rig_has_written(rig, "the TLS handshake took longer than 50 ms")));
    cr_expect(WAIT_FOR(metric(rig, "discovery_tls_failures_total") > 0));
    rig_stop(&rig);
    port_release(&port);
    free(seeds);
    free(backend);
}

Test(backend_tls, a_server_that_wants_tls_is_not_spoken_to_in_plain_text)
{
    struct tls_context *nodes = node_with("server", NULL);
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1, .node_tls = nodes, .with_store = true, .do_not_wait = true});

    cr_expect(WAIT_FOR(rig_has_written(rig, "seed gives no picture")));
    cr_expect_eq(ask(rig, "GET", "a")[0], '-');
    tls_context_release(&nodes);
    rig_stop(&rig);
}

static void expect_good(struct tls_context *nodes, const char *backend)
{
    struct rig *rig = start_with(nodes, backend, false);

    expect_served(rig);
    cr_expect_eq(metric(rig, "upstream_tls_failed_total"), 0);
    rig_stop(&rig);
}

Test(backend_tls, what_is_verified_can_be_said)
{
    make_bad_certificates();
    expect_good(node_with("elsewhere", NULL), "tls_server_name: redis.example.org");
    expect_good(node_with("elsewhere", NULL), "tls_verify: ca");
    expect_good(node_with("stranger", NULL), "tls_verify: none");
}

Test(backend_tls, nodes_that_want_a_certificate_get_it)
{
    char *backend = memory_print("tls_certificate: %s, tls_key: %s", pki_path(pki, "client.pem"),
                                 pki_path(pki, "client.key"));

    expect_good(node_with("server", "ca.pem"), backend);
    free(backend);
}

Test(backend_tls, a_node_is_verified_by_the_name_that_the_cluster_tells)
{
    pki_make(pki, "named", .issuer = "ca", .alternative = "DNS:localhost");
    struct rig *rig = start();

    expect_served(rig);
    node_uses(rig, 1, "named", NULL);
    cr_expect(WAIT_FOR(rig_has_written(rig, "IP address mismatch")));
    fake_cluster_announce(rig_cluster(rig), 1, "localhost");
    expect_served(rig);
    rig_stop(&rig);
}

static void renew_client(const char *name)
{
    char *certificate = memory_print("%s.pem", name);
    char *key = memory_print("%s.key", name);

    pki_copy(pki, certificate, "client.pem");
    pki_copy(pki, key, "client.key");
    free(certificate);
    free(key);
}

static bool is_within(long long moment, int first_day, int last_day)
{
    long long now = time(NULL);

    return moment > now + first_day * DAY && moment < now + last_day * DAY;
}

static struct rig *start_renewing(const char *watch)
{
    char *own = memory_print("tls_certificate: %s, tls_key: %s", pki_path(pki, "client.pem"),
                             pki_path(pki, "client.key"));
    char *backend = options_with(own);
    struct tls_context *nodes = node_with("server", "ca.pem");
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 2,
                                                          .node_tls = nodes,
                                                          .with_store = true,
                                                          .request_timeout = "20s",
                                                          .pool = watch,
                                                          .backend = backend});

    tls_context_release(&nodes);
    free(backend);
    free(own);
    expect_served(rig);
    cr_expect(is_within(metric(rig, EXPIRES), 0, 2));
    pki_make(pki, "other", .is_authority = true);
    pki_make(pki, "newer", .issuer = "other", .ends_in = 4 * DAY);
    renew_client("newer");
    return rig;
}

/* The nodes want the new certificate from now on: who has it gets on without an error. */
static void expect_renewed(struct rig *rig)
{
    for (int node = 0; node < 2; node++) {
        node_uses(rig, node, "server", "other.pem");
    }
    for (int i = 0; i < 10; i++) {
        cr_expect_str_eq(ask(rig, "MSET", "a", "1", "b", "2"), "OK");
    }
    cr_expect_eq(metric(rig, "error_replies_total"), 0);
    cr_expect(is_within(metric(rig, EXPIRES), 3, 5), "%lld", metric(rig, EXPIRES));
    rig_stop(&rig);
}

Test(backend_tls, files_that_change_are_used_for_new_connections)
{
    struct rig *rig = start_renewing("tls: {watch: 20ms}");

    cr_expect(WAIT_FOR(rig_has_written(rig, "new TLS files are in use for new connections")));
    expect_renewed(rig);
}

Test(backend_tls, a_reload_reads_the_files_again)
{
    struct rig *rig = start_renewing("tls: {watch: 0s}");

    kill(rig_process(rig)->pid, SIGHUP);
    cr_expect(WAIT_FOR(rig_has_written(rig, "configuration read again")));
    expect_renewed(rig);
}

Test(backend_tls, files_that_cannot_be_used_are_said_and_not_used)
{
    struct rig *rig = start_renewing("tls: {watch: 20ms}");

    cr_expect(WAIT_FOR(rig_has_written(rig, "new TLS files are in use")));
    pki_write(pki, "client.pem", "rubbish");
    cr_expect(WAIT_FOR(rig_has_written(rig, "TLS files for the nodes cannot be used")));
    cr_expect(rig_has_written(rig, "option=backend.tls_certificate"));
    expect_renewed(rig);
}

static bool has_begun(const struct process *process)
{
    struct bytes output = process_output(process);
    bool has = strstr(output.at, "slotway starts") != NULL;

    bytes_clear(&output);
    return has;
}

/* A pipe by name, which gives each reader what is right just then. */
static bool has_ended_reading(struct process *process, const char *pipe, struct bytes good)
{
    struct bytes bytes = has_begun(process) ? (struct bytes){.at = "nonsense", .size = 8} : good;
    int fd = open(pipe, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

    if (fd >= 0) {
        (void)!write(fd, bytes.at, bytes.size);
        close(fd);
    }
    return process_has_ended(process);
}

Test(backend_tls, a_file_that_goes_bad_while_slotway_starts_ends_it_with_a_word)
{
    const char *const cat[] = {"cat", pki_path(pki, "ca.pem"), NULL};
    const char *pipe = pki_path(pki, "pipe");
    char *file = memory_print("SLOTWAY_BACKEND_TLS_CA_FILE=%s", pipe);
    const char *const argv[] = {rig_binary(), NULL};
    const char *const environment[] = {"SLOTWAY_BACKEND_SEEDS=127.0.0.1:1",
                                       "SLOTWAY_BACKEND_TLS=true", file, NULL};
    struct process process;
    struct bytes good;

    signal(SIGPIPE, SIG_IGN);
    cr_assert_eq(process_run(cat, &good), 0);
    cr_assert_eq(mkfifo(pipe, 0600), 0);
    process_start(&process, argv, environment);
    cr_expect(WAIT_FOR(has_ended_reading(&process, pipe, good)));
    cr_expect(WIFEXITED(process.status) && WEXITSTATUS(process.status) == 3, "status %#x",
              (unsigned)process.status);
    process_clear(&process);
    bytes_clear(&good);
    free(file);
}
