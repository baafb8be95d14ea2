/* relay_link.h - one connection through a relay: bytes in at one side, out at the other.
 *
 *      sides[RELAY_TO_NODE]  ── streams[RELAY_TO_NODE]  ──>  sides[RELAY_TO_PROXY]
 *         (slotway's)        <── streams[RELAY_TO_PROXY] ──     (the node's)
 *
 * The relay's own; under its lock.
 */
#ifndef TESTS_SUPPORT_RELAY_LINK_H
#define TESTS_SUPPORT_RELAY_LINK_H

#include <poll.h>

#include "common/list.h"
#include "tests/support/relay.h"

/* What becomes of bytes; each by direction. */
struct relay_rules {
    bool held[2];
    uint64_t delay_ms[2];
    size_t cut_after[2]; /* SIZE_MAX: never */
    size_t passed[2];
};

/* Stream `direction` goes from sides[direction] to the other one. */
struct relay_link {
    int sides[2];
    struct list streams[2];
    bool read_out[2]; /* the side has said its last byte */
    bool ended[2];    /* and the other side has been told */
    bool lost;        /* nothing passes any more, and nobody is told */
    bool closed;
};

/* Takes both sockets. */
struct relay_link *relay_link_new(int from_proxy, int to_node);
void relay_link_free(struct relay_link **link);

/* Reads what has come for `direction`. */
void relay_link_read(struct relay_link *link, const struct relay_rules *rules, int direction);

/* Writes what may pass by now, both ways; `closed` tells that the end has come. */
void relay_link_pass(struct relay_link *link, struct relay_rules *rules);

/* Fills two pollers, and lowers *timeout, -1 for none, to the time when bytes are due. */
void relay_link_poll(const struct relay_link *link, const struct relay_rules *rules,
                     struct pollfd *pollers, int *timeout);

#endif
