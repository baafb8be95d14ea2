/* hub.h - which clients of one worker are subscribed to what.
 *
 *      demand a:  ASKED ──> STANDS ──> LEAVING          demands by topic
 *        │   ^───────────────────────────┘
 *        ├── member: client 3, active
 *        └── member: client 7, not yet           members by client and topic
 *
 * The first member of a topic makes the hub ask the topic's carrier for its messages, the last one
 * to go makes it tell that no more are wanted. A member gets messages from when it is activated,
 * which its owner does in the moment it says so to the client. What all this takes counts for the
 * budgets, and for the subscriber who came to the topic before the others. Worker's thread only.
 */
#ifndef PROXY_PUBSUB_HUB_H
#define PROXY_PUBSUB_HUB_H

#include "proxy/pubsub/letter.h"
#include "proxy/pubsub/parcel.h"

enum demand_state {
    DEMAND_ASKED,   /* a JOIN is on its way, or its answer */
    DEMAND_STANDS,  /* messages come */
    DEMAND_REFUSED, /* a node does not allow it */
    DEMAND_LEAVING, /* a LEAVE is on its way, or its answer */
};

struct demand {
    struct table_link in_hub;
    struct topic topic; /* its name is the demand's */
    enum demand_state state;
    uint64_t serial; /* of the last letter that was sent for it */
    struct list members;
    struct list waits;
    struct subscriber *bearer; /* whose bytes have the topic's; NULL: nobody's */
};

/* A client as the hub sees it. */
struct subscriber {
    struct hub *hub;
    struct list members[TOPIC_KINDS];   /* in the order they came */
    uint32_t active_count[TOPIC_KINDS]; /* those that get messages */
    size_t bytes;                       /* of memory that its members take */
    const uint8_t *protocol;            /* 2 or 3: in which it wants them */
    /* One whole message. `block` keeps the bytes; NULL: nobody does when this returns. May not
     * change any subscription. */
    void (*deliver)(struct subscriber *subscriber, struct block *block, struct span bytes);
};

struct member {
    struct table_link in_hub;
    struct list_link in_demand;
    struct list_link in_subscriber;
    struct demand *demand;
    struct subscriber *subscriber;
    bool is_active;
};

/* Embed in what waits for a topic to stand, or to end. */
struct hub_wait {
    struct list_link in_demand;
    struct demand *demand;
    uint64_t serial;
    /* Once. `error` is the node's, a line, when it refused; else NULL. */
    void (*over)(struct hub_wait *wait, const char *error);
};

struct hub {
    struct exchange *exchange;
    struct metrics *metrics;
    struct intake *intake; /* whose account is billed */
    size_t worker;
    uint64_t next_serial;
    struct table demands;
    struct table members;
};

struct hub *hub_new(struct exchange *exchange, const struct exchange_site *site) MUST_USE;

/* All subscribers must be cleared. Takes the pointer. */
void hub_free(struct hub **hub);

/* A carrier's answer, borrowed; and messages, likewise. */
void hub_hear(struct hub *hub, struct letter *letter);
void hub_open(struct hub *hub, struct parcel *parcel);

/* Borrows `protocol`, which may change. */
void subscriber_init(struct subscriber *subscriber, struct hub *hub, const uint8_t *protocol);

/* Drops all its members, whether active or not. Nobody may wait for any. */
void subscriber_clear(struct subscriber *subscriber);

/* Is it subscribed to anything? */
static inline bool subscriber_is_active(const struct subscriber *subscriber)
{
    return (subscriber->active_count[TOPIC_CHANNEL] | subscriber->active_count[TOPIC_PATTERN] |
            subscriber->active_count[TOPIC_SHARD]) != 0;
}

/* What a topic of such a name takes, about, with all that is kept for it in other threads. */
size_t hub_topic_bytes(struct span name);

/* Its member for `topic`, or NULL; and the same, made if need be, not active yet. */
struct member *hub_find(struct subscriber *subscriber, const struct topic *topic);
struct member *hub_join(struct subscriber *subscriber, const struct topic *topic);

/* Will `wait` be over later? False: the topic stands already, and `wait` is not used. */
bool hub_await(struct member *member, struct hub_wait *wait) MUST_USE;

/* From now on it gets messages. */
void hub_activate(struct member *member);

/* Takes the member off. Where that was the last one, `wait`, unless it is NULL, is over when no
 * message can come any more; true: it will be. */
bool hub_leave(struct member **member, struct hub_wait *wait);

/* `wait`, which is not over yet, is wanted no more. */
void hub_forget(struct hub *hub, struct hub_wait *wait);

#endif
