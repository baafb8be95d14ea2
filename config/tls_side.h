/* tls_side.h - what TLS with clients and TLS with nodes have in common: options that name files
 * become a context, and what is wrong with a file is said of its option. Any thread; files are
 * read.
 */
#ifndef CONFIG_TLS_SIDE_H
#define CONFIG_TLS_SIDE_H

#include "common/tls_context.h"
#include "config/option_row.h"

/* Which option is at fault, what is wrong with its value, and what was expected. */
struct tls_option_fault {
    enum option_id option;
    char text[200];
    const char *expected;
};

struct tls_side {
    struct tls_settings settings;  /* but the password */
    const enum option_id *options; /* by enum tls_setting */
    const char *password_file;     /* with the password of the key; NULL: it has none */
    enum option_id password_option;
};

/* NULL when something is wrong: then *fault says what. */
struct tls_context *tls_side_context(const struct tls_side *side,
                                     struct tls_option_fault *fault) MUST_USE;

/* Returns false, with what is wrong in *fault. */
bool tls_side_refuse(struct tls_option_fault *fault, enum option_id option, const char *text,
                     const char *expected);

#endif
