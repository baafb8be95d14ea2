/* settings.h - what a run was asked for on the command line. Constant once it has begun. */
#ifndef TESTS_DIFFERENTIAL_SETTINGS_H
#define TESTS_DIFFERENTIAL_SETTINGS_H

#include "common/base.h"

enum protocol { PROTOCOL_BOTH = 0, PROTOCOL_RESP2 = 2, PROTOCOL_RESP3 = 3 };

struct settings {
    uint64_t seed;
    uint32_t count;    /* of commands, of each protocol */
    uint32_t round;    /* the only one, or the first */
    uint32_t length;   /* of a round, in commands */
    uint32_t protocol; /* enum protocol */
    uint32_t workers;  /* of slotway */
    unsigned groups;   /* a bit for each */
    bool is_one_round;
    bool keeps_going;
};

/* From arguments; tells what is wrong on stderr and returns false. */
bool settings_read(struct settings *settings, int argc, char **argv);

#endif
