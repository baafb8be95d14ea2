#include "config/option_value.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/memory.h"
#include "config/cpu_count.h"
#include "config/memory_size.h"
#include "config/option_field.h"
#include "config/quote.h"
#include "config/unit.h"

static const char *const log_level_words[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARN] = "warn",
    [LOG_ERROR] = "error",
};
static const char *const switch_words[] = {[false] = "false", [true] = "true"};
static const char *const log_format_words[] = {[LOG_TEXT] = "text", [LOG_JSON] = "json"};

static enum option_result check_bounds(const struct option_row *row, uint64_t number)
{
    return number < row->min || number > row->max ? OPTION_OUT_OF_BOUNDS : OPTION_OK;
}

static bool is_size(const struct option_row *row)
{
    return row->type == OPTION_BYTES || row->type == OPTION_MEMORY;
}

static enum option_result parse_integer(const struct option_row *row, struct span text,
                                        uint64_t *number)
{
    enum unit_result result = is_size(row)                   ? unit_parse_bytes(text, number)
                              : row->type == OPTION_DURATION ? unit_parse_duration(text, number)
                                                             : unit_parse_count(text, number);

    switch (result) {
    case UNIT_OK: return check_bounds(row, *number);
    case UNIT_BAD_FORM: return OPTION_BAD_FORM;
    case UNIT_TOO_LARGE: return OPTION_OUT_OF_BOUNDS;
    }
    return OPTION_BAD_FORM;
}

static enum option_result set_integer(const struct option_row *row, struct span text, void *field)
{
    uint64_t number = 0;
    enum option_result result = parse_integer(row, text, &number);

    if (result == OPTION_OK) {
        *(uint64_t *)field = number;
    }
    return result;
}

static enum option_result set_workers(const struct option_row *row, struct span text, void *field)
{
    uint64_t number = 0;

    if (span_equal_nocase(text, SPAN("auto"))) {
        *(uint32_t *)field = (uint32_t)size_min(cpu_count(), (size_t)row->max);
        return OPTION_OK;
    }
    enum option_result result = parse_integer(row, text, &number);
    if (result == OPTION_OK) {
        *(uint32_t *)field = (uint32_t)number;
    }
    return result;
}

/* The rest is for what is not counted: the process itself, the kernel's buffers. */
static enum option_result set_memory(const struct option_row *row, struct span text, void *field)
{
    if (span_equal_nocase(text, SPAN("auto"))) {
        *(uint64_t *)field = memory_size() / 2;
        return OPTION_OK;
    }
    return set_integer(row, text, field);
}

static bool has_control_character(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        if (byte < 0x20 || byte == 0x7f) {
            return true;
        }
    }
    return false;
}

static enum option_result set_text(const struct option_row *row, struct span text, void *field)
{
    char **string = field;
    bool may_hold_anything = row->type == OPTION_SECRET;

    if (check_bounds(row, text.size) != OPTION_OK) {
        return OPTION_OUT_OF_BOUNDS;
    }
    if (memchr(text.at, '\0', text.size) != NULL ||
        (!may_hold_anything && has_control_character(text))) {
        return OPTION_BAD_FORM;
    }
    if (row->type == OPTION_SECRET && span_equal(text, SPAN(HIDDEN_SECRET))) {
        return OPTION_BAD_FORM;
    }
    free(*string);
    *string = memory_copy(text.at, text.size);
    return OPTION_OK;
}

bool option_is_list(const struct option_row *row)
{
    switch (row->type) {
    case OPTION_ADDRESSES:
    case OPTION_ADDRESS_MAP:
    case OPTION_COMMAND_RULES:
    case OPTION_USERS: return true;
    case OPTION_SWITCH:
    case OPTION_WORKERS:
    case OPTION_COUNT:
    case OPTION_BYTES:
    case OPTION_MEMORY:
    case OPTION_MODE:
    case OPTION_DURATION:
    case OPTION_TEXT:
    case OPTION_SECRET:
    case OPTION_FILENAME:
    case OPTION_LOG_LEVEL:
    case OPTION_LOG_FORMAT: return false;
    }
    return false;
}

enum option_result option_append(const struct option_row *row, struct span text, void *field)
{
    struct addresses *addresses = field;
    struct address address;

    CHECK(option_is_list(row));
    if (row->type == OPTION_ADDRESS_MAP) {
        return address_map_append(field, text) ? OPTION_OK : OPTION_BAD_FORM;
    }
    if (row->type == OPTION_COMMAND_RULES) {
        return command_rules_append(field, text) ? OPTION_OK : OPTION_BAD_FORM;
    }
    if (row->type == OPTION_USERS) {
        return user_rules_append(field, text, NULL) ? OPTION_OK : OPTION_BAD_FORM;
    }
    if (address_parse(text, &address) != ADDRESS_OK) {
        return OPTION_BAD_FORM;
    }
    addresses->items =
        memory_resize(addresses->items, addresses->count + 1, sizeof *addresses->items);
    addresses->items[addresses->count++] = address;
    return OPTION_OK;
}

