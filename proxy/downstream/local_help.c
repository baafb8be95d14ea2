/* The HELP of every container: what slotway serves of it, and how. Made from the command table. */
#include <ctype.h>
#include <stdio.h>

#include "common/resp_write.h"
#include "proxy/downstream/local_call.h"

enum { LINE_SIZE = 160 };

/* "get" of "config get", in upper case. */
static void subcommand_print(const struct command *command, char *text, size_t size)
{
    const char *from = strchr(command->name, ' ') + 1;
    size_t used = 0;

    for (; from[used] != '\0' && used + 1 < size; used++) {
        text[used] = (char)toupper((unsigned char)from[used]);
    }
    text[used] = '\0';
}

/* Subcommands have none of their own. */
static bool is_served(const struct command *command)
{
    switch (command->class) {
    case COMMAND_CLASS_ONE_KEY:
    case COMMAND_CLASS_SAME_SLOT:
    case COMMAND_CLASS_SPLIT:
    case COMMAND_CLASS_BROADCAST:
    case COMMAND_CLASS_ANY_NODE:
    case COMMAND_CLASS_LOCAL:
    case COMMAND_CLASS_PUBSUB:
    case COMMAND_CLASS_SCRIPT:
    case COMMAND_CLASS_BLOCKING:
    case COMMAND_CLASS_WAIT:
    case COMMAND_CLASS_STREAM_READ:
    case COMMAND_CLASS_TRANSACTION: return true;
    case COMMAND_CLASS_ADMIN:
    case COMMAND_CLASS_INTERNAL:
    case COMMAND_CLASS_UNCLEAR:
    case COMMAND_CLASS_CONTAINER: return false;
    }
    return false;
}

/* The next subcommand that is served, behind *at. */
static const struct command *next_served(const struct command_table *table,
                                         const struct command *container, size_t *at)
{
    const struct command *command;

    do {
        command = command_table_next_below(table, container, at);
    } while (command != NULL && !is_served(command));
    return command;
}

static size_t count_served(const struct command_table *table, const struct command *container)
{
    size_t count = 0;

    for (size_t at = 0; next_served(table, container, &at) != NULL;) {
        count++;
    }
    return count;
}

static void write_title(struct sendq *to, const struct command *container)
{
    char line[LINE_SIZE];
    int length = snprintf(line, sizeof line, "%s", container->name);

    for (int i = 0; i < length; i++) {
        line[i] = (char)toupper((unsigned char)line[i]);
    }
    snprintf(line + length, sizeof line - (size_t)length,
             " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    resp_write_status(to, line);
}

void local_help(const struct local_call *call)
{
    const struct command_table *table = call->client->clients->commands;
    const char *name = call->command->name;
    const struct command *container = command_by_name((struct span){name, strcspn(name, " ")});
    struct sendq *to = call_begin(call);
    const struct command *command;

    resp_write_array(to, 1 + 2 * count_served(table, container));
    write_title(to, container);
    for (size_t at = 0; (command = next_served(table, container, &at)) != NULL;) {
        char line[LINE_SIZE];

        subcommand_print(command, line, sizeof line);
        resp_write_status(to, line);
        snprintf(line, sizeof line, "    %s",
                 command->id == call->command->id ? "Prints this help."
                                                  : command_class_text(command->class));
        resp_write_status(to, line);
    }
    call_end(call);
}
