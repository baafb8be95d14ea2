#include "proxy/sibling.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    /* Only what is used of it is memory. execvpe() may put a path there, and for a script the list
     * of its arguments: 2 MB of pointers, with the longest line that successor.c takes. */
    STACK_BYTES = 4 * 1024 * 1024,
    CODE_NOT_STARTED = 127, /* as a shell ends for a program that is not there */
    KERNEL_MASK_BYTES = _NSIG / 8,
};

/* Sanitizers keep notes about our memory, and the child would write into them. */
#ifdef __clang__
#define IN_CHILD __attribute__((disable_sanitizer_instrumentation))
#else
#define IN_CHILD __attribute__((no_sanitize("address", "thread", "undefined")))
#endif

/* ThreadSanitizer takes every clone() for a fork(), after which the child's copy of its notes is
 * told to ignore much. Here that is no copy. It does not wrap the C library's other name. */
#ifdef __SANITIZE_THREAD__
int clone_unwrapped(int (*run)(void *), void *stack, int flags, void *argument,
                    ...) __asm__("__clone");
#else
#define clone_unwrapped clone
#endif

/* Shared with the child, which runs in our memory while this thread waits. */
struct birth {
    char **arguments;
    char **environment;
    sigset_t mask; /* of signals, for the program */
    int error;     /* of a program that did not start */
};

/* As the kernel has it: the handler comes first, and all zeros is the default. */
struct kernel_action {
    unsigned long words[8];
};

/* Our handlers would take a signal for us that is meant for the child. Straight to the kernel: a
 * sigaction() that a sanitizer has wrapped would change ours. */
IN_CHILD static void reset_handlers(void)
{
    for (int number = 1; number < _NSIG; number++) {
        struct kernel_action action = {{0}};

        syscall(SYS_rt_sigaction, number, NULL, &action, KERNEL_MASK_BYTES);
        if (action.words[0] != (unsigned long)SIG_IGN) {
            action = (struct kernel_action){{0}};
            syscall(SYS_rt_sigaction, number, &action, NULL, KERNEL_MASK_BYTES);
        }
    }
}

/* In the child, which may do no more than become the program. Returns the code to end with. */
IN_CHILD static int become_program(void *argument)
{
    struct birth *birth = argument;

    reset_handlers();
    syscall(SYS_rt_sigprocmask, SIG_SETMASK, &birth->mask, NULL, KERNEL_MASK_BYTES);
    execvpe(birth->arguments[0], birth->arguments, birth->environment);
    birth->error = errno;
    return CODE_NOT_STARTED;
}

/* With the memory of ours: nothing is copied, however much we have. */
static int clone_into(struct birth *birth, char *stack, pid_t *process)
{
    int flags = CLONE_VM | CLONE_VFORK | CLONE_PARENT | SIGCHLD;

    *process = clone_unwrapped(become_program, stack + STACK_BYTES, flags, birth);
    return *process < 0 ? errno : birth->error;
}

int sibling_spawn(pid_t *process, char **arguments, char **environment)
{
    struct birth birth = {.arguments = arguments, .environment = environment};
    char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    sigset_t all;
    int error;

    if (stack == MAP_FAILED) {
        return errno;
    }
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &birth.mask);
    error = clone_into(&birth, stack, process);
    pthread_sigmask(SIG_SETMASK, &birth.mask, NULL);
    munmap(stack, STACK_BYTES);
    return error;
}
