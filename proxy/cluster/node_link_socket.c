#include "proxy/cluster/node_link_parts.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/memory.h"
#include "common/socket.h"

enum { INPUT_FIRST = 64 * 1024 };

void node_link_init(struct node_link *link, const struct pool_config *pool, int stop_fd)
{
    *link = (struct node_link){.pool = pool, .stop_fd = stop_fd, .fd = -1};
}

void node_link_close(struct node_link *link)
{
    if (link->tls != NULL) {
        tls_free(&link->tls);
    }
    if (link->fd >= 0) {
        close(link->fd);
    }
    link->fd = -1;
    link->is_greeted = false;
    link->input_size = 0;
}

void node_link_clear(struct node_link *link)
{
    node_link_close(link);
    tls_memory_clear(&link->tls_memory);
    free(link->input);
    link->input = NULL;
    link->input_room = 0;
}

enum node_link_result link_fail(struct node_link *link, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(link->error, sizeof link->error, format, arguments);
    va_end(arguments);
    return NODE_LINK_FAILED;
}

static enum node_link_result link_time_out(struct node_link *link, const char *doing)
{
    (void)link_fail(link, "%s took longer than %llu ms", doing,
                    (unsigned long long)(link->pool->timeout_connect / US_PER_MS));
    return NODE_LINK_TIMEOUT;
}

/* Until the socket is ready for `events`; stopping comes first. */
static enum node_link_result link_wait(struct node_link *link, short events, uint64_t deadline,
                                       const char *doing)
{
    struct pollfd watched[] = {{.fd = link->fd, .events = events},
                               {.fd = link->stop_fd, .events = POLLIN}};

    for (;;) {
        uint64_t now = clock_now();
        /* Once the time is over, one more look: the answer may be there, and we may be late. */
        uint64_t left = now < deadline ? deadline - now : 0;
        struct timespec timeout = {.tv_sec = (time_t)(left / US_PER_SECOND),
                                   .tv_nsec = (long)(left % US_PER_SECOND) * 1000};
        int ready = ppoll(watched, ARRAY_LEN(watched), &timeout, NULL);
        if (ready < 0 && errno != EINTR) {
            return link_fail(link, "poll: %s", strerror(errno));
        }
        if (ready > 0) {
            return watched[1].revents != 0 ? NODE_LINK_STOPPED : NODE_LINK_OK;
        }
        if (ready == 0 && left == 0) {
            return link_time_out(link, doing);
        }
    }
}

static enum node_link_result link_connect(struct node_link *link, uint64_t deadline)
{
    link->fd = socket_connect(&link->endpoint);
    if (link->fd < 0) {
        return link_fail(link, "connect: %s", strerror(errno));
    }
    enum node_link_result result = link_wait(link, POLLOUT, deadline, "connecting");
    if (result != NODE_LINK_OK) {
        return result;
    }
    int error = socket_connect_error(link->fd);
    return error == 0 ? NODE_LINK_OK : link_fail(link, "connect: %s", strerror(error));
}

static enum node_link_result link_fail_in_tls(struct node_link *link)
{
    link->has_failed_in_tls = true;
    return link_fail(link, "TLS: %.120s", tls_problem(link->tls));
}

/* A server that speaks none takes the beginning of a handshake for that of a command. */
static enum node_link_result link_tell_of_silence(struct node_link *link)
{
    link->has_failed_in_tls = true;
    (void)link_fail(link,
                    "the TLS handshake took longer than %llu ms: does the node speak TLS at "
                    "this port?",
                    (unsigned long long)(link->pool->timeout_connect / US_PER_MS));
    return NODE_LINK_TIMEOUT;
}

static enum node_link_result link_shake_hands(struct node_link *link, uint64_t deadline)
{
    enum socket_result step;

    while ((step = tls_handshake(link->tls)) == SOCKET_AGAIN) {
        short events = tls_write_awaits(link->tls) == TLS_AWAITS_WRITABLE ? POLLOUT : POLLIN;
        enum node_link_result result = link_wait(link, events, deadline, "the TLS handshake");
        if (result != NODE_LINK_OK) {
            return result == NODE_LINK_TIMEOUT ? link_tell_of_silence(link) : result;
        }
    }
    return step == SOCKET_OK ? NODE_LINK_OK : link_fail_in_tls(link);
}

