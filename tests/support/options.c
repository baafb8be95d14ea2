#include "tests/support/options.h"

#include <stdio.h>
#include <stdlib.h>

static bool read_number(const struct option_row *row, const char *text)
{
    int64_t number = 0;

    if (!span_to_int64(span_of(text), &number) || number < row->least || number > UINT32_MAX) {
        return false;
    }
    *row->number = (uint32_t)number;
    return true;
}

static bool read_seed(const struct option_row *row, const char *text)
{
    char *end;

    *row->seed = strtoull(text, &end, 10);
    return *text != '\0' && *end == '\0';
}

static bool read_names(const struct option_row *row, const char *text)
{
    *row->bits = 0;
    while (*text != '\0') {
        struct span name = {text, (size_t)(strchrnul(text, ',') - text)};
        int bit = row->bit_of(name);

        if (bit < 0) {
            return false;
        }
        *row->bits |= 1u << bit;
        text += name.size + (text[name.size] == ',');
    }
    return *row->bits != 0;
}

static bool read_value(const struct option_row *row, const char *text)
{
    switch (row->kind) {
    case OPTION_FLAG: *row->flag = true; return true;
    case OPTION_NUMBER: return read_number(row, text);
    case OPTION_SEED: return read_seed(row, text);
    case OPTION_NAMES: return read_names(row, text);
    }
    return false;
}

static const struct option_row *find(const struct option_row *rows, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

bool options_read(const char *program, const struct option_row *rows, size_t count, int argc,
                  char **argv)
{
    for (int i = 1; i < argc; i++) {
        const struct option_row *row = find(rows, count, argv[i]);

        if (row == NULL) {
            fprintf(stderr, "%s: unknown option '%s'\n", program, argv[i]);
            return false;
        }

        const char *value = row->kind == OPTION_FLAG ? "" : i + 1 < argc ? argv[++i] : "";

        if (!read_value(row, value)) {
            fprintf(stderr, "%s: '%s' is nothing for %s\n", program, value, row->name);
            return false;
        }
        if (row->is_given != NULL) {
            *row->is_given = true;
        }
    }
    return true;
}
