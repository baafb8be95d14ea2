/* errors.h - lines about what is wrong, collected until somebody prints them all. One thread. */
#ifndef CONFIG_ERRORS_H
#define CONFIG_ERRORS_H

#include "config/config.h"

/* Most bytes of a value that a message repeats; use as the precision of a %.*s. */
enum { CONFIG_ERROR_VALUE_BYTES = 64 };

/* Adds "PLACE: " and the formatted text as one line. Control characters, which a hostile file could
 * use to write on the operator's terminal, become '?'. */
void config_errors_add(struct config_errors *errors, const char *place, const char *format, ...)
    PRINTF(3, 4);

#endif
