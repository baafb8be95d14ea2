#include <criterion/criterion.h>

#include "proxy/downstream/local.h"

/* INFO and CONFIG GET are the only ones that nodes answer and that are joined here. */
Test(local_table, every_command_of_ours_has_a_handler_and_no_other)
{
    for (int id = 0; id < COMMAND_COUNT; id++) {
        const struct command *command = command_by_id((enum command_id)id);
        bool is_joined = id == COMMAND_ID_INFO || id == COMMAND_ID_CONFIG_GET;
        bool expected = command->class == COMMAND_CLASS_LOCAL ||
                        command->class == COMMAND_CLASS_TRANSACTION || is_joined;

        cr_expect_eq(local_has(command), expected, "%s", command->name);
    }
}
