/* scan_cursor.h - the cursor of SCAN: a place in the keys of a cluster on which all nodes agree.
 *
 *      52                         14 13          0
 *      [ position within the slot   | slot        ]       0 is the start, and the end
 *
 * Within a slot keys stand in the order of a hash of their names, which is the same wherever the
 * slot is served, now and in every later version of slotway. Cursors stay below 2^53, which is as
 * far as clients count exactly that know only floating point. Pure; any thread.
 */
#ifndef PROXY_CLUSTER_SCAN_CURSOR_H
#define PROXY_CLUSTER_SCAN_CURSOR_H

#include "proxy/cluster/slot.h"

enum { SCAN_POSITION_BITS = 39, SCAN_SLOT_BITS = 14 };

#define SCAN_POSITIONS (UINT64_C(1) << SCAN_POSITION_BITS)

struct scan_cursor {
    uint32_t slot;     /* SLOT_COUNT: behind the last one */
    uint64_t position; /* of the first key to come; below SCAN_POSITIONS */
};

/* Where `key` stands in its slot. */
uint64_t scan_position(struct span key);

/* The number for clients; 0 behind the last slot. */
uint64_t scan_cursor_pack(struct scan_cursor cursor);

/* The opposite. What no scan_cursor_pack made is behind the last slot. */
struct scan_cursor scan_cursor_unpack(uint64_t number);

#endif
