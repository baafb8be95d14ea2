/* /config: the configuration in use, without secrets, and what of it can change while it runs. */
#include <stdlib.h>

#include "common/memory.h"
#include "config/option_value.h"
#include "proxy/document.h"
#include "proxy/documents.h"
#include "proxy/server_parts.h"

static void add_addresses(struct json *json, const char *name, const struct addresses *addresses)
{
    json_begin_array(json, name);
    for (size_t i = 0; i < addresses->count; i++) {
        char text[sizeof(struct address) + 16];

        json_add_text(json, NULL, address_print(&addresses->items[i], text, sizeof text));
    }
    json_end_array(json);
}

/* As it would stand in a file. */
static void add_printed(struct json *json, const char *name, const struct option_row *row,
                        const void *field)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    CHECK(to != NULL);
    option_print(row, field, to);
    CHECK(fclose(to) == 0);
    json_add_span(json, name, (struct span){text, size});
    free(text);
}

static void add_value(struct json *json, const char *name, const struct option_row *row,
                      const void *field)
{
    switch (row->type) {
    case OPTION_SWITCH: json_add_bool(json, name, *(const bool *)field); return;
    case OPTION_WORKERS: json_add_number(json, name, *(const uint32_t *)field); return;
    case OPTION_COUNT: json_add_number(json, name, *(const uint64_t *)field); return;
    case OPTION_TEXT:
    case OPTION_FILENAME: json_add_text(json, name, *(char *const *)field); return;
    case OPTION_SECRET:
        json_add_text(json, name, *(char *const *)field == NULL ? NULL : HIDDEN_SECRET);
        return;
    case OPTION_ADDRESSES: add_addresses(json, name, field); return;
    case OPTION_BYTES:
    case OPTION_MEMORY:
    case OPTION_MODE:
    case OPTION_DURATION:
    case OPTION_ADDRESS_MAP:
    case OPTION_COMMAND_RULES:
    case OPTION_USERS:
    case OPTION_LOG_LEVEL:
    case OPTION_LOG_FORMAT: add_printed(json, name, row, field); return;
    }
}

static void add_options(struct json *json, enum option_scope scope, const void *fields)
{
    json_begin_array(json, "options");
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        const struct option_row *row = &option_rows[i];

        if (row->scope != scope) {
            continue;
        }
        json_begin_object(json, NULL);
        json_add_text(json, "name", row->path);
        add_value(json, "value", row, (const char *)fields + row->offset);
        json_add_text(json, "default", row->fallback);
        json_add_bool(json, "live", row->reload == OPTION_LIVE);
        json_end_object(json);
    }
    json_end_array(json);
}

void document_config(void *context, const struct admin_request *request UNUSED,
                     struct admin_answer *answer)
{
    const struct server *server = context;
    const struct config *config = server->config;
    struct json json;

    json_init(&json);
    json_begin_object(&json, NULL);
    document_add_time(&json);
    add_options(&json, OPTION_GLOBAL, config);
    json_begin_array(&json, "pools");
    for (size_t i = 0; i < config->pool_count; i++) {
        json_begin_object(&json, NULL);
        json_add_text(&json, "name", config->pools[i].name);
        add_options(&json, OPTION_POOL, &config->pools[i]);
        json_end_object(&json);
    }
    json_end_array(&json);
    json_end_object(&json);
    document_send(answer, &json);
}
