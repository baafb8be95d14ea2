#include "proxy/server_admin.h"

#include <stdlib.h>

#include "common/events.h"
#include "common/file_looks.h"
#include "common/log.h"
#include "common/memory.h"
#include "config/admin_secrets.h"
#include "proxy/admin.h"
#include "proxy/admin_entry.h"
#include "proxy/admin_routes.h"
#include "proxy/server_parts.h"

/* What the files had, and what they looked like before they were read. */
struct reading {
    struct admin_secrets secrets;
    uint64_t looks;
};

static uint64_t looks_of(const struct config *config)
{
    const char *const paths[] = {config->admin_tls_certificate, config->admin_tls_key,
                                 config->admin_token_file};

    return file_looks(paths, ARRAY_LEN(paths));
}

static bool read_files(struct reading *reading, const struct config *config,
                       struct tls_option_fault *fault)
{
    reading->looks = looks_of(config);
    if (!admin_secrets_read(&reading->secrets, config, fault)) {
        return false;
    }
    if (admin_entry_is_good(&reading->secrets)) {
        return true;
    }
    admin_secrets_clear(&reading->secrets);
    *fault = (struct tls_option_fault){.option = OPTION_ID_admin_tls_certificate,
                                       .text = "is nothing that GnuTLS can use",
                                       .expected = "another kind of key"};
    return false;
}

/* The same, for those that come to a port that is open. */
static bool prepare(struct reading *reading, struct admin *admin, const struct config *config,
                    struct tls_option_fault *fault)
{
    if (!read_files(reading, config, fault)) {
        return false;
    }
    if (!admin_prepare(admin, &reading->secrets)) {
        *fault = (struct tls_option_fault){.option = OPTION_ID_admin_tls_certificate,
                                           .text = "is nothing that libmicrohttpd can start with",
                                           .expected = "enough memory and file descriptors"};
        return false;
    }
    return true;
}

static void use(struct server *server, const struct reading *reading)
{
    admin_commit(server->admin);
    renewal_use(&server->admin_files.renewal, reading->looks);
}

static void look_again(struct server *server)
{
    uint64_t interval = server->config->admin_watch;

    if (interval > 0) {
        reactor_timer_start(&server->admin_files.look, interval);
    } else {
        reactor_timer_stop(&server->admin_files.look);
    }
}

static void log_fault(const struct tls_option_fault *fault)
{
    log_error("files of the admin port cannot be used", "option=%s error=%s expected=%s",
              option_rows[fault->option].path, fault->text, fault->expected);
    events_post(EVENT_REFUSED, NULL, NULL, "files of the admin port cannot be used: %s, %s",
                option_rows[fault->option].path, fault->text);
}

static void try_files(struct server *server, uint64_t looks)
{
    struct tls_option_fault fault;
    struct reading reading;

    if (prepare(&reading, server->admin, server->config, &fault)) {
        use(server, &reading);
        log_info("new files of the admin port are in use", "kind=audit");
        events_post(EVENT_CERTIFICATE, NULL, NULL, "new files of the admin port are in use");
    } else if (renewal_is_news(&server->admin_files.renewal, looks, &fault)) {
        log_fault(&fault);
    }
}

static void on_look(struct reactor_timer *timer)
{
    struct server *server = container_of(timer, struct server, admin_files.look);
    uint64_t looks = looks_of(server->config);

    if (renewal_is_due(&server->admin_files.renewal, looks)) {
        try_files(server, looks);
    }
    look_again(server);
}

bool server_admin_open(struct server *server)
{
    struct admin_site site = admin_routes_of(server);
    struct tls_option_fault fault;
    struct reading reading;

    reactor_timer_init(&server->admin_files.look, server->reactor, on_look);
    if (server->config->admin_listen.count == 0) {
        return true;
    }
    if (!read_files(&reading, server->config, &fault)) {
        log_error("admin page cannot start", "option=%s error=%s", option_rows[fault.option].path,
                  fault.text);
        return false;
    }
    renewal_use(&server->admin_files.renewal, reading.looks);
    server->admin =
        admin_new(server->reactor, &server->config->admin_listen.items[0], &site, &reading.secrets);
    if (server->admin != NULL) {
        look_again(server);
    }
    return server->admin != NULL;
}

void server_admin_close(struct server *server)
{
    if (server->admin != NULL) {
        reactor_timer_stop(&server->admin_files.look);
        admin_free(&server->admin);
    }
}

bool server_admin_prepare(struct reload *reload, void **made)
{
    struct tls_option_fault fault;

    if (reload->server->admin == NULL) {
        return true;
    }

    struct reading *reading = memory_new(1, sizeof *reading);

    *made = reading;
    if (prepare(reading, reload->server->admin, reload->next, &fault)) {
        return true;
    }
    config_errors_add(reload->errors, option_rows[fault.option].path, "%s, expected %s", fault.text,
                      fault.expected);
    return false;
}

void server_admin_commit(struct reload *reload, void **made)
{
    if (*made != NULL) {
        use(reload->server, *made);
        look_again(reload->server);
    }
    free(*made);
    *made = NULL;
}

void server_admin_undo(struct reload *reload, void **made)
{
    if (*made != NULL) {
        admin_undo(reload->server->admin);
    }
    free(*made);
    *made = NULL;
}
