/* Programs of others over TLS: redis-cli, and what OpenSSL itself makes of our handshakes. */
#include <stdlib.h>

#include "common/memory.h"
#include "tests/support/expect.h"
#include "tests/support/tls_rig.h"

TestSuite(tls_programs, .init = tls_rig_set_up, .fini = tls_rig_clean_up, .timeout = 120);

static const char *path(const char *file)
{
    return pki_path(tls_rig_pki, file);
}

/* What a line of a shell writes, to be cleared. */
static struct bytes shell(const char *line)
{
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    struct bytes output = {0};

    process_run(argv, &output);
    bytes_add(&output, "", 0);
    return output;
}

static void expect_says(struct rig *rig, const char *line, const char *part)
{
    struct bytes output = shell(line);
    const char *text = output.at == NULL ? "" : output.at;

    cr_expect_not_null(strstr(text, part), "'%s' says '%s', not '%s'", line, text, part);
    (void)rig;
    bytes_clear(&output);
}

static void expect_cli(struct rig *rig, const char *options, const char *command, const char *part)
{
    const char *line =
        rig_print(rig, "timeout 20 redis-cli --tls -h 127.0.0.1 -p %u --cacert %s %s %s 2>&1",
                  rig_tls_port(rig), path("ca.pem"), options, command);

    expect_says(rig, line, part);
}

Test(tls_programs, redis_cli_works)
{
    struct rig *rig = tls_rig_start("client_certificates: required");
    const char *identity =
        rig_print(rig, "--cert %s --key %s", path("client.pem"), path("client.key"));

    expect_cli(rig, identity, "SET k v", "OK");
    expect_cli(rig, identity, "GET k", "v");
    expect_cli(rig, identity, "-3 -r 3 PING", "PONG\nPONG\nPONG");
    expect_cli(rig, "", "PING", "closed");
    expect_cli(rig, rig_print(rig, "%s --cacert %s", identity, path("client.pem")), "PING",
               "certificate verify failed");
    rig_stop(&rig);
}

static void expect_client(struct rig *rig, const char *options, const char *part)
{
    const char *line =
        rig_print(rig,
                  "printf 'PING\\r\\nQUIT\\r\\n' | timeout 20 openssl s_client -ign_eof -connect "
                  "127.0.0.1:%u -CAfile %s -verify_return_error %s 2>&1",
                  rig_tls_port(rig), path("ca.pem"), options);

    expect_says(rig, line, part);
}

Test(tls_programs, openssl_finds_nothing_wrong)
{
    struct rig *rig = tls_rig_start("");

    expect_client(rig, "-servername localhost -verify_hostname localhost", "+PONG");
    expect_client(rig, "-verify_ip 127.0.0.1", "Verify return code: 0 (ok)");
    expect_client(rig, "-verify_hostname example.com", "hostname mismatch");
    expect_client(rig, "-tls1_3", "+PONG");
    expect_client(rig, "-tls1_2", "+PONG");
    expect_client(rig, "-tls1_2", "Secure Renegotiation IS supported");
    expect_client(rig, "-tls1_2", "Compression: NONE");
    expect_client(rig, "-tls1_1 -cipher ALL:@SECLEVEL=0", "alert protocol version");
    expect_client(rig, "-tls1 -cipher ALL:@SECLEVEL=0", "alert protocol version");
    expect_client(rig, "-tls1_2 -cipher NULL:@SECLEVEL=0", "handshake failure");
    rig_stop(&rig);
}

/* s_client asks for a renegotiation at a line with an R. */
Test(tls_programs, nobody_gets_a_renegotiation)
{
    struct rig *rig = tls_rig_start("");
    const char *line =
        rig_print(rig, "echo R | timeout 20 openssl s_client -connect 127.0.0.1:%u -tls1_2 2>&1",
                  rig_tls_port(rig));

    expect_says(rig, line, "no renegotiation");
    rig_stop(&rig);
}
