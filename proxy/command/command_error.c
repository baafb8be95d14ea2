/* The errors that Redis gives for a request that is no command, word for word; and one of our own.
 */
#include <stdarg.h>
#include <stdio.h>

#include "common/check.h"
#include "proxy/command/command.h"

enum {
    SHOWN_BYTES = 128, /* Redis shows so much of a name, and of all arguments together */
};

/* A text that grows up to its limit; what does not fit is dropped. */
struct text {
    char *at;
    size_t size;
    size_t used; /* may not reach size: the zero byte */
};

static void text_print(struct text *text, const char *format, ...) PRINTF(2, 3);

static void text_print(struct text *text, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    int length = vsnprintf(text->at + text->used, text->size - text->used, format, values);
    va_end(values);
    CHECK(length >= 0);
    text->used = size_min(text->used + (size_t)length, text->size - 1);
}

/* Printed with %.*s, hence up to a zero byte only, as in Redis. */
static size_t text_quote(struct text *text, struct span word, size_t limit)
{
    size_t shown = strnlen(word.at, size_min(word.size, limit));

    text_print(text, "'%.*s'", (int)shown, shown == 0 ? "" : word.at);
    return shown + 2;
}

static void text_unknown(struct text *text, const struct arguments *arguments)
{
    size_t shown = 0;

    text_print(text, "ERR unknown command ");
    text_quote(text, arguments->items[0], SHOWN_BYTES);
    text_print(text, ", with args beginning with: ");
    for (uint32_t i = 1; i < arguments->count && shown < SHOWN_BYTES; i++) {
        shown += text_quote(text, arguments->items[i], SHOWN_BYTES - shown) + 1;
        text_print(text, " ");
    }
}

static void text_upper(struct text *text, const char *word)
{
    for (; *word != '\0'; word++) {
        text_print(text, "%c", *word >= 'a' && *word <= 'z' ? *word - 'a' + 'A' : *word);
    }
}

static void text_unknown_subcommand(struct text *text, const struct command *command,
                                    const struct arguments *arguments)
{
    text_print(text, "ERR unknown subcommand ");
    text_quote(text, arguments->items[1], SHOWN_BYTES);
    text_print(text, ". Try ");
    text_upper(text, command->name);
    text_print(text, " HELP.");
}

static void text_bad_arity(struct text *text, const struct command *command)
{
    const char *blank = strchr(command->name, ' ');

    if (blank == NULL) {
        text_print(text, "ERR wrong number of arguments for '%s' command", command->name);
        return;
    }
    text_print(text, "ERR wrong number of arguments for '%.*s|%s' command",
               (int)(blank - command->name), command->name, blank + 1);
}

static void text_denied(struct text *text, const struct command *command)
{
    text_print(text, "ERR command '%s' is denied by this proxy's configuration", command->name);
}

/* An error is one line; all other bytes stay, as in Redis. */
static void text_make_line(struct text *text)
{
    for (size_t i = 0; i < text->used; i++) {
        if (text->at[i] == '\r' || text->at[i] == '\n') {
            text->at[i] = ' ';
        }
    }
}

const char *command_error(enum command_result result, const struct command *command,
                          const struct arguments *arguments, char *text, size_t size)
{
    struct text error = {text, size, 0};

    CHECK(size > 0);
    CHECK(result != COMMAND_FOUND);
    text[0] = '\0';
    switch (result) {
    case COMMAND_FOUND: break;
    case COMMAND_UNKNOWN: text_unknown(&error, arguments); break;
    case COMMAND_UNKNOWN_SUBCOMMAND: text_unknown_subcommand(&error, command, arguments); break;
    case COMMAND_BAD_ARITY: text_bad_arity(&error, command); break;
    case COMMAND_DENIED: text_denied(&error, command); break;
    }
    text_make_line(&error);
    return text;
}
