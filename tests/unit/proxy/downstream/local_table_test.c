#include <criterion/criterion.h>

#include "proxy/downstream/local.h"

/* What nodes answer as well, joined or put right. */
static bool is_joined(int id)
{
    return id == COMMAND_ID_INFO || id == COMMAND_ID_CONFIG_GET || id == COMMAND_ID_PUBLISH ||
           id == COMMAND_ID_SPUBLISH || id == COMMAND_ID_HIMPORT_SET;
}

/* What changes which scripts there are, or what was counted, and is noted. */
static bool is_noted(int id)
{
    return id == COMMAND_ID_SCRIPT_LOAD || id == COMMAND_ID_SCRIPT_EXISTS ||
           id == COMMAND_ID_SCRIPT_FLUSH || id == COMMAND_ID_FUNCTION_DELETE ||
           id == COMMAND_ID_FUNCTION_FLUSH || id == COMMAND_ID_FUNCTION_RESTORE ||
           id == COMMAND_ID_CONFIG_RESETSTAT;
}

static bool is_ours(const struct command *command)
{
    return command->class == COMMAND_CLASS_LOCAL || command->class == COMMAND_CLASS_TRANSACTION ||
           command->class == COMMAND_CLASS_PUBSUB;
}

Test(local_table, every_command_of_ours_has_a_handler_and_few_others)
{
    for (int id = 0; id < COMMAND_COUNT; id++) {
        const struct command *command = command_by_id((enum command_id)id);
        bool expected = is_ours(command) || is_joined(id) || is_noted(id);

        cr_expect_eq(local_has(command), expected, "%s", command->name);
    }
}
