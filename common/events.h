/* events.h - what has happened lately, for people who look: the last few hundred events, in memory.
 *
 *      any thread: events_post ──> [ oldest … newest ] ──> events_copy: the admin page, /events
 *
 * For what an operator would want to have seen: a failover, a node that went, a reload. It stands
 * beside the log, which keeps everything and is read by machines. All workers notice a dead node:
 * what is said again within a few seconds counts up instead of pushing other events out.
 */
#ifndef COMMON_EVENTS_H
#define COMMON_EVENTS_H

#include "common/base.h"

enum { EVENTS_MAX = 256 };

/* How it looks to who reads it. */
enum event_mood { EVENT_NEUTRAL, EVENT_GOOD, EVENT_DOUBTFUL, EVENT_BAD };

/*       symbol          name              mood */
#define EVENT_KINDS(ROW)                                                                           \
    ROW(START, "start", EVENT_NEUTRAL)                                                             \
    ROW(TOPOLOGY, "topology", EVENT_NEUTRAL)     /* nodes came, went or changed their address */   \
    ROW(SLOTS, "slots", EVENT_NEUTRAL)           /* slots moved between primaries */               \
    ROW(FAILOVER, "failover", EVENT_DOUBTFUL)    /* a replica took the place of its primary */     \
    ROW(UNSERVED, "unserved", EVENT_BAD)         /* slots that have no primary any more */         \
    ROW(DOUBT, "doubt", EVENT_DOUBTFUL)          /* a picture of the cluster is not believed */    \
    ROW(SILENCE, "silence", EVENT_BAD)           /* no node of the cluster answers */              \
    ROW(ANSWER, "answer", EVENT_GOOD)            /* one answers again */                           \
    ROW(NODE_DOWN, "node_down", EVENT_BAD)       /* a node cannot be reached, */                   \
    ROW(NODE_UP, "node_up", EVENT_GOOD)          /* and can again */                               \
    ROW(BREAKER_OPEN, "breaker_open", EVENT_BAD) /* a node is connected and silent, */             \
    ROW(BREAKER_CLOSED, "breaker_closed", EVENT_GOOD) /* and answers again */                      \
    ROW(REDIRECTS, "redirects", EVENT_DOUBTFUL)       /* many at once */                           \
    ROW(STALL, "stall", EVENT_BAD)                    /* a thread is stuck */                      \
    ROW(PAUSE, "pause", EVENT_DOUBTFUL)               /* an operator lets requests wait, */        \
    ROW(RESUME, "resume", EVENT_GOOD)                 /* and go on */                              \
    ROW(RELOAD, "reload", EVENT_NEUTRAL)                                                           \
    ROW(REFUSED, "refused", EVENT_DOUBTFUL) /* a reload, or another order of an operator */        \
    ROW(CERTIFICATE, "certificate", EVENT_NEUTRAL)                                                 \
    ROW(USERS, "users", EVENT_NEUTRAL)                                                             \
    ROW(UPGRADE, "upgrade", EVENT_NEUTRAL)                                                         \
    ROW(DRAIN, "drain", EVENT_NEUTRAL)

enum event_kind {
#define ROW(symbol, name, mood) EVENT_##symbol,
    EVENT_KINDS(ROW)
#undef ROW
        EVENT_KIND_COUNT,
};

struct event {
    uint64_t id;     /* from 1 on, in the order of their first time */
    uint64_t change; /* grows with each event and each time that one is said again */
    uint64_t first;  /* clock_wall() */
    uint64_t last;
    uint32_t count; /* how often it was said */
    enum event_kind kind;
    char pool[72]; /* what does not fit is cut, here and below; "": none in particular */
    char node[128];
    char text[288];
};

/* Any thread; takes a lock for a moment, so not for what happens with each request. `pool` and
 * `node` may be NULL. Never the keys or values of clients. */
void events_post(enum event_kind kind, const char *pool, const char *node, const char *format, ...)
    PRINTF(4, 5);

/* Any thread. Copies the newest `room` of those that have changed since `after` to `to`, the oldest
 * first, and returns how many. `after` is a change, 0 for all. */
size_t events_copy(uint64_t after, struct event *to, size_t room) MUST_USE;

/* The last change there was. */
uint64_t events_change(void);

/* Names as JSON has them. */
const char *event_kind_name(enum event_kind kind);
const char *event_mood_name(enum event_mood mood);
enum event_mood event_mood(enum event_kind kind);

/* For tests: as if nothing had happened. */
void events_forget(void);

#endif
