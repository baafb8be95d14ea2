/* ledger.h - what became of each request, as far as its nodes can tell, and what must never be.
 *
 *      asked ─> received ─┬─> executed                      one entry per request and slot: a
 *        ^                └─> refused: may come again       request over several slots has several
 *        └─────────────────────────┘
 *
 * A write comes again only if what came before was refused. What may be done key by key may come
 * so when the whole was refused, each key as a write of its own from then on. Writes of one client
 * for one slot are executed in the order they were asked in. Excused is what was with a node
 * already when an older one was refused, and what is younger than a request whose time is over. So
 * that few have to be excused, what was refused is waited for when it is out again, and while keys
 * are on their way from node to node only one request of a client's for their slot is out.
 */
#ifndef TESTS_FUZZ_PROXY_LEDGER_H
#define TESTS_FUZZ_PROXY_LEDGER_H

#include "common/base.h"

enum {
    LEDGER_UIDS = 200, /* the last number given out; 0 is none */
    LEDGER_SLOTS = 4,  /* the slots that have an order: tags 0 to 3 */
    LEDGER_TAGS = 5,   /* and one for requests without a slot */
    LEDGER_REFUSALS = 1024,
};

struct deed {
    uint64_t until;      /* from then on the proxy may have given it up */
    uint16_t connection; /* of the client */
    uint16_t received;
    uint16_t refused;
    uint32_t received_in; /* the turn in which it last came */
    uint32_t refused_in;
    uint32_t executed_in;
    uint8_t keys;    /* of the request in this slot */
    uint16_t behind; /* younger ones up to this one were with a node when it was refused */
    bool is_asked;
    bool is_write;
    bool may_part;
    bool is_parted; /* has come key by key */
    bool is_executed;
    bool is_lost;      /* with its connection */
    bool is_uncertain; /* it may have come earlier than it was seen */
    bool is_blurred;   /* its node said more, or other, than was asked: anything goes */
    bool is_loose;     /* its node answered what looks like a redirection and is an answer */
    bool is_void;      /* asked behind a QUIT: nobody may get it */
};

/* A node has got a request, or one key of it. */
struct arrival_note {
    uint16_t uid;
    uint8_t tag;
    uint8_t keys;
    bool is_uncertain; /* it may have come earlier than it is seen */
};

/* A refusal that the proxy reads in this turn at the latest. */
struct refusal_note {
    uint16_t uid;
    uint8_t tag;
    bool is_uncertain; /* more may be on its way than nodes can see */
    bool is_moving;    /* ASK, TRYAGAIN: keys of its slot are on their way */
};

struct ledger {
    struct deed deeds[LEDGER_UIDS + 1][LEDGER_TAGS];
    struct refusal_note refusals[LEDGER_REFUSALS];
    struct {
        uint64_t until;
        uint32_t since; /* the turn */
    } moving[LEDGER_TAGS];
    uint32_t turn;
    uint16_t refusal_count;
    uint16_t last_uid;
    bool has_blurred; /* some node said what nobody asked for, at any time */
};

/* The next number, 0 when all are given out. */
uint16_t ledger_number(struct ledger *ledger);

/* The entry of that request and slot. */
struct deed *ledger_deed(struct ledger *ledger, uint16_t uid, uint8_t tag);

/* A node has got it to its last byte, refuses it, executes it, loses it. */
void ledger_on_received(struct ledger *ledger, struct arrival_note note, uint64_t now);
void ledger_on_lost(struct ledger *ledger, uint16_t uid, uint8_t tag);
void ledger_on_refused(struct ledger *ledger, struct refusal_note note);
void ledger_on_executed(struct ledger *ledger, uint16_t uid, uint8_t tag, uint64_t now);

/* That client is gone: nobody waits for what it asked. */
void ledger_on_left(struct ledger *ledger, uint16_t connection);

/* A turn is over, and nodes have looked at all that came in it. */
void ledger_on_turn(struct ledger *ledger, uint64_t now);

/* Says what is wrong, and ends the process. */
void ledger_fail(const char *what, uint16_t uid, uint8_t tag) __attribute__((noreturn));

#endif
