#include "proxy/command_line.h"

#include <getopt.h>
#include <stdlib.h>

#include "common/memory.h"

/* Behind the characters that short options may be. */
enum {
    ON_CHECK = 256,
    ON_PRINT_CONFIG,
    ON_HEALTHCHECK,
    ON_HELP_OPTIONS,
    ON_HELP_METRICS,
    ON_HELP_COMMANDS,
    ON_IMPORT,
    ON_LISTEN,
    ON_SEED,
    ON_PASSWORD_FILE,
    ON_ADMIN,
    ON_WORKERS,
    ON_LOG_LEVEL,
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"check", no_argument, NULL, ON_CHECK},
    {"print-config", no_argument, NULL, ON_PRINT_CONFIG},
    {"healthcheck", no_argument, NULL, ON_HEALTHCHECK},
    {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},
    {"help-options", optional_argument, NULL, ON_HELP_OPTIONS},
    {"help-metrics", optional_argument, NULL, ON_HELP_METRICS},
    {"help-commands", optional_argument, NULL, ON_HELP_COMMANDS},
    {"import", required_argument, NULL, ON_IMPORT},
    {"listen", required_argument, NULL, ON_LISTEN},
    {"seed", required_argument, NULL, ON_SEED},
    {"password-file", required_argument, NULL, ON_PASSWORD_FILE},
    {"admin", required_argument, NULL, ON_ADMIN},
    {"workers", required_argument, NULL, ON_WORKERS},
    {"log-level", required_argument, NULL, ON_LOG_LEVEL},
    {NULL, 0, NULL, 0},
};

static void append(const char ***list, size_t *count, const char *text)
{
    *list = memory_resize(*list, *count + 1, sizeof **list);
    (*list)[(*count)++] = text;
}

/* Options that say a value; false for any other. */
static bool take_value(struct command_line *line, int option, const char *value)
{
    struct config_overrides *overrides = &line->overrides;

    switch (option) {
    case 'c': line->config_path = value; return true;
    case ON_IMPORT:
        line->import_path = value;
        line->action = COMMAND_LINE_IMPORT;
        return true;
    case ON_LISTEN: append(&overrides->listen, &overrides->listen_count, value); return true;
    case ON_SEED: append(&overrides->seeds, &overrides->seed_count, value); return true;
    case ON_PASSWORD_FILE: overrides->password_file = value; return true;
    case ON_ADMIN: overrides->admin_listen = value; return true;
    case ON_WORKERS: overrides->workers = value; return true;
    case ON_LOG_LEVEL: overrides->log_level = value; return true;
    default: return false;
    }
}

/* Options that say what to do; the last one counts. */
static bool take_action(struct command_line *line, int option)
{
    static const struct {
        int option;
        enum command_line_action action;
    } actions[] = {
        {ON_CHECK, COMMAND_LINE_CHECK},
        {ON_PRINT_CONFIG, COMMAND_LINE_PRINT_CONFIG},
        {ON_HEALTHCHECK, COMMAND_LINE_HEALTHCHECK},
        {'V', COMMAND_LINE_VERSION},
        {'h', COMMAND_LINE_HELP},
        {ON_HELP_OPTIONS, COMMAND_LINE_HELP_OPTIONS},
        {ON_HELP_METRICS, COMMAND_LINE_HELP_METRICS},
        {ON_HELP_COMMANDS, COMMAND_LINE_HELP_COMMANDS},
    };

    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        if (actions[i].option == option) {
            line->action = actions[i].action;
            return true;
        }
    }
    return false;
}

static bool take_form(struct command_line *line, const char *form, FILE *complaints)
{
    if (form == NULL || strcmp(form, "text") == 0) {
        line->form = COMMAND_LINE_TEXT;
    } else if (strcmp(form, "markdown") == 0) {
        line->form = COMMAND_LINE_MARKDOWN;
    } else if (strcmp(form, "manual") == 0 && line->action == COMMAND_LINE_HELP_OPTIONS) {
        line->form = COMMAND_LINE_MANUAL;
    } else {
        fprintf(complaints, "slotway: unknown form '%s' of help, expected text or markdown\n",
                form);
        return false;
    }
    return true;
}

