#include "tests/support/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/check.h"
#include "common/memory.h"
#include "common/tls.h"
#include "tests/support/resp.h"
#include "tests/support/wait.h"

struct wire {
    int fd;
    struct tls *tls;    /* NULL: none */
    struct bytes input; /* from the first byte not yet given out */
    size_t given;       /* of input, dropped when the next reply is looked for */
    bool closed;
    char **texts;
    size_t text_count;
};

int wire_connect(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int yes = 1;

    CHECK(fd >= 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

struct wire *wire_open(uint16_t port)
{
    int fd = wire_connect(port);

    if (fd < 0) {
        return NULL;
    }
    struct wire *wire = memory_new(1, sizeof *wire);
    wire->fd = fd;
    return wire;
}

void wire_close(struct wire **wire)
{
    if (*wire == NULL) {
        return;
    }
    tls_free(&(*wire)->tls);
    close((*wire)->fd);
    bytes_clear(&(*wire)->input);
    for (size_t i = 0; i < (*wire)->text_count; i++) {
        free((*wire)->texts[i]);
    }
    free((*wire)->texts);
    free(*wire);
    *wire = NULL;
}

static const char *wire_keep(struct wire *wire, char *text)
{
    wire->texts = memory_resize(wire->texts, wire->text_count + 1, sizeof *wire->texts);
    wire->texts[wire->text_count++] = text;
    return text;
}

/* Waits for `events`; false at the deadline. */
static bool wire_poll(const struct wire *wire, short events, uint64_t until_ms)
{
    struct pollfd poller = {.fd = wire->fd, .events = events};
    uint64_t now_ms = wait_now_ms();

    return now_ms < until_ms && poll(&poller, 1, (int)(until_ms - now_ms)) > 0;
}

struct wire *wire_open_tls(uint16_t port, struct tls_context *context, const char *name)
{
    struct wire *wire = wire_open(port);
    const struct tls_server server = {.name = name, .expected = name};
    uint64_t until_ms = wait_now_ms() + WAIT_MS;

    if (wire == NULL) {
        return NULL;
    }
    CHECK(fcntl(wire->fd, F_SETFL, O_NONBLOCK) == 0);
    wire->tls = tls_connect(context, wire->fd, &server);

    enum socket_result result = tls_handshake(wire->tls);

    while (result == SOCKET_AGAIN && wire_poll(wire, POLLIN, until_ms)) {
        result = tls_handshake(wire->tls);
    }
    wire->closed = result != SOCKET_OK;
    return wire;
}

const char *wire_problem(const struct wire *wire)
{
    return wire->tls == NULL ? "" : tls_problem(wire->tls);
}

struct tls *wire_tls(struct wire *wire)
{
    return wire->tls;
}

/* As recv and send say it. */
static ssize_t count_of(enum socket_result result, size_t size)
{
    switch (result) {
    case SOCKET_OK: return (ssize_t)size;
    case SOCKET_AGAIN: errno = EAGAIN; return -1;
    case SOCKET_EOF: return 0;
    case SOCKET_ERROR: errno = EPROTO; return -1;
    }
    return -1;
}

static ssize_t wire_take(struct wire *wire, void *to, size_t room)
{
    size_t size = 0;

    if (wire->tls == NULL) {
        return recv(wire->fd, to, room, MSG_DONTWAIT);
    }

    enum socket_result result = tls_read(wire->tls, to, room, &size);

    return count_of(result, size);
}

static ssize_t wire_put(struct wire *wire, const void *from, size_t size)
{
    size_t sent = 0;

    if (wire->tls == NULL) {
        return send(wire->fd, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    }

    enum socket_result result = tls_write(wire->tls, from, size, &sent);

    return count_of(result, sent);
}

/* Reads what is there; false when nothing came until the deadline, or ever will. */
static bool wire_read(struct wire *wire, uint64_t until_ms)
{
    bool has_more = wire->tls != NULL && tls_has_more(wire->tls);

    if (wire->closed || (!has_more && !wire_poll(wire, POLLIN, until_ms))) {
        return false;
    }
    size_t wanted = size_max(65536, wire->input.size);
    ssize_t count = wire_take(wire, bytes_room(&wire->input, wanted), wanted);
    if (count > 0) {
        bytes_added(&wire->input, (size_t)count);
        return true;
    }
    wire->closed = count == 0 || errno != EAGAIN;
    return !wire->closed;
}

size_t wire_send_some(struct wire *wire, const void *at, size_t size)
{
    ssize_t count = wire_put(wire, at, size);

    return count < 0 ? 0 : (size_t)count;
}

bool wire_send_bytes(struct wire *wire, const void *at, size_t size)
{
    uint64_t until_ms = wait_now_ms() + 2 * WAIT_MS;
    const char *from = at;

    while (size > 0) {
        ssize_t count = wire_put(wire, from, size);
        if (count < 0 && errno != EAGAIN) {
            return false;
        }
        if (count > 0) {
            from += count;
            size -= (size_t)count;
        } else {
            /* A peer that pushes back may first want its own replies read. */
            if (!wire_poll(wire, POLLIN | POLLOUT, until_ms)) {
                return false;
            }
            if (wire_has_input(wire)) {
                wire_read(wire, until_ms);
            }
        }
    }
    return true;
}

bool wire_send(struct wire *wire, const char *format, ...)
{
    struct bytes bytes = {0};
    va_list list;

    va_start(list, format);
    bytes_print_list(&bytes, format, list);
    va_end(list);
    bool sent = wire_send_bytes(wire, bytes.at, bytes.size);
    bytes_clear(&bytes);
    return sent;
}

bool wire_send_in_pieces(struct wire *wire, const char *bytes)
{
    for (const char *at = bytes; *at != '\0'; at++) {
        if (!wire_send_bytes(wire, at, 1)) {
            return false;
        }
        wait_a_moment();
    }
    return true;
}

bool wire_request_list(struct wire *wire, const char *const *arguments)
{
    struct bytes request = {0};
    struct span spans[64];
    size_t count = 0;

    while (arguments[count] != NULL) {
        CHECK(count < ARRAY_LEN(spans));
        spans[count] = span_of(arguments[count]);
        count++;
    }
    bytes_add_request(&request, spans, count);
    bool sent = wire_send_bytes(wire, request.at, request.size);
    bytes_clear(&request);
    return sent;
}

void wire_send_lines(struct wire *wire, const char *lines)
{
    struct bytes sent = {0};

    for (const char *line = lines; *line != '\0'; line += *line == '|') {
        size_t size = strcspn(line, "|");
        bytes_print(&sent, "%.*s\r\n", (int)size, line);
        line += size;
    }
    wire_send_bytes(wire, sent.at, sent.size);
    bytes_clear(&sent);
}

static void add_request(struct bytes *requests, const char *line, size_t size)
{
    struct span words[8];
    size_t count = 0;

    for (const char *at = line; at < line + size; at++) {
        size_t length = strcspn(at, " |");
        words[count++] = (struct span){at, length};
        at += length;
    }
    bytes_add_request(requests, words, count);
}

void wire_send_requests(struct wire *wire, const char *lines)
{
    struct bytes requests = {0};

    for (const char *line = lines; *line != '\0'; line += *line == '|') {
        size_t size = strcspn(line, "|");
        add_request(&requests, line, size);
        line += size;
    }
    wire_send_bytes(wire, requests.at, requests.size);
    bytes_clear(&requests);
}

/* Forgets what was given out before. */
static void wire_forget_given(struct wire *wire)
{
    if (wire->given > 0) {
        bytes_drop(&wire->input, wire->given);
        wire->given = 0;
    }
}

/* A whole reply behind what was given out, or NULL. */
static const char *wire_next(struct wire *wire, size_t *size)
{
    struct span rest = {wire->input.at + wire->given, wire->input.size - wire->given};

    *size = rest.size == 0 ? 0 : resp_reply_size(rest);
    wire->given += *size;
    return *size == 0 ? NULL : rest.at;
}

const char *wire_reply(struct wire *wire, size_t *size)
{
    uint64_t until_ms = wait_now_ms() + WAIT_MS;
    size_t ignored = 0;

    if (size == NULL) {
        size = &ignored;
    }
    /* Thousands of replies may be there already: only move bytes when none of them is whole. */
    const char *reply = wire_next(wire, size);
    if (reply == NULL) {
        wire_forget_given(wire);
    }
    while (reply == NULL && wire_read(wire, until_ms)) {
        reply = wire_next(wire, size);
    }
    return reply;
}

const char *wire_text(struct wire *wire)
{
    size_t size = 0;
    const char *reply = wire_reply(wire, &size);

    if (reply == NULL) {
        return wire->closed ? "(closed)" : "(no reply)";
    }
    return wire_keep(wire, resp_text((struct span){reply, size}));
}

const char *wire_ask_list(struct wire *wire, const char *const *arguments)
{
    if (!wire_request_list(wire, arguments)) {
        return "(closed)";
    }
    return wire_text(wire);
}

const char *wire_escaped(struct wire *wire, const char *bytes)
{
    struct bytes escaped = {0};

    bytes_room(&escaped, 0);
    bytes_add_escaped(&escaped, span_of(bytes));
    return wire_keep(wire, escaped.at);
}

const char *wire_bytes(struct wire *wire, const char *bytes)
{
    uint64_t until_ms = wait_now_ms() + WAIT_MS;
    struct bytes escaped = {0};

    wire_forget_given(wire);
    while (wire->input.size < strlen(bytes) && wire_read(wire, until_ms)) {
    }
    wire->given = size_min(strlen(bytes), wire->input.size);
    bytes_room(&escaped, 0);
    bytes_add_escaped(&escaped, (struct span){wire->input.at, wire->given});
    return wire_keep(wire, escaped.at);
}

bool wire_is_closed(struct wire *wire)
{
    wire_forget_given(wire);
    while (wire->input.size == 0 && wire_read(wire, wait_now_ms() + WAIT_MS)) {
    }
    return wire->closed && wire->input.size == 0;
}

bool wire_has_input(struct wire *wire)
{
    struct pollfd poller = {.fd = wire->fd, .events = POLLIN};

    return poll(&poller, 1, 0) > 0 && (poller.revents & POLLIN) != 0;
}

/* Over TLS there is also what no client sees. */
bool wire_is_sent_away(struct wire *wire)
{
    if (wire->tls == NULL) {
        return wire_has_input(wire);
    }
    if (!wire->closed && (tls_has_more(wire->tls) || wire_has_input(wire))) {
        wire_read(wire, wait_now_ms() + 1);
    }
    return wire->closed || wire->input.size > wire->given;
}

void wire_finish_sending(struct wire *wire)
{
    if (wire->tls != NULL) {
        tls_say_goodbye(wire->tls);
    }
    shutdown(wire->fd, SHUT_WR);
}

void wire_reset_on_close(struct wire *wire)
{
    struct linger none = {.l_onoff = 1, .l_linger = 0};

    setsockopt(wire->fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

void wire_shrink_receive_buffer(struct wire *wire)
{
    int size = 4096;

    setsockopt(wire->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}
