#include "proxy/downstream/local_call.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "common/resp_write.h"

enum {
    TEXT_MAX = 400, /* so that error_reply need not cut */
    NAME_MAX_SIZE = 32,
};

struct sendq *call_begin(const struct local_call *call)
{
    command_times_note(&call->client->clients->times, call->command, 0);
    return client_reply_begin(call->client, call->command);
}

void call_end(const struct local_call *call)
{
    client_reply_end(call->client);
}

void call_status(const struct local_call *call, const char *text)
{
    resp_write_status(call_begin(call), text);
    call_end(call);
}

void call_integer(const struct local_call *call, int64_t number)
{
    resp_write_integer(call_begin(call), number);
    call_end(call);
}

void call_bulk(const struct local_call *call, struct span bytes)
{
    resp_write_bulk(call_begin(call), bytes);
    call_end(call);
}

void call_text(const struct local_call *call, const char *text)
{
    struct sendq *to = call_begin(call);

    if (text == NULL) {
        resp_write_null(to);
    } else {
        resp_write_text(to, text);
    }
    call_end(call);
}

void call_verbatim(const struct local_call *call, const char *text)
{
    resp_write_verbatim(call_begin(call), text);
    call_end(call);
}

void call_error(const struct local_call *call, const char *format, ...)
{
    char text[TEXT_MAX];
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\r' || *at == '\n') {
            *at = ' ';
        }
    }
    client_refuse(call->client, call->command, ERROR_COMMAND, text);
}

void call_syntax_error(const struct local_call *call)
{
    client_refuse(call->client, call->command, ERROR_SYNTAX, NULL);
}

void call_bad_arity(const struct local_call *call)
{
    char text[TEXT_MAX];

    client_refuse(
        call->client, call->command, ERROR_COMMAND,
        command_error(COMMAND_BAD_ARITY, call->command, call->arguments, text, sizeof text));
}

void call_bad_subcommand(const struct local_call *call)
{
    struct span word = call_word(call, 1);
    char container[NAME_MAX_SIZE];
    size_t size = 0;

    for (const char *at = call->command->name; *at != ' ' && size + 1 < sizeof container; at++) {
        container[size++] = (char)toupper((unsigned char)*at);
    }
    container[size] = '\0';
    call_error(call, "ERR unknown subcommand or wrong number of arguments for '%.*s'. Try %s HELP.",
               call_shown(word), word.at, container);
}