static enum node_link_result link_secure(struct node_link *link, uint64_t deadline)
{
    link->tls = node_door_open(link->door, link->fd, link->host, &link->tls_memory);
    return link->tls == NULL ? NODE_LINK_OK : link_shake_hands(link, deadline);
}

enum node_link_result link_dial(struct node_link *link)
{
    uint64_t deadline = clock_now() + link->pool->timeout_connect;

    CHECK(link->fd < 0);
    link->has_failed_in_tls = false;
    enum node_link_result result = link_connect(link, deadline);
    if (result == NODE_LINK_OK) {
        result = link_secure(link, deadline);
    }
    if (result != NODE_LINK_OK) {
        node_link_close(link);
    }
    return result;
}

enum node_link_result node_link_open(struct node_link *link, const struct endpoint *endpoint,
                                     const char *host)
{
    link->endpoint = *endpoint;
    /* A session that is gone on with is not verified again: it must be this host's. */
    if (strcmp(link->host, host) != 0) {
        tls_memory_clear(&link->tls_memory);
    }
    snprintf(link->host, sizeof link->host, "%s", host);
    return link_dial(link);
}

/* A node that refuses us says why before it closes: that may lie there still. */
static bool link_is_refused_in_tls(struct node_link *link)
{
    char ignored[64];
    size_t size = 0;

    return link->tls != NULL &&
           tls_read(link->tls, ignored, sizeof ignored, &size) == SOCKET_ERROR && errno == EPROTO;
}

static enum node_link_result link_send_failed(struct node_link *link)
{
    int error = errno;

    return (link->tls != NULL && error == EPROTO) || link_is_refused_in_tls(link)
               ? link_fail_in_tls(link)
               : link_fail(link, "write: %s", strerror(error));
}

enum node_link_result link_send(struct node_link *link, struct sendq *queue, uint64_t deadline)
{
    for (;;) {
        size_t sent;
        switch (link->tls == NULL ? sendq_write(queue, link->fd, &sent)
                                  : sendq_write_tls(queue, link->tls, &sent)) {
        case SENDQ_OK: return NODE_LINK_OK;
        case SENDQ_ERROR: return link_send_failed(link);
        case SENDQ_PARTLY: break;
        }
        enum node_link_result result = link_wait(link, POLLOUT, deadline, "sending the question");
        if (result != NODE_LINK_OK) {
            return result;
        }
    }
}

static void link_make_room(struct node_link *link)
{
    if (link->input_size == link->input_room) {
        link->input_room = link->input_room == 0 ? INPUT_FIRST : link->input_room * 2;
        link->input = memory_resize(link->input, link->input_room, 1);
    }
}

static enum socket_result link_take(struct node_link *link, size_t *size)
{
    char *to = link->input + link->input_size;
    size_t room = link->input_room - link->input_size;

    return link->tls == NULL ? socket_read(link->fd, to, room, size)
                             : tls_read(link->tls, to, room, size);
}

static enum node_link_result link_read_failed(struct node_link *link)
{
    return link->tls != NULL && errno == EPROTO ? link_fail_in_tls(link)
                                                : link_fail(link, "read: %s", strerror(errno));
}

enum node_link_result link_read(struct node_link *link, uint64_t deadline)
{
    size_t size = 0;

    link_make_room(link);
    for (;;) {
        switch (link_take(link, &size)) {
        case SOCKET_OK: link->input_size += size; return NODE_LINK_OK;
        case SOCKET_EOF: return link_fail(link, "the node closed the connection");
        case SOCKET_ERROR: return link_read_failed(link);
        case SOCKET_AGAIN: break;
        }
        enum node_link_result result = link_wait(link, POLLIN, deadline, "the answer");
        if (result != NODE_LINK_OK) {
            return result;
        }
    }
}
