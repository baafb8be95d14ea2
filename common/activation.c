#include "common/activation.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/inherited.h"
#include "common/log.h"

enum {
    FIRST = 3, /* descriptor */
    COUNT_MAX = 1024,
    NAME_MAX_BYTES = 256, /* systemd: 255 characters */
};

/* 0 for what is no number, or not there. */
static int64_t variable_number(const char *variable)
{
    const char *text = getenv(variable);
    int64_t number = 0;

    return text != NULL && span_to_int64(span_of(text), &number) ? number : 0;
}

/* The next name of "a:b:c", behind which *rest goes on. */
static void next_name(const char **rest, char *name)
{
    size_t size = strcspn(*rest, ":");
    size_t kept = size_min(size, NAME_MAX_BYTES - 1);

    memcpy(name, *rest, kept);
    name[kept] = '\0';
    *rest += size + ((*rest)[size] == ':');
}

static void activation_add(int fd, const char *name)
{
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        log_error("a descriptor that systemd announced is not there", "name=%s fd=%d", name, fd);
        return;
    }
    if (!inherited_is_listening(fd, SOCK_STREAM) ||
        fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) != 0) {
        log_error("a descriptor of systemd's is no stream socket that listens", "name=%s fd=%d",
                  name, fd);
        close(fd);
        return;
    }
    inherited_add_activated(fd, name);
}

void activation_take(void)
{
    int64_t count = variable_number("LISTEN_FDS");
    const char *names = getenv("LISTEN_FDNAMES");
    char name[NAME_MAX_BYTES];

    names = names == NULL ? "" : names;
    if (variable_number("LISTEN_PID") == getpid() && count > 0 && count <= COUNT_MAX) {
        for (int64_t i = 0; i < count; i++) {
            next_name(&names, name);
            activation_add((int)(FIRST + i), name);
        }
    }
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
}
