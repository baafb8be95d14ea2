#include "common/thread.h"

#include <signal.h>
#include <stdio.h>

#include "common/check.h"
#include "common/crash.h"
#include "common/stack.h"

static void *thread_main(void *argument)
{
    struct thread *thread = argument;
    struct crash_stack stack;

    pthread_setname_np(pthread_self(), thread->name);
    crash_stack_take(&stack);
    thread->run(thread->context);
    crash_stack_release(&stack);
    return NULL;
}

/* A new thread inherits the mask of its maker. */
void thread_start(struct thread *thread, const char *name, thread_run *run, void *context)
{
    sigset_t blocked;
    sigset_t before;

    snprintf(thread->name, sizeof thread->name, "%s", name);
    thread->run = run;
    thread->context = context;
    sigfillset(&blocked);
    crash_signals_unblock(&blocked);
    sigdelset(&blocked, STACK_SIGNAL);
    pthread_sigmask(SIG_SETMASK, &blocked, &before);
    int error = pthread_create(&thread->id, NULL, thread_main, thread);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    CHECK(error == 0);
}

void thread_join(struct thread *thread)
{
    CHECK(pthread_join(thread->id, NULL) == 0);
}
