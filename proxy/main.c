#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crash.h"
#include "common/log.h"
#include "config/import/import.h"
#include "proxy/command/command_help.h"
#include "proxy/command_line.h"
#include "proxy/healthcheck.h"
#include "proxy/metrics/metrics_text.h"
#include "proxy/server.h"
#include "proxy/users.h"

/* Less than the time that container engines give a health check. */
enum { HEALTHCHECK_TIMEOUT_US = 2 * US_PER_SECOND };

static void say_errors(struct config_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        fprintf(stderr, "slotway: %s\n", errors->lines[i]);
    }
    config_errors_clear(errors);
}

/* Says everything that is wrong with the users, whom only a running slotway needs. */
static bool check_users(const struct config *config)
{
    struct config_errors errors = {0};
    bool is_good = users_check(config, &errors);

    say_errors(&errors);
    return is_good;
}

/* The configuration, or NULL after everything that is wrong has been said. */
static struct config *load(const struct command_line *line)
{
    struct config_errors errors;
    struct config *config = config_load(line->config_path, &line->overrides, &errors);

    say_errors(&errors);
    return config;
}

static void warn_of_unknown_variables(void)
{
    size_t at = 0;
    char *name;

    while ((name = config_unknown_variable(&at)) != NULL) {
        log_warn("an environment variable means nothing", "name=%s see=--help-options", name);
        free(name);
    }
}

static int run(const struct command_line *line)
{
    const struct config_source source = {line->config_path, &line->overrides};
    struct config *config = load(line);

    if (config == NULL) {
        return EXIT_BAD_CONFIG;
    }
    log_configure(config->log_level, config->log_format);
    warn_of_unknown_variables();
    if (!check_users(config)) {
        config_free(&config);
        return EXIT_BAD_CONFIG;
    }
    return (int)server_run(config_share_new(&config), &source);
}

static int check_health(const struct config *config)
{
    char text[sizeof(struct address) + 32];

    if (config->admin_listen.count == 0) {
        fputs("slotway: no health check, 'admin.listen' is off, expected an address\n", stderr);
        return EXIT_BAD_CONFIG;
    }
    const struct address *admin = &config->admin_listen.items[0];
    enum healthcheck_speech speech =
        config->admin_tls_certificate != NULL ? HEALTHCHECK_HTTPS : HEALTHCHECK_HTTP;
    enum healthcheck_result result = healthcheck(admin, speech, HEALTHCHECK_TIMEOUT_US);
    if (result != HEALTHCHECK_READY) {
        fprintf(stderr, "slotway: %s, slotway at %s\n", healthcheck_text(result),
                address_print(admin, text, sizeof text));
        return EXIT_BAD_CONFIG;
    }
    return EXIT_FINE;
}

static int with_config(const struct command_line *line, int (*act)(const struct config *config))
{
    struct config *config = load(line);

    if (config == NULL) {
        return EXIT_BAD_CONFIG;
    }
    int code = act(config);
    config_free(&config);
    return code;
}

/* Only the admin address matters here: the running process may have its seeds from a command line
 * that this one does not see. */
static int healthcheck_action(struct command_line *line)
{
    /* TLS writes without MSG_NOSIGNAL: who hangs up is to be told of, not died of. */
    signal(SIGPIPE, SIG_IGN);
    line->overrides.seeds_are_elsewhere = true;
    return with_config(line, check_health);
}

static int check_action(const struct config *config)
{
    warn_of_unknown_variables();
    if (!check_users(config)) {
        return EXIT_BAD_CONFIG;
    }
    puts("slotway: the configuration is good");
    return EXIT_FINE;
}

static int print_action(const struct config *config)
{
    config_print(config, stdout);
    return EXIT_FINE;
}

static int import_action(const struct command_line *line)
{
    struct config_errors errors;
    size_t notes = 0;

    if (!config_import(line->import_path, stdout, &notes, &errors)) {
        say_errors(&errors);
        return EXIT_BAD_CONFIG;
    }
    if (notes > 0) {
        fprintf(stderr, "slotway: not everything has an equivalent, see the comments (%zu)\n",
                notes);
    }
    return EXIT_FINE;
}

typedef void help_fn(FILE *to);

static int print_help(enum command_line_form form, help_fn *text, help_fn *markdown,
                      help_fn *manual)
{
    switch (form) {
    case COMMAND_LINE_TEXT: text(stdout); break;
    case COMMAND_LINE_MARKDOWN: markdown(stdout); break;
    case COMMAND_LINE_MANUAL: manual(stdout); break;
    }
    return EXIT_FINE;
}

static int act(struct command_line *line)
{
    enum command_line_form form = line->form;

    switch (line->action) {
    case COMMAND_LINE_RUN: return run(line);
    case COMMAND_LINE_CHECK: return with_config(line, check_action);
    case COMMAND_LINE_PRINT_CONFIG: return with_config(line, print_action);
    case COMMAND_LINE_HEALTHCHECK: return healthcheck_action(line);
    case COMMAND_LINE_IMPORT: return import_action(line);
    case COMMAND_LINE_VERSION: puts("slotway " SLOTWAY_VERSION); return EXIT_FINE;
    case COMMAND_LINE_HELP: command_line_print_help(stdout); return EXIT_FINE;
    case COMMAND_LINE_HELP_OPTIONS:
        return print_help(form, config_print_options, config_print_options_markdown,
                          config_print_options_manual);
    case COMMAND_LINE_HELP_METRICS:
        return print_help(form, metrics_print_help, metrics_print_help_markdown,
                          metrics_print_help);
    case COMMAND_LINE_HELP_COMMANDS:
        return print_help(form, command_print_help, command_print_help_markdown,
                          command_print_help);
    }
    return EXIT_BAD_USAGE;
}

int main(int argc, char **argv)
{
    struct command_line line;
    int code = EXIT_BAD_USAGE;

    crash_report_install();
    if (command_line_parse(argc, argv, &line, stderr)) {
        code = act(&line);
    }
    command_line_clear(&line);
    if (fflush(stdout) != 0) {
        fprintf(stderr, "slotway: cannot write: %s\n", strerror(errno));
        return code == EXIT_FINE ? EXIT_BAD_CONFIG : code;
    }
    return code;
}
