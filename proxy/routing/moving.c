#include "proxy/routing/moving.h"

#include <stdlib.h>

#include "common/memory.h"

enum { MOVING_US = US_PER_SECOND };

void moving_clear(struct moving_slots *moving)
{
    free(moving->items);
    *moving = (struct moving_slots){0};
}

bool moving_mark(struct moving_slots *moving, uint16_t slot, uint64_t now)
{
    if (moving_has(moving, slot)) {
        moving->items[moving->place[slot] - 1].until = now + MOVING_US;
        return false;
    }
    if (moving->count == moving->capacity) {
        moving->capacity = moving->capacity == 0 ? 8 : 2 * moving->capacity;
        moving->items = memory_resize(moving->items, moving->capacity, sizeof *moving->items);
    }
    moving->items[moving->count++] = (struct moving_slot){slot, now + MOVING_US};
    moving->place[slot] = (uint16_t)moving->count;
    return true;
}

/* The last item takes the place of the removed one. */
static void moving_remove(struct moving_slots *moving, size_t index)
{
    uint16_t slot = moving->items[index].slot;
    struct moving_slot last = moving->items[--moving->count];

    moving->items[index] = last;
    moving->place[last.slot] = (uint16_t)(index + 1);
    moving->place[slot] = 0;
}

uint16_t moving_expire(struct moving_slots *moving, uint64_t now)
{
    for (size_t i = 0; i < moving->count; i++) {
        uint16_t slot = moving->items[i].slot;

        if (moving->items[i].until <= now) {
            moving_remove(moving, i);
            return slot;
        }
    }
    return SLOT_NONE;
}