static struct span trim(struct span text)
{
    while (text.size > 0 && text.at[0] == ' ') {
        text = (struct span){text.at + 1, text.size - 1};
    }
    while (text.size > 0 && text.at[text.size - 1] == ' ') {
        text.size--;
    }
    return text;
}

/* A list of any kind. */
union list {
    struct addresses addresses;
    struct address_map address_map;
    struct command_rules command_rules;
    struct user_rules users;
};

static void list_put(const struct option_row *row, const union list *list, void *field)
{
    if (row->type == OPTION_ADDRESS_MAP) {
        *(struct address_map *)field = list->address_map;
    } else if (row->type == OPTION_COMMAND_RULES) {
        *(struct command_rules *)field = list->command_rules;
    } else if (row->type == OPTION_USERS) {
        *(struct user_rules *)field = list->users;
    } else {
        *(struct addresses *)field = list->addresses;
    }
}

/* Readers of an older YAML, as Helm's and Ansible's, make false of "off". */
static bool is_off(struct span text)
{
    return text.size == 0 || span_equal_nocase(text, SPAN("off")) ||
           span_equal_nocase(text, SPAN("false"));
}

static enum option_result set_list(const struct option_row *row, struct span text, void *field)
{
    union list list = {0};
    enum option_result result = OPTION_OK;
    bool more = row->min > 0 || !is_off(text);

    while (more && result == OPTION_OK) {
        const char *comma = memchr(text.at, row->type == OPTION_USERS ? '\n' : ',', text.size);
        size_t size = comma == NULL ? text.size : (size_t)(comma - text.at);
        result = option_append(row, trim((struct span){text.at, size}), &list);
        more = comma != NULL;
        text = more ? (struct span){comma + 1, text.size - size - 1} : text;
    }
    if (result != OPTION_OK) {
        option_clear(row, &list);
        return result;
    }
    option_clear(row, field);
    list_put(row, &list, field);
    return OPTION_OK;
}

static int word_find(const char *const *words, size_t count, struct span text)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equal_nocase(span_of(words[i]), text)) {
            return (int)i;
        }
    }
    return -1;
}

static enum option_result set_switch(struct span text, bool *is_on)
{
    int found = word_find(switch_words, ARRAY_LEN(switch_words), text);

    if (found < 0) {
        return OPTION_BAD_FORM;
    }
    *is_on = found == true;
    return OPTION_OK;
}

static enum option_result set_log_level(struct span text, enum log_level *level)
{
    int found = word_find(log_level_words, ARRAY_LEN(log_level_words), text);

    if (found < 0) {
        return OPTION_BAD_FORM;
    }
    *level = (enum log_level)found;
    return OPTION_OK;
}

static enum option_result set_log_format(struct span text, enum log_format *format)
{
    int found = word_find(log_format_words, ARRAY_LEN(log_format_words), text);

    if (found < 0) {
        return OPTION_BAD_FORM;
    }
    *format = (enum log_format)found;
    return OPTION_OK;
}

enum option_result option_parse(const struct option_row *row, struct span text, void *field)
{
    switch (row->type) {
    case OPTION_SWITCH: return set_switch(text, field);
    case OPTION_WORKERS: return set_workers(row, text, field);
    case OPTION_COUNT:
    case OPTION_BYTES:
    case OPTION_DURATION: return set_integer(row, text, field);
    case OPTION_MEMORY: return set_memory(row, text, field);
    case OPTION_MODE: return unit_parse_mode(text, field) == UNIT_OK ? OPTION_OK : OPTION_BAD_FORM;
    case OPTION_TEXT:
    case OPTION_SECRET:
    case OPTION_FILENAME: return set_text(row, text, field);
    case OPTION_ADDRESSES:
    case OPTION_ADDRESS_MAP:
    case OPTION_COMMAND_RULES:
    case OPTION_USERS: return set_list(row, text, field);
    case OPTION_LOG_LEVEL: return set_log_level(text, field);
    case OPTION_LOG_FORMAT: return set_log_format(text, field);
    }
    CHECK(false);
    return OPTION_BAD_FORM;
}

size_t option_count(const struct option_row *row, const void *field)
{
    CHECK(option_is_list(row));
    if (row->type == OPTION_COMMAND_RULES) {
        return ((const struct command_rules *)field)->count;
    }
    if (row->type == OPTION_USERS) {
        return ((const struct user_rules *)field)->count;
    }
    return row->type == OPTION_ADDRESS_MAP ? ((const struct address_map *)field)->count
                                           : ((const struct addresses *)field)->count;
}

bool option_count_fits(const struct option_row *row, const void *field)
{
    size_t count = option_count(row, field);

    return count >= row->min && count <= row->max;
}

