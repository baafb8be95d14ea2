/* slot.h - key to slot, as the Redis Cluster specification says. Pure; any thread. */
#ifndef PROXY_CLUSTER_SLOT_H
#define PROXY_CLUSTER_SLOT_H

#include "common/span.h"

enum {
    SLOT_COUNT = 16384,
    SLOT_NONE = SLOT_COUNT, /* of a request without keys */
};

/* The slot of `key`: CRC16 of what stands between the first '{' and the first '}' behind it, or of
 * the whole key when there is no such pair or nothing in it. */
uint16_t slot_of(struct span key);

/* Do all keys that match the glob `pattern` share a slot, whatever they are? Says so only where the
 * pattern spells out what is hashed: a tag before any wildcard, or a whole key. */
bool slot_of_pattern(struct span pattern, uint16_t *slot) MUST_USE;

#endif