static void complain(int option, char **argv, FILE *complaints)
{
    const char *said = argv[optind - 1];

    if (option == ':') {
        fprintf(complaints, "slotway: option '%s' needs a value", said);
    } else if (optopt >= ON_CHECK || optopt == 'h' || optopt == 'V') {
        /* A known option can only be wrong by "=value". */
        fprintf(complaints, "slotway: option '%s' takes no value", said);
    } else if (optopt > 0) {
        fprintf(complaints, "slotway: unknown option '-%c'", optopt);
    } else {
        fprintf(complaints, "slotway: unknown option '%s'", said);
    }
    fputs(", see slotway --help\n", complaints);
}

static bool take_options(int argc, char **argv, struct command_line *line, FILE *complaints)
{
    int option = 0;

    /* glibc: zero starts over, also in the middle of a cluster of short options. */
    optind = 0;
    opterr = 0;
    while ((option = getopt_long(argc, argv, ":c:hV", long_options, NULL)) != -1) {
        if (take_value(line, option, optarg)) {
            continue;
        }
        if (!take_action(line, option)) {
            complain(option, argv, complaints);
            return false;
        }
        if (!take_form(line, optarg, complaints)) {
            return false;
        }
    }
    if (optind < argc) {
        fprintf(complaints, "slotway: unexpected argument '%s', see slotway --help\n",
                argv[optind]);
        return false;
    }
    return true;
}

bool command_line_parse(int argc, char **argv, struct command_line *line, FILE *complaints)
{
    *line = (struct command_line){.action = COMMAND_LINE_RUN};
    if (!take_options(argc, argv, line, complaints)) {
        return false;
    }
    const char *path = getenv("SLOTWAY_CONFIG");
    if (line->config_path == NULL && path != NULL && *path != '\0') {
        line->config_path = path;
    }
    return true;
}

void command_line_clear(struct command_line *line)
{
    free(line->overrides.listen);
    free(line->overrides.seeds);
    *line = (struct command_line){0};
}

void command_line_print_help(FILE *to)
{
    fputs("slotway - one address for a whole Redis or Valkey Cluster\n"
          "\n"
          "usage: slotway -c FILE\n"
          "       slotway --listen 127.0.0.1:6380 --seed 127.0.0.1:7000 [--password-file FILE]\n"
          "\n"
          "What to run with; each wins over the file and over the environment:\n"
          "  -c, --config FILE      YAML file with the options; also SLOTWAY_CONFIG\n"
          "      --listen ADDRESS   where clients connect; may be said several times\n"
          "      --seed ADDRESS     a node of the cluster; may be said several times\n"
          "      --password-file FILE  its first line is the password towards the nodes\n"
          "      --admin ADDRESS    where /metrics, /healthz and /readyz are; off for nowhere\n"
          "      --workers N        worker threads; auto is one per CPU\n"
          "      --log-level LEVEL  debug, info, warn or error\n"
          "\n"
          "What to do instead of running:\n"
          "      --check            say all that is wrong with the configuration; 0 if nothing is\n"
          "      --print-config     print the configuration as it would be used, without secrets\n"
          "      --healthcheck      ask the admin address of a running slotway; 0 if it is ready\n"
          "      --import FILE      print what does the same as another proxy's configuration: a\n"
          "                         nutcracker.yml, predixy.conf or envoy.yaml\n"
          "  -h, --help             this text\n"
          "  -V, --version          the version\n"
          "      --help-options     every option of the file and its environment variable\n"
          "      --help-metrics     every metric\n"
          "      --help-commands    every Redis command and what becomes of it\n"
          "                         (=markdown prints these three as pages,\n"
          "                         --help-options=manual that of slotway.yaml(5))\n"
          "\n"
          "Signals: SIGTERM and SIGINT drain, then end; SIGHUP reads the configuration again.\n"
          "Exit codes: 0 fine, 1 bad configuration or not ready, 2 bad usage, 3 cannot start.\n",
          to);
}
