/* option_field.h - what any field of options.def can have done to it, whatever its type. One
 * thread.
 */
#ifndef CONFIG_OPTION_FIELD_H
#define CONFIG_OPTION_FIELD_H

#include "config/option_row.h"

/* The field of `row` in a struct config or struct pool_config, whichever its scope says. */
static inline void *option_field(const struct option_row *row, void *fields)
{
    return (char *)fields + row->offset;
}

static inline const void *option_field_of(const struct option_row *row, const void *fields)
{
    return (const char *)fields + row->offset;
}

/* Do two fields of this row hold the same? */
bool option_equal(const struct option_row *row, const void *a, const void *b);

/* Does it hold nothing, as a text that nobody has said? */
bool option_is_unset(const struct option_row *row, const void *field);

/* Makes *to, whose content is freed, hold the same as *from, in memory of its own. */
void option_copy(const struct option_row *row, const void *from, void *to);

/* Frees what the field holds and zeroes it. */
void option_clear(const struct option_row *row, void *field);

/* The same for all fields of a scope, in a struct config or struct pool_config. */
void option_clear_all(enum option_scope scope, void *fields);

#endif
