/* tracking.h - CLIENT TRACKING: what a client has asked for, and how it is told.
 *
 *      GET a ── lane, on tracked connections ──> node      tracker.h notes who caches a
 *      output <── > invalidate [a] <── tracker <── push
 *         or, with REDIRECT: redirected.h ──> the output of another client
 *
 * An invalidation must not overtake the answer that it makes stale: it goes behind all that is on
 * the client's pipeline. Who speaks RESP2 can only have another client told; without that nobody
 * is, and nothing is tracked. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_TRACKING_H
#define PROXY_DOWNSTREAM_TRACKING_H

#include "proxy/downstream/client.h"
#include "proxy/tracking/tracker.h"

enum tracking_choice {
    CHOICE_ALL, /* all that it reads may be cached */
    CHOICE_IN,  /* OPTIN: only what comes behind CLIENT CACHING YES */
    CHOICE_OUT, /* OPTOUT: all but what comes behind CLIENT CACHING NO */
};

struct tracking_options {
    enum tracking_choice choice;
    bool is_noloop;
    bool is_broadcast;
    uint64_t redirect; /* the client that is told; 0: itself */
};

struct tracking {
    struct tracking_options options;
    struct span *prefixes; /* BCAST; in order, none of them the beginning of another */
    size_t prefix_count;
    size_t prefix_bytes;      /* of memory that they take */
    bool has_chosen;          /* CLIENT CACHING was said, for what comes next */
    bool has_lapsed;          /* nobody could be told of what it has read before */
    bool is_broken;           /* the client that was to be told is gone */
    struct tracked *tracked;  /* NULL while nobody can be told */
    struct request *starting; /* CLIENT TRACKING, to be answered when all nodes broadcast */
};

/* Nothing may be on its pipeline. Replaces options that were there, and adds copies of the
 * prefixes. */
void tracking_begin(struct client *client, const struct tracking_options *options,
                    const struct span *prefixes, size_t count);
void tracking_end(struct client *client);

/* The client speaks another protocol from now on, or is tracked, or not any more: its lane takes
 * the connections for that. */
void tracking_fit(struct client *client);

/* For the client's requests: marks `request`, which is new. */
void tracking_mark(const struct client *client, struct request *request);

/* `command`, the request in hand, has been begun; NULL: nobody knows it. */
void tracking_go_on(struct client *client, const struct command *command);

/* The memory that its prefixes take, and what the client has read, about. */
static inline size_t tracking_bytes(const struct tracking *tracking)
{
    return tracking->prefix_bytes + tracked_bytes(tracking->tracked);
}

/* As CLIENT GETREDIR says: -1 when it is off, 0 when the client itself is told. */
static inline int64_t tracking_redirection(const struct tracking *tracking)
{
    return tracking == NULL ? -1 : (int64_t)tracking->options.redirect;
}

#endif
