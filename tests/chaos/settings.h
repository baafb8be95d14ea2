/* settings.h - what a run was asked for on the command line. Constant once it has begun. */
#ifndef TESTS_CHAOS_SETTINGS_H
#define TESTS_CHAOS_SETTINGS_H

#include "common/base.h"

struct settings {
    uint64_t seed;
    uint32_t minutes; /* 0: by rounds */
    uint32_t rounds;
    uint32_t clients;
    uint32_t depth;   /* requests that a client has unanswered, at most */
    uint32_t rate;    /* requests per second of all clients, at most */
    uint32_t workers; /* of slotway */
    uint32_t timeout_ms;
    unsigned kinds; /* a bit for each disturbance */
    bool keeps_going;
    bool is_verbose;
};

/* From arguments; tells what is wrong on stderr and returns false. */
bool settings_read(struct settings *settings, int argc, char **argv);

#endif
