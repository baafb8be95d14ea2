#include "proxy/healthcheck.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/socket.h"

/* "HTTP/1.1 200": all of the answer that matters. */
enum { STATUS_AT = 9, STATUS_BYTES = 12 };

static bool wait_for(int fd, short events, uint64_t deadline)
{
    struct pollfd wanted = {.fd = fd, .events = events};
    int count = -1;

    do {
        uint64_t now = clock_now();
        if (now >= deadline) {
            return false;
        }
        count = poll(&wanted, 1, (int)((deadline - now) / US_PER_MS + 1));
    } while (count < 0 && errno == EINTR);
    return count > 0;
}

static enum healthcheck_result ask(int fd, uint64_t deadline)
{
    static const char request[] = "GET /readyz HTTP/1.0\r\nHost: slotway\r\n\r\n";
    size_t size = sizeof request - 1;

    if (!wait_for(fd, POLLOUT, deadline)) {
        return HEALTHCHECK_TOO_SLOW;
    }
    /* So few bytes always fit into a new socket. */
    if (socket_connect_error(fd) != 0 || send(fd, request, size, MSG_NOSIGNAL) != (ssize_t)size) {
        return HEALTHCHECK_UNREACHABLE;
    }
    return HEALTHCHECK_READY;
}

static enum healthcheck_result judge(const char *answer)
{
    struct span span = {answer, STATUS_BYTES};
    bool is_ok = span_starts_with(span, SPAN("HTTP/1.")) &&
                 span_equal((struct span){answer + STATUS_AT, 3}, SPAN("200"));

    return is_ok ? HEALTHCHECK_READY : HEALTHCHECK_NOT_READY;
}

static enum healthcheck_result hear(int fd, uint64_t deadline)
{
    char answer[STATUS_BYTES];
    size_t size = 0;

    while (size < sizeof answer) {
        if (!wait_for(fd, POLLIN, deadline)) {
            return HEALTHCHECK_TOO_SLOW;
        }
        size_t count = 0;
        switch (socket_read(fd, answer + size, sizeof answer - size, &count)) {
        case SOCKET_OK: size += count; break;
        case SOCKET_AGAIN: break;
        case SOCKET_EOF:
        case SOCKET_ERROR: return HEALTHCHECK_UNREACHABLE;
        }
    }
    return judge(answer);
}

/* Where a process on this machine finds the listener. */
static struct address reachable(const struct address *admin)
{
    struct address address = *admin;

    if (admin->kind == ADDRESS_TCP && strcmp(admin->host, "::") == 0) {
        strcpy(address.host, "::1");
    }
    if (admin->kind == ADDRESS_TCP &&
        (strcmp(admin->host, "*") == 0 || strcmp(admin->host, "0.0.0.0") == 0)) {
        strcpy(address.host, "127.0.0.1");
    }
    return address;
}

enum healthcheck_result healthcheck(const struct address *admin, uint64_t timeout_us)
{
    struct address address = reachable(admin);
    struct endpoint endpoint;

    if (address_resolve(&address, &endpoint) != ADDRESS_OK) {
        return HEALTHCHECK_NO_ADDRESS;
    }
    uint64_t deadline = clock_now() + timeout_us;
    int fd = socket_connect(&endpoint);
    if (fd < 0) {
        return HEALTHCHECK_UNREACHABLE;
    }
    enum healthcheck_result result = ask(fd, deadline);
    if (result == HEALTHCHECK_READY) {
        result = hear(fd, deadline);
    }
    close(fd);
    return result;
}

const char *healthcheck_text(enum healthcheck_result result)
{
    switch (result) {
    case HEALTHCHECK_READY: return "ready";
    case HEALTHCHECK_NOT_READY: return "not ready";
    case HEALTHCHECK_NO_ADDRESS: return "its address is not known";
    case HEALTHCHECK_UNREACHABLE: return "nobody answers";
    case HEALTHCHECK_TOO_SLOW: return "no answer in time";
    }
    return "";
}
