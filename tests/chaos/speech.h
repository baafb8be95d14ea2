/* speech.h - a step as bytes on the wire, and the reply to it as part of the history.
 *
 * Pure; any thread.
 */
#ifndef TESTS_CHAOS_SPEECH_H
#define TESTS_CHAOS_SPEECH_H

#include "tests/chaos/history.h"

/* Adds the request of the step at `place`. */
void speech_request(const struct history *history, size_t place, struct bytes *bytes);

/* Writes down what the whole reply says: the answer, and the numbers in it. A reply that the
 * command cannot have becomes a MISFIT, with a note. */
void speech_understand(struct history *history, size_t place, struct span reply);

/* What kind of error `text`, without its '-', is. */
enum answer speech_error(struct span text);

/* The error with each number in it written as N, so that errors of one kind are equal. */
void speech_error_kind(struct span text, char *kind, size_t size);

#endif
