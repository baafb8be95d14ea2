/* history.h - what one connection said and what it was answered, in order.
 *
 *      number   41   RPUSH   list-a of tag 3   answered 7   sent at 1017 ms, answered at 1018 ms
 *      number   42   INCR    counter of tag 3  outcome unknown
 *
 * Each step has a number that no other step of its client ever has, and what a step writes carries
 * that number. So a value that is read somewhere tells who wrote it, with which step, to which key.
 *
 * Keys come in tags. All keys of a tag share a slot; the first tags are the connection's own, so
 * what they hold follows from its history alone; the rest is shared by all connections of a round.
 *
 * A history belongs to the thread of its client, and to the judge while that thread pauses.
 */
#ifndef TESTS_CHAOS_HISTORY_H
#define TESTS_CHAOS_HISTORY_H

#include "tests/support/bytes.h"

enum {
    OWN_TAGS = 8,
    SHARED_TAGS = 4,
    TAGS = OWN_TAGS + SHARED_TAGS,
    WIDTH = 3,       /* keys of a command that has several */
    TOKEN_SIZE = 21, /* of a written value */
    KEY_NAME_SIZE = 48,
};

/* What a tag holds. Roles of one kind stand together. */
#define KEY_ROLES(ROW)                                                                             \
    ROW(LIST_A, "list-a")                                                                          \
    ROW(LIST_B, "list-b")                                                                          \
    ROW(TEXT, "text")                                                                              \
    ROW(COUNTER, "counter")                                                                        \
    ROW(REGISTER_X, "register-x")                                                                  \
    ROW(REGISTER_Y, "register-y")                                                                  \
    ROW(REGISTER_Z, "register-z")

enum key_role {
#define ROW(symbol, text) ROLE_##symbol,
    KEY_ROLES(ROW)
#undef ROW
        ROLES
};

enum {
    OWN_KEYS = OWN_TAGS * ROLES,
    SHARED_KEYS = SHARED_TAGS * ROLES,
    KEYS = TAGS * ROLES,
};

#define STEP_KINDS(ROW)                                                                            \
    ROW(PUSH, "RPUSH")                                                                             \
    ROW(SCRIPT_PUSH, "EVAL push")                                                                  \
    ROW(CROSS_PUSH, "EVAL push, length of both lists")                                             \
    ROW(APPEND, "APPEND")                                                                          \
    ROW(TAIL, "LINDEX -1")                                                                         \
    ROW(INCR, "INCR")                                                                              \
    ROW(SET, "SET")                                                                                \
    ROW(GET, "GET")                                                                                \
    ROW(MSET, "MSET")                                                                              \
    ROW(MGET, "MGET")                                                                              \
    ROW(DEL, "DEL")                                                                                \
    ROW(EXISTS, "EXISTS")

enum step_kind {
#define ROW(symbol, text) STEP_##symbol,
    STEP_KINDS(ROW)
#undef ROW
        STEP_KIND_COUNT
};

/* How a step was answered: the reply that the command has, or an error of some kind. */
#define ANSWERS(ROW)                                                                               \
    ROW(PENDING, "not answered")                                                                   \
    ROW(FITS, "answered")                                                                          \
    ROW(UNKNOWN, "outcome unknown")                                                                \
    ROW(PARTLY, "some parts executed")                                                             \
    ROW(READ_FAILED, "no answer to a read")                                                        \
    ROW(DOWN, "CLUSTERDOWN")                                                                       \
    ROW(OVERLOADED, "overloaded")                                                                  \
    ROW(TOPOLOGY, "a redirection")                                                                 \
    ROW(OTHER_ERROR, "another error")                                                              \
    ROW(MISFIT, "a reply of another command")                                                      \
    ROW(CLOSED, "connection closed")

enum answer {
#define ROW(symbol, text) ANSWER_##symbol,
    ANSWERS(ROW)
#undef ROW
        ANSWER_COUNT
};

/* Which keys a command with several has: three registers of a tag, or a register of three tags. */
enum reach { REACH_ONE = 0, REACH_SLOT, REACH_WIDE };

struct step {
    uint8_t kind;
    uint8_t reach;
    uint8_t answer;
    uint16_t key;          /* the first one, as key_of makes it */
    uint32_t reply[WIDTH]; /* numbers of steps whose values were read, 0 for nil; or a number; or
                              for a read of one key, number and client */
    uint32_t sent_ms;
    uint32_t answered_ms;
};

/* A reply worth a word of its own: an error, or one that does not fit. */
struct note {
    uint32_t number;
    char text[160];
};

struct history {
    uint32_t client;
    uint32_t round;
    uint32_t life;  /* of this client: a connection, or what it did in one round */
    uint32_t first; /* number of steps[0] */
    struct step *steps;
    size_t count;
    size_t capacity;
    struct note *notes;
    size_t note_count;
};

/* What a step writes: "0003.0000000041.0021;". A register holds its token many times over, so that
 * values are of all sizes, and a byte of somebody else's in one of them is seen. */
struct token {
    uint32_t client;
    uint32_t number;
    uint32_t key;
};

static inline uint16_t key_of(int tag, enum key_role role)
{
    return (uint16_t)(tag * ROLES + (int)role);
}

static inline int key_tag(uint16_t key)
{
    return key / ROLES;
}

static inline enum key_role key_role_of(uint16_t key)
{
    return (enum key_role)(key % ROLES);
}

static inline bool key_is_shared(uint16_t key)
{
    return key >= OWN_KEYS;
}

/* The name of a key as it is on the wire, and its slot. */
void key_name(const struct history *history, uint16_t key, char name[KEY_NAME_SIZE]);
uint16_t key_slot(const struct history *history, uint16_t key);

/* How many keys the step has, and its i-th one. */
int step_width(const struct step *step);
uint16_t step_key(const struct step *step, int i);

/* Does the step change a key? */
bool step_writes(const struct step *step);

/* Does the step add its token at the end of a list or a text? */
bool step_grows_log(const struct step *step);

/* What is known of its effect: it was executed; it was certainly not; neither. */
bool step_surely_ran(const struct step *step);
bool step_surely_did_not_run(const struct step *step);

/* A token in words, with a zero byte behind it. */
void token_print(struct token token, char text[TOKEN_SIZE + 1]);

/* False when `text` is no token. */
bool token_parse(struct span text, struct token *token) MUST_USE;

/* How often a register that has this token holds it: mostly once, now and then a hundred kilobytes.
 */
uint32_t token_times(struct token token);

/* The same for a register's value: its token, as often as it must be there, and nothing else. */
bool token_parse_value(struct span text, struct token *token) MUST_USE;

/* Appends a step without an answer; the pointer is good until the next one is added. */
struct step *history_add(struct history *history, enum step_kind kind, uint16_t key);

/* Notes a reply of the step at `place`; only the first ones are kept. */
void history_note(struct history *history, size_t place, struct span text);

/* The step with that number, or NULL. */
struct step *history_find(const struct history *history, uint32_t number);

static inline uint32_t history_number(const struct history *history, size_t place)
{
    return history->first + (uint32_t)place;
}

/* Prints the steps that touch `key` around `place`, `before` and `after` so many, as people read
 * them. */
void history_print(const struct history *history, uint16_t key, size_t place, struct bytes *text);

/* An answer in words. */
const char *answer_text(enum answer answer);

void history_clear(struct history *history);

#endif
