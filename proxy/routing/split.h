/* split.h - the keys of one request grouped by slot, and a request of its own for each group.
 *
 *      MSET a 1 b 2 c 3      positions  0 2 | 1        group 0 (slot of a and c): MSET a 1 c 3
 *                                       ^first         group 1 (slot of b):       MSET b 2
 *
 * XREAD and XREADGROUP have their keys behind the options, and an id for each behind the keys.
 * Groups stand in the order in which their slots first appear, the keys of each in the order of the
 * request. Worker's thread.
 */
#ifndef PROXY_ROUTING_SPLIT_H
#define PROXY_ROUTING_SPLIT_H

#include "common/block.h"
#include "proxy/command/keys.h"

struct split_group {
    uint16_t slot;
    uint32_t first; /* in positions */
    uint32_t key_count;
    size_t size; /* of what belongs to its keys, in bytes */
};

/* One of the request's keys: */
struct split_key {
    uint32_t group;
    struct span bytes; /* the key and what belongs to it, as it is sent */
    struct span id;    /* what belongs to it behind all keys, likewise */
};

struct split {
    const struct arguments *arguments;
    const struct keys *keys;
    uint32_t step;       /* arguments that belong to a key, with the key */
    uint32_t front;      /* arguments in front of the keys, without the number of keys */
    bool has_count;      /* which stands right before them */
    bool has_ids;        /* behind all keys there is one for each */
    uint32_t tail;       /* first argument behind those of the last key */
    struct span head;    /* the arguments in front, as they are sent */
    struct span rest;    /* those from `tail` on, likewise */
    uint32_t *positions; /* for each key, by group: which of the request's keys it is */
    struct split_key *items;
    struct split_group *groups;
    uint32_t group_count;
};

/* Borrows `arguments`, which lie as they were sent, each with its length in front and one behind
 * the other, and `keys` (at least one) until cleared. Of keys that are all in one slot,
 * split_init_by_key makes a group of each instead. */
void split_init(struct split *split, const struct command *command,
                const struct arguments *arguments, const struct keys *keys);
void split_init_by_key(struct split *split, const struct command *command,
                       const struct arguments *arguments, const struct keys *keys);
void split_clear(struct split *split);

/* Each part has what is not a key's anew: would all the copies come to far more than the request
 * itself? Long options with keys of many slots would. */
bool split_repeats_too_much(const struct split *split);

/* The request for one group, as it goes to a node: in *block, or, where that lacks room or is NULL,
 * in a new one that takes its place. So small requests share a block. */
struct span split_compose(const struct split *split, const struct split_group *group,
                          struct block **block) MUST_USE;

#endif
