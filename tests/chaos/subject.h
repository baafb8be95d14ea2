/* subject.h - the slotway that is under test: a process of its own in front of real nodes.
 *
 * Main thread.
 */
#ifndef TESTS_CHAOS_SUBJECT_H
#define TESTS_CHAOS_SUBJECT_H

#include "tests/chaos/settings.h"
#include "tests/support/bytes.h"

struct subject;

/* Starts it with two seeds, and waits until it knows the cluster; NULL when it does not come up. */
struct subject *subject_start(const struct settings *settings, uint16_t seed, uint16_t other_seed);

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
