#include "config/draft.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"
#include "config/draft_check.h"
#include "config/draft_users.h"
#include "config/option_field.h"
#include "config/option_value.h"

void *draft_value(struct draft_field field)
{
    struct config *config = field.draft->config;

    switch (field.row->scope) {
    case OPTION_GLOBAL: return (char *)config + field.row->offset;
    case OPTION_POOL:
        CHECK(field.pool < config->pool_count);
        return (char *)&config->pools[field.pool] + field.row->offset;
    }
    return NULL;
}

struct draft_place *draft_place(struct draft_field field)
{
    struct draft *draft = field.draft;
    enum option_id id = option_row_id(field.row);

    return field.row->scope == OPTION_GLOBAL ? &draft->places[id]
                                             : &draft->pools[field.pool].places[id];
}

static void set_defaults(struct draft *draft, enum option_scope scope, size_t pool)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        const struct option_row *row = &option_rows[i];
        if (row->scope == scope && row->fallback != NULL) {
            struct draft_field field = {draft, row, pool};
            CHECK(option_parse(row, span_of(row->fallback), draft_value(field)) == OPTION_OK);
        }
    }
}

void draft_init(struct draft *draft, struct config_errors *errors)
{
    *draft = (struct draft){.config = memory_new(1, sizeof *draft->config), .errors = errors};
    set_defaults(draft, OPTION_GLOBAL, 0);
}

void draft_add_pool(struct draft *draft, const char *place)
{
    struct config *config = draft->config;
    size_t pool = config->pool_count++;

    config->pools = memory_resize(config->pools, config->pool_count, sizeof *config->pools);
    config->pools[pool] = (struct pool_config){0};
    draft->pools = memory_resize(draft->pools, config->pool_count, sizeof *draft->pools);
    draft->pools[pool] = (struct draft_pool){.place = memory_copy(place, strlen(place))};
    set_defaults(draft, OPTION_POOL, pool);
}

static void draft_say(struct draft_field field, struct draft_origin origin)
{
    struct draft_place *place = draft_place(field);

    free(place->text);
    *place = (struct draft_place){
        .source = origin.source,
        .text = memory_copy(origin.place, strlen(origin.place)),
    };
}

void draft_refuse(struct draft_field field, const char *place, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    CHECK(length >= 0);
    config_errors_add(field.draft->errors, place, "%s", text);
    free(text);
    draft_place(field)->is_bad = true;
}

static void draft_judge(struct draft_field field, const char *place, const char *text,
                        enum option_result result)
{
    if (result == OPTION_OK) {
        return;
    }
    bool is_secret = field.row->type == OPTION_SECRET;
    char *expected = is_secret && strcmp(text, HIDDEN_SECRET) == 0
                         ? memory_print("the secret itself, which --print-config does not show")
                         : option_expected(field.row);
    draft_refuse(field, place, "%s for '%s', '%.*s', expected %s",
                 result == OPTION_BAD_FORM ? "bad value" : "value out of bounds", field.row->path,
                 CONFIG_ERROR_VALUE_BYTES, is_secret ? HIDDEN_SECRET : text, expected);
    free(expected);
}

void draft_set(struct draft_field field, struct draft_origin origin, const char *text)
{
    draft_say(field, origin);
    if (field.row->type == OPTION_USERS) {
        option_clear(field.row, draft_value(field));
        draft_users_add_lines(field, origin.place, text);
        return;
    }
    draft_judge(field, origin.place, text,
                option_parse(field.row, span_of(text), draft_value(field)));
}

void draft_begin_list(struct draft_field field, struct draft_origin origin)
{
    CHECK(option_is_list(field.row));
    draft_say(field, origin);
    option_clear(field.row, draft_value(field));
}

void draft_append(struct draft_field field, struct draft_origin origin, const char *text)
{
    if (field.row->type == OPTION_USERS) {
        draft_users_add(field, origin.place, span_of(text));
        return;
    }
    draft_judge(field, origin.place, text,
                option_append(field.row, span_of(text), draft_value(field)));
}

static void places_clear(struct draft_place *places)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        free(places[i].text);
    }
}

static void draft_clear(struct draft *draft)
{
    places_clear(draft->places);
    for (size_t i = 0; i < draft->config->pool_count; i++) {
        places_clear(draft->pools[i].places);
        free(draft->pools[i].place);
    }
    free(draft->pools);
}

struct config *draft_finish(struct draft *draft)
{
    draft_check(draft);
    draft_clear(draft);

    struct config *config = draft->config;
    if (draft->errors->count > 0) {
        config_free(&config);
    }
    return config;
}

void draft_drop(struct draft *draft)
{
    draft_clear(draft);
    config_free(&draft->config);
}
