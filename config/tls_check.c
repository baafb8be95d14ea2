#include "config/tls_check.h"

#include <stdio.h>

#include "config/admin_secrets.h"
#include "config/backend_tls.h"
#include "config/option_value.h"
#include "config/tls_options.h"

static const char *place_text(struct draft_field field)
{
    const char *text = draft_place(field)->text;

    /* Only what has a value, and so a place, is at fault among the options of the whole. */
    return text != NULL ? text : field.draft->pools[field.pool].place;
}

/* Is one of them wrong in itself? Then that has been said. */
static bool has_bad_option(struct draft *draft, size_t pool, enum option_id first,
                           enum option_id last)
{
    for (size_t i = first; i <= last; i++) {
        if (draft_place((struct draft_field){draft, &option_rows[i], pool})->is_bad) {
            return true;
        }
    }
    return false;
}

static void tls_refuse_option(struct draft *draft, size_t pool,
                              const struct tls_option_fault *fault)
{
    struct draft_field field = {draft, &option_rows[fault->option], pool};

    if (option_is_list(field.row)) {
        draft_refuse(field, place_text(field), "'%s' %s, expected %s", field.row->path, fault->text,
                     fault->expected);
        return;
    }

    const char *value = *(char **)draft_value(field);

    draft_refuse(field, place_text(field), "wrong '%s', '%.*s' %s, expected %s", field.row->path,
                 CONFIG_ERROR_VALUE_BYTES, value, fault->text, fault->expected);
}

void tls_check_admin(struct draft *draft)
{
    static const enum option_id options[] = {OPTION_ID_admin_tls_certificate,
                                             OPTION_ID_admin_tls_key, OPTION_ID_admin_token_file};
    struct tls_option_fault fault;
    struct admin_secrets secrets;

    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (draft_place((struct draft_field){draft, &option_rows[options[i]], 0})->is_bad) {
            return;
        }
    }
    if (admin_secrets_read(&secrets, draft->config, &fault)) {
        admin_secrets_clear(&secrets);
    } else {
        tls_refuse_option(draft, 0, &fault);
    }
}

static void check_listen(struct draft *draft, size_t pool)
{
    const struct pool_config *config = &draft->config->pools[pool];
    struct tls_option_fault fault;

    if (!tls_options_check(config, &fault)) {
        tls_refuse_option(draft, pool, &fault);
        return;
    }
    if (config->tls_certificate == NULL) {
        return;
    }

    struct tls_context *context = tls_options_context(config, &fault);

    if (context == NULL) {
        tls_refuse_option(draft, pool, &fault);
    }
    tls_context_release(&context);
}

static void check_backend(struct draft *draft, size_t pool)
{
    const struct pool_config *config = &draft->config->pools[pool];
    struct tls_option_fault fault;

    if (!backend_tls_check(config, &fault)) {
        tls_refuse_option(draft, pool, &fault);
        return;
    }
    if (!config->backend_tls) {
        return;
    }

    struct tls_context *context = backend_tls_context(config, &fault);

    if (context == NULL) {
        tls_refuse_option(draft, pool, &fault);
    }
    tls_context_release(&context);
}

void tls_check(struct draft *draft, size_t pool)
{
    if (!has_bad_option(draft, pool, OPTION_ID_tls_listen, OPTION_ID_tls_watch)) {
        check_listen(draft, pool);
    }
    if (!has_bad_option(draft, pool, OPTION_ID_backend_tls, OPTION_ID_backend_tls_ciphersuites)) {
        check_backend(draft, pool);
    }
}
