/* crash.h - what the process says when it dies of a mistake of its own.
 *
 *      SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT (a failed CHECK, out of memory)
 *           └─> report on stderr ─> the same signal again, with its default action
 *
 * So the core dump and the status that the parent sees are those of the signal. The report is
 * written from a stack of its own, so a stack that overflowed is told of too. Builds with a
 * sanitizer leave all of it to the sanitizer.
 */
#ifndef COMMON_CRASH_H
#define COMMON_CRASH_H

#include <signal.h>

#include "common/base.h"

/* Once, in the main thread, before other threads. */
void crash_report_install(void);

/* Takes the signals above out of a set of signals to block. */
void crash_signals_unblock(sigset_t *blocked);

/* The stack from which this thread would report. */
struct crash_stack {
    void *memory;
};

void crash_stack_take(struct crash_stack *stack);
void crash_stack_release(struct crash_stack *stack);

#endif
