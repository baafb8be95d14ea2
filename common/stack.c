#include "common/stack.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum question { QUESTION_NONE, QUESTION_ASKED, QUESTION_IN_HAND, QUESTION_ANSWERED };

enum { HANDLER_FRAMES = 2 }; /* the handler, and what the kernel put below it */

static struct {
    _Atomic int question;
    _Atomic pthread_t thread;
    void *frames[STACK_FRAMES];
    int count;
} asked;

/* Only what is safe in the middle of anything: backtrace() is, once it has loaded what it needs. */
static void on_signal(int number UNUSED)
{
    int error = errno;
    int expected = QUESTION_ASKED;

    if (pthread_equal(atomic_load(&asked.thread), pthread_self()) &&
        atomic_compare_exchange_strong(&asked.question, &expected, QUESTION_IN_HAND)) {
        asked.count = backtrace(asked.frames, STACK_FRAMES);
        atomic_store(&asked.question, QUESTION_ANSWERED);
    }
    errno = error;
}

void stack_prepare(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    void *frame;

    (void)backtrace(&frame, 1);
    sigfillset(&action.sa_mask);
    sigaction(STACK_SIGNAL, &action, NULL);
}

void stack_ask(pthread_t thread)
{
    int before = QUESTION_ASKED;

    /* Taken back in one step, or the thread that was asked last may just have begun to answer. */
    if (!atomic_compare_exchange_strong(&asked.question, &before, QUESTION_NONE) &&
        before == QUESTION_IN_HAND) {
        return;
    }
    atomic_store(&asked.thread, thread);
    atomic_store(&asked.question, QUESTION_ASKED);
    pthread_kill(thread, STACK_SIGNAL);
}

static const char *file_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

static int print_frame(char *text, size_t size, void *frame)
{
    Dl_info found;

    if (dladdr(frame, &found) == 0 || found.dli_fname == NULL) {
        return snprintf(text, size, "%p", frame);
    }
    if (found.dli_sname != NULL) {
        return snprintf(text, size, "%s+0x%" PRIxPTR, found.dli_sname,
                        (uintptr_t)frame - (uintptr_t)found.dli_saddr);
    }
    return snprintf(text, size, "%s+0x%" PRIxPTR, file_of(found.dli_fname),
                    (uintptr_t)frame - (uintptr_t)found.dli_fbase);
}

bool stack_answer(char *text, size_t size)
{
    size_t used = 0;

    if (atomic_load(&asked.question) != QUESTION_ANSWERED) {
        return false;
    }
    *text = '\0';
    for (int i = HANDLER_FRAMES; i < asked.count && used + 1 < size; i++) {
        if (used > 0) {
            text[used++] = ' ';
        }
        used += (size_t)print_frame(text + used, size - used, asked.frames[i]);
    }
    atomic_store(&asked.question, QUESTION_NONE);
    return true;
}
