#include "bench/load/connection.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/memory.h"

enum {
    INPUT_BYTES = 256 * 1024, /* of one recv; from 64 KiB on, larger ones save little */
    EVENTS_MAX = 512,         /* of one epoll_wait */
    UNITS_MIN = 4,
    NS_PER_US = 1000,
};

void connections_init(struct connections *connections, const struct work *work)
{
    *connections = (struct connections){.work = work};
    connections->epoll = epoll_create1(EPOLL_CLOEXEC);
    connections->input = memory_raw(INPUT_BYTES);
    connections->now = clock_now();
    list_init(&connections->unsent);
    CHECK(connections->epoll >= 0);
}

void connections_clear(struct connections *connections)
{
    close(connections->epoll);
    free(connections->input);
    tls_context_release(&connections->tls);
}

void connection_init(struct connection *connection, struct connections *shared)
{
    *connection = (struct connection){.shared = shared};
    line_init(&connection->line);
    sendq_init(&connection->output);
}

void connection_clear(struct connection *connection)
{
    line_close(&connection->line);
    list_remove(&connection->unsent);
    sendq_clear(&connection->output);
    free(connection->units);
    connection_init(connection, connection->shared);
}

static struct unit *oldest(const struct connection *connection)
{
    return &connection->units[connection->first];
}

static void units_grow(struct connection *connection)
{
    uint32_t room = connection->room == 0 ? UNITS_MIN : connection->room * 2;
    struct unit *units = memory_new(room, sizeof *units);

    for (uint32_t i = 0; i < connection->count; i++) {
        units[i] = connection->units[(connection->first + i) & (connection->room - 1)];
    }
    free(connection->units);
    connection->units = units;
    connection->room = room;
    connection->first = 0;
}

static void units_push(struct connection *connection, const struct unit *unit)
{
    if (connection->count == connection->room) {
        units_grow(connection);
    }
    connection->units[(connection->first + connection->count++) & (connection->room - 1)] = *unit;
}

static struct unit units_pop(struct connection *connection)
{
    struct unit unit = *oldest(connection);

    CHECK(connection->count > 0);
    connection->first = (connection->first + 1) & (connection->room - 1);
    connection->count--;
    return unit;
}

static void connection_shut(struct connection *connection)
{
    line_close(&connection->line);
    connection->state = CONNECTION_CLOSED;
    list_remove(&connection->unsent);
    sendq_clear(&connection->output);
}

void connection_close(struct connection *connection)
{
    CHECK(connection->count == 0);
    connection_shut(connection);
}

/* Takes all units off it, as lost, and says that the connection is. */
static void give_up(struct connection *connection, enum verdict verdict, const char *why)
{
    struct connections *shared = connection->shared;

    connection_shut(connection);
    while (connection->count > 0) {
        struct unit unit = units_pop(connection);

        shared->answered(shared->context, connection, &unit, (struct outcome){VERDICT_LOST, why});
    }
    shared->lost(shared->context, connection, (struct outcome){verdict, why});
}

static void connection_fail(struct connection *connection, const char *why)
{
    give_up(connection, VERDICT_LOST, why);
}

static void connection_break(struct connection *connection)
{
    struct connections *shared = connection->shared;

    snprintf(shared->why, sizeof shared->why, "%s", line_problem(&connection->line));
    connection_fail(connection, shared->why);
}

void connection_open(struct connection *connection, const struct endpoint *endpoint)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                                .data.ptr = connection};

    CHECK(connection->state == CONNECTION_CLOSED && connection->count == 0);
    connection->openings++;
    if (!line_open(&connection->line, endpoint) ||
        epoll_ctl(connection->shared->epoll, EPOLL_CTL_ADD, connection->line.fd, &event) != 0) {
        connection_fail(connection, strerror(errno));
        return;
    }
    connection->state = CONNECTION_OPENING;
    connection->may_write = false;
}

static void write_later(struct connection *connection)
{
    if (!list_link_is_on(&connection->unsent)) {
        list_append(&connection->shared->unsent, &connection->unsent);
    }
}

void connection_send(struct connection *connection, const struct unit *unit)
{
    const struct work *work = connection->shared->work;

    CHECK(connection->state != CONNECTION_CLOSED);
    units_push(connection, unit);
    work_request(work, unit, 0, &connection->output);
    if (connection->count == 1) {
        check_begin(&connection->check, work, oldest(connection));
    }
    write_later(connection);
}

static void connection_write(struct connection *connection)
{
    size_t sent = 0;
    enum sendq_result result = line_write(&connection->line, &connection->output, &sent);

    connection->shared->bytes_out += sent;
    switch (result) {
    case SENDQ_OK: return;
    case SENDQ_PARTLY: connection->may_write = false; return;
    case SENDQ_ERROR: connection_break(connection); return;
    }
}

void connections_flush(struct connections *connections)
{
    struct list_link *link;

    while ((link = list_take_first(&connections->unsent)) != NULL) {
        struct connection *connection = container_of(link, struct connection, unsent);

        if (connection->may_write) {
            connection_write(connection);
        }
    }
}

