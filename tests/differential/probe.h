/* probe.h - which groups, and which protocols, slotway can do. Main thread. */
#ifndef TESTS_DIFFERENTIAL_PROBE_H
#define TESTS_DIFFERENTIAL_PROBE_H

#include "tests/differential/sides.h"

/* Those of `groups` whose probe slotway answers without an error of its own. */
unsigned probe_groups(const struct sides *sides, unsigned groups);

/* Does slotway speak RESP3? */
bool probe_resp3(const struct sides *sides);

#endif
