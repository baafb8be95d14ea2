#include "config/errors.h"

#include <stdarg.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

static void errors_sanitize(char *line)
{
    for (char *at = line; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte < 0x20 || byte == 0x7f) {
            *at = '?';
        }
    }
}

void config_errors_add(struct config_errors *errors, const char *place, const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    CHECK(length >= 0);

    char *line = memory_print("%s: %s", place, text);
    free(text);
    errors_sanitize(line);
    errors->lines = memory_resize(errors->lines, errors->count + 1, sizeof *errors->lines);
    errors->lines[errors->count++] = line;
}

void config_errors_clear(struct config_errors *errors)
{
    for (size_t i = 0; i < errors->count; i++) {
        free(errors->lines[i]);
    }
    free(errors->lines);
    *errors = (struct config_errors){0};
}
