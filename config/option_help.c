#include <stdlib.h>

#include "config/config_environment.h"
#include "config/option_value.h"

typedef void row_fn(const struct option_row *row, FILE *to);

static const char *fallback_text(const struct option_row *row)
{
    return row->fallback == NULL ? "not set" : row->fallback;
}

static void print_values(const struct option_row *row, FILE *to)
{
    char *expected = option_expected(row);

    fputs(expected, to);
    if (row->type == OPTION_ADDRESSES && row->max == 1) {
        fputs("; or off", to);
    } else if (option_is_list(row)) {
        fprintf(to, "; a list of %llu to %llu", (unsigned long long)row->min,
                (unsigned long long)row->max);
    }
    free(expected);
}

static const char *reload_text(const struct option_row *row)
{
    switch (row->reload) {
    case OPTION_LIVE: return "on reload";
    case OPTION_RESTART: return "at a restart";
    }
    return NULL;
}

/* `quote` stands around each name. */
static void print_variables(const struct option_row *row, const char *quote, FILE *to)
{
    char *name = config_variable_name(row);
    const char *alias = config_variable_alias(row);

    fprintf(to, "%s%s%s", quote, name, quote);
    if (alias != NULL) {
        fprintf(to, ", %s%s%s", quote, alias, quote);
    }
    free(name);
}

static void print_row(const struct option_row *row, FILE *to)
{
    fprintf(to, "  %s\n      %s\n      values:       ", row->path, row->help);
    print_values(row, to);
    fprintf(to, "\n      default:      %s\n      changes:      %s\n      environment:  ",
            fallback_text(row), reload_text(row));
    print_variables(row, "", to);
    fputs("\n\n", to);
}

static void print_row_markdown(const struct option_row *row, FILE *to)
{
    bool is_set = row->fallback != NULL;

    fprintf(to, "| `%s` | %s%s%s | ", row->path, is_set ? "`" : "", fallback_text(row),
            is_set ? "`" : "");
    print_values(row, to);
    fprintf(to, " | %s | %s | ", row->help, reload_text(row));
    print_variables(row, "`", to);
    fputs(" |\n", to);
}

static void print_rows(enum option_scope scope, row_fn *print, FILE *to)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        if (option_rows[i].scope == scope) {
            print(&option_rows[i], to);
        }
    }
}

void config_print_options(FILE *to)
{
    fputs("Options of the process, at the top level of the file:\n\n", to);
    print_rows(OPTION_GLOBAL, print_row, to);
    fputs("Options of a pool, in an entry of the list 'pools':\n\n", to);
    print_rows(OPTION_POOL, print_row, to);
    fputs(
        "In the file, a.b is key b of mapping a, null is not set, ${NAME} is replaced by the\n"
        "environment variable NAME, and $${ is a literal ${. A variable of a pool means the only\n"
        "pool. Later wins: file, environment, command line.\n",
        to);
}

static void print_table_markdown(enum option_scope scope, FILE *to)
{
    fputs("| option | default | values | meaning | changes | environment |\n"
          "|---|---|---|---|---|---|\n",
          to);
    print_rows(scope, print_row_markdown, to);
}

void config_print_options_markdown(FILE *to)
{
    fputs("# Options\n\n"
          "This page is printed by `slotway --help-options=markdown`.\n\n"
          "The configuration is a YAML file. `a.b` is key `b` of mapping `a`; an unknown key, a "
          "wrong type or a value out of bounds is an error, and all errors are reported at once, "
          "each with its place. `null` and `~` mean not set. `${NAME}` inside a value is replaced "
          "by the environment variable `NAME`, which must exist; `$${` is a literal `${`. Aliases, "
          "anchors, tags and second documents are refused.\n\n"
          "Every option has an environment variable too, which wins over the file; an empty one "
          "counts as not set, and lists are split at commas. Command line options win over both. "
          "A variable that belongs to a pool means the only pool, and is an error when the file "
          "has several. Without `pools`, one pool with the name `main` is made of the defaults, "
          "the environment and the command line.\n\n"
          "SIGHUP and `POST /reload` on the admin port read all of this again: "
          "[reload.md](reload.md). What then changes, and what waits for a restart, is in the "
          "column *changes*.\n\n"
          "## The process: the top level of the file\n\n",
          to);
    print_table_markdown(OPTION_GLOBAL, to);
    fputs("\n## A pool: each entry of the list `pools`\n\n", to);
    print_table_markdown(OPTION_POOL, to);
}

/* Text for mdoc(7): a backslash would begin an escape, a dot at the start of a line a macro. */
static void print_manual_text(const char *text, FILE *to)
{
    if (*text == '.' || *text == '\'') {
        fputs("\\&", to);
    }
    for (; *text != '\0'; text++) {
        fputs(*text == '\\' ? "\\e" : (char[]){*text, '\0'}, to);
    }
    fputc('\n', to);
}

static void print_row_manual(const struct option_row *row, FILE *to)
{
    fprintf(to, ".It Cm %s\n", row->path);
    print_manual_text(row->help, to);
    fputs(".br\nValues: ", to);
    print_values(row, to);
    fprintf(to, ".\nDefault: %s.\nChanges: %s.\nEnvironment: ", fallback_text(row),
            reload_text(row));
    print_variables(row, "", to);
    fputs(".\n", to);
}

static void print_list_manual(enum option_scope scope, FILE *to)
{
    fputs(".Bl -tag -width Ds\n", to);
    print_rows(scope, print_row_manual, to);
    fputs(".El\n", to);
}

void config_print_options_manual(FILE *to)
{
    fputs(".Dd November 23, 2026\n"
          ".Dt SLOTWAY.YAML 5\n"
          ".Os\n"
          ".Sh NAME\n"
          ".Nm slotway.yaml\n"
          ".Nd configuration of slotway\n"
          ".Sh DESCRIPTION\n"
          "The file that\n"
          ".Xr slotway 1\n"
          "is given with\n"
          ".Fl c ,\n"
          "in YAML.\n"
          "In the lists below, a.b is key b of mapping a; null means not set.\n"
          "An unknown key, a wrong type or a value out of bounds is an error, and all errors are\n"
          "reported at once, each with its place.\n"
          "${NAME} inside a value is replaced by the environment variable NAME, which must exist;\n"
          "$${ is a literal ${.\n"
          "Aliases, anchors, tags and second documents are refused.\n"
          ".Pp\n"
          "Every option has an environment variable too, which wins over the file; the command\n"
          "line wins over both.\n"
          "A variable of a pool means the only pool.\n"
          ".Sh THE PROCESS\n"
          "At the top level of the file:\n",
          to);
    print_list_manual(OPTION_GLOBAL, to);
    fputs(".Sh A POOL\n"
          "In each entry of the list\n"
          ".Cm pools :\n",
          to);
    print_list_manual(OPTION_POOL, to);
    fputs(".Sh EXAMPLES\n"
          ".Bd -literal -offset indent\n"
          "pools:\n"
          "  - listen: [\"0.0.0.0:6380\"]\n"
          "    backend:\n"
          "      seeds: [\"10.0.0.1:6379\", \"10.0.0.2:6379\"]\n"
          "      password: \"${REDIS_PASSWORD}\"\n"
          ".Ed\n"
          ".Sh SEE ALSO\n"
          ".Xr slotway 1\n",
          to);
}
