/* visitors.h - clients that work without pause and come again whenever they are sent away, as a
 * pool of connections does.
 *
 *      connect ─> has the peer closed? ─ no ─> INCR ─> as the model says? ─┐
 *         ^             └─ yes: come again                                 │ half of them also
 * leave by └─────────────────────────<──────────────────────────────────────┘ themselves, soon
 *
 * Each is a thread with a connection of its own. The test's thread starts and stops them.
 */
#ifndef TESTS_SUPPORT_VISITORS_H
#define TESTS_SUPPORT_VISITORS_H

#include "common/base.h"

struct tls_context;
struct visitors;

struct visitors_result {
    uint64_t requests;
    uint64_t connections;
    uint64_t sent_away; /* between two requests */
    uint64_t refused;   /* nobody accepted */
    uint64_t lost;      /* requests without a reply */
    uint64_t wrong;     /* replies that the model says are impossible */
    char first_wrong[128];
};

/* Starts `count` of them, who work until visitors_stop. */
struct visitors *visitors_start(uint16_t port, int count);

/* The same over TLS, to localhost. Borrows `context`. */
struct visitors *visitors_start_tls(uint16_t port, int count, struct tls_context *context);

/* How many requests have been answered so far. */
uint64_t visitors_progress(const struct visitors *visitors);

/* Ends them, each behind a reply, and frees. */
struct visitors_result visitors_stop(struct visitors **visitors);

#endif
