/* maker.h - makes commands by chance, the same for the same dice.
 *
 *     shapes.def ──grammar.c──> calls of a stream <──mutation.c── now and then, something odd
 *                     └──arguments.c, arguments.def
 *
 * One thread.
 */
#ifndef TESTS_DIFFERENTIAL_MAKER_H
#define TESTS_DIFFERENTIAL_MAKER_H

#include "tests/differential/stream.h"
#include "tests/support/dice.h"

enum {
    TAGS = 6,        /* hash tags of keys, each in a slot of its own */
    TAG_NONE = TAGS, /* keys without a hash tag */
};

struct maker {
    struct dice dice;
    struct stream *stream;
    unsigned groups;     /* a bit for each that takes part */
    uint32_t tag;        /* of the keys of this shape */
    uint32_t next_id;    /* of an entry of a stream */
    bool is_of_one_slot; /* all keys of this shape are */
    bool has_key;
    struct word key; /* the first one of this shape */
};

/* Commands of these groups go into `stream`, which must outlive the maker. */
struct maker maker_of(struct dice dice, struct stream *stream, unsigned groups);

/* Appends the calls of a shape that chance chooses. */
void maker_add(struct maker *maker);

/* Appends the calls of this shape, as they are. */
void maker_expand(struct maker *maker, const struct shape *shape);

/* Appends the argument called `name` to the last call; false when there is none of that name. */
bool maker_add_argument(struct maker *maker, struct span name);

/* Changes the last call into something that a client should not say. */
void maker_spoil(struct maker *maker);

/* One time in `times`? */
static inline bool maker_chance(struct maker *maker, uint32_t times)
{
    return dice_roll(&maker->dice, times) == 0;
}

#endif
