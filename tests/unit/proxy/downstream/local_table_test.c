#include <criterion/criterion.h>

#include "proxy/downstream/local.h"

Test(local_table, every_local_command_has_a_handler_and_no_other_but_info_and_config_get)
{
    for (int id = 0; id < COMMAND_COUNT; id++) {
        const struct command *command = command_by_id((enum command_id)id);
        bool is_joined = id == COMMAND_ID_INFO || id == COMMAND_ID_CONFIG_GET;
        bool expected = command->class == COMMAND_CLASS_LOCAL || is_joined;

        cr_expect_eq(local_has(command), expected, "%s", command->name);
    }
}
