#include "config/client_auth.h"

#include <string.h>

#include "config/option_value.h"
#include "config/tls_options.h"

static struct draft_field field_of(struct draft *draft, size_t pool, enum option_id id)
{
    return (struct draft_field){draft, &option_rows[id], pool};
}

static const char *place_of(struct draft_field field)
{
    const char *text = draft_place(field)->text;

    return text != NULL ? text : field.draft->pools[field.pool].place;
}

/* What says who slotway's own users are. */
static const enum option_id rivals[] = {
    OPTION_ID_clients_username, OPTION_ID_clients_password, OPTION_ID_clients_password_file,
    OPTION_ID_clients_users,    OPTION_ID_clients_acl_file, OPTION_ID_tls_client_user,
};

/* Has it a meaning, or does it say what is so without it? */
static bool is_meant(const struct pool_config *pool, enum option_id id)
{
    switch (id) {
    case OPTION_ID_clients_username: return strcmp(pool->clients_username, "default") != 0;
    case OPTION_ID_clients_password: return pool->clients_password != NULL;
    case OPTION_ID_clients_password_file: return pool->clients_password_file != NULL;
    case OPTION_ID_clients_users: return pool->clients_users.count > 0;
    case OPTION_ID_clients_acl_file: return pool->clients_acl_file != NULL;
    default: return tls_options_log_in(pool);
    }
}

static void check_rival(struct draft *draft, size_t pool, enum option_id id)
{
    struct draft_field field = field_of(draft, pool, id);
    struct draft_field auth = field_of(draft, pool, OPTION_ID_clients_auth);

    if (draft_place(field)->source != DRAFT_DEFAULT && !draft_place(field)->is_bad &&
        is_meant(&draft->config->pools[pool], id)) {
        draft_refuse(field, place_of(field),
                     "'%s' beside 'clients.auth' as at %s, expected none where that is nodes: they "
                     "know the users",
                     field.row->path, place_of(auth));
    }
}

void client_auth_check(struct draft *draft, size_t pool)
{
    const struct pool_config *config = &draft->config->pools[pool];
    struct draft_field auth = field_of(draft, pool, OPTION_ID_clients_auth);

    if (draft_place(auth)->is_bad || strcmp(config->clients_auth, "slotway") == 0) {
        return;
    }
    if (!client_auth_is_nodes(config)) {
        draft_refuse(auth, place_of(auth), "unknown '%s', '%.*s', expected slotway or nodes",
                     auth.row->path, CONFIG_ERROR_VALUE_BYTES, config->clients_auth);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(rivals); i++) {
        check_rival(draft, pool, rivals[i]);
    }
}
