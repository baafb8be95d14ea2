#include "config/yaml.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "common/check.h"
#include "common/memory.h"
#include "config/errors.h"

/* A mapping or list that has begun and not ended. */
struct yaml_level {
    enum yaml_kind kind;
    size_t path_size;   /* of its own path, in reader.path */
    size_t first_entry; /* of what is inside */
    size_t items;       /* of a list, so far */
    bool has_key;       /* a mapping whose next node is a value */
};

struct yaml_reader {
    yaml_parser_t parser;
    const char *name;
    struct yaml_entries *entries;
    struct config_errors *errors;
    size_t documents;
    bool is_complete;
    size_t depth;
    size_t depth_max;
    struct yaml_level levels[YAML_DEEP_MAX];
    char path[YAML_DEEP_MAX * (YAML_KEY_BYTES_MAX + sizeof ".''")];
    size_t path_size;
    size_t key_at; /* where the last part of path begins */
    yaml_mark_t key_mark;
};

/* Whether reading can go on after an event. */
enum yaml_step { YAML_ON, YAML_STOP };

static void PRINTF(3, 4)
    reader_error(struct yaml_reader *reader, yaml_mark_t mark, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    CHECK(length >= 0);

    char *place = memory_print("%s:%zu:%zu", reader->name, mark.line + 1, mark.column + 1);
    config_errors_add(reader->errors, place, "%s", text);
    free(place);
    free(text);
}

static struct yaml_level *reader_level(struct yaml_reader *reader)
{
    return reader->depth == 0 ? NULL : &reader->levels[reader->depth - 1];
}

static void reader_append(struct yaml_reader *reader, const char *text)
{
    size_t size = strlen(text);

    CHECK(reader->path_size + size < sizeof reader->path);
    memcpy(reader->path + reader->path_size, text, size + 1);
    reader->path_size += size;
}

static bool is_word(const char *key)
{
    if (*key == '\0') {
        return false;
    }
    for (; *key != '\0'; key++) {
        if (!isalnum((unsigned char)*key) && *key != '_' && *key != '-') {
            return false;
        }
    }
    return true;
}

static void reader_set_key(struct yaml_reader *reader, const char *key)
{
    const char *quote = is_word(key) ? "" : "'";

    if (reader->path_size > 0) {
        reader_append(reader, ".");
    }
    reader->key_at = reader->path_size;
    reader_append(reader, quote);
    reader_append(reader, key);
    reader_append(reader, quote);
}

static const struct yaml_entry *reader_same_key(const struct yaml_reader *reader,
                                                const struct yaml_level *level)
{
    for (size_t i = level->first_entry; i < reader->entries->count; i++) {
        const struct yaml_entry *entry = &reader->entries->items[i];
        if (entry->depth == reader->depth &&
            strcmp(entry->key, reader->path + reader->key_at) == 0) {
            return entry;
        }
    }
    return NULL;
}

static enum yaml_step reader_key(struct yaml_reader *reader, const yaml_event_t *event)
{
    struct yaml_level *level = reader_level(reader);

    if (event->type != YAML_SCALAR_EVENT) {
        reader_error(reader, event->start_mark, "key is not a name, expected \"name: value\"");
        return YAML_STOP;
    }
    const char *key = (const char *)event->data.scalar.value;
    if (event->data.scalar.length > YAML_KEY_BYTES_MAX ||
        strlen(key) != event->data.scalar.length) {
        reader_error(reader, event->start_mark,
                     "key is no name, '%.16s...', expected at most %d letters", key,
                     YAML_KEY_BYTES_MAX);
        return YAML_STOP;
    }

    reader->path_size = level->path_size;
    reader_set_key(reader, key);
    level->has_key = true;
    reader->key_mark = event->start_mark;
    const struct yaml_entry *same = reader_same_key(reader, level);
    if (same != NULL) {
        reader_error(reader, event->start_mark,
                     "duplicate key '%s', first at line %zu, expected once", reader->path,
                     same->key_place.line);
    }
    return YAML_ON;
}

