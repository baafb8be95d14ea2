/* session.h - what a client has said of itself, and what slotway must remember of it.
 *
 * State that a Redis server keeps per connection lives here, never on the shared connections to
 * the nodes. One client's; its worker's thread.
 */
#ifndef PROXY_DOWNSTREAM_SESSION_H
#define PROXY_DOWNSTREAM_SESSION_H

#include "common/address.h"
#include "common/span.h"
#include "proxy/downstream/fieldsets.h"
#include "proxy/downstream/queued.h"

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
    uint64_t id;           /* unique in the process, never used again */
    uint64_t created;      /* clock_now() */
    uint64_t last_request; /* likewise */
    char *name;            /* CLIENT SETNAME; NULL: none. Likewise the next two */
    char *library_name;
    char *library_version;
    const struct command *last_command; /* NULL: none yet */
    struct queued queued;               /* MULTI */
    struct watched watched;
    struct fieldsets fieldsets; /* HIMPORT */
    enum reply_mode reply_mode;
    int protocol; /* 2 or 3: RESP2 or RESP3 */
    bool is_authenticated;
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

/* Replaces one of the strings; an empty span removes it. */
void session_set(char **text, struct span value);

#endif
