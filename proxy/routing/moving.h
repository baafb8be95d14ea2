/* moving.h - slots whose keys are on their way from node to node, as ASK and TRYAGAIN tell.
 *
 * While a slot is marked, every client's requests for it go one at a time: two in flight could be
 * executed at both ends of the move, in either order. A mark lasts until MOVING_US after the last
 * such reply. Worker's thread only.
 */
#ifndef PROXY_ROUTING_MOVING_H
#define PROXY_ROUTING_MOVING_H

#include "proxy/cluster/slot.h"

struct moving_slots {
    struct moving_slot {
        uint16_t slot;
        uint64_t until;
    } * items;
    size_t count;
    size_t capacity;
    uint16_t place[SLOT_COUNT]; /* 1 + the index of a slot's item; 0: not marked */
};

void moving_clear(struct moving_slots *moving);

/* Marks `slot`, or lets its mark last longer. Returns true for a new mark. */
bool moving_mark(struct moving_slots *moving, uint16_t slot, uint64_t now);

/* Is `slot` marked? */
static inline bool moving_has(const struct moving_slots *moving, uint16_t slot)
{
    return moving->place[slot] != 0;
}

/* Removes one mark that has run out and returns its slot; SLOT_NONE when there is none. */
uint16_t moving_expire(struct moving_slots *moving, uint64_t now);

#endif
