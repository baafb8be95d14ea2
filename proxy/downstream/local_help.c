/* The HELP of every container: what slotway serves of it, and how. Made from the command table. */
#include <ctype.h>
#include <stdio.h>

#include "common/resp_write.h"
#include "proxy/command/command_reply.h"
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

/* The next row that has `name`, "config", in front of a blank, and is served; from the row `at` on.
 */
static const struct command *next_served(const char *name, size_t size, int *at)
{
    while (*at < COMMAND_COUNT) {
        const struct command *command = command_by_id((enum command_id)(*at)++);

        if (strncmp(command->name, name, size) == 0 && command->name[size] == ' ' &&
            command_is_served(command)) {
            return command;
        }
    }
    return NULL;
}

static size_t count_served(const char *name, size_t size)
{
    size_t count = 0;

    for (int at = 0; next_served(name, size, &at) != NULL;) {
        count++;
    }
    return count;
}

static void write_title(struct sendq *to, const char *name, size_t size)
{
    char line[LINE_SIZE];
    int length = snprintf(line, sizeof line, "%.*s", (int)size, name);

    for (int i = 0; i < length; i++) {
        line[i] = (char)toupper((unsigned char)line[i]);
    }
    snprintf(line + length, sizeof line - (size_t)length,
             " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    resp_write_status(to, line);
}

void local_help(const struct local_call *call)
{
    const char *name = call->command->name;
    size_t size = strcspn(name, " ");
    struct sendq *to = call_begin(call);
    const struct command *command;

    resp_write_array(to, 1 + 2 * count_served(name, size));
    write_title(to, name, size);
    for (int at = 0; (command = next_served(name, size, &at)) != NULL;) {
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
