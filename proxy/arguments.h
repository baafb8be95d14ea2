/* arguments.h - the command line: what to do, and what it says on top of the configuration.
 *
 * The texts are borrowed from argv. One thread, before anything else runs.
 */
#ifndef PROXY_ARGUMENTS_H
#define PROXY_ARGUMENTS_H

#include <stdio.h>

#include "config/config.h"

/* What the process ends with. */
enum exit_code {
    EXIT_FINE = 0,
    EXIT_BAD_CONFIG = 1, /* also: not ready, for --healthcheck */
    EXIT_BAD_USAGE = 2,
    EXIT_CANNOT_START = 3, /* an address is taken, for example */
};

enum arguments_action {
    ARGUMENTS_RUN,
    ARGUMENTS_CHECK,
    ARGUMENTS_PRINT_CONFIG,
    ARGUMENTS_HEALTHCHECK,
    ARGUMENTS_VERSION,
    ARGUMENTS_HELP,
    ARGUMENTS_HELP_OPTIONS,
    ARGUMENTS_HELP_METRICS,
    ARGUMENTS_HELP_COMMANDS,
};

/* --help-options=markdown and its like print a page of docs/. */
enum arguments_form { ARGUMENTS_TEXT, ARGUMENTS_MARKDOWN };

struct arguments {
    enum arguments_action action;
    enum arguments_form form;
    const char *config_path; /* NULL: none */
    struct config_overrides overrides;
};

/* Reads the command line, and SLOTWAY_CONFIG for a file that it does not name. False after a line
 * to `complaints` when it cannot be understood. What *arguments holds is given back by
 * arguments_clear in either case. */
bool arguments_parse(int argc, char **argv, struct arguments *arguments, FILE *complaints) MUST_USE;

void arguments_clear(struct arguments *arguments);

/* What --help says. */
void arguments_print_help(FILE *to);

#endif
