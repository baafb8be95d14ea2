/* greeting.h - what a node is told on a new connection, and what its answers mean.
 *
 *      AUTH ...            when there is a password: any error ends the connection
 *      CLIENT SETNAME      makes us visible in the node's CLIENT LIST, and perhaps CLIENT SETINFO:
 *                          label.h; may be refused
 *      HELLO 3             when its clients speak RESP3: any error ends the connection
 *      CLIENT TRACKING ON  when it is a tracked one: likewise. With BCAST, or with REDIRECT to the
 *                          connection that pushes what is read here, as its dialect says
 *      CLUSTER MYID        who lives there: an address may have been given to another node since it
 *                          was announced, perhaps one of another cluster, and nothing is sent to it
 *      AUTH ...            when the connection is to be a client's own user's: it is so from here
 *                          on, and what that user may not do has been done before
 *
 * All but the last leave in one write; that waits until it is known who lives there, for a client's
 * password is nobody else's to hear. Where there are two passwords and the node says that the one
 * is wrong, all of it is said once more with the other. Worker's thread only.
 */
#ifndef PROXY_UPSTREAM_GREETING_H
#define PROXY_UPSTREAM_GREETING_H

#include "common/sendq.h"
#include "config/config.h"
#include "proxy/upstream/credentials.h"
#include "proxy/upstream/dialect.h"

enum greeting_result {
    GREETING_MORE,     /* answers are still to come */
    GREETING_AGAIN,    /* greeting_begin is to be called once more on this connection */
    GREETING_SWITCH,   /* greeting_switch is to be called: it is to become a client's user's */
    GREETING_WELCOME,  /* the last one has come: requests may flow */
    GREETING_BUSY,     /* it lives, and cannot say who it is: loading its data, or in a script */
    GREETING_REFUSED,  /* it does not want us */
    GREETING_DENIED,   /* it does not want that client's user: it is this answer that says so */
    GREETING_STRANGER, /* it is not the node that we look for; the pool's log says so, now and then
                        */
};

struct greeting {
    const struct credentials *credentials; /* whose connection it is to be; NULL: slotway's own */
    uint8_t login; /* which password is given: 0 is backend.password, 1 the next one */
    bool has_other_login;
    bool is_refused;   /* that password was wrong; what else is answered says nothing */
    bool is_to_repeat; /* with the other one, */
    bool is_repeated;  /* and has been */
    uint8_t answers_left;
    bool has_login;
    bool has_hello;
    bool has_tracking;
    uint8_t label_count;        /* commands of label.h */
    uint64_t client_id;         /* that HELLO has told; 0: none */
    bool has_switch;            /* to the user of `credentials`, at the end, */
    bool is_switching;          /* and all before that is answered */
    enum greeting_result found; /* what the answers before that come to */
};

/* `greeting` is zero but for its credentials, or as the last connection to the node has left it:
 * then the password is given that was right there. Appends the greeting to `output`; `dialect` is
 * spoken from then on. `redirect` is the node's client that gets the invalidations of what is read
 * there in RESP2; 0 for other dialects. */
void greeting_begin(struct greeting *greeting, const struct pool_config *config,
                    enum dialect dialect, uint64_t redirect, struct sendq *output);

/* Appends the credentials of the client's user. */
void greeting_switch(const struct greeting *greeting, struct sendq *output);

/* The next answer, a whole reply. `id` is the node that we look for, "" when any will do; `name`
 * is for the log. After anything but MORE, AGAIN and SWITCH nothing may be heard any more. */
enum greeting_result greeting_hear(struct greeting *greeting, struct span reply, const char *id,
                                   const char *name) MUST_USE;

#endif
