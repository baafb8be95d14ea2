/* options.h - the command line of a test program, as rows of what it understands. */
#ifndef TESTS_SUPPORT_OPTIONS_H
#define TESTS_SUPPORT_OPTIONS_H

#include "common/span.h"

enum option_kind {
    OPTION_FLAG,   /* takes no value */
    OPTION_NUMBER, /* at least `least` */
    OPTION_SEED,
    OPTION_NAMES, /* names with commas between, a bit for each */
};

struct option_row {
    const char *name;
    enum option_kind kind;
    union {
        bool *flag;
        uint32_t *number;
        uint64_t *seed;
        unsigned *bits;
    };
    uint32_t least;
    int (*bit_of)(struct span name); /* of OPTION_NAMES: negative when there is none of that name */
    bool *is_given;                  /* set when it is there; may be NULL */
};

/* Sets what the arguments say and leaves the rest as it is. Tells what is wrong on stderr, as
 * `program`, and returns false. */
bool options_read(const char *program, const struct option_row *rows, size_t count, int argc,
                  char **argv);

#endif
