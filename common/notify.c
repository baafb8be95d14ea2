#include "common/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/span.h"

enum { NOTE_MAX = 512 };

static bool number_of(const char *text, int64_t *number)
{
    return text != NULL && span_to_int64(span_of(text), number);
}

/* A path, or after an @ a name without a file. */
static socklen_t notify_name(struct sockaddr_un *name)
{
    const char *text = getenv("NOTIFY_SOCKET");
    size_t size = text == NULL ? 0 : strlen(text);

    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (size < 2 || size >= sizeof name->sun_path || (text[0] != '/' && text[0] != '@')) {
        return 0;
    }
    memcpy(name->sun_path, text, size);
    if (text[0] == '@') {
        name->sun_path[0] = '\0';
    }
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

bool notify_is_wanted(void)
{
    struct sockaddr_un name;

    return notify_name(&name) != 0;
}

/* Also true where nobody wants to hear it; false leaves errno set. */
PRINTF(1, 2)
static bool notify_send(const char *format, ...)
{
    struct sockaddr_un name;
    socklen_t size = notify_name(&name);
    char note[NOTE_MAX];
    va_list arguments;

    if (size == 0) {
        return true;
    }
    va_start(arguments, format);
    int length = vsnprintf(note, sizeof note, format, arguments);
    va_end(arguments);

    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0) {
        return false;
    }

    ssize_t sent = sendto(fd, note, size_min((size_t)length, sizeof note - 1),
                          MSG_NOSIGNAL | MSG_DONTWAIT, (struct sockaddr *)&name, size);
    int error = errno;

    close(fd);
    errno = error;
    return sent >= 0;
}

void notify_ready(const char *status)
{
    (void)notify_send("READY=1\nSTATUS=%s", status);
}

void notify_status(const char *status)
{
    (void)notify_send("STATUS=%s", status);
}

void notify_reloading(void)
{
    (void)notify_send("RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)clock_now());
}

void notify_stopping(uint64_t patience)
{
    (void)notify_send("STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=%llu",
                      (unsigned long long)patience);
}

/* What the new one says of itself before this arrives is not listened to, so that its time begins
 * here. */
bool notify_main_process(pid_t process)
{
    return notify_send("MAINPID=%d\nWATCHDOG=1", (int)process);
}

bool notify_may_pass(int error)
{
    switch (error) {
    case EAGAIN:
    case EINTR:
    case ENOBUFS:
    case ENOMEM:
    case EMFILE:
    case ENFILE: return true;
    default: return false;
    }
}

void notify_watchdog(void)
{
    (void)notify_send("WATCHDOG=1");
}

/* As with LISTEN_PID, the variables may be another process's, which has left them to us. */
uint64_t notify_watchdog_after(void)
{
    int64_t process;
    int64_t after;

    if (!notify_is_wanted() || !number_of(getenv("WATCHDOG_USEC"), &after) || after <= 0) {
        return 0;
    }
    if (getenv("WATCHDOG_PID") != NULL &&
        (!number_of(getenv("WATCHDOG_PID"), &process) || process != getpid())) {
        return 0;
    }
    return (uint64_t)after;
}
