/* recovery.h - how long slots were without an answer once they had a new primary, as clients see
 * it: an answer may have had to wait for one to an earlier request, for a slot that was in trouble
 * too.
 */
#ifndef TESTS_CHAOS_RECOVERY_H
#define TESTS_CHAOS_RECOVERY_H

#include "tests/chaos/nemesis.h"

struct recovery {
    uint64_t slots;      /* that were asked for after a takeover */
    uint64_t sum_ms;     /* of their waits: from the takeover, or the first request behind it */
    uint32_t longest_ms; /* until the first answer */
};

/* Adds the takeovers of a round to `recovery`. */
void recovery_add(struct recovery *recovery, const struct history *histories, size_t count,
                  const struct takeover *takeovers, size_t takeover_count);

#endif
