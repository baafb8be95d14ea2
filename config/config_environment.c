#include "config/config_environment.h"

#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/memory.h"

char *config_variable_name(const struct option_row *row)
{
    char *name = memory_print("SLOTWAY_%s", row->path);

    for (char *at = name; *at != '\0'; at++) {
        *at = *at == '.' ? '_' : (char)toupper((unsigned char)*at);
    }
    return name;
}

const char *config_variable_alias(const struct option_row *row)
{
    static const char *const aliases[OPTION_ID_COUNT] = {
        [OPTION_ID_seeds] = "SLOTWAY_SEEDS",
        [OPTION_ID_backend_password] = "SLOTWAY_PASSWORD",
        [OPTION_ID_backend_password_file] = "SLOTWAY_PASSWORD_FILE",
    };
    return aliases[option_row_id(row)];
}

/* What is said outside of the file about a pool means the only one. */
static bool pool_is_clear(struct draft *draft, const struct option_row *row, const char *place)
{
    if (row->scope == OPTION_GLOBAL || draft->config->pool_count == 1) {
        return true;
    }
    if (draft->config->pool_count > 1) {
        config_errors_add(draft->errors, place,
                          "not clear for which pool, the file has %zu, expected '%s' in the file",
                          draft->config->pool_count, row->path);
    }
    return false;
}

/* The variable's value, or NULL when it is unset or empty. */
static const char *variable(const char *name)
{
    const char *value = name == NULL ? NULL : getenv(name);

    return value == NULL || *value == '\0' ? NULL : value;
}

static void load_variable(struct draft *draft, const struct option_row *row, const char *name)
{
    const char *alias = config_variable_alias(row);
    const char *long_value = variable(name);
    const char *short_value = variable(alias);

    if (long_value != NULL && short_value != NULL) {
        config_errors_add(draft->errors, alias, "said twice, also as %s, expected one of them",
                          name);
        return;
    }
    const char *said = long_value != NULL ? name : alias;
    const char *value = long_value != NULL ? long_value : short_value;
    if (value != NULL && pool_is_clear(draft, row, said)) {
        draft_set((struct draft_field){draft, row, 0},
                  (struct draft_origin){DRAFT_ENVIRONMENT, said}, value);
    }
}

void config_environment_load(struct draft *draft)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        char *name = config_variable_name(&option_rows[i]);
        load_variable(draft, &option_rows[i], name);
        free(name);
    }
}

/* Variables, and beginnings of such, that are no options and no mistakes. */
static bool is_others(struct span name)
{
    static const char *const whole[] = {"SLOTWAY_CONFIG", "SLOTWAY_BINARY", "SLOTWAY_PORT"};
    static const char *const beginnings[] = {"SLOTWAY_SERVICE_", "SLOTWAY_PORT_",
                                             "SLOTWAY_CLUSTER_", "SLOTWAY_TEST_", "SLOTWAY_IMAGE_"};

    for (size_t i = 0; i < ARRAY_LEN(whole); i++) {
        if (span_equal(name, span_of(whole[i]))) {
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(beginnings); i++) {
        if (span_starts_with(name, span_of(beginnings[i]))) {
            return true;
        }
    }
    return false;
}

static bool is_option(struct span name)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        const char *alias = config_variable_alias(&option_rows[i]);
        char *variable_name = config_variable_name(&option_rows[i]);
        bool is_found = span_equal(name, span_of(variable_name)) ||
                        (alias != NULL && span_equal(name, span_of(alias)));

        free(variable_name);
        if (is_found) {
            return true;
        }
    }
    return false;
}

char *config_unknown_variable(size_t *at)
{
    for (; environ != NULL && environ[*at] != NULL; (*at)++) {
        struct span name = {environ[*at], strcspn(environ[*at], "=")};

        if (span_starts_with(name, SPAN("SLOTWAY_")) && !is_others(name) && !is_option(name)) {
            (*at)++;
            return memory_copy(name.at, name.size);
        }
    }
    return NULL;
}

static void override_one(struct draft *draft, enum option_id id, const char *place,
                         const char *text)
{
    const struct option_row *row = &option_rows[id];

    if (text != NULL && pool_is_clear(draft, row, place)) {
        draft_set((struct draft_field){draft, row, 0},
                  (struct draft_origin){DRAFT_COMMAND_LINE, place}, text);
    }
}

/* Several times the same option is a list. */
static void override_list(struct draft_field field, const char *place, const char *const *texts,
                          size_t count)
{
    struct draft_origin origin = {DRAFT_COMMAND_LINE, place};

    if (count == 0 || !pool_is_clear(field.draft, field.row, place)) {
        return;
    }
    draft_begin_list(field, origin);
    for (size_t i = 0; i < count; i++) {
        draft_append(field, origin, texts[i]);
    }
}

void config_overrides_load(struct draft *draft, const struct config_overrides *overrides)
{
    if (overrides == NULL) {
        return;
    }
    draft->seeds_are_elsewhere = overrides->seeds_are_elsewhere;
    override_list((struct draft_field){draft, &option_rows[OPTION_ID_listen], 0}, "--listen",
                  overrides->listen, overrides->listen_count);
    override_list((struct draft_field){draft, &option_rows[OPTION_ID_seeds], 0}, "--seed",
                  overrides->seeds, overrides->seed_count);
    override_one(draft, OPTION_ID_backend_password_file, "--password-file",
                 overrides->password_file);
    override_one(draft, OPTION_ID_admin_listen, "--admin", overrides->admin_listen);
    override_one(draft, OPTION_ID_workers, "--workers", overrides->workers);
    override_one(draft, OPTION_ID_log_level, "--log-level", overrides->log_level);
}
