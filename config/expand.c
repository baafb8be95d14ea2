#include "config/expand.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

/* A name as the shell takes it: letters, digits and _, no digit in front. */
static size_t name_size(const char *at)
{
    size_t size = 0;

    if (isdigit((unsigned char)*at)) {
        return 0;
    }
    while (isalnum((unsigned char)at[size]) || at[size] == '_') {
        size++;
    }
    return size;
}

/* At "${": appends the variable's value and moves *at behind the "}". */
static enum expand_result expand_variable(const char **at, FILE *to, char **culprit)
{
    const char *name = *at + strlen("${");
    size_t size = name_size(name);

    if (size == 0 || name[size] != '}') {
        return EXPAND_BAD_FORM;
    }
    *culprit = memory_copy(name, size);
    const char *value = getenv(*culprit);
    if (value == NULL) {
        return EXPAND_UNSET;
    }
    if ((size_t)ftell(to) + strlen(value) > EXPAND_BYTES_MAX) {
        return EXPAND_TOO_LONG;
    }
    free(*culprit);
    *culprit = NULL;
    fputs(value, to);
    *at = name + size + 1;
    return EXPAND_OK;
}

static enum expand_result expand_to(const char *at, FILE *to, char **culprit)
{
    enum expand_result result = EXPAND_OK;

    while (*at != '\0' && result == EXPAND_OK) {
        if (strncmp(at, "$${", 3) == 0) {
            fputs("${", to);
            at += 3;
        } else if (strncmp(at, "${", 2) == 0) {
            result = expand_variable(&at, to, culprit);
        } else {
            fputc(*at++, to);
        }
    }
    return result;
}

enum expand_result expand(const char *text, char **expanded)
{
    char *written = NULL;
    char *culprit = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&written, &size);

    CHECK(to != NULL);
    enum expand_result result = expand_to(text, to, &culprit);
    CHECK(fclose(to) == 0);
    if (result != EXPAND_OK) {
        free(written);
        *expanded = culprit;
        return result;
    }
    *expanded = written;
    return EXPAND_OK;
}
