/* The admin port over TLS, and for those who know a token. */
#include <stdlib.h>

#include "common/memory.h"
#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/tls_rig.h"

TestSuite(admin_tls, .init = tls_rig_set_up, .fini = tls_rig_clean_up, .timeout = 120);

static const char *authority = "ca.pem"; /* that curl trusts */

static const char *path(const char *file)
{
    return pki_path(tls_rig_pki, file);
}

/* With `lines` of the mapping admin. */
static struct rig *start(const char *lines)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1, .do_not_wait = true, .admin = lines});

    cr_assert(WAIT_FOR(rig_has_written(rig, "admin page listens")));
    return rig;
}

/* What curl says of `url`, a path, with more options; the status comes last. */
static void expect_says(struct rig *rig, const char *options, const char *url, const char *part)
{
    const char *line = rig_print(
        rig, "curl -sS -m 20 -w '%%{http_code}\\n' --cacert %s %s https://localhost:%u%s 2>&1",
        path(authority), options, rig_admin_port(rig), url);
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    struct bytes output = {0};

    process_run(argv, &output);
    bytes_add(&output, "", 0);
    cr_expect_not_null(strstr(output.at == NULL ? "" : output.at, part), "%s says %s", line,
                       output.at);
    bytes_clear(&output);
}

/* Speaks TLS, with `more` of the mapping admin. */
static struct rig *start_tls(const char *more)
{
    char *lines = memory_print("tls_certificate: \"%s\", tls_key: \"%s\"%s", path("server.pem"),
                               path("server.key"), more);
    struct rig *rig = start(lines);

    free(lines);
    return rig;
}

/* Likewise, for those who know what is in a file. */
static struct rig *start_with_token(const char *token, const char *more)
{
    char *lines = memory_print(", token_file: \"%s\"%s", path("token"), more);
    struct rig *rig;

    pki_write(tls_rig_pki, "token", token);
    rig = start_tls(lines);
    free(lines);
    return rig;
}

#define BEARER(token) "-H 'Authorization: Bearer " token "'"
#define ORDER         "-X POST -H 'X-Slotway: 1'"

Test(admin_tls, speaks_https_and_nothing_else)
{
    struct rig *rig = start_tls("");

    expect_says(rig, "", "/healthz", "ok\n200");
    expect_says(rig, "", "/metrics", "slotway_info");
    expect_says(rig, "--tls-max 1.1", "/healthz", "curl: (35)");
    cr_expect_eq(http_get(rig_admin_port(rig), "/healthz", NULL), 0);
    rig_stop(&rig);
}

static int healthcheck(const char *config)
{
    const char *const argv[] = {rig_binary(), "-c", config, "--healthcheck", NULL};

    return process_run(argv, NULL);
}

Test(admin_tls, a_health_check_speaks_it_and_needs_no_token)
{
    struct rig *rig = start_with_token("s3cret\n", "");

    cr_expect(WAIT_FOR(healthcheck(rig_config_path(rig)) == 0));
    rig_stop(&rig);
}

Test(admin_tls, tells_only_who_knows_the_token)
{
    struct rig *rig = start_with_token("s3cret\nnot read\n", "");

    expect_says(rig, "", "/metrics", "a token is needed: Authorization: Bearer TOKEN\n401");
    expect_says(rig, "-i", "/", "WWW-Authenticate: Basic realm=\"slotway\"");
    expect_says(rig, BEARER("wrong"), "/metrics", "401");
    expect_says(rig, BEARER("s3cret"), "/metrics", "slotway_info");
    expect_says(rig, "-u operator:s3cret", "/metrics", "slotway_info");
    expect_says(rig, "-u s3cret:wrong", "/metrics", "401");
    expect_says(rig, ORDER, "/reload", "401");
    expect_says(rig, "", "/healthz", "ok\n200");
    cr_expect(rig_has_written(rig, "admin request without the token"));
    cr_expect_not(rig_has_written(rig, "s3cret"));
    rig_stop(&rig);
}

Test(admin_tls, tells_metrics_and_nothing_else_to_everybody_where_that_is_wanted)
{
    struct rig *rig = start_with_token("s3cret\n", ", open_metrics: true");

    expect_says(rig, "", "/metrics", "slotway_info");
    expect_says(rig, "-H 'Host: slotway.monitoring.svc'", "/metrics", "slotway_info");
    expect_says(rig, "", "/stats", "401");
    expect_says(rig, ORDER, "/reload", "401");
    rig_stop(&rig);
}

Test(admin_tls, files_that_change_are_read_without_a_word)
{
    struct rig *rig = start_with_token("s3cret\n", ", watch: 20ms");

    pki_write(tls_rig_pki, "token", "\n");
    cr_expect(WAIT_FOR(rig_has_written(rig, "files of the admin port cannot be used")));
    expect_says(rig, BEARER("s3cret"), "/metrics", "slotway_info");
    pki_write(tls_rig_pki, "token", "n3w\n");
    cr_expect(WAIT_FOR(rig_has_written(rig, "new files of the admin port are in use")));
    expect_says(rig, BEARER("s3cret"), "/metrics", "401");
    expect_says(rig, BEARER("n3w"), "/metrics", "slotway_info");
    rig_stop(&rig);
}

Test(admin_tls, a_reload_reads_certificate_and_token_again)
{
    struct rig *rig = start_with_token("s3cret\n", ", watch: 0s");

    pki_make(tls_rig_pki, "other", .is_authority = true);
    pki_make(tls_rig_pki, "server", .issuer = "other", .alternative = "DNS:localhost");
    pki_write(tls_rig_pki, "token", "n3w\n");
    expect_says(rig, BEARER("s3cret"), "/metrics", "slotway_info");
    expect_says(rig, ORDER " " BEARER("s3cret"), "/reload", "configuration read again");
    expect_says(rig, "", "/healthz", "curl: (60)");
    authority = "other.pem";
    expect_says(rig, BEARER("s3cret"), "/metrics", "401");
    expect_says(rig, BEARER("n3w"), "/metrics", "slotway_info");
    rig_stop(&rig);
}

Test(admin_tls, a_reload_is_refused_for_files_that_cannot_be_used)
{
    struct rig *rig = start_tls("");

    pki_write(tls_rig_pki, "server.key", "rubbish\n");
    expect_says(rig, ORDER, "/reload", "admin.tls_key");
    expect_says(rig, "", "/healthz", "ok\n200");
    rig_stop(&rig);
}
