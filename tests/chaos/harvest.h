/* harvest.h - reads what all keys of a round hold, from the nodes themselves. Main thread. */
#ifndef TESTS_CHAOS_HARVEST_H
#define TESTS_CHAOS_HARVEST_H

#include "tests/chaos/nodes.h"

/* Fills `contents`, which the caller clears; false when a node did not answer as it should. */
bool harvest(const struct nodes *nodes, const struct history *histories, size_t count,
             struct contents *contents) MUST_USE;

/* Empties all primaries, for the next round. */
bool harvest_clear_away(const struct nodes *nodes);

#endif
