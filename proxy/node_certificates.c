#include "proxy/node_certificates.h"

#include <stdlib.h>

#include "common/events.h"
#include "common/file_looks.h"
#include "common/log.h"
#include "common/memory.h"
#include "proxy/renewal.h"

struct node_certificates {
    const struct pool_config *config;
    struct node_door *door;
    struct reactor_timer look;
    struct renewal renewal;
    int64_t expires; /* of the certificate in use; 0: there is none */
};

static uint64_t looks_of(const struct pool_config *config)
{
    const char *const paths[] = {
        config->backend_tls_certificate,       config->backend_tls_key,
        config->backend_tls_key_password_file, config->backend_tls_ca_file,
        config->backend_tls_ca_folder,
    };

    return file_looks(paths, ARRAY_LEN(paths));
}

static void log_fault(const struct pool_config *config, const struct tls_option_fault *fault)
{
    log_error("TLS files for the nodes cannot be used", "pool=%s option=%s error=%s expected=%s",
              config->name, option_rows[fault->option].path, fault->text, fault->expected);
    events_post(EVENT_REFUSED, config->name, NULL, "TLS files for nodes cannot be used: %s, %s",
                option_rows[fault->option].path, fault->text);
}

static void watch(struct node_certificates *certificates)
{
    const struct pool_config *config = certificates->config;

    if (config->backend_tls && config->tls_watch > 0) {
        reactor_timer_start(&certificates->look, config->tls_watch);
    } else {
        reactor_timer_stop(&certificates->look);
    }
}

/* The door owns `tls` from here on. */
static void use(struct node_certificates *certificates, struct node_tls *tls, uint64_t looks)
{
    renewal_use(&certificates->renewal, looks);
    certificates->expires = node_tls_expires(tls);
    node_door_use(certificates->door, tls);
}

static void try_files(struct node_certificates *certificates, uint64_t looks)
{
    struct tls_option_fault fault;
    struct node_tls *tls = node_tls_new(certificates->config, &fault);

    if (tls != NULL) {
        use(certificates, tls, looks);
        log_info("new TLS files are in use for new connections to nodes", "pool=%s",
                 certificates->config->name);
        events_post(EVENT_CERTIFICATE, certificates->config->name, NULL,
                    "new TLS files are in use for new connections to nodes");
    } else if (renewal_is_news(&certificates->renewal, looks, &fault)) {
        log_fault(certificates->config, &fault);
    }
}

static void on_look(struct reactor_timer *timer)
{
    struct node_certificates *certificates = container_of(timer, struct node_certificates, look);
    uint64_t looks = looks_of(certificates->config);

    if (renewal_is_due(&certificates->renewal, looks)) {
        try_files(certificates, looks);
    }
    watch(certificates);
}

struct node_certificates *node_certificates_new(struct reactor *reactor,
                                                const struct pool_config *config,
                                                struct node_door *door)
{
    struct node_certificates *certificates = memory_new(1, sizeof *certificates);

    certificates->config = config;
    certificates->door = door;
    reactor_timer_init(&certificates->look, reactor, on_look);
    return certificates;
}

void node_certificates_free(struct node_certificates **certificates)
{
    struct node_certificates *gone = *certificates;

    *certificates = NULL;
    if (gone != NULL) {
        reactor_timer_stop(&gone->look);
        free(gone);
    }
}

bool node_certificates_open(struct node_certificates *certificates)
{
    struct tls_option_fault fault;
    uint64_t looks = looks_of(certificates->config);
    struct node_tls *tls = node_tls_new(certificates->config, &fault);

    if (tls == NULL) {
        log_fault(certificates->config, &fault);
        return false;
    }
    use(certificates, tls, looks);
    watch(certificates);
    return true;
}

bool node_certificates_read(const struct pool_config *config, struct node_files *files,
                            struct config_errors *errors)
{
    struct tls_option_fault fault;

    files->looks = looks_of(config);
    files->tls = node_tls_new(config, &fault);
    if (files->tls == NULL) {
        config_errors_add(errors, config->name, "wrong '%s', its value %s, expected %s",
                          option_rows[fault.option].path, fault.text, fault.expected);
    }
    return files->tls != NULL;
}

void node_certificates_use(struct node_certificates *certificates, struct node_files *files)
{
    use(certificates, files->tls, files->looks);
    files->tls = NULL;
    watch(certificates);
}

void node_certificates_rest(struct node_certificates *certificates)
{
    certificates->expires = 0;
    reactor_timer_stop(&certificates->look);
}

int64_t node_certificates_expires(const struct node_certificates *certificates)
{
    return certificates->expires;
}
