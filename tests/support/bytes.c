#include "tests/support/bytes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"

char *bytes_room(struct bytes *bytes, size_t size)
{
    size_t wanted = bytes->size + size + 1;

    if (wanted > bytes->capacity) {
        bytes->capacity = size_max(wanted, bytes->capacity * 2);
        bytes->at = memory_resize(bytes->at, bytes->capacity, 1);
    }
    bytes->at[bytes->size] = '\0';
    return bytes->at + bytes->size;
}

void bytes_added(struct bytes *bytes, size_t size)
{
    bytes->size += size;
    bytes->at[bytes->size] = '\0';
}

void bytes_add(struct bytes *bytes, const void *at, size_t size)
{
    char *room = bytes_room(bytes, size);

    if (size > 0) {
        memcpy(room, at, size);
    }
    bytes_added(bytes, size);
}

void bytes_print_list(struct bytes *bytes, const char *format, va_list list)
{
    va_list again;

    va_copy(again, list);
    size_t size = (size_t)vsnprintf(NULL, 0, format, again);
    va_end(again);
    vsnprintf(bytes_room(bytes, size), size + 1, format, list);
    bytes_added(bytes, size);
}

void bytes_print(struct bytes *bytes, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    bytes_print_list(bytes, format, list);
    va_end(list);
}

void bytes_add_request(struct bytes *bytes, const struct span *arguments, size_t count)
{
    bytes_print(bytes, "*%zu\r\n", count);
    for (size_t i = 0; i < count; i++) {
        bytes_print(bytes, "$%zu\r\n", arguments[i].size);
        bytes_add(bytes, arguments[i].at, arguments[i].size);
        bytes_add(bytes, "\r\n", 2);
    }
}

static void bytes_add_escaped_byte(struct bytes *bytes, char byte)
{
    if (byte == '\r') {
        bytes_print(bytes, "\\r");
    } else if (byte == '\n') {
        bytes_print(bytes, "\\n");
    } else if (isprint((unsigned char)byte)) {
        bytes_add(bytes, &byte, 1);
    } else {
        bytes_print(bytes, "\\x%02x", (unsigned)(unsigned char)byte);
    }
}

void bytes_add_escaped(struct bytes *bytes, struct span span)
{
    for (size_t i = 0; i < span.size; i++) {
        bytes_add_escaped_byte(bytes, span.at[i]);
    }
}

void bytes_drop(struct bytes *bytes, size_t size)
{
    memmove(bytes->at, bytes->at + size, bytes->size - size);
    bytes->size -= size;
    bytes->at[bytes->size] = '\0';
}

void bytes_clear(struct bytes *bytes)
{
    free(bytes->at);
    *bytes = (struct bytes){0};
}
