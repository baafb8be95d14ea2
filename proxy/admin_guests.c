#include "proxy/admin_guests.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "common/check.h"
#include "common/log.h"
#include "common/memory.h"

struct admin_guest {
    struct list_link in_guests; /* none when it has been shown out */
    struct MHD_Connection *connection;
    uint64_t since; /* it came, asked, or had its last answer */
    bool owes_request;
};

/* libmicrohttpd sees the end of its bytes, and closes it in a later turn. */
static void show_out(struct admin_guests *guests, struct admin_guest *guest, const char *why)
{
    const union MHD_ConnectionInfo *found =
        MHD_get_connection_info(guest->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    CHECK(found != NULL);
    log_debug("admin connection", "closed=%s", why);
    shutdown(found->connect_fd, SHUT_RDWR);
    list_remove(&guest->in_guests);
    guests->count--;
}

static void on_timer(struct reactor_timer *timer)
{
    struct admin_guests *guests = container_of(timer, struct admin_guests, timer);

    LIST_EACH_SAFE (link, &guests->list) {
        struct admin_guest *guest = container_of(link, struct admin_guest, in_guests);
        uint64_t end = guest->since + guests->request_us;

        if (guest->owes_request && end > reactor_now(guests->reactor)) {
            reactor_timer_start(timer, end - reactor_now(guests->reactor));
            return;
        }
        if (guest->owes_request) {
            show_out(guests, guest, "its request takes too long");
        }
    }
}

static void guest_moves_on(struct admin_guests *guests, struct admin_guest *guest,
                           bool owes_request)
{
    guest->owes_request = owes_request;
    guest->since = reactor_now(guests->reactor);
    list_move(&guests->list, &guest->in_guests);
    if (owes_request && !reactor_timer_is_running(&guests->timer)) {
        reactor_timer_start(&guests->timer, guests->request_us);
    }
}

static struct admin_guest *guest_comes(struct admin_guests *guests,
                                       struct MHD_Connection *connection)
{
    struct admin_guest *guest = memory_new(1, sizeof *guest);

    guest->connection = connection;
    if (guests->count == ADMIN_GUESTS_MAX) {
        struct list_link *first = list_first(&guests->list);

        show_out(guests, container_of(first, struct admin_guest, in_guests), "too many");
    }
    guests->count++;
    guest_moves_on(guests, guest, true);
    return guest;
}

static void guest_goes(struct admin_guests *guests, struct admin_guest *guest)
{
    if (list_link_is_on(&guest->in_guests)) {
        list_remove(&guest->in_guests);
        guests->count--;
    }
    free(guest);
}

void admin_guests_init(struct admin_guests *guests, struct reactor *reactor, uint64_t request_us)
{
    list_init(&guests->list);
    guests->count = 0;
    guests->reactor = reactor;
    guests->request_us = request_us;
    reactor_timer_init(&guests->timer, reactor, on_timer);
}

void admin_guests_clear(struct admin_guests *guests)
{
    CHECK(list_is_empty(&guests->list));
    reactor_timer_stop(&guests->timer);
}

void admin_guests_on_connection(void *guests, struct MHD_Connection *connection, void **context,
                                enum MHD_ConnectionNotificationCode what)
{
    switch (what) {
    case MHD_CONNECTION_NOTIFY_STARTED: *context = guest_comes(guests, connection); break;
    case MHD_CONNECTION_NOTIFY_CLOSED: guest_goes(guests, *context); break;
    }
}

/* Who has been shown out gets no further. */
static void connection_moves_on(struct admin_guests *guests, struct MHD_Connection *connection,
                                bool owes_request)
{
    const union MHD_ConnectionInfo *found =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

    CHECK(found != NULL && found->socket_context != NULL);
    struct admin_guest *guest = found->socket_context;

    if (list_link_is_on(&guest->in_guests)) {
        guest_moves_on(guests, guest, owes_request);
    }
}

void admin_guests_on_request(struct admin_guests *guests, struct MHD_Connection *connection)
{
    connection_moves_on(guests, connection, false);
}

void admin_guests_on_end(struct admin_guests *guests, struct MHD_Connection *connection)
{
    connection_moves_on(guests, connection, true);
}
