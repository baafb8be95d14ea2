#include "proxy/command_line.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { ARGC_MAX = 12 };

/* Parses `words` behind the program's name; what was complained about is to be freed. */
static bool parse(const char *const *words, struct command_line *line, char **complaints)
{
    char *argv[ARGC_MAX + 2] = {(char *)"slotway"};
    size_t size = 0;
    int argc = 1;
    FILE *to = open_memstream(complaints, &size);

    cr_assert_not_null(to);
    for (; words[argc - 1] != NULL; argc++) {
        cr_assert_leq(argc, ARGC_MAX);
        argv[argc] = (char *)words[argc - 1];
    }
    bool result = command_line_parse(argc, argv, line, to);
    fclose(to);
    return result;
}

static const struct {
    const char *words[ARGC_MAX];
    enum command_line_action action;
    enum command_line_form form;
} actions[] = {
    {{NULL}, COMMAND_LINE_RUN, COMMAND_LINE_TEXT},
    {{"-c", "f"}, COMMAND_LINE_RUN, COMMAND_LINE_TEXT},
    {{"--check", "-c", "f"}, COMMAND_LINE_CHECK, COMMAND_LINE_TEXT},
    {{"--print-config"}, COMMAND_LINE_PRINT_CONFIG, COMMAND_LINE_TEXT},
    {{"--healthcheck"}, COMMAND_LINE_HEALTHCHECK, COMMAND_LINE_TEXT},
    {{"-V"}, COMMAND_LINE_VERSION, COMMAND_LINE_TEXT},
    {{"--version"}, COMMAND_LINE_VERSION, COMMAND_LINE_TEXT},
    {{"-h"}, COMMAND_LINE_HELP, COMMAND_LINE_TEXT},
    {{"--help"}, COMMAND_LINE_HELP, COMMAND_LINE_TEXT},
    {{"--help-options"}, COMMAND_LINE_HELP_OPTIONS, COMMAND_LINE_TEXT},
    {{"--help-options=text"}, COMMAND_LINE_HELP_OPTIONS, COMMAND_LINE_TEXT},
    {{"--help-options=markdown"}, COMMAND_LINE_HELP_OPTIONS, COMMAND_LINE_MARKDOWN},
    {{"--help-options=manual"}, COMMAND_LINE_HELP_OPTIONS, COMMAND_LINE_MANUAL},
    {{"--help-metrics=markdown"}, COMMAND_LINE_HELP_METRICS, COMMAND_LINE_MARKDOWN},
    {{"--help-commands"}, COMMAND_LINE_HELP_COMMANDS, COMMAND_LINE_TEXT},
    {{"--import", "f"}, COMMAND_LINE_IMPORT, COMMAND_LINE_TEXT},
};

Test(command_line, what_to_do)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        struct command_line line;
        char *complaints = NULL;
        cr_expect(parse(actions[i].words, &line, &complaints), "row %zu", i);
        cr_expect_eq(line.action, actions[i].action, "row %zu", i);
        cr_expect_eq(line.form, actions[i].form, "row %zu", i);
        cr_expect_str_eq(complaints, "");
        command_line_clear(&line);
        free(complaints);
    }
}

Test(command_line, what_to_run_with)
{
    const char *const words[] = {"--config=f", "--listen", "h:1",         "--seed",      "n:1",
                                 "--seed",     "n:2",      "--workers=3", "--admin=off", NULL};
    struct command_line line;
    char *complaints = NULL;

    cr_assert(parse(words, &line, &complaints), "%s", complaints);
    cr_expect_str_eq(line.config_path, "f");
    cr_expect_eq(line.overrides.listen_count, 1);
    cr_expect_str_eq(line.overrides.listen[0], "h:1");
    cr_expect_eq(line.overrides.seed_count, 2);
    cr_expect_str_eq(line.overrides.seeds[1], "n:2");
    cr_expect_str_eq(line.overrides.workers, "3");
    cr_expect_str_eq(line.overrides.admin_listen, "off");
    cr_expect_null(line.overrides.log_level);
    cr_expect_null(line.overrides.password_file);
    cr_expect_null(line.import_path);
    command_line_clear(&line);
    cr_expect_null(line.overrides.seeds);
    free(complaints);
}

static const struct {
    const char *words[ARGC_MAX];
    const char *complaint;
} mistakes[] = {
    {{"--lisen", "x"}, "slotway: unknown option '--lisen', see slotway --help\n"},
    {{"-x"}, "slotway: unknown option '-x', see slotway --help\n"},
    {{"-Vx"}, "slotway: unknown option '-x', see slotway --help\n"},
    {{"--config"}, "slotway: option '--config' needs a value, see slotway --help\n"},
    {{"-c"}, "slotway: option '-c' needs a value, see slotway --help\n"},
    {{"--check=yes"}, "slotway: option '--check=yes' takes no value, see slotway --help\n"},
    {{"--version=yes"}, "slotway: option '--version=yes' takes no value, see slotway --help\n"},
    {{"proxy.yaml"}, "slotway: unexpected argument 'proxy.yaml', see slotway --help\n"},
    {{"--seed", "n:1", "extra"}, "slotway: unexpected argument 'extra', see slotway --help\n"},
    {{"--help-metrics=manual"},
     "slotway: unknown form 'manual' of help, expected text or markdown\n"},
    {{"--help-options=html"}, "slotway: unknown form 'html' of help, expected text or markdown\n"},
};

Test(command_line, mistakes)
{
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        struct command_line line;
        char *complaints = NULL;
        cr_expect_not(parse(mistakes[i].words, &line, &complaints), "row %zu", i);
        cr_expect_str_eq(complaints, mistakes[i].complaint);
        command_line_clear(&line);
        free(complaints);
    }
}

Test(command_line, a_variable_names_the_file_when_nothing_else_does)
{
    const char *const none[] = {NULL};
    const char *const named[] = {"-c", "mine", NULL};
    struct command_line line;
    char *complaints = NULL;

    setenv("SLOTWAY_CONFIG", "from environment", 1);
    cr_assert(parse(none, &line, &complaints));
    cr_expect_str_eq(line.config_path, "from environment");
    command_line_clear(&line);
    free(complaints);

    cr_assert(parse(named, &line, &complaints));
    cr_expect_str_eq(line.config_path, "mine");
    command_line_clear(&line);
    free(complaints);

    setenv("SLOTWAY_CONFIG", "", 1);
    cr_assert(parse(none, &line, &complaints));
    cr_expect_null(line.config_path);
    command_line_clear(&line);
    free(complaints);
}

Test(command_line, help_has_every_long_option)
{
    static const char *const names[] = {
        "--config", "--check",         "--print-config", "--healthcheck",   "--version",
        "--help",   "--help-options",  "--help-metrics", "--help-commands", "--listen",
        "--seed",   "--password-file", "--admin",        "--workers",       "--log-level",
    };
    char *help = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&help, &size);

    cr_assert_not_null(to);
    command_line_print_help(to);
    fclose(to);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        cr_expect_not_null(strstr(help, names[i]), "%s", names[i]);
    }
    free(help);
}
