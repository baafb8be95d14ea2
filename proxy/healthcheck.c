#include "proxy/healthcheck.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/tls.h"

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

/* A connection, over TLS or without. */
struct line {
    int fd;
    struct tls *tls; /* NULL: without */
    uint64_t deadline;
};

/* What stands in the way of going on, if it can be waited for. */
static bool line_wait(const struct line *line, short events)
{
    bool turns = line->tls != NULL && tls_read_awaits(line->tls) == TLS_AWAITS_WRITABLE;

    return wait_for(line->fd, turns ? POLLOUT : events, line->deadline);
}

static enum healthcheck_result shake_hands(const struct line *line)
{
    enum socket_result result = SOCKET_AGAIN;

    while (line->tls != NULL && (result = tls_handshake(line->tls)) == SOCKET_AGAIN) {
        if (!line_wait(line, POLLIN)) {
            return HEALTHCHECK_TOO_SLOW;
        }
    }
    return line->tls == NULL || result == SOCKET_OK ? HEALTHCHECK_READY : HEALTHCHECK_UNREACHABLE;
}

/* So few bytes always fit into a new socket. */
static bool line_say(const struct line *line, const char *text, size_t size)
{
    size_t sent = 0;

    return line->tls == NULL ? send(line->fd, text, size, MSG_NOSIGNAL) == (ssize_t)size
                             : tls_write(line->tls, text, size, &sent) == SOCKET_OK;
}

static enum socket_result line_hear(const struct line *line, char *to, size_t room, size_t *size)
{
    return line->tls == NULL ? socket_read(line->fd, to, room, size)
                             : tls_read(line->tls, to, room, size);
}

static enum healthcheck_result ask(const struct line *line)
{
    static const char request[] = "GET /readyz HTTP/1.0\r\nHost: slotway\r\n\r\n";

    if (!wait_for(line->fd, POLLOUT, line->deadline)) {
        return HEALTHCHECK_TOO_SLOW;
    }
    if (socket_connect_error(line->fd) != 0) {
        return HEALTHCHECK_UNREACHABLE;
    }

    enum healthcheck_result result = shake_hands(line);

    if (result == HEALTHCHECK_READY && !line_say(line, request, sizeof request - 1)) {
        return HEALTHCHECK_UNREACHABLE;
    }
    return result;
}

static enum healthcheck_result judge(const char *answer)
{
    struct span span = {answer, STATUS_BYTES};
    bool is_ok = span_starts_with(span, SPAN("HTTP/1.")) &&
                 span_equal((struct span){answer + STATUS_AT, 3}, SPAN("200"));

    return is_ok ? HEALTHCHECK_READY : HEALTHCHECK_NOT_READY;
}

static enum healthcheck_result hear(const struct line *line)
{
    char answer[STATUS_BYTES];
    size_t size = 0;

    while (size < sizeof answer) {
        size_t count = 0;
        switch (line_hear(line, answer + size, sizeof answer - size, &count)) {
        case SOCKET_OK: size += count; break;
        case SOCKET_AGAIN:
            if (!line_wait(line, POLLIN)) {
                return HEALTHCHECK_TOO_SLOW;
            }
            break;
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

/* Who asks is on the same machine, and wants to know whether somebody works there. */
static struct tls_context *make_context(void)
{
    static const struct tls_settings settings = {.kind = TLS_CLIENT, .verify = TLS_VERIFY_NONE};
    struct tls_fault fault;
    struct tls_context *context = tls_context_new(&settings, &fault);

    CHECK(context != NULL);
    return context;
}

static struct tls *make_tls(int fd)
{
    struct tls_context *context = make_context();
    struct tls *tls = tls_connect(context, fd, &(struct tls_server){.name = NULL});

    tls_context_release(&context);
    return tls;
}

enum healthcheck_result healthcheck(const struct address *admin, enum healthcheck_speech speech,
                                    uint64_t timeout_us)
{
    struct address address = reachable(admin);
    struct endpoint endpoint;

    if (address_resolve(&address, &endpoint) != ADDRESS_OK) {
        return HEALTHCHECK_NO_ADDRESS;
    }
    struct line line = {.deadline = clock_now() + timeout_us, .fd = socket_connect(&endpoint)};
    if (line.fd < 0) {
        return HEALTHCHECK_UNREACHABLE;
    }
    line.tls = speech == HEALTHCHECK_HTTPS ? make_tls(line.fd) : NULL;
    enum healthcheck_result result = ask(&line);
    if (result == HEALTHCHECK_READY) {
        result = hear(&line);
    }
    tls_free(&line.tls);
    close(line.fd);
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
