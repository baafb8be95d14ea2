#include "bench/load/options.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

enum option_type { TYPE_TEXT, TYPE_COUNT, TYPE_SECONDS, TYPE_KIND, TYPE_FLAG };

struct option {
    const char *name;
    enum option_type type;
    size_t offset;
    uint64_t least;
    uint64_t most;
    const char *placeholder;
    const char *help;
};

/* " get set ..." */
#define WORK(symbol, name, keys, help) " " name
static const char work_names[] =
#include "bench/load/works.def"
    ;

#define AT(field) offsetof(struct options, field)

static const struct option rows[] = {
#define TEXT(field, name, preset, word, help) {name, TYPE_TEXT, AT(field), 0, 0, word, help},
#define COUNT(field, name, preset, least, most, help)                                              \
    {name, TYPE_COUNT, AT(field), least, most, "N", help},
#define SECONDS(field, name, help) {name, TYPE_SECONDS, AT(field), 0, 0, "N", help},
#define KIND(field, name, help)    {name, TYPE_KIND, AT(field), 0, 0, "WORK", help},
#define FLAG(field, name, help)    {name, TYPE_FLAG, AT(field), 0, 0, "", help},
#include "bench/load/options.def"
};

static const struct options presets = {
#define TEXT(field, name, preset, placeholder, help)  .field = preset,
#define COUNT(field, name, preset, least, most, help) .field = preset,
#define SECONDS(field, name, help)                    .field = 0,
#define KIND(field, name, help)                       .field = WORK_GET,
#define FLAG(field, name, help)                       .field = false,
#include "bench/load/options.def"
};

static PRINTF(2, 3) bool refuse(FILE *complaints, const char *format, ...)
{
    va_list arguments;

    fputs("load: ", complaints);
    va_start(arguments, format);
    vfprintf(complaints, format, arguments);
    va_end(arguments);
    fputs("; see load --help\n", complaints);
    return false;
}

/* Digits and nothing else: strtoull would take blanks and a minus. */
static bool read_count(const struct option *row, const char *text, uint64_t *count)
{
    char *end;

    errno = 0;
    *count = strtoull(text, &end, 10);
    return isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0 && *count >= row->least &&
           *count <= row->most;
}

static bool read_seconds(const char *text, double *seconds)
{
    char *end;

    *seconds = strtod(text, &end);
    return isdigit((unsigned char)text[0]) && *end == '\0' && *seconds > 0 && *seconds <= 1e6;
}

static bool set_value(struct options *options, const struct option *row, const char *text,
                      FILE *complaints)
{
    char *field = (char *)options + row->offset;

    switch (row->type) {
    case TYPE_TEXT: *(const char **)(void *)field = text; return true;
    case TYPE_COUNT:
        return read_count(row, text, (uint64_t *)(void *)field) ||
               refuse(complaints, "--%s '%s': expected a number from %llu to %llu", row->name, text,
                      (unsigned long long)row->least, (unsigned long long)row->most);
    case TYPE_SECONDS:
        return read_seconds(text, (double *)(void *)field) ||
               refuse(complaints, "--%s '%s': expected a number above 0", row->name, text);
    case TYPE_KIND:
        return work_find(text, (enum work_kind *)(void *)field) ||
               refuse(complaints, "--%s '%s': expected one of%s", row->name, text, work_names);
    case TYPE_FLAG: *(bool *)(void *)field = true; return true;
    }
    return false;
}

