#include "proxy/admin_entry.h"

#include "common/check.h"
#include "common/log.h"
#include "proxy/admin_door.h"

#define VERSIONS "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

static bool has_tls(const struct admin_secrets *secrets)
{
    return secrets->certificate != NULL;
}

unsigned admin_entry_flags(const struct admin_secrets *secrets)
{
    return has_tls(secrets) ? MHD_USE_TLS : MHD_NO_FLAG;
}

void admin_entry_options(const struct admin_secrets *secrets,
                         struct MHD_OptionItem options[ADMIN_ENTRY_OPTIONS])
{
    size_t count = 0;

    if (has_tls(secrets)) {
        options[count++] =
            (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, secrets->certificate};
        options[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, secrets->key};
        options[count++] =
            (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)VERSIONS};
    }
    options[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

/* lint: the parameters are libmicrohttpd's */
static enum MHD_Result on_request(void *context UNUSED, struct MHD_Connection *connection UNUSED,
                                  const char *path UNUSED, const char *method UNUSED,
                                  const char *version UNUSED, const char *upload UNUSED,
                                  size_t *upload_size UNUSED, void **request UNUSED)
{
    return MHD_NO;
}

bool admin_entry_is_good(const struct admin_secrets *secrets)
{
    struct MHD_OptionItem entry[ADMIN_ENTRY_OPTIONS];

    admin_entry_options(secrets, entry);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | admin_entry_flags(secrets), 0,
                         NULL, NULL, on_request, NULL, MHD_OPTION_ARRAY, entry, MHD_OPTION_END);

    if (daemon != NULL) {
        MHD_stop_daemon(daemon);
    }
    return daemon != NULL;
}

/* Browsers ask people for a password then. */
static enum MHD_Result refuse(struct MHD_Connection *connection)
{
    static const char words[] = "a token is needed: Authorization: Bearer TOKEN\n";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof words - 1, (void *)(uintptr_t)words, MHD_RESPMEM_PERSISTENT);

    if (response == NULL) {
        return MHD_NO;
    }
    CHECK(MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                                  "Basic realm=\"slotway\", charset=\"UTF-8\"") == MHD_YES);
    CHECK(MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES);
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_UNAUTHORIZED, response);
    MHD_destroy_response(response);
    return result;
}

bool admin_entry_admits(const struct admin_secrets *secrets, struct MHD_Connection *connection,
                        const char *path, enum MHD_Result *refusal)
{
    char *password = NULL;
    char *user = MHD_basic_auth_get_username_password(connection, &password);
    const struct admin_visitor visitor = {
        .authorization =
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION),
        .password = password,
    };
    bool is_admitted = admin_door_admits(secrets->token, &visitor);

    MHD_free(user);
    MHD_free(password);
    if (!is_admitted) {
        log_warn("admin request without the token", "kind=audit path=%s authorization=%s", path,
                 visitor.authorization == NULL ? "none" : "wrong");
        *refusal = refuse(connection);
    }
    return is_admitted;
}
