#include "proxy/downstream/monitor_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"

enum {
    FIRST_CAPACITY = 4096,
    ESCAPED_MAX = 4, /* bytes that one becomes */
    HEAD_MAX = 256,  /* time and address */
    NOTE_MAX = 64,   /* how much was cut */
};

void monitor_lines_clear(struct monitor_lines *lines)
{
    free(lines->bytes);
    *lines = (struct monitor_lines){.size = 0};
}

static void make_room(struct monitor_lines *lines, size_t size)
{
    size_t needed = lines->size + size;

    if (needed > lines->capacity) {
        lines->capacity = size_max(needed, size_max(FIRST_CAPACITY, lines->capacity * 2));
        lines->bytes = memory_resize(lines->bytes, lines->capacity, 1);
    }
}

static void add(struct monitor_lines *lines, struct span bytes)
{
    make_room(lines, bytes.size);
    memcpy(lines->bytes + lines->size, bytes.at, bytes.size);
    lines->size += bytes.size;
}

/* Redis: scripts and functions tell of themselves, before what they execute. */
bool monitor_line_is_shown(const struct command *command)
{
    return (command->flags & COMMAND_ADMIN) == 0 &&
           ((command->flags & COMMAND_SKIP_MONITOR) == 0 || command->class == COMMAND_CLASS_SCRIPT);
}

/* The letter behind a backslash; 0 when there is none for it. */
static char short_escape(char byte)
{
    switch (byte) {
    case '\\':
    case '"': return byte;
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '\a': return 'a';
    case '\b': return 'b';
    default: return 0;
    }
}

static char *escape(char *to, char byte)
{
    static const char digits[] = "0123456789abcdef";
    char letter = short_escape(byte);
    unsigned char code = (unsigned char)byte;

    if (letter == 0 && code >= ' ' && code <= '~') {
        *to++ = byte;
        return to;
    }
    *to++ = '\\';
    if (letter != 0) {
        *to++ = letter;
        return to;
    }
    *to++ = 'x';
    *to++ = digits[code >> 4];
    *to++ = digits[code & 15];
    return to;
}

static void add_escaped(struct monitor_lines *lines, struct span bytes)
{
    make_room(lines, ESCAPED_MAX * bytes.size);

    char *to = lines->bytes + lines->size;

    for (size_t i = 0; i < bytes.size; i++) {
        to = escape(to, bytes.at[i]);
    }
    lines->size = (size_t)(to - lines->bytes);
}

static void add_argument(struct monitor_lines *lines, struct span argument)
{
    char note[NOTE_MAX];

    add(lines, SPAN(" \""));
    add_escaped(lines, (struct span){argument.at, size_min(argument.size, MONITOR_ARGUMENT_MAX)});
    if (argument.size > MONITOR_ARGUMENT_MAX) {
        snprintf(note, sizeof note, "... (%zu more bytes)", argument.size - MONITOR_ARGUMENT_MAX);
        add(lines, span_of(note));
    }
    add(lines, SPAN("\""));
}

static bool is_auth(const struct arguments *arguments, uint32_t index)
{
    return span_equal_nocase(arguments->items[index], SPAN("auth"));
}

/* Redis shows those that it finds wrong before it has looked for a password; they may have one. */
static bool is_secret(const struct command *command, const struct arguments *arguments,
                      uint32_t index)
{
    if (command->id == COMMAND_ID_AUTH) {
        return index >= 1;
    }
    return command->id == COMMAND_ID_HELLO && index >= 2 &&
           (is_auth(arguments, index - 1) || is_auth(arguments, index - 2));
}

static void add_head(struct monitor_lines *lines, uint64_t at, const char *peer)
{
    char head[HEAD_MAX];

    snprintf(head, sizeof head, "+%" PRIu64 ".%06" PRIu64 " [0 %s]", at / US_PER_SECOND,
             at % US_PER_SECOND, peer);
    add(lines, span_of(head));
}

void monitor_lines_add(struct monitor_lines *lines, uint64_t at, const char *peer,
                       const struct command *command, const struct arguments *arguments)
{
    size_t start = lines->size;
    char note[NOTE_MAX];

    add_head(lines, at, peer);
    for (uint32_t i = 0; i < arguments->count; i++) {
        if (lines->size - start > MONITOR_LINE_MAX) {
            snprintf(note, sizeof note, "... (%u more arguments)", arguments->count - i);
            add_argument(lines, span_of(note));
            break;
        }
        add_argument(lines,
                     is_secret(command, arguments, i) ? SPAN("(redacted)") : arguments->items[i]);
    }
    add(lines, SPAN("\r\n"));
}
