#include "proxy/server_admin.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/memory.h"
#include "config/admin_secrets.h"
#include "proxy/admin.h"
#include "proxy/admin_entry.h"
#include "proxy/admin_routes.h"
#include "proxy/server_parts.h"

static bool read_secrets(struct admin_secrets *secrets, const struct config *config,
                         struct tls_option_fault *fault)
{
    if (!admin_secrets_read(secrets, config, fault)) {
        return false;
    }
    if (admin_entry_is_good(secrets)) {
        return true;
    }
    admin_secrets_clear(secrets);
    *fault = (struct tls_option_fault){.option = OPTION_ID_admin_tls_certificate,
                                       .text = "is nothing that GnuTLS can use",
                                       .expected = "another kind of key"};
    return false;
}

bool server_admin_open(struct server *server)
{
    struct admin_site site = admin_routes_of(server);
    struct admin_secrets secrets;
    struct tls_option_fault fault;

    if (server->config->admin_listen.count == 0) {
        return true;
    }
    if (!read_secrets(&secrets, server->config, &fault)) {
        log_error("admin page cannot start", "option=%s error=%s", option_rows[fault.option].path,
                  fault.text);
        return false;
    }
    server->admin =
        admin_new(server->reactor, &server->config->admin_listen.items[0], &site, &secrets);
    return server->admin != NULL;
}

bool server_admin_prepare(struct reload *reload, void **made)
{
    struct tls_option_fault fault;

    if (reload->server->admin == NULL) {
        return true;
    }

    struct admin_secrets *secrets = memory_new(1, sizeof *secrets);

    *made = secrets;
    if (read_secrets(secrets, reload->next, &fault)) {
        return true;
    }
    config_errors_add(reload->errors, option_rows[fault.option].path, "%s, expected %s", fault.text,
                      fault.expected);
    return false;
}

void server_admin_commit(struct reload *reload, void **made)
{
    struct admin_secrets *secrets = *made;

    if (secrets != NULL && !admin_use_secrets(reload->server->admin, secrets)) {
        log_error("admin port goes on with its old certificate and token", "error=%s",
                  "libmicrohttpd cannot start");
    }
    free(secrets);
    *made = NULL;
}

void server_admin_undo(struct reload *reload UNUSED, void **made)
{
    struct admin_secrets *secrets = *made;

    if (secrets != NULL) {
        admin_secrets_clear(secrets);
        free(secrets);
    }
    *made = NULL;
}
