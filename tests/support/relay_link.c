#include "tests/support/relay_link.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/memory.h"
#include "tests/support/wait.h"

enum { READ_MAX = 65536 };

/* Bytes that were read and may be written once it is time. */
struct chunk {
    struct list_link link;
    uint64_t due_ms;
    size_t written;
    size_t size;
    char bytes[];
};

struct relay_link *relay_link_new(int from_proxy, int to_node)
{
    struct relay_link *link = memory_new(1, sizeof *link);

    link->sides[RELAY_TO_NODE] = from_proxy;
    link->sides[RELAY_TO_PROXY] = to_node;
    list_init(&link->streams[RELAY_TO_NODE]);
    list_init(&link->streams[RELAY_TO_PROXY]);
    return link;
}

void relay_link_free(struct relay_link **link)
{
    struct relay_link *gone = *link;
    struct list_link *first;

    *link = NULL;
    for (int direction = 0; direction < 2; direction++) {
        close(gone->sides[direction]);
        while ((first = list_take_first(&gone->streams[direction])) != NULL) {
            free(container_of(first, struct chunk, link));
        }
    }
    free(gone);
}

static bool stream_is_held(const struct relay_link *link, const struct relay_rules *rules,
                           int direction)
{
    return rules->held[direction] || link->lost;
}

void relay_link_read(struct relay_link *link, const struct relay_rules *rules, int direction)
{
    if (stream_is_held(link, rules, direction) || link->read_out[direction]) {
        return;
    }

    struct chunk *chunk = memory_new(1, sizeof *chunk + READ_MAX);
    ssize_t got = recv(link->sides[direction], chunk->bytes, READ_MAX, MSG_DONTWAIT);

    if (got > 0) {
        chunk->size = (size_t)got;
        chunk->due_ms = wait_now_ms() + rules->delay_ms[direction];
        list_append(&link->streams[direction], &chunk->link);
        return;
    }
    free(chunk);
    link->read_out[direction] = got == 0;
    link->closed |= got < 0 && errno != EAGAIN && errno != EINTR && errno != ENOTCONN;
}

/* Writes what may leave of a chunk. Returns true when all of it has gone. */
static bool stream_write(struct relay_link *link, struct relay_rules *rules, int direction,
                         struct chunk *chunk)
{
    size_t *cut_after = &rules->cut_after[direction];
    size_t size = size_min(chunk->size - chunk->written, *cut_after);
    ssize_t sent = send(link->sides[1 - direction], chunk->bytes + chunk->written, size,
                        MSG_DONTWAIT | MSG_NOSIGNAL);

    if (sent < 0) {
        link->closed |= errno != EAGAIN && errno != EINTR && errno != ENOTCONN;
        return false;
    }
    chunk->written += (size_t)sent;
    rules->passed[direction] += (size_t)sent;
    if (*cut_after == SIZE_MAX) {
        return chunk->written == chunk->size;
    }
    *cut_after -= (size_t)sent;
    if (*cut_after == 0) {
        *cut_after = SIZE_MAX;
        link->closed = true;
    }
    return !link->closed && chunk->written == chunk->size;
}

static void stream_pass(struct relay_link *link, struct relay_rules *rules, int direction)
{
    struct list_link *first;

    while ((first = list_first(&link->streams[direction])) != NULL) {
        struct chunk *chunk = container_of(first, struct chunk, link);
        if (chunk->due_ms > wait_now_ms() || !stream_write(link, rules, direction, chunk)) {
            return;
        }
        list_remove(&chunk->link);
        free(chunk);
    }
    if (link->read_out[direction] && !link->ended[direction]) {
        shutdown(link->sides[1 - direction], SHUT_WR);
        link->ended[direction] = true;
    }
}

void relay_link_pass(struct relay_link *link, struct relay_rules *rules)
{
    for (int direction = 0; direction < 2; direction++) {
        if (!link->closed && !stream_is_held(link, rules, direction)) {
            stream_pass(link, rules, direction);
        }
    }
    link->closed |= link->ended[RELAY_TO_NODE] && link->ended[RELAY_TO_PROXY];
}

static void stream_poll(const struct relay_link *link, int direction, struct pollfd *pollers,
                        int *timeout)
{
    struct list_link *first = list_first(&link->streams[direction]);
    uint64_t now = wait_now_ms();

    if (!link->read_out[direction]) {
        pollers[direction].events |= POLLIN;
    }
    if (first == NULL) {
        return;
    }

    uint64_t due = container_of(first, struct chunk, link)->due_ms;

    if (due <= now) {
        pollers[1 - direction].events |= POLLOUT;
    } else if (*timeout < 0 || due - now < (uint64_t)*timeout) {
        *timeout = (int)(due - now);
    }
}

void relay_link_poll(const struct relay_link *link, const struct relay_rules *rules,
                     struct pollfd *pollers, int *timeout)
{
    pollers[0] = (struct pollfd){.fd = link->sides[0]};
    pollers[1] = (struct pollfd){.fd = link->sides[1]};
    for (int direction = 0; direction < 2; direction++) {
        if (!stream_is_held(link, rules, direction)) {
            stream_poll(link, direction, pollers, timeout);
        }
    }
    /* The end of a side that nothing is wanted of would be told again and again. */
    pollers[0].fd = pollers[0].events == 0 ? -1 : pollers[0].fd;
    pollers[1].fd = pollers[1].events == 0 ? -1 : pollers[1].fd;
}
