#include "proxy/cluster/scan_cursor.h"

#include "common/check.h"

/* FNV-1a, and then a mixer: of FNV alone, names that differ at their ends only would differ in the
 * lower bits only. */
uint64_t scan_position(struct span key)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);

    for (size_t i = 0; i < key.size; i++) {
        hash = (hash ^ (unsigned char)key.at[i]) * UINT64_C(0x100000001B3);
    }
    hash = (hash ^ (hash >> 33)) * UINT64_C(0xFF51AFD7ED558CCD);
    hash = (hash ^ (hash >> 33)) * UINT64_C(0xC4CEB9FE1A85EC53);
    return (hash ^ (hash >> 33)) >> (64 - SCAN_POSITION_BITS);
}

uint64_t scan_cursor_pack(struct scan_cursor cursor)
{
    CHECK(cursor.slot <= SLOT_COUNT && cursor.position < SCAN_POSITIONS);
    return cursor.slot == SLOT_COUNT ? 0 : cursor.position << SCAN_SLOT_BITS | cursor.slot;
}

struct scan_cursor scan_cursor_unpack(uint64_t number)
{
    struct scan_cursor cursor = {
        .slot = (uint32_t)number & (SLOT_COUNT - 1),
        .position = number >> SCAN_SLOT_BITS,
    };

    return cursor.position < SCAN_POSITIONS ? cursor : (struct scan_cursor){.slot = SLOT_COUNT};
}