static void print_addresses(const struct addresses *addresses, FILE *to)
{
    char text[sizeof(struct address) + sizeof "unix:[]:65535"];

    fputc('[', to);
    for (size_t i = 0; i < addresses->count; i++) {
        fputs(i == 0 ? "" : ", ", to);
        quote_print(address_print(&addresses->items[i], text, sizeof text), to);
    }
    fputc(']', to);
}

static void print_address_map(const struct address_map *map, FILE *to)
{
    fputc('[', to);
    for (size_t i = 0; i < map->count; i++) {
        fputs(i == 0 ? "" : ", ", to);
        quote_print(map->items[i].text, to);
    }
    fputc(']', to);
}

static void print_command_rules(const struct command_rules *rules, FILE *to)
{
    fputc('[', to);
    for (size_t i = 0; i < rules->count; i++) {
        fputs(i == 0 ? "" : ", ", to);
        quote_print(rules->items[i].text, to);
    }
    fputc(']', to);
}

static void print_text(const char *text, FILE *to)
{
    if (text == NULL) {
        fputs("null", to);
        return;
    }
    quote_print(text, to);
}

void option_print(const struct option_row *row, const void *field, FILE *to)
{
    switch (row->type) {
    case OPTION_SWITCH: fputs(switch_words[*(const bool *)field], to); return;
    case OPTION_WORKERS: fprintf(to, "%u", (unsigned)*(const uint32_t *)field); return;
    case OPTION_COUNT: fprintf(to, "%llu", (unsigned long long)*(const uint64_t *)field); return;
    case OPTION_BYTES:
    case OPTION_MEMORY: unit_print_bytes(*(const uint64_t *)field, to); return;
    case OPTION_MODE: unit_print_mode(*(const uint32_t *)field, to); return;
    case OPTION_DURATION: unit_print_duration(*(const uint64_t *)field, to); return;
    case OPTION_TEXT:
    case OPTION_FILENAME: print_text(*(char *const *)field, to); return;
    case OPTION_SECRET:
        print_text(*(char *const *)field == NULL ? NULL : HIDDEN_SECRET, to);
        return;
    case OPTION_ADDRESSES: print_addresses(field, to); return;
    case OPTION_ADDRESS_MAP: print_address_map(field, to); return;
    case OPTION_COMMAND_RULES: print_command_rules(field, to); return;
    case OPTION_USERS: user_rules_print(field, to); return;
    case OPTION_LOG_LEVEL: fputs(log_level_words[*(const enum log_level *)field], to); return;
    case OPTION_LOG_FORMAT: fputs(log_format_words[*(const enum log_format *)field], to); return;
    }
}

static char *expected_range(const struct option_row *row)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    void (*print)(uint64_t, FILE *) = is_size(row) ? unit_print_bytes : unit_print_duration;

    CHECK(to != NULL);
    fputs(row->type == OPTION_MEMORY ? "auto or " : "", to);
    fputs(is_size(row) ? "a size as 512, 16kb, 64mb or 1gb, from "
                       : "a duration as 250us, 50ms, 5s, 1m or 1h, from ",
          to);
    print(row->min, to);
    fputs(" to ", to);
    print(row->max, to);
    CHECK(fclose(to) == 0);
    return text;
}

char *option_expected(const struct option_row *row)
{
    unsigned long long min = row->min;
    unsigned long long max = row->max;

    switch (row->type) {
    case OPTION_SWITCH: return memory_print("true or false");
    case OPTION_WORKERS: return memory_print("auto or a number from %llu to %llu", min, max);
    case OPTION_COUNT: return memory_print("a number from %llu to %llu", min, max);
    case OPTION_BYTES:
    case OPTION_MEMORY:
    case OPTION_DURATION: return expected_range(row);
    case OPTION_MODE: return memory_print("umask or octal digits from %03llo to %03llo", min, max);
    case OPTION_TEXT:
    case OPTION_SECRET: return memory_print("text of %llu to %llu bytes", min, max);
    case OPTION_FILENAME: return memory_print("the name of a file");
    case OPTION_ADDRESSES: return memory_print("host:port, [v6]:port or unix:/path");
    case OPTION_ADDRESS_MAP:
        return memory_print("FROM=TO, from a host:port, a host or a network as 172.18.0.0/16, to a "
                            "host:port, a host, a host:+10000 or a network of that size");
    case OPTION_COMMAND_RULES:
        return memory_print("NAME=deny, NAME=read KEYS or NAME=write KEYS, each NAME once, where "
                            "KEYS is none, first, all or FIRST:LAST:STEP as in COMMAND INFO");
    case OPTION_USERS:
        return memory_print("NAME and ACL rules as Redis has them, with passwords as #SHA256, "
                            ">${VARIABLE} or password_file=PATH");
    case OPTION_LOG_LEVEL: return memory_print("debug, info, warn or error");
    case OPTION_LOG_FORMAT: return memory_print("text or json");
    }
    return NULL;
}
