/* command_line.h - the command line: what to do, and what it says on top of the configuration.
 *
 * The texts are borrowed from argv. One thread, before anything else runs.
 */
#ifndef PROXY_COMMAND_LINE_H
#define PROXY_COMMAND_LINE_H

#include <stdio.h>

#include "config/config.h"

/* What the process ends with. */
enum exit_code {
    EXIT_FINE = 0,
    EXIT_BAD_CONFIG = 1, /* also: not ready, for --healthcheck */
    EXIT_BAD_USAGE = 2,
    EXIT_CANNOT_START = 3, /* an address is taken, for example */
    EXIT_OVERDUE = 4,      /* a thread did not end */
};

enum command_line_action {
    COMMAND_LINE_RUN,
    COMMAND_LINE_CHECK,
    COMMAND_LINE_PRINT_CONFIG,
    COMMAND_LINE_HEALTHCHECK,
    COMMAND_LINE_VERSION,
    COMMAND_LINE_HELP,
    COMMAND_LINE_HELP_OPTIONS,
    COMMAND_LINE_HELP_METRICS,
    COMMAND_LINE_HELP_COMMANDS,
    COMMAND_LINE_IMPORT,
};

/* --help-options=markdown and its like print a page of docs/, --help-options=manual one for man(1).
 */
enum command_line_form { COMMAND_LINE_TEXT, COMMAND_LINE_MARKDOWN, COMMAND_LINE_MANUAL };

struct command_line {
    enum command_line_action action;
    enum command_line_form form;
    const char *config_path; /* NULL: none */
    const char *import_path; /* another proxy's file; NULL: none */
    struct config_overrides overrides;
};

/* Reads the command line, and SLOTWAY_CONFIG for a file that it does not name. False after a line
 * to `complaints` when it cannot be understood. What *line holds is given back by
 * command_line_clear in either case. */
bool command_line_parse(int argc, char **argv, struct command_line *line,
                        FILE *complaints) MUST_USE;

void command_line_clear(struct command_line *line);

/* What --help says. */
void command_line_print_help(FILE *to);

#endif