/* Puts the path of the value that begins now into reader->path. */
static void reader_begin_value(struct yaml_reader *reader, yaml_mark_t mark)
{
    struct yaml_level *level = reader_level(reader);

    if (level != NULL && level->kind == YAML_MAPPING) {
        level->has_key = false;
        return;
    }
    reader->key_mark = mark;
    if (level == NULL) {
        return;
    }
    char index[32];
    snprintf(index, sizeof index, "[%zu]", level->items++);
    reader->path_size = level->path_size;
    reader->key_at = reader->path_size;
    reader_append(reader, index);
}

static struct yaml_place place_of(yaml_mark_t mark)
{
    return (struct yaml_place){mark.line + 1, mark.column + 1};
}

static struct yaml_entry *reader_add(struct yaml_reader *reader, enum yaml_kind kind,
                                     yaml_mark_t mark)
{
    struct yaml_entries *entries = reader->entries;

    if ((entries->count & (entries->count - 1)) == 0) {
        size_t room = entries->count == 0 ? 1 : entries->count * 2;
        entries->items = memory_resize(entries->items, room, sizeof *entries->items);
    }
    struct yaml_entry *entry = &entries->items[entries->count++];
    *entry = (struct yaml_entry){
        .path = memory_copy(reader->path, reader->path_size),
        .kind = kind,
        .depth = reader->depth,
        .key_place = place_of(reader->key_mark),
        .place = place_of(mark),
    };
    entry->key = entry->path + reader->key_at;
    return entry;
}

static bool is_null(const yaml_event_t *event)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};

    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strcmp((const char *)event->data.scalar.value, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum yaml_step reader_scalar(struct yaml_reader *reader, const yaml_event_t *event)
{
    yaml_mark_t mark = event->start_mark;
    const char *value = (const char *)event->data.scalar.value;
    size_t size = event->data.scalar.length;

    reader_begin_value(reader, mark);
    if (strlen(value) != size) {
        reader_error(reader, mark, "zero byte in '%s', expected text", reader->path);
        return YAML_ON;
    }
    if (is_null(event)) {
        reader_add(reader, YAML_NULL, mark);
        return YAML_ON;
    }
    reader_add(reader, YAML_SCALAR, mark)->value = memory_copy(value, size);
    return YAML_ON;
}

static enum yaml_step reader_begin(struct yaml_reader *reader, const yaml_event_t *event,
                                   enum yaml_kind kind)
{
    yaml_mark_t mark = event->start_mark;

    reader_begin_value(reader, mark);
    if (reader->depth == reader->depth_max) {
        reader_error(reader, mark, "nested too deeply, '%.*s', expected at most %zu levels",
                     CONFIG_ERROR_VALUE_BYTES, reader->path, reader->depth_max);
        return YAML_STOP;
    }
    reader_add(reader, kind, mark);
    reader->levels[reader->depth++] = (struct yaml_level){
        .kind = kind,
        .path_size = reader->path_size,
        .first_entry = reader->entries->count,
    };
    return YAML_ON;
}

/* Their names are not shown: where quotes are forgotten, they are secrets. */
static void reader_refuse_mark(struct yaml_reader *reader, const yaml_event_t *event,
                               const char *what, char sign)
{
    reader_error(reader, event->start_mark,
                 "%s, expected the value itself, in quotes if it begins with '%c'", what, sign);
}

static void reader_refuse_anchor(struct yaml_reader *reader, const yaml_event_t *event,
                                 const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL) {
        reader_refuse_mark(reader, event, "anchor", '&');
    }
    if (tag != NULL) {
        reader_refuse_mark(reader, event, "tag", '!');
    }
}

static enum yaml_step reader_node(struct yaml_reader *reader, const yaml_event_t *event)
{
    const struct yaml_level *level = reader_level(reader);

