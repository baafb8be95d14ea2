/* notify.h - what a service manager is told of this process: systemd's protocol of datagrams.
 *
 *      NOTIFY_SOCKET=/run/systemd/notify        one datagram a call, as "READY=1\nSTATUS=serving"
 *      WATCHDOG_USEC=30000000                   how often it wants to hear WATCHDOG=1
 *
 * A few lines by hand instead of libsystemd: the protocol is documented and promised not to change,
 * and a library would be one more thing in a container that has no systemd. Without NOTIFY_SOCKET
 * all of this does nothing. What cannot be sent is lost, unless it is said again: nobody waits for
 * a service manager. Any thread, as long as none changes the environment.
 */
#ifndef COMMON_NOTIFY_H
#define COMMON_NOTIFY_H

#include <sys/types.h>

#include "common/base.h"

/* Does anybody listen? */
bool notify_is_wanted(void);

/* It serves, after its start or after a reload; and a line for people. */
void notify_ready(const char *status);

/* A line for people, no more. */
void notify_status(const char *status);

/* It reads its configuration anew, until notify_ready. */
void notify_reloading(void);

/* It is about to end, and may take so long for that, in microseconds. */
void notify_stopping(uint64_t patience);

/* Another process takes its place, and is alive and well. The one note that must not be lost:
 * false, with errno, when it cannot be taken now; then it is to be said again, if that may pass. */
bool notify_main_process(pid_t process) MUST_USE;

/* Is `error` of a kind that is over in a while, as with a manager that is busy? */
bool notify_may_pass(int error);

/* It is alive and well. */
void notify_watchdog(void);

/* Microseconds after which it is killed unless it says notify_watchdog; 0: never. */
uint64_t notify_watchdog_after(void);

#endif
