/* peer.h - a node of which every byte is the test's: it accepts, is told, says and leaves only when
 * the test says so, on the thread that also runs the reactor under test, turn by turn.
 */
#ifndef TESTS_UNIT_PROXY_PEER_H
#define TESTS_UNIT_PROXY_PEER_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "common/clock.h"
#include "common/reactor.h"
#include "common/socket.h"

enum {
    PEER_INPUT_MAX = 1024 * 1024,
    PEER_WORDS_MAX = 64,
    PEER_PATIENCE_US = 20 * US_PER_SECOND, /* a busy machine is no failure */
    PEER_QUIET_TURNS = 3,                  /* what one turn asks for has left after two more */
};

struct peer {
    struct reactor *reactor;
    int listener;
    int fd; /* the connection; -1: none */
    uint16_t port;
    size_t size;
    char *input;
    char id[48]; /* as it says when asked; "": it does not know */
};

static inline void on_moment(struct ev_loop *loop UNUSED, ev_timer *timer UNUSED, int events UNUSED)
{
}

/* Runs one turn of the reactor to its end, or waits a moment when there is nothing to do. */
static inline void turn(struct reactor *reactor)
{
    ev_timer moment;

    ev_timer_init(&moment, on_moment, 0.001, 0.);
    ev_timer_start(reactor->loop, &moment);
    ev_run(reactor->loop, EVRUN_ONCE);
    ev_timer_stop(reactor->loop, &moment);
    ev_run(reactor->loop, EVRUN_NOWAIT);
}

/* Turns until `condition`; fails when that takes too long. */
#define TURN_UNTIL(reactor_, condition)                                                            \
    do {                                                                                           \
        uint64_t end_ = clock_now() + PEER_PATIENCE_US;                                            \
        while (!(condition)) {                                                                     \
            cr_assert_lt(clock_now(), end_, "waited in vain for " #condition);                     \
            turn(reactor_);                                                                        \
        }                                                                                          \
    } while (0)

/* Listens at a free port of 127.0.0.1. */
static inline void peer_open(struct peer *peer, struct reactor *reactor)
{
    struct address any = {.kind = ADDRESS_TCP, .host = "127.0.0.1", .port = 0};

    *peer = (struct peer){.reactor = reactor, .fd = -1, .input = malloc(PEER_INPUT_MAX)};
    peer->listener = socket_listen(&any, 16);
    cr_assert_geq(peer->listener, 0);
    peer->port = socket_port(peer->listener);
}

/* Another connection of the same node; cleared before `first`. */
static inline void peer_open_second(struct peer *second, const struct peer *first)
{
    *second = *first;
    second->fd = -1;
    second->size = 0;
    second->input = malloc(PEER_INPUT_MAX);
}

static inline void peer_clear_second(struct peer *second)
{
    if (second->fd >= 0) {
        close(second->fd);
    }
    free(second->input);
}

/* Has the other side hung up? What it said before is forgotten. */
static inline bool peer_is_left(struct peer *peer)
{
    char bytes[1024];
    ssize_t got;

    peer->size = 0;
    do {
        got = recv(peer->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    } while (got > 0);
    return got == 0 || errno == ECONNRESET;
}

/* Hangs up. What it was told before is forgotten. */
static inline void peer_hangs_up(struct peer *peer)
{
    if (peer->fd >= 0) {
        close(peer->fd);
    }
    peer->fd = -1;
    peer->size = 0;
}

/* Its port refuses from now on. */
static inline void peer_goes(struct peer *peer)
{
    peer_hangs_up(peer);
    if (peer->listener >= 0) {
        close(peer->listener);
    }
    peer->listener = -1;
}

/* Back at its old port. */
static inline void peer_comes_back(struct peer *peer)
{
    struct address old = {.kind = ADDRESS_TCP, .host = "127.0.0.1", .port = peer->port};

    peer->listener = socket_listen(&old, 16);
    cr_assert_geq(peer->listener, 0);
}

static inline void peer_clear(struct peer *peer)
{
    peer_goes(peer);
    free(peer->input);
}

/* "GET k" as a request on the wire; the words are parted by single blanks. Returns its size. */
static inline size_t peer_wire(const char *text, char *wire, size_t room)
{
    char copy[1024];
    char *words[PEER_WORDS_MAX];
    size_t count = 0;
    char *rest = copy;

    snprintf(copy, sizeof copy, "%s", text);
    while (rest != NULL) {
        words[count++] = strsep(&rest, " ");
    }

    size_t size = (size_t)snprintf(wire, room, "*%zu\r\n", count);

    for (size_t i = 0; i < count; i++) {
        size += (size_t)snprintf(wire + size, room - size, "$%zu\r\n%s\r\n", strlen(words[i]),
                                 words[i]);
    }
    cr_assert_lt(size, room);
    return size;
}

/* Takes what has come. */
static inline void peer_listen(struct peer *peer)
{
    if (peer->fd >= 0) {
        ssize_t more =
            recv(peer->fd, peer->input + peer->size, PEER_INPUT_MAX - peer->size, MSG_DONTWAIT);

        peer->size += more > 0 ? (size_t)more : 0;
    }
}

static inline bool peer_has(struct peer *peer, size_t size)
{
    peer_listen(peer);
    return peer->size >= size;
}

/* The next that it is told is exactly this request. */
static inline void peer_gets(struct peer *peer, const char *text)
{
    char wire[2048];
    size_t size = peer_wire(text, wire, sizeof wire);

    TURN_UNTIL(peer->reactor, peer_has(peer, size));
    cr_assert_eq(memcmp(peer->input, wire, size), 0, "got '%.*s' where '%s' was due",
                 (int)peer->size, peer->input, text);
    memmove(peer->input, peer->input + size, peer->size - size);
    peer->size -= size;
}

/* It is told nothing, however many turns pass. */
static inline void peer_gets_nothing(struct peer *peer)
{
    for (int i = 0; i < PEER_QUIET_TURNS; i++) {
        turn(peer->reactor);
    }
    cr_assert(!peer_has(peer, 1), "got '%.*s' where nothing was due", (int)peer->size, peer->input);
}

static inline void peer_says(struct peer *peer, const char *text)
{
    cr_assert_eq(send(peer->fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Takes one connection, without a word. */
static inline void peer_accepts_silently(struct peer *peer)
{
    cr_assert_eq(peer->fd, -1);
    TURN_UNTIL(peer->reactor, (peer->fd = socket_accept(peer->listener, NULL)) >= 0);
}

/* The rest of a greeting, behind the password. */
static inline void peer_gets_greeting(struct peer *peer)
{
    peer_gets(peer, "CLIENT SETNAME slotway");
    peer_gets(peer, "CLUSTER MYID");
}

/* It answers the greeting. */
static inline void peer_welcomes(struct peer *peer)
{
    char text[80] = "-ERR unknown subcommand\r\n";

    if (peer->id[0] != '\0') {
        snprintf(text, sizeof text, "$%zu\r\n%s\r\n", strlen(peer->id), peer->id);
    }
    peer_says(peer, "+OK\r\n");
    peer_says(peer, text);
}

/* Takes one connection, and its greeting. */
static inline void peer_accepts(struct peer *peer)
{
    peer_accepts_silently(peer);
    peer_gets_greeting(peer);
    peer_welcomes(peer);
}

#endif
