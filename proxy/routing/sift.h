/* sift.h - which of the keys that nodes have listed are there, and of the type that is wanted.
 *
 *      EXISTS a b c       one question for the keys of a slot: 3, so all of them are
 *      EXISTS d e    1    or not: then TYPE d, TYPE e
 *
 * Lists of nodes name keys whose time is over until somebody looks at them. Where a type is wanted,
 * or the slot is moving, keys are asked for one by one from the start. Composes and understands,
 * and sends nothing. Worker's thread.
 */
#ifndef PROXY_ROUTING_SIFT_H
#define PROXY_ROUTING_SIFT_H

#include "common/block.h"
#include "proxy/cluster/slot.h"
#include "proxy/command/command.h"

struct sift_key {
    struct span name; /* borrowed */
    uint16_t slot;
    bool is_gone; /* or not of the type */
};

struct sift_question {
    size_t first; /* of the keys that it is about */
    uint32_t count;
    bool asks_type;
};

struct sift {
    struct sift_key *keys;
    size_t key_count;
    size_t key_capacity;
    struct sift_question *questions;
    size_t question_count;
    size_t question_capacity;
    size_t at;        /* questions before it have been asked */
    struct span type; /* borrowed; NULL: any */
};

/* Zero-initialise, and set `type`. */
void sift_clear(struct sift *sift);

/* Adds a key; those of a slot must be neighbours. */
void sift_add(struct sift *sift, uint16_t slot, struct span name);

/* The keys from `first` on are all that there are of their slot: makes the questions about them. */
void sift_close_slot(struct sift *sift, size_t first, bool is_moving);

/* Question `index`, as it is sent for sift_slot; *command is its row. */
struct block *sift_compose(const struct sift *sift, size_t index,
                           const struct command **command) MUST_USE;
uint16_t sift_slot(const struct sift *sift, size_t index);

/* Its answer, which is no error; there may be more questions then. Returns false when it makes no
 * sense. */
bool sift_hear(struct sift *sift, size_t index, struct span reply) MUST_USE;

/* How many keys are left. */
size_t sift_left(const struct sift *sift);

#endif
