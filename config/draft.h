/* draft.h - a configuration while it is put together, which knows where each value was said.
 *
 *      defaults -> file -> environment -> command line -> draft_finish
 *
 * Values of a later source replace those of an earlier one. Whatever is wrong is added to the
 * errors and the rest goes on, so that all errors come out at once. One thread, while loading.
 */
#ifndef CONFIG_DRAFT_H
#define CONFIG_DRAFT_H

#include "config/errors.h"
#include "config/option_row.h"

/* From weak to strong. */
enum draft_source { DRAFT_DEFAULT, DRAFT_FILE, DRAFT_ENVIRONMENT, DRAFT_COMMAND_LINE };

/* Where a value was said: "proxy.yaml:3:9", "SLOTWAY_WORKERS", "--workers". Borrows the text. */
struct draft_origin {
    enum draft_source source;
    const char *place;
};

/* The same, remembered. */
struct draft_place {
    enum draft_source source;
    char *text;  /* NULL for a default */
    bool is_bad; /* an error has been reported for it */
};

struct draft_pool {
    char *place;
    struct draft_place places[OPTION_ID_COUNT];
};

struct draft {
    struct config *config;
    struct config_errors *errors; /* borrowed */
    struct draft_place places[OPTION_ID_COUNT];
    struct draft_pool *pools; /* as many as config has */
    bool pools_are_unknown;   /* the file has some, but not readable ones */
    bool seeds_are_elsewhere; /* so pools need none */
};

/* One option of a draft: `pool` is not looked at for global rows. */
struct draft_field {
    struct draft *draft;
    const struct option_row *row;
    size_t pool;
};

/* Starts with the defaults and no pool. */
void draft_init(struct draft *draft, struct config_errors *errors);

/* Appends a pool of defaults. */
void draft_add_pool(struct draft *draft, const char *place);

/* The field's memory, and where its value comes from. */
void *draft_value(struct draft_field field);
struct draft_place *draft_place(struct draft_field field);

/* Replaces the value by what `text` says, or adds an error. */
void draft_set(struct draft_field field, struct draft_origin origin, const char *text);

/* For lists: empties it, and adds one item to it or an error. */
void draft_begin_list(struct draft_field field, struct draft_origin origin);
void draft_append(struct draft_field field, struct draft_origin origin, const char *text);

/* Adds "PLACE: what" and marks the field as bad. */
void draft_refuse(struct draft_field field, const char *place, const char *format, ...)
    PRINTF(3, 4);

/* Reads password files and checks what spans several options. Gives the config away, or NULL when
 * there are errors. */
struct config *draft_finish(struct draft *draft) MUST_USE;

/* Frees all of it instead. */
void draft_drop(struct draft *draft);

#endif
