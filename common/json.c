#include "common/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/log_text.h"
#include "common/memory.h"

enum {
    FIRST_CAPACITY = 1024,
    ESCAPE_MAX = 6, /* \u0000: what one byte may become */
    NUMBER_MAX = 40,
    CHARACTER_MAX = 4, /* bytes of UTF-8 */
};

void json_init(struct json *json)
{
    *json = (struct json){.bytes = NULL};
}

void json_clear(struct json *json)
{
    free(json->bytes);
    json_init(json);
}

struct span json_span(const struct json *json)
{
    return (struct span){json->size == 0 ? "" : json->bytes, json->size};
}

static char *json_room(struct json *json, size_t size)
{
    size_t needed = json->size + size;

    if (needed > json->capacity) {
        size_t doubled = json->capacity == 0 ? FIRST_CAPACITY : json->capacity * 2;

        json->capacity = size_max(doubled, needed);
        json->bytes = memory_resize(json->bytes, json->capacity, 1);
    }
    return json->bytes + json->size;
}

static void json_put(struct json *json, struct span bytes)
{
    memcpy(json_room(json, bytes.size), bytes.at, bytes.size);
    json->size += bytes.size;
}

static void json_put_string(struct json *json, struct span text)
{
    struct log_text escaped = {.limit = text.size * ESCAPE_MAX};

    json_put(json, SPAN("\""));
    escaped.bytes = json_room(json, escaped.limit);
    log_text_put_json(&escaped, text);
    json->size += escaped.size;
    json_put(json, SPAN("\""));
}

static void json_begin_value(struct json *json, const char *name)
{
    if (json->is_behind) {
        json_put(json, SPAN(","));
    }
    json->is_behind = true;
    if (name != NULL) {
        json_put(json, SPAN("\""));
        json_put(json, span_of(name));
        json_put(json, SPAN("\":"));
    }
}

static void json_begin(struct json *json, const char *name, struct span bracket)
{
    json_begin_value(json, name);
    json_put(json, bracket);
    json->is_behind = false;
}

static void json_end(struct json *json, struct span bracket)
{
    CHECK(json->size > 0);
    json_put(json, bracket);
    json->is_behind = true;
}

void json_begin_object(struct json *json, const char *name)
{
    json_begin(json, name, SPAN("{"));
}

void json_end_object(struct json *json)
{
    json_end(json, SPAN("}"));
}

void json_begin_array(struct json *json, const char *name)
{
    json_begin(json, name, SPAN("["));
}

void json_end_array(struct json *json)
{
    json_end(json, SPAN("]"));
}

void json_add_text(struct json *json, const char *name, const char *text)
{
    if (text == NULL) {
        json_add_null(json, name);
    } else {
        json_add_span(json, name, span_of(text));
    }
}

void json_add_span(struct json *json, const char *name, struct span text)
{
    json_begin_value(json, name);
    json_put_string(json, text);
}

/* Bytes of a character behind its first. */
static bool is_inside_character(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

bool json_add_start(struct json *json, const char *name, struct span text, size_t most)
{
    size_t size = size_min(text.size, most);

    for (int i = 0; i < CHARACTER_MAX && size < text.size && size > 0; i++) {
        if (!is_inside_character(text.at[size])) {
            break;
        }
        size--;
    }
    json_add_span(json, name, (struct span){text.at, size});
    return size < text.size;
}

void json_add_print(struct json *json, const char *name, const char *format, ...)
{
    va_list list;
    char *text = NULL;

    va_start(list, format);
    int size = vasprintf(&text, format, list);
    va_end(list);
    CHECK(size >= 0);
    json_add_span(json, name, (struct span){text, (size_t)size});
    free(text);
}

static void json_add_printed(struct json *json, const char *name, const char *number)
{
    json_begin_value(json, name);
    json_put(json, span_of(number));
}

void json_add_number(struct json *json, const char *name, uint64_t number)
{
    char text[NUMBER_MAX];

    snprintf(text, sizeof text, "%" PRIu64, number);
    json_add_printed(json, name, text);
}

void json_add_signed(struct json *json, const char *name, int64_t number)
{
    char text[NUMBER_MAX];

    snprintf(text, sizeof text, "%" PRId64, number);
    json_add_printed(json, name, text);
}

void json_add_real(struct json *json, const char *name, double number)
{
    char text[NUMBER_MAX];

    if (!isfinite(number)) {
        json_add_null(json, name);
        return;
    }
    snprintf(text, sizeof text, "%.9g", number);
    json_add_printed(json, name, text);
}

void json_add_bool(struct json *json, const char *name, bool value)
{
    json_add_printed(json, name, value ? "true" : "false");
}

void json_add_null(struct json *json, const char *name)
{
    json_add_printed(json, name, "null");
}

void json_end_line(struct json *json)
{
    json_put(json, SPAN("\n"));
    json->is_behind = false;
}

void json_add_value(struct json *json, const char *name, struct span value)
{
    json_begin_value(json, name);
    json_put(json, value);
}
