/* load over TLS: as in clear, and only with who is to be believed. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "tests/support/expect.h"
#include "tests/support/fake_store.h"
#include "tests/support/pki.h"
#include "tests/support/process.h"
#include "tests/support/wait.h"

enum { WORDS_MAX = 32 };

static struct pki *pki;
static struct fake_cluster *cluster;
static struct fake_store *store;
static struct process load;
static struct bytes output;
static char port[8];

static struct fake_node *node(void)
{
    return fake_cluster_node(cluster, 0);
}

/* A node that shows the certificate of that name. */
static void use(const char *name)
{
    char file[32];
    struct tls_fault fault;
    struct tls_settings settings = {.kind = TLS_SERVER};

    snprintf(file, sizeof file, "%s.pem", name);
    settings.certificate = pki_path(pki, file);
    snprintf(file, sizeof file, "%s.key", name);
    settings.key = pki_path(pki, file);

    struct tls_context *context = tls_context_new(&settings, &fault);

    cr_assert_not_null(context, "%s", fault.text);
    fake_node_use_tls(node(), context);
}

static void set_up(void)
{
    signal(SIGPIPE, SIG_IGN);
    pki = pki_new();
    pki_make_usual(pki);
    cluster = fake_cluster_new(1);
    store = fake_store_new();
    fake_store_serve(store, cluster);
    snprintf(port, sizeof port, "%u", fake_node_port(node()));
}

static void clean_up(void)
{
    process_clear(&load);
    bytes_clear(&output);
    fake_cluster_free(&cluster);
    fake_store_free(&store);
    pki_free(&pki);
}

TestSuite(load_tls, .init = set_up, .fini = clean_up, .timeout = 120);

/* Runs load to its end, which believes "ca"; what it wrote is in `output`. Its exit code, or -1. */
static int run(const char *const *words)
{
    const char *argv[WORDS_MAX] = {LOAD_BINARY, "--port",   port,
                                   "--json",    "--tls-ca", pki_path(pki, "ca.pem")};

    for (size_t i = 0; words[i] != NULL; i++) {
        cr_assert_lt(i + 7, WORDS_MAX);
        argv[i + 6] = words[i];
    }
    process_start(&load, argv, NULL);
    cr_assert(WAIT_FOR(process_has_ended(&load)), "load does not end");
    bytes_clear(&output);
    output = process_output(&load);
    return WIFEXITED(load.status) ? WEXITSTATUS(load.status) : -1;
}

#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})

Test(load_tls, what_was_filled_is_read_back)
{
    use("server");
    cr_expect_eq(RUN("--fill", "--keys", "500"), 0, "%s", output.at);
    cr_expect_eq(fake_node_count(node(), "SET"), 500);
    cr_expect_eq(RUN("--requests", "3000", "--keys", "500", "--work", "mix", "--pipeline", "16"), 0,
                 "%s", output.at);
    EXPECT_CONTAINS(output.at, "\"requests\":3000,");
    EXPECT_CONTAINS(output.at, "\"errors\":0,\"wrong\":0,\"reconnects\":0,");
}

/* Many records each, and more than a socket takes at once. */
Test(load_tls, values_of_megabytes_come_whole)
{
    use("server");
    cr_expect_eq(RUN("--fill", "--keys", "3", "--size", "8000000"), 0, "%s", output.at);
    cr_expect_eq(RUN("--requests", "9", "--keys", "3", "--size", "8000000", "--clients", "3"), 0,
                 "%s", output.at);
}

Test(load_tls, each_request_may_have_a_connection_and_a_handshake)
{
    use("server");
    cr_expect_eq(RUN("--requests", "40", "--work", "ping", "--clients", "4", "--connect-each"), 0,
                 "%s", output.at);
    cr_expect_eq(fake_node_accepted(node()), 40);
    cr_expect_eq(fake_node_count(node(), "PING"), 40);
}

static const struct {
    const char *name;
    const char *problem;
} strangers[] = {
    {"stranger", "self-signed certificate"},
    {"elsewhere", "IP address mismatch"},
};

Test(load_tls, speaks_to_nobody_else)
{
    pki_make(pki, "stranger", .common_name = "stranger", .alternative = "IP:127.0.0.1");
    pki_make(pki, "elsewhere", .common_name = "elsewhere", .alternative = "IP:127.0.0.2",
             .issuer = "ca");
    for (size_t i = 0; i < ARRAY_LEN(strangers); i++) {
        use(strangers[i].name);
        cr_expect_eq(RUN("--requests", "10"), 1);
        EXPECT_CONTAINS(output.at, "load: cannot open all connections: the peer's certificate is "
                                   "not accepted: ");
        EXPECT_CONTAINS(output.at, strangers[i].problem);
        cr_expect_eq(fake_node_count(node(), "PING"), 0);
    }
}

Test(load_tls, needs_a_file_of_authorities)
{
    cr_expect_eq(RUN("--requests", "10", "--tls-ca", "/nowhere"), 1);
    EXPECT_CONTAINS(output.at, "load: /nowhere: cannot be read: No such file or directory");
}
