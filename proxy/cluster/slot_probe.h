/* slot_probe.h - for each slot, a key that nobody has.
 *
 *      EXISTS {2vc}slotway:9c1f…  at a node that serves the slot for good    :0
 *                                 that gives its keys to another             -ASK 5 10.0.0.7:6379
 *                                 that does not serve it                     -MOVED 5 10.0.0.8:6379
 *
 * So a node says how it stands to a slot, although it has no key that could be asked for. Any
 * thread.
 */
#ifndef PROXY_CLUSTER_SLOT_PROBE_H
#define PROXY_CLUSTER_SLOT_PROBE_H

#include "proxy/cluster/slot.h"

enum { SLOT_PROBE_MAX = 48 };

/* The key for `slot`, in `text`. It is another one in each process, so that nobody can have it. */
struct span slot_probe(uint16_t slot, char text[SLOT_PROBE_MAX]);

#endif
