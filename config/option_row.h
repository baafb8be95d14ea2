/* option_row.h - the rows of options.def as data: one table, in the order of the file. Immutable.
 */
#ifndef CONFIG_OPTION_ROW_H
#define CONFIG_OPTION_ROW_H

#include "config/config.h"

enum option_scope { OPTION_GLOBAL, OPTION_POOL };

/* What of a configuration that is read again while the process runs. */
enum option_reload {
    OPTION_LIVE,    /* takes effect at once */
    OPTION_RESTART, /* stays as it was until the next start */
};

enum option_type {
    OPTION_SWITCH,
    OPTION_WORKERS,
    OPTION_COUNT,
    OPTION_BYTES,
    OPTION_MEMORY,
    OPTION_MODE,
    OPTION_DURATION,
    OPTION_TEXT,
    OPTION_SECRET,
    OPTION_FILENAME,
    OPTION_ADDRESSES,
    OPTION_ADDRESS_MAP,
    OPTION_COMMAND_RULES,
    OPTION_USERS,
    OPTION_LOG_LEVEL,
    OPTION_LOG_FORMAT,
};

/* OPTION_ID_field is the place of the field's row in option_rows. */
enum option_id {
#define OPTION(scope, field, path, type, fallback, min, max, reload, help) OPTION_ID_##field,
#include "config/options.def"
    OPTION_ID_COUNT
};

struct option_row {
    enum option_scope scope;
    enum option_type type;
    const char *path;
    const char *fallback; /* what options.def calls default; NULL is not set */
    uint64_t min;
    uint64_t max;
    size_t offset; /* of the field in struct config or struct pool_config */
    enum option_reload reload;
    const char *help;
};

extern const struct option_row option_rows[OPTION_ID_COUNT];

/* The row with this path, or NULL. */
const struct option_row *option_row_find(enum option_scope scope, const char *path);

/* The place of a row of option_rows. */
enum option_id option_row_id(const struct option_row *row);

/* Is `path` a mapping that holds options, as "log" is? */
bool option_is_section(enum option_scope scope, const char *path);

/* What to expect instead of the unknown `path`, whose last part is `name`: "did you mean 'x'?" when
 * a name beside it is close, or else the names that may stand there. What is in front of `name` is
 * a section. The caller frees it. */
char *option_suggest(enum option_scope scope, const char *path, const char *name);

#endif
