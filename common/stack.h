/* stack.h - where a thread stands, as one line for a log: "poll+0x4f slotway+0x1a2b0 …".
 *
 *      asking thread: stack_ask ──STACK_SIGNAL──> handler in the asked thread: return addresses
 *                     stack_answer <───────────────────────────┘
 *
 * A function that the program exports is told by name, any other as program+0xoffset, which
 * `addr2line -e program` understands. One question at a time, all from the same thread.
 */
#ifndef COMMON_STACK_H
#define COMMON_STACK_H

#include <pthread.h>
#include <signal.h>

#include "common/base.h"

enum {
    STACK_SIGNAL = SIGUSR1, /* without a question its handler does nothing */
    STACK_FRAMES = 40,
};

/* Before anything else of this header. Main thread. */
void stack_prepare(void);

/* Asks a thread that has not been joined where it stands. An older question is forgotten. */
void stack_ask(pthread_t thread);

/* Writes the answer into `text`, and returns false while there is none. */
bool stack_answer(char *text, size_t size) MUST_USE;

#endif
