#include "proxy/routing/moving.h"

#include <stdlib.h>

#include "common/memory.h"

enum { MOVING_US = US_PER_SECOND };

void moving_clear(struct moving_slots *moving)
{
    free(moving->items);
    *moving = (struct moving_slots){0};
}

static struct moving_slot *moving_find(const struct moving_slots *moving, uint16_t slot)
{
    for (size_t i = 0; i < moving->count; i++) {
        if (moving->items[i].slot == slot) {
            return &moving->items[i];
        }
    }
    return NULL;
}

bool moving_mark(struct moving_slots *moving, uint16_t slot, uint64_t now)
{
    struct moving_slot *mark = moving_find(moving, slot);

    if (mark != NULL) {
        mark->until = now + MOVING_US;
        return false;
    }
    if (moving->count == moving->capacity) {
        moving->capacity = moving->capacity == 0 ? 8 : 2 * moving->capacity;
        moving->items = memory_resize(moving->items, moving->capacity, sizeof *moving->items);
    }
    moving->items[moving->count++] = (struct moving_slot){slot, now + MOVING_US};
    return true;
}

bool moving_has(const struct moving_slots *moving, uint16_t slot)
{
    return moving_find(moving, slot) != NULL;
}

uint16_t moving_expire(struct moving_slots *moving, uint64_t now)
{
    for (size_t i = 0; i < moving->count; i++) {
        uint16_t slot = moving->items[i].slot;

        if (moving->items[i].until <= now) {
            moving->items[i] = moving->items[--moving->count];
            return slot;
        }
    }
    return SLOT_NONE;
}
