/* workload.h - clients, a thread and a raw connection each, that pipeline what chance tells them.
 *
 *      main thread    begin ........... pause ── histories are read ── begin ...
 *      clients             talk, talk ──┘ drained                      new keys
 *
 * Between pause and begin the clients' threads touch nothing, and their connections stay open. A
 * client whose connection is closed opens another one, and goes on with new keys.
 */
#ifndef TESTS_CHAOS_WORKLOAD_H
#define TESTS_CHAOS_WORKLOAD_H

#include "tests/chaos/history.h"
#include "tests/chaos/settings.h"

struct workload;

/* Starts the threads, which wait for workload_begin. */
struct workload *workload_new(const struct settings *settings, uint16_t port);

/* A round, with histories that are empty. */
void workload_begin(struct workload *workload, uint32_t round);

/* Lets all clients read their last replies; false when one waits longer than any request may take.
 */
bool workload_pause(struct workload *workload);

/* While paused: all histories of the round, good until workload_begin. */
const struct history *workload_histories(const struct workload *workload, size_t *count);

/* How many requests have been answered so far, by any client. */
uint64_t workload_progress(const struct workload *workload);

/* While paused: errors that clients saw in all rounds, one kind a line. */
void workload_print_errors(const struct workload *workload, struct bytes *text);

/* Closes the connections and ends the threads. While paused. */
void workload_free(struct workload **workload);

#endif
