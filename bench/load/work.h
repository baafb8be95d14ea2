/* work.h - what load asks for: one unit after the other, its bytes, and what must be answered.
 *
 *      work_choose ─> unit (a kind and a number) ─> work_request ─────> bytes, in one or more parts
 *                                                └> work_expectation ─> reply by reply, see check.h
 *
 * A unit is one request of the user's: a command, or MULTI with its commands and EXEC. Its replies
 * are taken apart into steps: a reply that is no array is one, an array is one for its head and one
 * for each element. One thread.
 */
#ifndef BENCH_LOAD_WORK_H
#define BENCH_LOAD_WORK_H

#include "bench/load/values.h"
#include "common/sendq.h"

enum work_kind {
#define WORK(symbol, name, keys, help) WORK_##symbol,
#include "bench/load/works.def"
    WORK_KINDS,
    WORK_AUTH = WORK_KINDS, /* what a connection begins with, and nobody can choose */
};

/* A request that is on its way. */
struct unit {
    uint64_t due;     /* by clock_now(): its latency begins here */
    uint64_t number;  /* of its key, or of the first of them */
    uint32_t start;   /* GETRANGE: the first byte */
    uint8_t kind;     /* enum work_kind; never WORK_MIX */
    bool is_greeting; /* not part of the load */
    bool is_redirected;
};

enum { WORK_LINE_MAX = 32 };

struct work {
    enum work_kind kind;
    bool allow_missing;
    uint32_t keys_per;
    uint64_t keys;
    const char *user; /* NULL: none; borrowed */
    const char *password;
    struct values values;
    uint64_t random;
    uint32_t turn;                  /* MIX: units since the last SET */
    size_t piece;                   /* GETRANGE: how many bytes */
    char value_line[WORK_LINE_MAX]; /* "$<size>\r\n" */
    char piece_line[WORK_LINE_MAX];
    char array_line[WORK_LINE_MAX]; /* "*<keys per>\r\n" */
};

/* How the first line of a step's reply may look. */
enum expected_kind {
    EXPECT_LINE,  /* exactly so */
    EXPECT_VALUE, /* exactly so, and the value behind it; or `missing` */
    EXPECT_COUNT, /* a number, from 0 to `most` */
};

struct expectation {
    enum expected_kind kind;
    struct span line; /* with its CR LF */
    struct span value;
    struct span missing; /* the other line that is right; empty: none */
    uint32_t elements;   /* so many steps behind this one are elements of its array */
    uint32_t most;
};

/* Names and rows of works.def. */
bool work_find(const char *name, enum work_kind *kind) MUST_USE;
const char *work_name(enum work_kind kind);
const char *work_help(enum work_kind kind);
bool work_is_spread(enum work_kind kind);

/* How many of `keys` keys are sure to be in different slots, so that a unit may have them all. */
uint64_t work_most_keys_per(uint64_t keys);

/* Of one key, with no password; the caller sets what else it wants. */
void work_init(struct work *work, enum work_kind kind, size_t value_size, uint64_t seed);
void work_clear(struct work *work);

/* Chooses among `keys` keys, `keys_per` of them for a unit of a SPREAD kind. */
void work_set_keys(struct work *work, uint64_t keys, uint32_t keys_per);

/* The next unit, due at `due`. */
struct unit work_choose(struct work *work, uint64_t due);

/* Sets key `number` to its value. */
struct unit work_fill(uint64_t number, uint64_t due);

/* The number of key `index` of the unit. */
uint64_t work_key(const struct work *work, const struct unit *unit, uint32_t index);

/* The slot of the unit's first key; only for kinds that have one. */
uint16_t work_slot(const struct unit *unit);

/* How many parts a unit is sent in: each but the first when the one before it is answered. */
uint32_t work_parts(const struct unit *unit);

/* Appends one part. Values of some size are lent, not copied. */
void work_request(const struct work *work, const struct unit *unit, uint32_t part,
                  struct sendq *output);

/* How many steps its replies have in all. */
uint32_t work_steps(const struct work *work, const struct unit *unit);

/* What step `step` must be; its spans live as long as `work`. */
struct expectation work_expectation(const struct work *work, const struct unit *unit,
                                    uint32_t step);

/* The unit for a complaint, as "GET key:000000000042"; always terminated. Returns `text`. */
const char *work_print(const struct unit *unit, char *text, size_t size);

#endif
