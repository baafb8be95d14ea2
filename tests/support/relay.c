#include "tests/support/relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/check.h"
#include "common/memory.h"
#include "tests/support/ports.h"
#include "tests/support/relay_link.h"
#include "tests/support/wait.h"

enum {
    LINKS_MAX = 256,
};

struct relay {
    struct port port;
    int wake; /* eventfd: a test changed something */
    pthread_t thread;
    pthread_mutex_t lock;
    struct { /* all of it behind the lock */
        uint16_t target;
        bool ended;
        bool vanished;
        bool refusing;
        bool listening;
        struct relay_rules rules;
        size_t accepted;
        struct relay_link *links[LINKS_MAX];
        size_t link_count;
    } locked;
};

/* Wakes the relay's thread, which then looks at everything. */
#define RELAY_LOCKED(relay, ...)                                                                   \
    do {                                                                                           \
        uint64_t relay_one = 1;                                                                    \
        pthread_mutex_lock(&(relay)->lock);                                                        \
        __VA_ARGS__;                                                                               \
        ssize_t relay_written = write((relay)->wake, &relay_one, sizeof relay_one);                \
        CHECK(relay_written == sizeof relay_one);                                                  \
        pthread_mutex_unlock(&(relay)->lock);                                                      \
    } while (0)

#define RELAY_READ(relay, expression)                                                              \
    ({                                                                                             \
        pthread_mutex_lock(&(relay)->lock);                                                        \
        typeof(expression) relay_read = (expression);                                              \
        pthread_mutex_unlock(&(relay)->lock);                                                      \
        relay_read;                                                                                \
    })

/* Begins to connect to a port of this machine; -1 when nobody listens there. */
static int connect_to(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    CHECK(fd >= 0);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 && errno != EINPROGRESS) {
        close(fd);
        return -1;
    }
    return fd;
}

static int accept_one(struct relay *relay)
{
    return accept4(relay->port.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* A node that refuses shows as a connection that closes at once. */
static void relay_take_locked(struct relay *relay)
{
    int yes = 1;
    int fd = accept_one(relay);

    if (fd < 0) {
        return;
    }
    int onward = connect_to(relay->locked.target);
    if (onward < 0) {
        close(fd);
        return;
    }
    CHECK(relay->locked.link_count < LINKS_MAX);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    relay->locked.links[relay->locked.link_count++] = relay_link_new(fd, onward);
    relay->locked.accepted++;
}

static void relay_sweep_locked(struct relay *relay)
{
    size_t kept = 0;

    for (size_t i = 0; i < relay->locked.link_count; i++) {
        struct relay_link *link = relay->locked.links[i];
        if (link->closed || relay->locked.refusing || relay->locked.ended) {
            relay_link_free(&link);
        } else {
            relay->locked.links[kept++] = link;
        }
    }
    relay->locked.link_count = kept;
}

static void relay_listen_locked(struct relay *relay)
{
    bool wanted = !relay->locked.refusing && !relay->locked.ended;

    if (wanted && !relay->locked.listening) {
        port_listen(&relay->port);
    } else if (!wanted && relay->locked.listening) {
        port_stop_listening(&relay->port);
    }
    relay->locked.listening = wanted;
}

static void relay_work_locked(struct relay *relay)
{
    relay_listen_locked(relay);
    for (size_t i = 0; i < relay->locked.link_count; i++) {
        relay_link_pass(relay->locked.links[i], &relay->locked.rules);
    }
    relay_sweep_locked(relay);
}

static bool relay_hears_locked(const struct relay *relay)
{
    return relay->locked.listening && !relay->locked.vanished;
}

/* Returns how many pollers there are: wake-up, listener, two for each connection. */
static nfds_t relay_pollers_locked(const struct relay *relay, struct pollfd *pollers, int *timeout)
{
    nfds_t count = 2;

    *timeout = -1;
    pollers[0] = (struct pollfd){.fd = relay->wake, .events = POLLIN};
    pollers[1] =
        (struct pollfd){.fd = relay_hears_locked(relay) ? relay->port.fd : -1, .events = POLLIN};
    for (size_t i = 0; i < relay->locked.link_count; i++) {
        relay_link_poll(relay->locked.links[i], &relay->locked.rules, &pollers[count], timeout);
        count += 2;
    }
    return count;
}

static void relay_receive_locked(struct relay *relay, const struct pollfd *pollers, nfds_t count)
{
    for (nfds_t i = 2; i < count; i++) {
        if (pollers[i].revents != 0) {
            relay_link_read(relay->locked.links[(i - 2) / 2], &relay->locked.rules, (int)(i % 2));
        }
    }
    if (pollers[1].revents != 0 && relay_hears_locked(relay)) {
        relay_take_locked(relay);
    }
}

static void *relay_run(void *argument)
{
    struct relay *relay = argument;
    struct pollfd *pollers = memory_new(2 * LINKS_MAX + 2, sizeof *pollers);
    uint64_t ignored = 0;
    int timeout = 0;

    pthread_mutex_lock(&relay->lock);
    while (!relay->locked.ended) {
        relay_work_locked(relay);
        nfds_t count = relay_pollers_locked(relay, pollers, &timeout);
        pthread_mutex_unlock(&relay->lock);
        poll(pollers, count, timeout);
        pthread_mutex_lock(&relay->lock);
        if (pollers[0].revents != 0) {
            ssize_t got = read(relay->wake, &ignored, sizeof ignored);
            CHECK(got == sizeof ignored);
        }
        relay_receive_locked(relay, pollers, count);
    }
    relay_sweep_locked(relay);
    pthread_mutex_unlock(&relay->lock);
    free(pollers);
    return NULL;
}

struct relay *relay_new(uint16_t target)
{
    struct relay *relay = memory_new(1, sizeof *relay);

    relay->port = port_reserve();
    relay->locked.target = target;
    relay->wake = eventfd(0, EFD_CLOEXEC);
    relay->locked.rules.cut_after[RELAY_TO_NODE] = SIZE_MAX;
    relay->locked.rules.cut_after[RELAY_TO_PROXY] = SIZE_MAX;
    pthread_mutex_init(&relay->lock, NULL);
    int failed = pthread_create(&relay->thread, NULL, relay_run, relay);
    CHECK(failed == 0 && relay->wake >= 0);
    bool listening = WAIT_FOR(RELAY_READ(relay, relay->locked.listening));
    CHECK(listening);
    return relay;
}

void relay_free(struct relay **relay)
{
    struct relay *gone = *relay;

    if (gone == NULL) {
        return;
    }
    *relay = NULL;
    RELAY_LOCKED(gone, gone->locked.ended = true);
    pthread_join(gone->thread, NULL);
    port_release(&gone->port);
    close(gone->wake);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
}

uint16_t relay_port(const struct relay *relay)
{
    return relay->port.number;
}

void relay_hold(struct relay *relay, enum relay_direction direction)
{
    RELAY_LOCKED(relay, relay->locked.rules.held[direction] = true);
}

void relay_let_through(struct relay *relay, enum relay_direction direction)
{
    RELAY_LOCKED(relay, relay->locked.rules.held[direction] = false);
}

void relay_delay(struct relay *relay, enum relay_direction direction, uint64_t delay_ms)
{
    RELAY_LOCKED(relay, relay->locked.rules.delay_ms[direction] = delay_ms);
}

void relay_cut_after(struct relay *relay, enum relay_direction direction, size_t size)
{
    RELAY_LOCKED(relay, relay->locked.rules.cut_after[direction] = size);
}

/* Linux: a filter on a TCP socket sees segments before TCP does. What it does not let pass was
 * never there: it is not acknowledged, and who wants to connect gets no answer. */
static void deafen(int fd)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog filter = {1, &nothing};
    int deaf = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);

    CHECK(deaf == 0);
}

