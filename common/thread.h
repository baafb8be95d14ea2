/* thread.h - threads of the proxy's own: named, deaf to signals, ready to tell of a crash.
 *
 * Signals that are sent to the process are the control thread's, which is the main thread. The ones
 * that a thread's own mistakes raise, and the one that asks where it stands, reach every thread.
 */
#ifndef COMMON_THREAD_H
#define COMMON_THREAD_H

#include <pthread.h>

#include "common/base.h"

typedef void thread_run(void *context);

struct thread {
    pthread_t id;
    char name[16]; /* what the kernel shows of it */
    thread_run *run;
    void *context;
};

/* Starts run(context) in a new thread; `name` is cut to 15 bytes. `thread` stays where it is until
 * thread_join. */
void thread_start(struct thread *thread, const char *name, thread_run *run, void *context);

/* Waits until `run` has returned. */
void thread_join(struct thread *thread);

#endif
