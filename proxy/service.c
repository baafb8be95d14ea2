#include "proxy/service.h"

#include <stdio.h>

#include "common/notify.h"
#include "common/sendq.h"
#include "proxy/server_parts.h"
#include "proxy/status.h"

enum {
    LOOK_US = US_PER_SECOND,
    WATCHDOG_PART = 3, /* of the time that it has, so that one may be late */
};

/* In words: what is missing, the first of it. */
static void service_describe(struct service *service, char *text, size_t room)
{
    struct sendq why;

    sendq_init(&why);
    bool is_ready = status_is_ready(service->server, &why);
    struct block *reasons = sendq_flatten(&why);
    const char *end = memchr(reasons->bytes, '\n', reasons->used);
    int size = end == NULL ? 0 : (int)(end - reasons->bytes);

    snprintf(text, room, "%.*s%s", is_ready ? 7 : size, is_ready ? "serving" : reasons->bytes,
             service->server->reloads.was_refused ? "; a new configuration was refused: see the log"
                                                  : "");
    block_release(&reasons);
    sendq_clear(&why);
}

static void service_tell_health(const struct service *service)
{
    struct sendq why;

    sendq_init(&why);
    if (notify_watchdog_after() > 0 && status_is_healthy(service->server, &why)) {
        notify_watchdog();
    }
    sendq_clear(&why);
}

static void service_on_look(struct reactor_timer *timer)
{
    struct service *service = container_of(timer, struct service, timer);
    char status[sizeof service->status];

    service_tell_health(service);
    service_describe(service, status, sizeof status);
    if (strcmp(status, service->status) != 0) {
        memcpy(service->status, status, sizeof status);
        notify_status(status);
    }
    reactor_timer_start(timer, service->look);
}

void service_init(struct service *service, struct server *server)
{
    service->server = server;
    service->status[0] = '\0';
    reactor_timer_init(&service->timer, server->reactor, service_on_look);
}

void service_begin(struct service *service)
{
    uint64_t part = notify_watchdog_after() / WATCHDOG_PART;

    if (!notify_is_wanted()) {
        return;
    }
    service->look = part > 0 && part < LOOK_US ? part : LOOK_US;
    service_describe(service, service->status, sizeof service->status);
    notify_ready(service->status);
    reactor_timer_start(&service->timer, service->look);
}

void service_reloading(const struct service *service)
{
    if (reactor_timer_is_running(&service->timer)) {
        notify_reloading();
    }
}

void service_reloaded(struct service *service)
{
    if (reactor_timer_is_running(&service->timer)) {
        service_describe(service, service->status, sizeof service->status);
        notify_ready(service->status);
    }
}

void service_stopping(const struct service *service, uint64_t patience)
{
    if (reactor_timer_is_running(&service->timer)) {
        notify_stopping(patience);
    }
}

void service_end(struct service *service)
{
    reactor_timer_stop(&service->timer);
}
