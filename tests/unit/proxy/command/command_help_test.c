#include "proxy/command/command_help.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "proxy/command/command.h"

typedef void print_fn(FILE *to);

static char *printed(print_fn *print)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    print(file);
    fclose(file);
    return text;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = calloc(1, 256 * 1024);

    cr_assert_not_null(file, "%s cannot be read", path);
    cr_assert_lt(fread(text, 1, 256 * 1024, file), 256 * 1024);
    fclose(file);
    return text;
}

Test(command_help, has_a_line_for_every_command)
{
    char *text = printed(command_print_help);

    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        char line[128];
        const struct command *command = command_by_id(id);
        snprintf(line, sizeof line, "\n%-29s %5d  %s ", command->name, command->arity,
                 command_class_name(command->class));
        cr_expect_not_null(strstr(text, line), "%s", command->name);
    }
    free(text);
}

Test(command_help, is_what_the_page_of_the_documentation_says)
{
    char *text = printed(command_print_help_markdown);
    char *page = read_file(SOURCE_FOLDER "/docs/commands.md");

    cr_expect(strcmp(text, page) == 0,
              "docs/commands.md is stale: slotway --help-commands=markdown > docs/commands.md");
    free(text);
    free(page);
}

Test(command_help, has_every_command_once_in_the_page)
{
    char *text = printed(command_print_help_markdown);
    size_t rows = 0;

    for (const char *at = text; (at = strstr(at, "\n| ")) != NULL; at++) {
        rows += strncmp(at, "\n| command |", 12) == 0 ? 0 : 1;
    }
    cr_expect_eq(rows, COMMAND_COUNT);
    cr_expect_not_null(strstr(text, "\n| CONFIG GET | 3 or more | 2.0.0 | of the first primary"));
    cr_expect_not_null(strstr(text, "\n| SET | 3 or more | 1.0.0 |  |\n"));
    cr_expect_not_null(strstr(text, "in request order\n\nKeys may be in any slots. "));
    cr_expect_not_null(strstr(text, "\n## Split by slot, the answers merged in request order\n"));
    free(text);
}
