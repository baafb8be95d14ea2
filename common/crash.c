#include "common/crash.h"

#include <execinfo.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "common/check.h"

enum {
    STACK_BYTES = 64 * 1024,
    FRAMES_MAX = 64,
    REPORT_SECONDS = 10, /* a report that does not get out must not keep the process from dying */
};

static const struct {
    int number;
    const char *name;
} crash_signals[] = {
    {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},   {SIGILL, "SIGILL"},
    {SIGFPE, "SIGFPE"},   {SIGABRT, "SIGABRT"},
};

/* The thread that reports; the first one that crashes. */
static _Atomic pid_t reporter;

static pid_t thread_id(void)
{
    return (pid_t)syscall(SYS_gettid);
}

/* stdio takes locks that the crashed thread may hold. */
struct line {
    char bytes[512];
    size_t size;
};

static void put(struct line *line, const char *text)
{
    size_t size = size_min(strlen(text), sizeof line->bytes - line->size);

    memcpy(line->bytes + line->size, text, size);
    line->size += size;
}

static void put_number(struct line *line, uint64_t number, unsigned base)
{
    char digits[24];
    char *at = digits + sizeof digits;

    *--at = '\0';
    do {
        *--at = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0);
    put(line, base == 16 ? "0x" : "");
    put(line, at);
}

static void line_write(struct line *line)
{
    put(line, "\n");
    ssize_t ignored = write(STDERR_FILENO, line->bytes, line->size);
    (void)ignored;
    line->size = 0;
}

static const char *signal_name(int number)
{
    for (size_t i = 0; i < ARRAY_LEN(crash_signals); i++) {
        if (crash_signals[i].number == number) {
            return crash_signals[i].name;
        }
    }
    return "a signal";
}

static void report_cause(struct line *line, int number, const siginfo_t *cause)
{
    char thread[16] = "";

    prctl(PR_GET_NAME, thread);
    put(line, "slotway: crashed: " SLOTWAY_VERSION ", ");
    put(line, signal_name(number));
    if (cause->si_code <= 0) {
        put(line, " sent by process ");
        put_number(line, (uint64_t)cause->si_pid, 10);
    } else {
        put(line, " at address ");
        put_number(line, (uintptr_t)cause->si_addr, 16);
        put(line, " code ");
        put_number(line, (uint64_t)cause->si_code, 10);
    }
    put(line, " in thread ");
    put(line, thread);
    put(line, " ");
    put_number(line, (uint64_t)thread_id(), 10);
    line_write(line);
}

#if defined(__x86_64__)
static void report_registers(struct line *line, const ucontext_t *context)
{
    static const struct {
        const char *name;
        int index;
    } registers[] = {
        {"rip", REG_RIP}, {"rsp", REG_RSP}, {"rbp", REG_RBP}, {"rax", REG_RAX}, {"rbx", REG_RBX},
        {"rcx", REG_RCX}, {"rdx", REG_RDX}, {"rsi", REG_RSI}, {"rdi", REG_RDI}, {"r8", REG_R8},
        {"r9", REG_R9},   {"r10", REG_R10}, {"r11", REG_R11}, {"r12", REG_R12}, {"r13", REG_R13},
        {"r14", REG_R14}, {"r15", REG_R15},
    };

    put(line, "slotway: registers:");
    for (size_t i = 0; i < ARRAY_LEN(registers); i++) {
        put(line, " ");
        put(line, registers[i].name);
        put(line, "=");
        put_number(line, (uint64_t)context->uc_mcontext.gregs[registers[i].index], 16);
    }
    line_write(line);
}
#elif defined(__aarch64__)
static void report_registers(struct line *line, const ucontext_t *context)
{
    put(line, "slotway: registers: pc=");
    put_number(line, context->uc_mcontext.pc, 16);
    put(line, " sp=");
    put_number(line, context->uc_mcontext.sp, 16);
    put(line, " lr=");
    put_number(line, context->uc_mcontext.regs[30], 16);
    line_write(line);
}
#else
static void report_registers(struct line *line UNUSED, const ucontext_t *context UNUSED)
{
}
#endif

static void report_stack(struct line *line)
{
    void *frames[FRAMES_MAX];

    put(line, "slotway: backtrace, innermost first; `addr2line -fipe slotway OFFSET` tells lines:");
    line_write(line);
    backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX), STDERR_FILENO);
    put(line,
        "slotway: end of the report; the version and these lines are what a bug report needs");
    line_write(line);
}

/* A report may hang: in the memory that is broken, or in a pipe that nobody reads. */
static void limit_time(void)
{
    sigset_t alarm_only;

    signal(SIGALRM, SIG_DFL);
    sigemptyset(&alarm_only);
    sigaddset(&alarm_only, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
    alarm(REPORT_SECONDS);
}

/* With the cause as it came, so that a core dump tells the same. It is blocked until the handler
 * returns, and then taken before the next instruction. */
static void die_of(int number, siginfo_t *cause)
{
    signal(number, SIG_DFL);
    if (syscall(SYS_rt_tgsigqueueinfo, getpid(), thread_id(), number, cause) != 0) {
        raise(number);
    }
}

static void on_crash(int number, siginfo_t *cause, void *context)
{
    struct line line = {.size = 0};
    pid_t nobody = 0;

    if (!atomic_compare_exchange_strong(&reporter, &nobody, thread_id())) {
        /* Another thread is reporting: it ends us. Or the report itself crashed. */
        while (nobody != thread_id()) {
            pause();
        }
        die_of(number, cause);
        return;
    }
    limit_time();
    report_cause(&line, number, cause);
    report_registers(&line, context);
    report_stack(&line);
    die_of(number, cause);
}

void crash_report_install(void)
{
    static char stack_of_main[STACK_BYTES];
    const stack_t stack = {.ss_sp = stack_of_main, .ss_size = sizeof stack_of_main};
    struct sigaction action = {.sa_sigaction = on_crash, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    void *frame;

    if (IS_SANITIZED) {
        return;
    }
    /* What backtrace() loads when it is first used, it must not load in a handler. */
    (void)backtrace(&frame, 1);
    CHECK(sigaltstack(&stack, NULL) == 0);
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < ARRAY_LEN(crash_signals); i++) {
        sigaction(crash_signals[i].number, &action, NULL);
    }
}

void crash_signals_unblock(sigset_t *blocked)
{
    for (size_t i = 0; i < ARRAY_LEN(crash_signals); i++) {
        sigdelset(blocked, crash_signals[i].number);
    }
}

void crash_stack_take(struct crash_stack *stack)
{
    stack->memory = NULL;
    if (IS_SANITIZED) {
        return;
    }
    stack->memory = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    CHECK(stack->memory != MAP_FAILED);
    CHECK(sigaltstack(&(stack_t){.ss_sp = stack->memory, .ss_size = STACK_BYTES}, NULL) == 0);
}

void crash_stack_release(struct crash_stack *stack)
{
    if (stack->memory != NULL) {
        sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
        munmap(stack->memory, STACK_BYTES);
    }
}
