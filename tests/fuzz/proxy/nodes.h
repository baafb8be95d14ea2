/* nodes.h - the nodes of a cluster that a script plays: they say what it tells them to, when it
 * tells them to, and note what they were asked.
 *
 *      upstream ── socketpair ── line: [ errands, oldest first ]     answered one by one
 *                                      [ out: said, not delivered ]  delivered in any cut
 *
 * socket_connect() of the whole program ends here, so that no address is real.
 */
#ifndef TESTS_FUZZ_PROXY_NODES_H
#define TESTS_FUZZ_PROXY_NODES_H

#include "common/resp_scan.h"
#include "tests/fuzz/proxy/ledger.h"
#include "tests/support/bytes.h"

enum {
    NODES = 4,
    NODE_PORT = 7001, /* of node 0 */
    LINES = 24,
    ERRANDS = 128,
};

enum node_mode {
    NODE_UP,
    NODE_REFUSING, /* no connection can be made */
    NODE_HANGING,  /* connections are never made */
    NODE_TIGHT,    /* takes few bytes at a time */
    NODE_DEAF,     /* likewise, and reads only when it must */
    NODE_MODE_COUNT,
};

enum answer {
    ANSWER_STATUS, /* the first are right answers, of some form */
    ANSWER_BULK,
    ANSWER_ARRAY,
    ANSWER_LARGE,
    ANSWER_ERROR,     /* executed, with an error of its own; a script's may look like a refusal */
    ANSWER_FAR_MOVED, /* the same, but looks like MOVED: to a slot that cannot be */
    ANSWER_MOVED,
    ANSWER_ASK,
    ANSWER_TRYAGAIN,
    ANSWER_CLUSTERDOWN,
    ANSWER_LOADING,
    ANSWER_READONLY,
    ANSWER_MASTERDOWN,
    ANSWER_COUNT,
};

enum errand_kind {
    ERRAND_VALUE, /* any answer that holds its number */
    ERRAND_SUM,   /* an integer: the number */
    ERRAND_OK,    /* +OK */
    ERRAND_KEYS,  /* an array of its keys */
    ERRAND_HERE,  /* for this node alone */
    ERRAND_WHO,   /* CLUSTER MYID */
    ERRAND_OTHER, /* +OK: greetings, ASKING, and what a client made up */
};

struct errand {
    uint8_t kind;
    uint8_t tag;
    uint8_t keys;
    uint16_t uid; /* 0: none */
    bool is_script;
    bool is_orphan; /* nobody looks at its answer */
};

struct line {
    int fd;     /* -1: none */
    int theirs; /* the other end's, while it connects */
    uint8_t node;
    bool is_refused;
    bool is_hanging;
    bool is_tight;
    bool is_blurred; /* it said what nobody asked for: who gets which answer is open */
    bool is_garbled; /* and that is no RESP: nothing good will come */
    struct bytes in;
    struct bytes out;
    struct errand errands[ERRANDS];
    uint16_t errand_first;
    uint16_t errand_count;
    uint64_t said;      /* bytes, ever */
    uint64_t delivered; /* of them */
    struct {
        uint64_t end;
        struct errand errand;
        bool is_moving;
    } refusals[ERRANDS]; /* said, and not delivered */
    uint16_t refusal_count;
};

struct nodes {
    struct ledger *ledger;
    const uint64_t *now;
    enum node_mode modes[NODES];
    struct line lines[LINES];
    struct request_scan scan;
    struct arguments arguments;
};

/* One at a time: socket_connect() must find it. */
void nodes_open(struct nodes *nodes, struct ledger *ledger, const uint64_t *now);

/* Closes all lines. */
void nodes_close(struct nodes *nodes);

/* Takes what has come on all lines. With `all`, on those that are deaf too. */
void nodes_listen(struct nodes *nodes, bool all);

/* Says `answer` to the oldest errand of the line, if there is one; `where` is the port's distance
 * from NODE_PORT that a redirection names, or picks the word of a script's error. Delivers nothing
 * yet. */
void line_answer(struct nodes *nodes, struct line *line, enum answer answer, uint8_t where);

/* The right answers to all. */
void line_answer_all(struct nodes *nodes, struct line *line);

/* Says what nobody asked for. */
void line_blurt(struct nodes *nodes, struct line *line, struct span text, bool is_reply);

/* Delivers at most `size` bytes of what was said. */
void line_deliver(struct nodes *nodes, struct line *line, size_t size);

/* Executes the `executed` oldest of what it was asked without a word, and hangs up. */
void line_close(struct nodes *nodes, struct line *line, size_t executed);

/* The proxy takes reads back that are with that silent node, and need not wait any more for what is
 * there of the slots whose bits are set. */
void nodes_on_silent(struct nodes *nodes, uint16_t port, unsigned left);

/* The tag of "{b}:17" and its number; false when it is none. */
bool key_read(struct span key, uint8_t *tag, uint16_t *uid);

/* "b" */
const char *tag_name(uint8_t tag);

#endif
