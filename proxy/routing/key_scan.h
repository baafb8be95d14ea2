/* key_scan.h - one call of SCAN: what it asks of which nodes, until it has a page of keys.
 *
 *      cursor ──> survey: a few slots ──> enough keys? ── no: more slots ─┐
 *                   ^   ^─────────────────────────────────────────────────┘
 *                   │        │ a slot is moving: what has its target?
 *                   └────────┘
 *                            yes: sift: which of them are there still? ──> [cursor, keys]
 *
 * The cursor says slot and position (scan_cursor.h), and whoever serves that slot is asked, so it
 * holds across failovers and moved slots: every key that is there all the time is returned. Nothing
 * is remembered between calls. A slot of few keys is returned whole; of a larger one all keys are
 * listed for each page, since a node's own cursors mean nothing on the next node. Each round waits
 * like any other request, until the deadline of the call. Worker's thread.
 */
#ifndef PROXY_ROUTING_KEY_SCAN_H
#define PROXY_ROUTING_KEY_SCAN_H

#include "proxy/cluster/scan_cursor.h"
#include "proxy/routing/dispatcher.h"

struct key_scan_options {
    struct scan_cursor cursor;
    uint32_t slot_end; /* the last slot to look at, and 1 */
    uint32_t count;    /* keys to look at, more or less; at least 1 */
    struct span match; /* of names that are returned; NULL: all */
    struct span type;  /* of their values; NULL: any */
};

/* Answers `request`, which its client waits for and which has not been sent, perhaps before this
 * returns. Copies what it needs of `options`. */
void key_scan_start(struct dispatcher *dispatcher, struct request *request,
                    const struct key_scan_options *options);

#endif