    if (level != NULL && level->kind == YAML_MAPPING && !level->has_key) {
        return reader_key(reader, event);
    }
    if (reader->entries->count == YAML_ENTRIES_MAX) {
        reader_error(reader, event->start_mark, "too many values, expected at most %d",
                     YAML_ENTRIES_MAX);
        return YAML_STOP;
    }
    if (event->type == YAML_SCALAR_EVENT) {
        reader_refuse_anchor(reader, event, event->data.scalar.anchor, event->data.scalar.tag);
        return reader_scalar(reader, event);
    }
    if (event->type == YAML_SEQUENCE_START_EVENT) {
        reader_refuse_anchor(reader, event, event->data.sequence_start.anchor,
                             event->data.sequence_start.tag);
        return reader_begin(reader, event, YAML_LIST);
    }
    if (event->type == YAML_MAPPING_START_EVENT) {
        reader_refuse_anchor(reader, event, event->data.mapping_start.anchor,
                             event->data.mapping_start.tag);
        return reader_begin(reader, event, YAML_MAPPING);
    }
    reader_refuse_mark(reader, event, "alias", '*');
    return YAML_STOP;
}

static enum yaml_step reader_document(struct yaml_reader *reader, const yaml_event_t *event)
{
    if (++reader->documents > 1) {
        reader_error(reader, event->start_mark, "second document, '---', expected only one");
        return YAML_STOP;
    }
    return YAML_ON;
}

static enum yaml_step reader_take(struct yaml_reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_NO_EVENT:
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT: return YAML_ON;
    case YAML_STREAM_END_EVENT: reader->is_complete = true; return YAML_STOP;
    case YAML_DOCUMENT_START_EVENT: return reader_document(reader, event);
    case YAML_ALIAS_EVENT:
    case YAML_SCALAR_EVENT:
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT: return reader_node(reader, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: reader->depth--; return YAML_ON;
    }
    return YAML_STOP;
}

static void reader_refuse_syntax(struct yaml_reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    yaml_mark_t mark = parser->error == YAML_READER_ERROR ? parser->mark : parser->problem_mark;

    reader_error(reader, mark, "not YAML, %s%s%s, expected \"name: value\" lines",
                 parser->problem == NULL ? "cannot be read" : parser->problem,
                 parser->context == NULL ? "" : " ",
                 parser->context == NULL ? "" : parser->context);
}

static enum yaml_step reader_step(struct yaml_reader *reader)
{
    yaml_event_t event;

    if (!yaml_parser_parse(&reader->parser, &event)) {
        reader_refuse_syntax(reader);
        return YAML_STOP;
    }
    enum yaml_step step = reader_take(reader, &event);
    yaml_event_delete(&event);
    return step;
}

static bool reader_read(struct yaml_reader *reader, struct span text)
{
    *reader->entries = (struct yaml_entries){0};
    if (text.size > YAML_BYTES_MAX) {
        config_errors_add(reader->errors, reader->name, "too large, expected at most %d bytes",
                          YAML_BYTES_MAX);
        return false;
    }
    CHECK(yaml_parser_initialize(&reader->parser));
    yaml_parser_set_input_string(&reader->parser, (const unsigned char *)text.at, text.size);
    while (reader_step(reader) == YAML_ON) {
    }
    yaml_parser_delete(&reader->parser);
    return reader->is_complete;
}

bool yaml_read(const char *name, struct span text, struct yaml_entries *entries,
               struct config_errors *errors)
{
    struct yaml_reader reader = {
        .name = name, .entries = entries, .errors = errors, .depth_max = YAML_DEPTH_MAX};

    return reader_read(&reader, text);
}

bool yaml_read_deep(const char *name, struct span text, struct yaml_entries *entries,
                    struct config_errors *errors)
{
    struct yaml_reader reader = {
        .name = name, .entries = entries, .errors = errors, .depth_max = YAML_DEEP_MAX};

    return reader_read(&reader, text);
}

void yaml_entries_clear(struct yaml_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        free(entries->items[i].path);
        free(entries->items[i].value);
    }
    free(entries->items);
    *entries = (struct yaml_entries){0};
}

size_t yaml_skip(const struct yaml_entries *entries, size_t at)
{
    size_t depth = entries->items[at++].depth;

    while (at < entries->count && entries->items[at].depth > depth) {
        at++;
    }
    return at;
}

const char *yaml_kind_text(enum yaml_kind kind)
{
    switch (kind) {
    case YAML_SCALAR: return "a single value";
    case YAML_NULL: return "nothing";
    case YAML_MAPPING: return "a mapping";
    case YAML_LIST: return "a list";
    }
    return "";
}