static void unit_done(struct connection *connection)
{
    struct connections *shared = connection->shared;
    struct unit unit = units_pop(connection);
    struct outcome outcome = {connection->check.verdict, connection->check.remark};

    /* Before anybody is told, as he may send by this connection, or close it. */
    if (connection->count > 0) {
        check_begin(&connection->check, shared->work, oldest(connection));
    }
    shared->answered(shared->context, connection, &unit, outcome);
}

static void step_done(struct connection *connection)
{
    const struct unit *unit = oldest(connection);

    if (connection->check.step < work_parts(unit)) {
        work_request(connection->shared->work, unit, connection->check.step, &connection->output);
        write_later(connection);
    }
}

/* Looks at what one recv brought. Returns false when the connection is no longer the one that it
 * was. */
static bool connection_look(struct connection *connection, struct span input)
{
    uint32_t opening = connection->openings;

    while (input.size > 0) {
        if (connection->count == 0) {
            give_up(connection, VERDICT_WRONG, "a reply that nobody asked for");
            return false;
        }
        switch (
            check_feed(&connection->check, connection->shared->work, oldest(connection), &input)) {
        case CHECK_MORE: break;
        case CHECK_STEP: step_done(connection); break;
        case CHECK_UNIT: unit_done(connection); break;
        case CHECK_BROKEN: give_up(connection, VERDICT_WRONG, "no RESP2"); return false;
        }
        if (connection->state == CONNECTION_CLOSED || connection->openings != opening) {
            return false;
        }
    }
    return true;
}

/* As edges are told once, reads until nothing is left. A short read in clear is the end, unless the
 * peer has closed: then there is one more, of nothing. */
static void connection_read(struct connection *connection, bool has_closed)
{
    struct connections *shared = connection->shared;
    size_t size = 0;

    do {
        enum socket_result result = line_read(&connection->line, shared->input, INPUT_BYTES, &size);

        shared->now = clock_now();
        shared->bytes_in += size;
        switch (result) {
        case SOCKET_OK: break;
        case SOCKET_AGAIN: return;
        case SOCKET_EOF: connection_fail(connection, "closed by the peer"); return;
        case SOCKET_ERROR: connection_break(connection); return;
        }
        if (!connection_look(connection, (struct span){shared->input, size})) {
            return;
        }
    } while (has_closed || !line_is_dry(&connection->line, size, INPUT_BYTES));
}

/* The connect has succeeded or failed. */
static void connection_on_connected(struct connection *connection)
{
    struct connections *shared = connection->shared;
    int error = socket_connect_error(connection->line.fd);

    if (error != 0) {
        connection_fail(connection, strerror(error));
    } else if (shared->tls == NULL) {
        connection->state = CONNECTION_OPEN;
    } else {
        line_secure(&connection->line, shared->tls, shared->host);
        connection->state = CONNECTION_SECURING;
    }
}

static void connection_secure(struct connection *connection)
{
    switch (tls_handshake(connection->line.tls)) {
    case SOCKET_OK: connection->state = CONNECTION_OPEN; return;
    case SOCKET_AGAIN: return;
    case SOCKET_EOF:
    case SOCKET_ERROR: connection_break(connection); return;
    }
}

/* The socket takes bytes (again). */
static void connection_on_writable(struct connection *connection)
{
    connection->may_write = true;
    if (!sendq_is_empty(&connection->output)) {
        write_later(connection);
    }
}

static void connection_on_events(struct connection *connection, uint32_t events)
{
    const uint32_t closed = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

    if (connection->state == CONNECTION_OPENING && (events & (EPOLLOUT | closed)) != 0) {
        connection_on_connected(connection);
    }
    if (connection->state == CONNECTION_SECURING) {
        /* What comes behind the handshake may have come with its end. */
        connection_secure(connection);
        events |= EPOLLIN | EPOLLOUT;
    }
    if (connection->state != CONNECTION_OPEN) {
        return;
    }
    if (!connection->may_write && (events & (EPOLLOUT | closed)) != 0) {
        connection_on_writable(connection);
    }
    if ((events & (EPOLLIN | closed)) != 0) {
        connection_read(connection, (events & closed) != 0);
    }
}

/* Kernels before 5.11 know milliseconds only. */
static int wait_for_events(int epoll, struct epoll_event *events, uint64_t timeout_us)
{
    struct timespec timeout = {.tv_sec = (time_t)(timeout_us / US_PER_SECOND),
                               .tv_nsec = (long)(timeout_us % US_PER_SECOND * NS_PER_US)};
    int count = epoll_pwait2(epoll, events, EVENTS_MAX, &timeout, NULL);

    if (count < 0 && errno == ENOSYS) {
        count =
            epoll_wait(epoll, events, EVENTS_MAX, (int)((timeout_us + US_PER_MS - 1) / US_PER_MS));
    }
    return count;
}

void connections_wait(struct connections *connections, uint64_t timeout_us)
{
    struct epoll_event events[EVENTS_MAX];
    int count = wait_for_events(connections->epoll, events, timeout_us);

    CHECK(count >= 0 || errno == EINTR);
    connections->now = clock_now();
    for (int i = 0; i < count; i++) {
        connection_on_events(events[i].data.ptr, events[i].events);
        connections_flush(connections);
    }
}
