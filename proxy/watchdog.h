/* watchdog.h - notices threads that are stuck, says where, and lets /healthz tell.
 *
 *      every look: same turn as before? ──> for longer than its patience ──> logged, counted,
 *                  a new one, or it rests ──> well (again)                    asked where it stands
 *
 * It counts looks, not time: while the whole process stands still, stopped or starved, nobody is
 * looked at and nobody grows suspicious; that is told in a line of its own. Nobody is woken
 * for a look. Control thread, which nobody watches but who asks for /healthz.
 */
#ifndef PROXY_WATCHDOG_H
#define PROXY_WATCHDOG_H

#include "common/reactor.h"
#include "common/sendq.h"
#include "common/thread.h"

struct watchdog;

/* Is the proxy unwell while the thread is stuck? */
enum watch_kind { WATCH_VITAL, WATCH_OTHER };

/* A thread, borrowed. */
struct watch_target {
    const char *name; /* copied; for logs and metrics */
    enum watch_kind kind;
    const struct thread *thread;
    const struct pulse *pulse;
    uint64_t patience; /* microseconds that one turn may take */
};

struct watch_report {
    const char *name;
    uint64_t stalls;   /* how often it was stuck */
    uint64_t stuck_us; /* how long by now; 0: it is not */
};

/* Looks several times within `after`, once a second at most; 0: never. */
struct watchdog *watchdog_new(struct reactor *reactor, uint64_t after) MUST_USE;
void watchdog_free(struct watchdog **watchdog);

/* Its thread may start later. */
void watchdog_add(struct watchdog *watchdog, const struct watch_target *target);

/* Another `after` than it was made with; 0: never looks, and nobody is stuck. */
void watchdog_set_after(struct watchdog *watchdog, uint64_t after);

/* Another patience with the thread of this name. */
void watchdog_set_patience(struct watchdog *watchdog, const char *name, uint64_t patience);

/* Is no vital thread stuck? Else appends a line for each to `why`. */
bool watchdog_is_content(const struct watchdog *watchdog, struct sendq *why);

/* How many threads there are, and how each is doing. */
size_t watchdog_count(const struct watchdog *watchdog);
struct watch_report watchdog_report(const struct watchdog *watchdog, size_t index);

/* How often the whole process stood still for more than a second. */
uint64_t watchdog_pauses(const struct watchdog *watchdog);

#endif
