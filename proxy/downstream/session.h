/* session.h - what a client has said of itself, and what slotway must remember of it.
 *
 * State that a Redis server keeps per connection lives here, never on the shared connections to
 * the nodes. One client's; its worker's thread.
 */
#ifndef PROXY_DOWNSTREAM_SESSION_H
#define PROXY_DOWNSTREAM_SESSION_H

#include "common/address.h"
#include "common/span.h"
#include "proxy/downstream/extras.h"

struct acl_user;

enum reply_mode {
    REPLY_MODE_ON,
    REPLY_MODE_OFF,       /* CLIENT REPLY OFF: no replies until ON */
    REPLY_MODE_SKIP_NEXT, /* CLIENT REPLY SKIP was just said: the next request gets no reply */
};

/* WATCH: the connection that watches is the lane's own. */
struct watched {
    bool is_on;    /* WATCH was said, and neither EXEC, DISCARD nor UNWATCH since */
    bool is_asked; /* there by an ASK: what goes there wants ASKING */
    uint16_t slot; /* of the keys; SLOT_NONE when it is not on */
};

struct session {
    uint64_t id;                        /* unique in the process, never used again */
    uint64_t last_active;               /* clock_now(): when bytes came, or a request was begun */
    const struct command *last_command; /* NULL: none yet */
    const struct acl_user *user;        /* of the pool's set: login.h */
    struct extras *extras;              /* NULL: there is none of it */
    uint32_t created_s;                 /* clock_now(), in seconds */
    struct watched watched;
    enum reply_mode reply_mode : 8; /* of its own width: thousands of clients have a session */
    uint8_t protocol;               /* 2 or 3: RESP2 or RESP3 */
    bool is_in_multi;               /* extras->queued is open */
    bool is_authenticated;
    bool is_limited;         /* the user may not do everything: permission.h is to be asked */
    bool is_tracking : 1;    /* there are extras->tracking */
    bool has_subscribed : 1; /* there are extras->subscriptions */
    bool is_encrypted : 1;   /* there is extras->encrypted: the connection speaks TLS */
    bool no_evict;
    bool no_touch;
};

void session_init(struct session *session, uint64_t id, uint64_t now, bool is_authenticated);
void session_clear(struct session *session);

/* As RESET leaves it: no name, RESP2, default reply mode; authenticated only if no password is
 * needed. */
void session_reset(struct session *session, bool is_authenticated);

/* Is the reply to what comes next to be skipped? Asked once for each. */
bool session_take_skip(struct session *session);

/* What a client has said about itself; an empty span takes it back. */
void session_set(struct session *session, enum extra_text which, struct span value);

/* NULL: nothing. */
static inline const char *session_text(const struct session *session, enum extra_text which)
{
    return session->extras == NULL ? NULL : session->extras->texts[which];
}

/* The extras, made if there are none yet. */
struct extras *session_extras(struct session *session);

/* MULTI; and EXEC, DISCARD, which does nothing where there was no MULTI. */
void session_begin_multi(struct session *session);
void session_end_multi(struct session *session);

/* What stands behind MULTI; a closed one where there was none. */
const struct queued *session_queued(const struct session *session);

/* The same, to be changed; only between MULTI and EXEC. */
static inline struct queued *session_open_queued(struct session *session)
{
    CHECK(session->is_in_multi);
    return session->extras->queued;
}

/* A refusal: EXEC will be refused, too, if there was a MULTI. */
void session_spoil(struct session *session);

/* The sets of HIMPORT, made if there are none yet. */
struct fieldsets *session_fieldsets(struct session *session);

/* The bytes that the session keeps: of requests, of what the client has said about itself, of its
 * subscriptions, and of what it caches. */
size_t session_kept_bytes(const struct session *session);

#endif
