/* command_help.h - the rows of commands.def for people: --help-commands and docs/commands.md. */
#ifndef PROXY_COMMAND_COMMAND_HELP_H
#define PROXY_COMMAND_COMMAND_HELP_H

#include <stdio.h>

/* A line per command: name, arity, class, what slotway does with it. */
void command_print_help(FILE *to);

/* The page docs/commands.md: a table per class. */
void command_print_help_markdown(FILE *to);

#endif
