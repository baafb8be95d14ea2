#include "proxy/admin_daemon.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/check.h"
#include "common/log.h"
#include "common/memory.h"
#include "proxy/admin_entry.h"

enum {
    /* Those who have been shown out count until they are closed. */
    CONNECTIONS_MAX = ADMIN_GUESTS_MAX + 32,
    CONNECTION_BYTES = 16 * 1024, /* request line and headers together */
    IDLE_SECONDS = 5,
    LEAVE_US = 10 * US_PER_SECOND,
};

PRINTF(2, 0)
static void daemon_on_log(void *context UNUSED, const char *format, va_list arguments)
{
    char text[256];

    vsnprintf(text, sizeof text, format, arguments);
    text[strcspn(text, "\r\n")] = '\0';
    log_debug("admin connection", "said=%s", text);
}

static bool daemon_is_busy(const struct admin_daemon *daemon)
{
    const union MHD_DaemonInfo *found =
        MHD_get_daemon_info(daemon->mhd, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);

    return found != NULL && found->num_connections > 0;
}

/* It may be gone afterwards. */
static void daemon_run(struct admin_daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;

    MHD_run(daemon->mhd);
    if (daemon->has_left && !daemon_is_busy(daemon)) {
        daemon->work->on_left(daemon);
        return;
    }
    if (MHD_get_timeout(daemon->mhd, &wait_ms) == MHD_YES) {
        reactor_timer_start(&daemon->timer, wait_ms * US_PER_MS);
    } else {
        reactor_timer_stop(&daemon->timer);
    }
}

static void daemon_on_readable(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
    daemon_run(watcher->data);
}

static void daemon_on_timer(struct reactor_timer *timer)
{
    daemon_run(container_of(timer, struct admin_daemon, timer));
}

static void daemon_on_patience_over(struct reactor_timer *timer)
{
    struct admin_daemon *daemon = container_of(timer, struct admin_daemon, patience);

    daemon->work->on_left(daemon);
}

/* libmicrohttpd closes the socket that it is given. When it does not start it does not say whether
 * it has: one descriptor may then be lost. */
static bool daemon_start(struct admin_daemon *daemon, int listener)
{
    unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME;
    int own = fcntl(listener, F_DUPFD_CLOEXEC, 0);
    struct MHD_OptionItem entry[ADMIN_ENTRY_OPTIONS];

    if (own < 0) {
        return false;
    }
    admin_entry_options(&daemon->secrets, entry);
    daemon->mhd = MHD_start_daemon(
        flags | admin_entry_flags(&daemon->secrets), 0, NULL, NULL, daemon->work->on_request,
        daemon, MHD_OPTION_EXTERNAL_LOGGER, daemon_on_log, NULL, MHD_OPTION_LISTEN_SOCKET, own,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
        MHD_OPTION_NOTIFY_COMPLETED, daemon->work->on_end, daemon, MHD_OPTION_NOTIFY_CONNECTION,
        admin_guests_on_connection, &daemon->guests, MHD_OPTION_ARRAY, entry, MHD_OPTION_END);
    return daemon->mhd != NULL;
}

static void daemon_watch(struct admin_daemon *daemon)
{
    const union MHD_DaemonInfo *found = MHD_get_daemon_info(daemon->mhd, MHD_DAEMON_INFO_EPOLL_FD);

    CHECK(found != NULL);
    reactor_timer_init(&daemon->timer, daemon->reactor, daemon_on_timer);
    reactor_timer_init(&daemon->patience, daemon->reactor, daemon_on_patience_over);
    ev_io_init(&daemon->readable, daemon_on_readable, found->epoll_fd, EV_READ);
    daemon->readable.data = daemon;
    ev_io_start(daemon->reactor->loop, &daemon->readable);
}

struct admin_daemon *admin_daemon_new(struct reactor *reactor, int listener,
                                      struct admin_secrets *secrets,
                                      const struct admin_daemon_work *work)
{
    struct admin_daemon *daemon = memory_new(1, sizeof *daemon);

    daemon->work = work;
    daemon->reactor = reactor;
    daemon->secrets = *secrets;
    *secrets = (struct admin_secrets){.token = NULL};
    admin_guests_init(&daemon->guests, reactor, work->request_us);
    if (!daemon_start(daemon, listener)) {
        admin_secrets_clear(&daemon->secrets);
        free(daemon);
        return NULL;
    }
    daemon_watch(daemon);
    return daemon;
}

void admin_daemon_free(struct admin_daemon **daemon)
{
    struct admin_daemon *gone = *daemon;

    *daemon = NULL;
    if (gone == NULL) {
        return;
    }
    ev_io_stop(gone->reactor->loop, &gone->readable);
    reactor_timer_stop(&gone->timer);
    reactor_timer_stop(&gone->patience);
    MHD_stop_daemon(gone->mhd);
    admin_guests_clear(&gone->guests);
    admin_secrets_clear(&gone->secrets);
    free(gone);
}

void admin_daemon_leave(struct admin_daemon *daemon)
{
    if (daemon->has_left) {
        return;
    }

    MHD_socket own = MHD_quiesce_daemon(daemon->mhd);

    daemon->has_left = true;
    if (own != MHD_INVALID_SOCKET) {
        close(own);
    }
    admin_daemon_wake(daemon);
    reactor_timer_start(&daemon->patience, LEAVE_US);
}

void admin_daemon_wake(struct admin_daemon *daemon)
{
    reactor_timer_start(&daemon->timer, 0);
}
