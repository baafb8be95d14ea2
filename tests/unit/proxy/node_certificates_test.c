#include "proxy/node_certificates.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "common/log.h"
#include "tests/unit/proxy/peer.h"

#define REFUSED "TLS files for the nodes cannot be used"
#define IN_USE  "new TLS files are in use"

enum { LOG_MAX = 64 * 1024, LOOKS = 5 };

static const char authority[] = "-----BEGIN CERTIFICATE-----\n"
                                "MIIBJzCBz6ADAgECAgEBMAoGCCqGSM49BAMCMBAxDjAMBgNVBAMMBWxhdGVyMCAX\n"
                                "DTMwMDEwMTAwMDAwMFoYDzIwOTkwMTAxMDAwMDAwWjAQMQ4wDAYDVQQDDAVsYXRl\n"
                                "cjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDDYOAeRAbw9Yk9NFADytOM/9MRC\n"
                                "sYgdMEgLLSCbQpxoUDeMGyYvL0c3skh1AoEty0/2qi3soqo3FO7Lp3xQlw+jGDAW\n"
                                "MBQGA1UdEQQNMAuCCWxvY2FsaG9zdDAKBggqhkjOPQQDAgNHADBEAiAEr9yWpzWl\n"
                                "Hb1mm51+bnMupJSTJX2wFSjfMePSQMgrRgIgWCrbqXJ+iGUn8qyE7rGWgcC2yjaM\n"
                                "sdg2O4cVPJqSBFk=\n"
                                "-----END CERTIFICATE-----\n";

static char path[] = "/tmp/slotway-authority-XXXXXX";
static struct pool_config config;
static struct reactor *reactor;
static struct node_door *door;
static struct node_certificates *certificates;
static int log_fd;

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");

    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    fclose(file);
}

static void set_up(void)
{
    close(mkstemp(path));
    write_file(authority);
    log_fd = memfd_create("log", MFD_CLOEXEC);
    log_set_descriptor(log_fd);
    config = (struct pool_config){
        .name = "main",
        .backend_tls = true,
        .backend_tls_verify = "full",
        .backend_tls_protocols = "TLSv1.3",
        .backend_tls_ca_file = path,
        .tls_watch = US_PER_MS,
    };
    reactor = reactor_new();
    door = node_door_new();
    certificates = node_certificates_new(reactor, &config, door);
    cr_assert(node_certificates_open(certificates));
}

static void clean_up(void)
{
    node_certificates_free(&certificates);
    node_door_free(&door);
    reactor_free(&reactor);
    unlink(path);
    close(log_fd);
}

TestSuite(node_certificates, .init = set_up, .fini = clean_up, .timeout = 60);

/* How often has it been logged by now? */
static int logged(const char *text)
{
    static char heard[LOG_MAX];
    ssize_t size = pread(log_fd, heard, sizeof heard - 1, 0);
    int count = 0;

    cr_assert_geq(size, 0);
    heard[size] = '\0';
    for (const char *at = heard; (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

static struct rlimit allow_descriptors(rlim_t count)
{
    struct rlimit before;

    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &(struct rlimit){count, before.rlim_max}), 0);
    return before;
}

static void look_some_times(void)
{
    for (int i = 0; i < LOOKS; i++) {
        uint64_t next = clock_now() + 2 * US_PER_MS;

        TURN_UNTIL(reactor, clock_now() > next);
    }
}

Test(node_certificates, that_are_renewed_are_taken_into_use)
{
    write_file(authority);
    TURN_UNTIL(reactor, logged(IN_USE) == 1);
    cr_expect_eq(logged(REFUSED), 0);
}

Test(node_certificates, that_were_refused_are_tried_again_though_nobody_touches_them)
{
    write_file(authority);

    struct rlimit before = allow_descriptors(0);

    TURN_UNTIL(reactor, logged(REFUSED) > 0);
    look_some_times();
    cr_expect_eq(logged(REFUSED), 1);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    TURN_UNTIL(reactor, logged(IN_USE) == 1);
}

/* Between the steps of a reload. */
Test(node_certificates, that_change_after_they_were_read_for_a_reload_are_read_again)
{
    struct config_errors errors = {0};
    struct node_files files = {.tls = NULL};

    cr_assert(node_certificates_read(&config, &files, &errors));
    write_file(authority);
    node_certificates_use(certificates, &files);
    cr_expect_null(files.tls);
    TURN_UNTIL(reactor, logged(IN_USE) == 1);
}
