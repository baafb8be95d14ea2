/* sides.h - the two that are compared: slotway in front of a cluster, and one server, its twin.
 *
 *     ──> redis-server                               the twin: it is always right
 *     ──> slotway ──> three primaries                the same, if slotway is
 *
 * Main thread.
 */
#ifndef TESTS_DIFFERENTIAL_SIDES_H
#define TESTS_DIFFERENTIAL_SIDES_H

#include "tests/differential/settings.h"

enum side { SIDE_TWIN, SIDE_SLOTWAY, SIDE_COUNT };

struct sides;

/* NULL when one of them does not come up; stderr tells why. */
struct sides *sides_start(const struct settings *settings);

/* False when slotway did not end well. */
bool sides_stop(struct sides **sides);

/* Where clients connect. */
uint16_t sides_port(const struct sides *sides, enum side side);

#endif
