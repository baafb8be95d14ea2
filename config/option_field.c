#include "config/option_field.h"

#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/memory.h"

static bool addresses_equal(const struct addresses *a, const struct addresses *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (!address_equal(&a->items[i], &b->items[i])) {
            return false;
        }
    }
    return true;
}

static bool address_maps_equal(const struct address_map *a, const struct address_map *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i].text, b->items[i].text) != 0) {
            return false;
        }
    }
    return true;
}

static bool command_rules_equal(const struct command_rules *a, const struct command_rules *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i].text, b->items[i].text) != 0) {
            return false;
        }
    }
    return true;
}

static bool text_equal(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool option_equal(const struct option_row *row, const void *a, const void *b)
{
    switch (row->type) {
    case OPTION_SWITCH: return *(const bool *)a == *(const bool *)b;
    case OPTION_WORKERS:
    case OPTION_MODE: return *(const uint32_t *)a == *(const uint32_t *)b;
    case OPTION_COUNT:
    case OPTION_BYTES:
    case OPTION_MEMORY:
    case OPTION_DURATION: return *(const uint64_t *)a == *(const uint64_t *)b;
    case OPTION_TEXT:
    case OPTION_SECRET:
    case OPTION_FILENAME: return text_equal(*(char *const *)a, *(char *const *)b);
    case OPTION_ADDRESSES: return addresses_equal(a, b);
    case OPTION_ADDRESS_MAP: return address_maps_equal(a, b);
    case OPTION_COMMAND_RULES: return command_rules_equal(a, b);
    case OPTION_USERS: return user_rules_equal(a, b);
    case OPTION_LOG_LEVEL: return *(const enum log_level *)a == *(const enum log_level *)b;
    case OPTION_LOG_FORMAT: return *(const enum log_format *)a == *(const enum log_format *)b;
    }
    return false;
}

static bool is_text(const struct option_row *row)
{
    return row->type == OPTION_TEXT || row->type == OPTION_SECRET || row->type == OPTION_FILENAME;
}

bool option_is_unset(const struct option_row *row, const void *field)
{
    return is_text(row) && *(char *const *)field == NULL;
}

static void copy_addresses(const struct addresses *from, struct addresses *to)
{
    for (; to->count < from->count; to->count++) {
        to->items = memory_resize(to->items, to->count + 1, sizeof *to->items);
        to->items[to->count] = from->items[to->count];
    }
}

/* What these say was taken once, and is again. */
static void copy_address_map(const struct address_map *from, struct address_map *to)
{
    for (size_t i = 0; i < from->count; i++) {
        CHECK(address_map_append(to, span_of(from->items[i].text)));
    }
}

static void copy_command_rules(const struct command_rules *from, struct command_rules *to)
{
    for (size_t i = 0; i < from->count; i++) {
        CHECK(command_rules_append(to, span_of(from->items[i].text)));
    }
}

static void copy_text(const char *from, char **to)
{
    *to = from == NULL ? NULL : memory_copy(from, strlen(from));
}

void option_copy(const struct option_row *row, const void *from, void *to)
{
    option_clear(row, to);
    switch (row->type) {
    case OPTION_SWITCH: *(bool *)to = *(const bool *)from; return;
    case OPTION_WORKERS:
    case OPTION_MODE: *(uint32_t *)to = *(const uint32_t *)from; return;
    case OPTION_COUNT:
    case OPTION_BYTES:
    case OPTION_MEMORY:
    case OPTION_DURATION: *(uint64_t *)to = *(const uint64_t *)from; return;
    case OPTION_TEXT:
    case OPTION_SECRET:
    case OPTION_FILENAME: copy_text(*(char *const *)from, to); return;
    case OPTION_ADDRESSES: copy_addresses(from, to); return;
    case OPTION_ADDRESS_MAP: copy_address_map(from, to); return;
    case OPTION_COMMAND_RULES: copy_command_rules(from, to); return;
    case OPTION_USERS: user_rules_copy(from, to); return;
    case OPTION_LOG_LEVEL: *(enum log_level *)to = *(const enum log_level *)from; return;
    case OPTION_LOG_FORMAT: *(enum log_format *)to = *(const enum log_format *)from; return;
    }
}

void option_clear(const struct option_row *row, void *field)
{
    if (row->type == OPTION_ADDRESSES) {
        struct addresses *addresses = field;
        free(addresses->items);
        *addresses = (struct addresses){0};
    }
    if (row->type == OPTION_ADDRESS_MAP) {
        address_map_clear(field);
    }
    if (row->type == OPTION_COMMAND_RULES) {
        command_rules_clear(field);
    }
    if (row->type == OPTION_USERS) {
        user_rules_clear(field);
    }
    if (is_text(row)) {
        char **string = field;
        free(*string);
        *string = NULL;
    }
}

void option_clear_all(enum option_scope scope, void *fields)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        if (option_rows[i].scope == scope) {
            option_clear(&option_rows[i], option_field(&option_rows[i], fields));
        }
    }
}