static void relay_vanish_locked(struct relay *relay)
{
    relay->locked.vanished = true;
    deafen(relay->port.fd);
    for (size_t i = 0; i < relay->locked.link_count; i++) {
        relay->locked.links[i]->lost = true;
        deafen(relay->locked.links[i]->sides[RELAY_TO_NODE]);
        deafen(relay->locked.links[i]->sides[RELAY_TO_PROXY]);
    }
}

void relay_vanish(struct relay *relay)
{
    RELAY_LOCKED(relay, relay_vanish_locked(relay));
}

static void relay_reappear_locked(struct relay *relay)
{
    int ignored = 0;
    int hearing =
        setsockopt(relay->port.fd, SOL_SOCKET, SO_DETACH_FILTER, &ignored, sizeof ignored);

    CHECK(hearing == 0);
    relay->locked.vanished = false;
}

void relay_reappear(struct relay *relay)
{
    RELAY_LOCKED(relay, relay_reappear_locked(relay));
}

void relay_refuse(struct relay *relay)
{
    RELAY_LOCKED(relay, relay->locked.refusing = true);
    bool refuses =
        WAIT_FOR(RELAY_READ(relay, !relay->locked.listening && relay->locked.link_count == 0));
    CHECK(refuses);
}

void relay_accept(struct relay *relay)
{
    RELAY_LOCKED(relay, relay->locked.refusing = false);
    bool listening = WAIT_FOR(RELAY_READ(relay, relay->locked.listening));
    CHECK(listening);
}

static bool relay_has_closed_locked(const struct relay *relay)
{
    bool has = false;

    for (size_t i = 0; i < relay->locked.link_count; i++) {
        has |= relay->locked.links[i]->closed;
    }
    return has;
}

static void relay_lead_locked(struct relay *relay, uint16_t target)
{
    relay->locked.target = target;
    for (size_t i = 0; i < relay->locked.link_count; i++) {
        relay->locked.links[i]->closed = true;
    }
}

void relay_lead_to(struct relay *relay, uint16_t target)
{
    RELAY_LOCKED(relay, relay_lead_locked(relay, target));
    bool led = WAIT_FOR(RELAY_READ(relay, !relay_has_closed_locked(relay)));
    CHECK(led);
}

size_t relay_accepted(struct relay *relay)
{
    return RELAY_READ(relay, relay->locked.accepted);
}

size_t relay_passed(struct relay *relay, enum relay_direction direction)
{
    return RELAY_READ(relay, relay->locked.rules.passed[direction]);
}
