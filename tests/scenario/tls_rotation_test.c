/* Certificates that change while clients come and go. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "tests/support/expect.h"
#include "tests/support/tls_rig.h"

TestSuite(tls_rotation, .init = tls_rig_set_up, .fini = tls_rig_clean_up, .timeout = 120);

enum { ROTATIONS = 20, VISITORS = 2 };

#define IN_USE "new TLS files are in use"
#define UNUSABLE                                                                                   \
    "TLS files cannot be used pool=main option=tls.key error=\"has a key that does not belong to " \
    "the certificate\""

/* As something that renews certificates does it: one file after the other. */
static void renew(const char *authority)
{
    pki_make(tls_rig_pki, "server", .issuer = authority,
             .alternative = "DNS:localhost,IP:127.0.0.1");
}

/* Does a new client that trusts only this authority come in? */
static bool is_by(struct rig *rig, const char *authority)
{
    struct wire *wire =
        rig_connect_tls(rig, tls_rig_context_with(NULL, authority, TLS_PROTOCOLS_ALL));
    bool is_in = *wire_problem(wire) == '\0';

    rig_disconnect(rig, &wire);
    return is_in;
}

Test(tls_rotation, new_clients_see_the_new_certificate_and_old_ones_go_on)
{
    pki_make(tls_rig_pki, "other", .is_authority = true);

    struct rig *rig = tls_rig_start("");
    struct wire *old = rig_connect_tls(rig, tls_rig_context(NULL));

    cr_expect_str_eq(wire_ask(old, "SET", "k", "v"), "OK");
    renew("other");
    cr_expect(WAIT_FOR(is_by(rig, "other")));
    cr_expect_not(is_by(rig, "ca"));
    cr_expect_str_eq(wire_ask(old, "GET", "k"), "v");
    cr_expect(rig_has_written(rig, IN_USE));
    cr_expect_gt(metric(rig, "tls_certificate_expires_seconds"), (long long)time(NULL));
    cr_expect_eq(metric(rig, "backend_tls_certificate_expires_seconds"), 0);
    rig_stop(&rig);
}

Test(tls_rotation, files_that_cannot_be_used_change_nothing)
{
    struct rig *rig = tls_rig_start("");

    pki_copy(tls_rig_pki, "client.key", "server.key");
    cr_expect(WAIT_FOR(rig_has_written(rig, UNUSABLE)));
    cr_expect(is_by(rig, "ca"));
    cr_expect_not(rig_has_written(rig, IN_USE));
    pki_copy(tls_rig_pki, "client.pem", "server.pem");
    cr_expect(WAIT_FOR(rig_has_written(rig, IN_USE)));
    rig_stop(&rig);
}

/* As it is with a certificate whose time has not come, too. */
Test(tls_rotation, files_that_could_not_be_used_are_tried_again_though_nobody_touches_them)
{
    pki_make(tls_rig_pki, "other", .is_authority = true);

    struct rig *rig = tls_rig_start("");
    pid_t slotway = rig_process(rig)->pid;
    struct rlimit before;

    cr_assert_eq(prlimit(slotway, RLIMIT_NOFILE, NULL, &before), 0);
    cr_assert_eq(prlimit(slotway, RLIMIT_NOFILE, &(struct rlimit){0, before.rlim_max}, NULL), 0);
    renew("other");
    cr_expect(WAIT_FOR(rig_has_written(rig, "Too many open files")));
    cr_assert_eq(prlimit(slotway, RLIMIT_NOFILE, &before, NULL), 0);
    cr_expect(WAIT_FOR(rig_has_written(rig, IN_USE)));
    cr_expect(is_by(rig, "other"));
    rig_stop(&rig);
}

Test(tls_rotation, a_reload_reads_them_too)
{
    pki_make(tls_rig_pki, "other", .is_authority = true);

    struct rig *rig = tls_rig_start("watch: 0s");

    renew("other");
    cr_expect(is_by(rig, "ca"));
    cr_expect_eq(rig_reload(rig, NULL), 200);
    cr_expect(is_by(rig, "other"));
    pki_copy(tls_rig_pki, "client.key", "server.key");
    cr_expect_neq(rig_reload(rig, NULL), 200);
    cr_expect(is_by(rig, "other"));
    rig_stop(&rig);
}

static struct load {
    uint16_t port;
    struct tls_context *context;
    _Atomic bool is_over;
    _Atomic int visits;
    _Atomic int errors;
} load;

/* Comes, asks, goes, and comes again. */
static void *visit(void *context)
{
    while (!load.is_over) {
        struct wire *wire = wire_open_tls(load.port, load.context, "localhost");

        load.visits++;
        if (wire == NULL || strcmp(wire_ask(wire, "INCR", "visits"), "(closed)") == 0) {
            load.errors++;
        }
        wire_close(&wire);
    }
    return context;
}

/* With as many clients as come all the time, and one that stays. */
Test(tls_rotation, goes_on_under_load_without_an_error)
{
    struct rig *rig = tls_rig_start("");
    struct wire *stays = rig_connect_tls(rig, tls_rig_context(NULL));
    pthread_t visitors[VISITORS];

    load.port = rig_tls_port(rig);
    load.context = tls_rig_context(NULL);
    for (int i = 0; i < VISITORS; i++) {
        cr_assert_eq(pthread_create(&visitors[i], NULL, visit, NULL), 0);
    }
    for (int i = 0; i < ROTATIONS; i++) {
        int before = load.visits;

        renew("ca");
        cr_expect(WAIT_FOR(load.visits > before + 5));
        cr_expect_str_eq(wire_ask(stays, "PING"), "PONG");
    }
    load.is_over = true;
    for (int i = 0; i < VISITORS; i++) {
        pthread_join(visitors[i], NULL);
    }
    cr_expect_eq(load.errors, 0);
    cr_expect(rig_has_written(rig, IN_USE));
    cr_expect_eq(metric(rig, "downstream_tls_handshake_failures_total"), 0);
    rig_stop(&rig);
}
