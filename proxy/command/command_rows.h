/* command_rows.h - rows of commands that are not in commands.def, kept until the process ends.
 *
 * Requests, sessions and logs hold pointers to rows for as long as they like: so a row is never
 * freed and never changes, equal facts are one row, and there is a limit. Any thread.
 */
#ifndef PROXY_COMMAND_COMMAND_ROWS_H
#define PROXY_COMMAND_COMMAND_ROWS_H

#include "proxy/command/command.h"

enum { COMMAND_ROWS_MAX = 4096 };

/* The row that says what `facts` says; all of it is copied. NULL when there are too many rows. The
 * texts are within the limits of command.h. */
const struct command *command_row_keep(const struct command *facts) MUST_USE;

#endif
