/* scan_page.h - the keys of one slot, as nodes have listed them, and those of the next page.
 *
 *      positions   3 3 7 9 | 12 15 15 | 20 ...    from 12, at least 2 keys: 12 15 15, next is 16
 *
 * Pure; the names are borrowed from the listings.
 */
#ifndef PROXY_ROUTING_SCAN_PAGE_H
#define PROXY_ROUTING_SCAN_PAGE_H

#include "proxy/cluster/scan_cursor.h"

struct scan_key {
    uint64_t position;
    struct span name;
};

/* Zero-initialise; scan_page_clear at the end. */
struct scan_page {
    struct scan_key *keys;
    size_t count;
    size_t capacity;
};

/* Adds the keys of a whole reply to CLUSTER GETKEYSINSLOT. Returns false when it is none; then
 * there may be some of them. */
bool scan_page_add(struct scan_page *page, struct span listing) MUST_USE;

/* Leaves the keys from position `from` on, in their order, each once: all of them in a slot of no
 * more than `whole` keys, else about `least` or a sixteenth of the slot, whichever is more, and up
 * to twice that. Keys of one position are not parted. Returns the position to go on from;
 * SCAN_POSITIONS when none is left. */
uint64_t scan_page_cut(struct scan_page *page, uint64_t from, size_t whole, size_t least);

void scan_page_clear(struct scan_page *page);

#endif
