#include <string.h>

#include "config/config.h"
#include "config/option_value.h"

/* Where the next line goes: two blanks per level, and "- " before the first line of a pool. */
struct printer {
    FILE *to;
    enum option_scope scope;
    bool is_first;       /* of a pool */
    const char *section; /* the path whose mapping is open; its size below */
    size_t section_size;
};

static void print_indent(struct printer *printer, size_t levels)
{
    if (printer->scope == OPTION_POOL) {
        fputs(printer->is_first ? "  - " : "    ", printer->to);
        printer->is_first = false;
    }
    for (size_t i = 0; i < levels; i++) {
        fputs("  ", printer->to);
    }
}

/* Rows of one section are neighbours, so a section is opened once. */
static void print_section(struct printer *printer, const char *path, size_t size)
{
    bool is_open =
        size == printer->section_size && (size == 0 || strncmp(path, printer->section, size) == 0);

    printer->section = path;
    printer->section_size = size;
    if (!is_open && size > 0) {
        print_indent(printer, 0);
        fprintf(printer->to, "%.*s:\n", (int)size, path);
    }
}

/* A password that was read from a file is shown as its file. */
static bool is_hidden(const struct option_row *row, const void *fields)
{
    const struct pool_config *pool = fields;

    if (row == &option_rows[OPTION_ID_clients_password]) {
        return pool->clients_password_file != NULL;
    }
    if (row == &option_rows[OPTION_ID_backend_password_next]) {
        return pool->backend_password_next_file != NULL;
    }
    return row == &option_rows[OPTION_ID_backend_password] && pool->backend_password_file != NULL;
}

static void print_fields(struct printer *printer, const void *fields)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        const struct option_row *row = &option_rows[i];
        const char *dot = strrchr(row->path, '.');
        if (row->scope != printer->scope || is_hidden(row, fields)) {
            continue;
        }
        print_section(printer, row->path, dot == NULL ? 0 : (size_t)(dot - row->path));
        print_indent(printer, dot == NULL ? 0 : 1);
        fprintf(printer->to, "%s: ", dot == NULL ? row->path : dot + 1);
        option_print(row, (const char *)fields + row->offset, printer->to);
        fputc('\n', printer->to);
    }
}

void config_print(const struct config *config, FILE *to)
{
    struct printer globals = {.to = to, .scope = OPTION_GLOBAL};

    print_fields(&globals, config);
    fputs("pools:\n", to);
    for (size_t i = 0; i < config->pool_count; i++) {
        struct printer pool = {.to = to, .scope = OPTION_POOL, .is_first = true};
        print_fields(&pool, &config->pools[i]);
    }
}
