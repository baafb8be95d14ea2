/* option_value.h - the value of one option: from text into its field, and back. One thread. */
#ifndef CONFIG_OPTION_VALUE_H
#define CONFIG_OPTION_VALUE_H

#include <stdio.h>

#include "config/option_row.h"

/* What is shown of a secret; as a value it is refused, for it is a printed configuration read back.
 */
#define HIDDEN_SECRET "***"

enum option_result {
    OPTION_OK = 0,
    OPTION_BAD_FORM,      /* not a value of the row's type */
    OPTION_OUT_OF_BOUNDS, /* one, but below the least or above the most */
};

/* Sets *field, of the row's type, to what `text` says; what it held before is freed. Lists are
 * split at commas; how many there are is not looked at, see option_count_fits. When it fails the
 * field is as it was. */
enum option_result option_parse(const struct option_row *row, struct span text,
                                void *field) MUST_USE;

/* Is the row's field a list? */
bool option_is_list(const struct option_row *row);

/* Adds one item to a list, commas and all. */
enum option_result option_append(const struct option_row *row, struct span text,
                                 void *field) MUST_USE;

/* The number of items of a list, and whether it is within the row's bounds. */
size_t option_count(const struct option_row *row, const void *field);
bool option_count_fits(const struct option_row *row, const void *field);

/* What option_parse would take, for messages: "a number from 1 to 64". The caller frees it. */
char *option_expected(const struct option_row *row);

/* The value as YAML that option_parse takes; "***" for a secret, null for one that is not set. */
void option_print(const struct option_row *row, const void *field, FILE *to);

#endif
