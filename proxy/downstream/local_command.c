/* COMMAND and its subcommands. */
#include "common/resp_write.h"
#include "proxy/command/command_reply.h"
#include "proxy/command/key_access.h"
#include "proxy/downstream/local_call.h"

/* The commands of this pool. */
static const struct command_table *call_table(const struct local_call *call)
{
    return call->client->clients->commands;
}

void local_command(const struct local_call *call)
{
    command_reply_all(call_begin(call), call_table(call));
    call_end(call);
}

void local_command_count(const struct local_call *call)
{
    command_reply_count(call_begin(call), call_table(call));
    call_end(call);
}

/* Far more than there are, of which some have replies a thousand times as long as their names. */
enum { NAMES_MAX = 1024 };

void local_command_info(const struct local_call *call)
{
    if (call_count(call) == 2) {
        local_command(call);
        return;
    }
    if (call_count(call) - 2 > NAMES_MAX) {
        client_refuse(call->client, call->command, ERROR_COMMAND,
                      "ERR proxy: too many names, at most 1024 may be asked for at once");
        return;
    }

    const struct command_table *table = call_table(call);
    struct sendq *to = call_begin(call);

    resp_write_array(to, call_count(call) - 2);
    for (uint32_t i = 2; i < call_count(call); i++) {
        command_reply_info(to, table, command_table_by_name(table, call_word(call, i)));
    }
    call_end(call);
}

void local_command_list(const struct local_call *call)
{
    enum command_filter filter = COMMAND_FILTER_NONE;
    struct span word = {"", 0};

    if (call_count(call) == 5 && span_equal_nocase(call_word(call, 2), SPAN("filterby"))) {
        struct span kind = call_word(call, 3);

        word = call_word(call, 4);
        if (span_equal_nocase(kind, SPAN("module"))) {
            filter = COMMAND_FILTER_MODULE;
        } else if (span_equal_nocase(kind, SPAN("aclcat"))) {
            filter = COMMAND_FILTER_CATEGORY;
        } else if (span_equal_nocase(kind, SPAN("pattern"))) {
            filter = COMMAND_FILTER_PATTERN;
        }
    }
    if (filter == COMMAND_FILTER_NONE && call_count(call) != 2) {
        call_syntax_error(call);
        return;
    }
    command_reply_list(call_begin(call), call_table(call), filter, word);
    call_end(call);
}

/* A channel has a place among the nodes like a key, but is none. */
static bool has_key_arguments(const struct command *command)
{
    for (uint32_t i = 0; i < command->key_spec_count; i++) {
        if ((command->keys[i].flags & KEY_NOT_KEY) == 0) {
            return true;
        }
    }
    return false;
}

/* Refuses the call and returns NULL when the command or its arguments make no sense; *keys may be
 * empty otherwise. */
static const struct command *call_find_keys(const struct local_call *call,
                                            const struct arguments *inner, struct keys *keys)
{
    const struct command *command = NULL;
    enum command_result result = command_table_find(call_table(call), inner, &command);

    keys->count = 0;
    if (result == COMMAND_UNKNOWN || result == COMMAND_UNKNOWN_SUBCOMMAND ||
        result == COMMAND_DENIED) {
        call_error(call, "ERR Invalid command specified");
        return NULL;
    }
    if (!has_key_arguments(command)) {
        call_error(call, "ERR The command has no key arguments");
        return NULL;
    }
    if (result == COMMAND_BAD_ARITY) {
        call_error(call, "ERR Invalid number of arguments specified for command");
        return NULL;
    }
    if (keys_find(command, inner, keys) == KEYS_FOUND) {
        return command;
    }
    keys->count = 0;
    if ((command->flags & COMMAND_NO_MANDATORY_KEYS) != 0) {
        return command;
    }
    call_error(call, "ERR Invalid arguments specified for command");
    return NULL;
}

void local_command_getkeys(const struct local_call *call)
{
    struct keys *keys = &call->client->clients->keys;
    struct arguments inner = call_inner(call, 2);

    if (call_find_keys(call, &inner, keys) == NULL) {
        return;
    }

    struct sendq *to = call_begin(call);

    resp_write_array(to, keys->count);
    for (uint32_t i = 0; i < keys->count; i++) {
        resp_write_bulk(to, inner.items[keys->index[i]]);
    }
    call_end(call);
}

void local_command_getkeysandflags(const struct local_call *call)
{
    struct keys *keys = &call->client->clients->keys;
    struct arguments inner = call_inner(call, 2);
    const struct command *command = call_find_keys(call, &inner, keys);

    if (command == NULL) {
        return;
    }

    struct sendq *to = call_begin(call);

    resp_write_array(to, keys->count);
    for (uint32_t i = 0; i < keys->count; i++) {
        resp_write_array(to, 2);
        resp_write_bulk(to, inner.items[keys->index[i]]);
        key_access_write(to, key_access_of(command, &inner, keys->index[i]));
    }
    call_end(call);
}
