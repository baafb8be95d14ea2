/* talkers.h - the clients of a fuzzed proxy: what they ask, and what they may be told.
 *
 *      talker ── socketpair ── client of the proxy
 *        out:   said, not delivered        delivered in any cut
 *        asked: [ oldest ... newest ]      each reply must be one that the oldest may have
 */
#ifndef TESTS_FUZZ_PROXY_TALKERS_H
#define TESTS_FUZZ_PROXY_TALKERS_H

#include "common/span.h"
#include "tests/fuzz/proxy/ledger.h"
#include "tests/support/bytes.h"

enum {
    TALKERS = 4, /* the last one speaks only at the end */
    ASKED_MAX = 256,
};

enum asked_kind {
    ASKED_GET,
    ASKED_SET,
    ASKED_SET_LARGE,
    ASKED_DEL,
    ASKED_MSET,
    ASKED_MGET,
    ASKED_EVAL,
    ASKED_PUBLISH,
    ASKED_DBSIZE,
    ASKED_PING,
    ASKED_ECHO,
    ASKED_UNKNOWN,
    ASKED_REPLY_ON,
    ASKED_REPLY_OFF,
    ASKED_REPLY_SKIP,
    ASKED_RESET,
    ASKED_QUIT,
    ASKED_COUNT,
};

enum { ASKED_TAGS_MAX = 4 };

struct asked {
    enum asked_kind kind;
    uint16_t uid;
    uint8_t tag_count; /* of a request with several keys; in their order */
    uint8_t tags[ASKED_TAGS_MAX];
};

struct talker {
    int fd; /* -1: none */
    struct ledger *ledger;
    uint16_t connection;
    struct bytes out;
    struct bytes heard; /* and not understood yet */
    struct bytes last_error;
    struct asked asked[ASKED_MAX]; /* that have a reply */
    uint16_t answered;
    uint16_t asked_count;
    uint16_t error_count; /* among the answers */
    bool is_deaf;         /* reads nothing until it is told to */
    bool was_deaf;        /* or did so once: may be disconnected for it */
    bool is_garbled;      /* it said what is no request: what it is told is not looked at */
    bool has_quit;        /* or will say no more: is disconnected when all is answered */
    bool is_mute;         /* CLIENT REPLY OFF */
    bool skips_next;      /* CLIENT REPLY SKIP */
    bool is_shut;         /* half-closed */
};

/* Takes the socket; `connection` is a number that no other one has. */
void talker_open(struct talker *talker, struct ledger *ledger, int fd, uint16_t connection);

/* Leaves, if it is there. */
void talker_close(struct talker *talker);

/* Says a request, or nothing where there are no numbers left. `tags` picks the slots of its keys;
 * from `until` on the proxy may have given it up. */
void talker_ask(struct talker *talker, enum asked_kind kind, uint8_t tags, uint64_t until);

/* Says what may be no request. */
void talker_babble(struct talker *talker, struct span text);

/* Delivers at most `size` bytes of what was said. */
void talker_deliver(struct talker *talker, size_t size);

/* Says no more, and listens. */
void talker_shut(struct talker *talker);

/* Looks at what it was told. `may_close`: the proxy has closed somebody of its own accord. */
void talker_listen(struct talker *talker, bool may_close);

/* Has it been told all that it is due? */
bool talker_is_content(const struct talker *talker);

#endif
