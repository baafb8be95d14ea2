/* subject.h - the slotway that is under test: a process of its own in front of real nodes.
 *
 * Knows nothing of tests, so that other programs can use it as well. Main thread.
 */
#ifndef TESTS_SUPPORT_SUBJECT_H
#define TESTS_SUPPORT_SUBJECT_H

#include "tests/support/bytes.h"

struct subject;

struct subject_options {
    uint32_t workers;
    uint32_t timeout_ms; /* of a request */
    uint16_t seeds[2];   /* ports of nodes of the cluster */
};

/* Starts it, and waits until it knows the cluster; NULL when it does not come up. */
struct subject *subject_start(const struct subject_options *options);

/* Ends it with SIGTERM; false when it did not end well by itself. */
bool subject_stop(struct subject **subject);

/* Where clients connect. */
uint16_t subject_port(const struct subject *subject);

/* Is the process still there? */
bool subject_runs(struct subject *subject);

/* The sum of all lines of this metric, without the leading slotway_; -1 when there is none. */
long long subject_metric(const struct subject *subject, const char *name);

/* What it holds now. */
long subject_resident_kb(const struct subject *subject);
int subject_fd_count(const struct subject *subject);

/* Adds the end of what it wrote. */
void subject_print_log(const struct subject *subject, struct bytes *text);

#endif
