/* load.h - clients that work without pause and check every single reply against a model.
 *
 *      each client: a burst of INCR, RPUSH, GET, MGET and EXISTS on keys of its own, over many
 * slots, then all replies of the burst; what each must say follows from the bursts before
 *
 * Each client is a thread with a connection of its own. The test's thread starts and stops them.
 */
#ifndef TESTS_SUPPORT_LOAD_H
#define TESTS_SUPPORT_LOAD_H

#include "common/base.h"

struct load;

struct load_options {
    uint16_t port;
    int clients;
    int keys;      /* per client */
    int slot_from; /* keys whose slots lie in here only; 0 and 0 for all slots */
    int slot_to;
    bool counters_only; /* no lists, which fake nodes do not have */
    int rounds;         /* bursts before a client comes anew; 0: 256 */
};

struct load_result {
    uint64_t requests;
    uint64_t errors;        /* error replies */
    uint64_t wrong;         /* replies that the model says are impossible */
    uint64_t last_error_ms; /* wait_now_ms() when the last error came; 0: never */
    char first_error[256];
    char first_wrong[512];
};

/* Starts a thread that sends until load_stop. */
struct load *load_start(struct load_options options);

/* How many requests have been answered so far. */
uint64_t load_progress(const struct load *load);

/* Ends the clients, each behind a whole burst, reads the lists back and frees. */
struct load_result load_stop(struct load **load);

#endif
