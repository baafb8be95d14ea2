/* report.h - what people are told of a run, on stdout. Main thread. */
#ifndef TESTS_CHAOS_REPORT_H
#define TESTS_CHAOS_REPORT_H

#include "tests/chaos/recovery.h"
#include "tests/chaos/verdict.h"
#include "tests/support/subject.h"

/* The sum of all rounds. */
struct totals {
    uint32_t rounds;
    uint64_t requests;
    uint64_t lost;
    uint64_t delayed;
    uint64_t overtaken;
    uint64_t uncertain;
    uint64_t took_place;
    uint64_t findings;
    struct recovery recovery;
    int fds_before; /* of slotway, before the first client and after the last one */
    int fds_after;
    int fds_allowed;
    long kb_before;
    long kb_after;
};

/* A line for a round. */
void report_round(uint32_t round, enum disturbance_kind kind, const struct nemesis *nemesis,
                  const struct verdict *verdict);

/* Each finding with the steps of its key around it and what the key holds, and what was done to the
 * cluster. */
void report_findings(const struct settings *settings, const struct trial *trial,
                     const struct verdict *verdict);

/* The last words. */
void report_totals(const struct settings *settings, const struct nemesis *nemesis,
                   const struct totals *totals);

/* The errors that clients saw, by kind. While the workload is paused. */
void report_errors(const struct workload *workload);

/* What slotway's counters tell; before it is stopped. */
void report_metrics(const struct subject *subject);

#endif
