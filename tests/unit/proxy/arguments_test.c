#include "proxy/arguments.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { ARGC_MAX = 12 };

/* Parses `words` behind the program's name; what was complained about is to be freed. */
static bool parse(const char *const *words, struct arguments *arguments, char **complaints)
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
    bool result = arguments_parse(argc, argv, arguments, to);
    fclose(to);
    return result;
}

static const struct {
    const char *words[ARGC_MAX];
    enum arguments_action action;
    enum arguments_form form;
} actions[] = {
    {{NULL}, ARGUMENTS_RUN, ARGUMENTS_TEXT},
    {{"-c", "f"}, ARGUMENTS_RUN, ARGUMENTS_TEXT},
    {{"--check", "-c", "f"}, ARGUMENTS_CHECK, ARGUMENTS_TEXT},
    {{"--print-config"}, ARGUMENTS_PRINT_CONFIG, ARGUMENTS_TEXT},
    {{"--healthcheck"}, ARGUMENTS_HEALTHCHECK, ARGUMENTS_TEXT},
    {{"-V"}, ARGUMENTS_VERSION, ARGUMENTS_TEXT},
    {{"--version"}, ARGUMENTS_VERSION, ARGUMENTS_TEXT},
    {{"-h"}, ARGUMENTS_HELP, ARGUMENTS_TEXT},
    {{"--help"}, ARGUMENTS_HELP, ARGUMENTS_TEXT},
    {{"--help-options"}, ARGUMENTS_HELP_OPTIONS, ARGUMENTS_TEXT},
    {{"--help-options=text"}, ARGUMENTS_HELP_OPTIONS, ARGUMENTS_TEXT},
    {{"--help-options=markdown"}, ARGUMENTS_HELP_OPTIONS, ARGUMENTS_MARKDOWN},
    {{"--help-metrics=markdown"}, ARGUMENTS_HELP_METRICS, ARGUMENTS_MARKDOWN},
    {{"--help-commands"}, ARGUMENTS_HELP_COMMANDS, ARGUMENTS_TEXT},
};

Test(arguments, what_to_do)
{
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        struct arguments arguments;
        char *complaints = NULL;
        cr_expect(parse(actions[i].words, &arguments, &complaints), "row %zu", i);
        cr_expect_eq(arguments.action, actions[i].action, "row %zu", i);
        cr_expect_eq(arguments.form, actions[i].form, "row %zu", i);
        cr_expect_str_eq(complaints, "");
        arguments_clear(&arguments);
        free(complaints);
    }
}

Test(arguments, what_to_run_with)
{
    const char *const words[] = {"--config=f", "--listen", "h:1",         "--seed",      "n:1",
                                 "--seed",     "n:2",      "--workers=3", "--admin=off", NULL};
    struct arguments arguments;
    char *complaints = NULL;

    cr_assert(parse(words, &arguments, &complaints), "%s", complaints);
    cr_expect_str_eq(arguments.config_path, "f");
    cr_expect_eq(arguments.overrides.listen_count, 1);
    cr_expect_str_eq(arguments.overrides.listen[0], "h:1");
    cr_expect_eq(arguments.overrides.seed_count, 2);
    cr_expect_str_eq(arguments.overrides.seeds[1], "n:2");
    cr_expect_str_eq(arguments.overrides.workers, "3");
    cr_expect_str_eq(arguments.overrides.admin_listen, "off");
    cr_expect_null(arguments.overrides.log_level);
    cr_expect_null(arguments.overrides.password_file);
    arguments_clear(&arguments);
    cr_expect_null(arguments.overrides.seeds);
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
    {{"--help-options=html"}, "slotway: unknown form 'html' of help, expected text or markdown\n"},
};

Test(arguments, mistakes)
{
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++) {
        struct arguments arguments;
        char *complaints = NULL;
        cr_expect_not(parse(mistakes[i].words, &arguments, &complaints), "row %zu", i);
        cr_expect_str_eq(complaints, mistakes[i].complaint);
        arguments_clear(&arguments);
        free(complaints);
    }
}

Test(arguments, a_variable_names_the_file_when_nothing_else_does)
{
    const char *const none[] = {NULL};
    const char *const named[] = {"-c", "mine", NULL};
    struct arguments arguments;
    char *complaints = NULL;

    setenv("SLOTWAY_CONFIG", "from environment", 1);
    cr_assert(parse(none, &arguments, &complaints));
    cr_expect_str_eq(arguments.config_path, "from environment");
    arguments_clear(&arguments);
    free(complaints);

    cr_assert(parse(named, &arguments, &complaints));
    cr_expect_str_eq(arguments.config_path, "mine");
    arguments_clear(&arguments);
    free(complaints);

    setenv("SLOTWAY_CONFIG", "", 1);
    cr_assert(parse(none, &arguments, &complaints));
    cr_expect_null(arguments.config_path);
    arguments_clear(&arguments);
    free(complaints);
}

Test(arguments, help_has_every_long_option)
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
    arguments_print_help(to);
    fclose(to);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        cr_expect_not_null(strstr(help, names[i]), "%s", names[i]);
    }
    free(help);
}
