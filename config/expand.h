/* expand.h - environment variables inside text: "${NAME}", and "$${" for a literal "${". */
#ifndef CONFIG_EXPAND_H
#define CONFIG_EXPAND_H

#include "common/span.h"

enum expand_result {
    EXPAND_OK = 0,
    EXPAND_UNSET,    /* the variable is not in the environment */
    EXPAND_BAD_FORM, /* no "}", or no name between the braces */
    EXPAND_TOO_LONG, /* more than EXPAND_BYTES_MAX */
};

enum { EXPAND_BYTES_MAX = 65536 };

/* Gives the expanded text, which the caller frees. On an error *expanded is instead the name that
 * is to blame, to be freed likewise; NULL for a bad form, where what is in the braces may be a part
 * of a secret. */
enum expand_result expand(const char *text, char **expanded) MUST_USE;

#endif