/* The row that `word`, "--name" or "--name=value", names; *value is behind the equals sign. */
static const struct option *find_row(const char *word, const char **value)
{
    size_t size = strcspn(word, "=");

    *value = word[size] == '=' ? word + size + 1 : NULL;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t length = strlen(rows[i].name);

        if (size == length + 2 && memcmp(word, "--", 2) == 0 &&
            memcmp(word + 2, rows[i].name, length) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static bool read_words(struct options *options, int argc, char **argv, FILE *complaints)
{
    for (int i = 1; i < argc; i++) {
        const char *value;
        const struct option *row = find_row(argv[i], &value);

        if (row == NULL || (row->type == TYPE_FLAG && value != NULL)) {
            return refuse(complaints, "unknown option '%s'", argv[i]);
        }
        if (row->type != TYPE_FLAG && value == NULL) {
            value = argv[++i];
        }
        if (row->type != TYPE_FLAG && value == NULL) {
            return refuse(complaints, "--%s: expected a value behind it", row->name);
        }
        if (!set_value(options, row, value, complaints)) {
            return false;
        }
    }
    return true;
}

static bool check_end(const struct options *options, FILE *complaints)
{
    bool has_end = options->requests > 0 || options->seconds > 0;

    if (options->hold && (options->idle == 0 || options->fill || has_end)) {
        return refuse(complaints, "--hold: expected --idle, and none of --requests, --seconds and "
                                  "--fill");
    }
    if ((options->hold || options->fill) && !has_end) {
        return true;
    }
    if (options->fill) {
        return refuse(complaints, "--fill: expected neither --requests nor --seconds, as all keys "
                                  "are set once");
    }
    if ((options->requests > 0) == (options->seconds > 0)) {
        return refuse(complaints, "expected either --requests or --seconds");
    }
    return true;
}

static bool check_work(const struct options *options, FILE *complaints)
{
    const char *name = work_name(options->work);
    bool is_spread = !options->fill && work_is_spread(options->work) && options->keys_per > 1;

    if (is_spread && options->cluster) {
        return refuse(complaints,
                      "--work %s --cluster: expected --keys-per 1, as keys of several slots are of "
                      "several nodes and load splits nothing",
                      name);
    }
    if (is_spread && options->keys_per > work_most_keys_per(options->keys)) {
        return refuse(complaints,
                      "--keys-per %llu: expected at most %llu, which is how many of --keys %llu "
                      "are sure to be in different slots",
                      (unsigned long long)options->keys_per,
                      (unsigned long long)work_most_keys_per(options->keys),
                      (unsigned long long)options->keys);
    }
    if (options->connect_each && options->pipeline > 1) {
        return refuse(complaints, "--connect-each: expected --pipeline 1");
    }
    if (options->work == WORK_MULTI_STEPS && options->pipeline > 1) {
        return refuse(complaints, "--work %s: expected --pipeline 1, as it waits for each answer",
                      name);
    }
    return true;
}

static bool check_together(const struct options *options, FILE *complaints)
{
    if (options->port == 0) {
        return refuse(complaints, "expected --port");
    }
    if (options->user != NULL && options->password == NULL) {
        return refuse(complaints, "--user: expected --password as well");
    }
    if (options->tls_ca != NULL && options->cluster) {
        return refuse(complaints,
                      "--tls-ca: expected no --cluster, whose nodes are asked in clear");
    }
    return check_end(options, complaints) && check_work(options, complaints);
}

bool options_parse(struct options *options, int argc, char **argv, FILE *complaints)
{
    *options = presets;
    if (!read_words(options, argc, argv, complaints)) {
        return false;
    }
    return options->help || check_together(options, complaints);
}

static void print_row(const struct option *row, FILE *to)
{
    char left[64];
    const char *gap = row->placeholder[0] == '\0' ? "" : " ";

    snprintf(left, sizeof left, "--%s%s%s", row->name, gap, row->placeholder);
    fprintf(to, "  %-20s %s", left, row->help);
    if (row->type == TYPE_COUNT) {
        uint64_t preset = *(const uint64_t *)(const void *)((const char *)&presets + row->offset);

        if (preset > 0) {
            fprintf(to, " (%llu)", (unsigned long long)preset);
        }
    }
    fputc('\n', to);
}

void options_print_help(FILE *to)
{
    fputs("usage: load --port N (--requests N | --seconds N | --fill | --idle N --hold) "
          "[OPTION...]\n\n"
          "Puts load on a Redis server, proxy or cluster, and checks every reply. Without --rate "
          "each\nclient sends when it has an answer; with it, requests are sent when they are due, "
          "and a\nlatency begins then. Ends with 1 if any reply was wrong or an error, with 2 if "
          "the command\nline cannot be understood.\n\n",
          to);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        print_row(&rows[i], to);
    }
    fputs("\nWORK is one of\n", to);
    for (enum work_kind kind = 0; kind < WORK_KINDS; kind++) {
        fprintf(to, "  %-20s %s\n", work_name(kind), work_help(kind));
    }
}
