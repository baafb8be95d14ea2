/* tally.h - what a run has counted. One thread. */
#ifndef BENCH_LOAD_TALLY_H
#define BENCH_LOAD_TALLY_H

#include <stdio.h>

#include "bench/load/latencies.h"

struct tally {
    uint64_t requests; /* that are over, whatever came of them */
    uint64_t errors;   /* error replies, replies that never came, idle connections that were lost */
    uint64_t wrong;    /* other replies than had to come, and bytes that are none */
    uint64_t reconnects;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t us;                /* from the first request to the last reply */
    uint64_t cpu_us;            /* that load itself took meanwhile */
    struct latencies latencies; /* of those that were answered */
};

/* One JSON object on one line. */
void tally_print_json(const struct tally *tally, FILE *to);

/* The same for people. */
void tally_print_table(const struct tally *tally, FILE *to);

#endif
