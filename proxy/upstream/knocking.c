#include "proxy/upstream/knocking.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/clock.h"

enum {
    BACKOFF_FIRST_US = 20 * US_PER_MS,
    BACKOFF_MAX_US = 500 * US_PER_MS,
    ALLOWED_MAX = 64, /* at once, and all went well: the node takes whoever comes */
};

uint64_t backoff_us(uint32_t failures)
{
    uint64_t delay = (uint64_t)BACKOFF_FIRST_US << (failures < 8 ? failures - 1 : 7);

    if (delay > BACKOFF_MAX_US) {
        delay = BACKOFF_MAX_US;
    }
    return delay - (uint64_t)random() % (delay / 4);
}

void knocking_on_begun(struct knocking *knocking)
{
    knocking->opening++;
}

void knocking_on_left(struct knocking *knocking)
{
    CHECK(knocking->opening > 0);
    knocking->opening--;
}

void knocking_on_open(struct knocking *knocking)
{
    knocking_on_left(knocking);
    knocking->failures = 0;
    knocking->retry_at = 0;
    knocking->allowed *= 2;
    if (knocking->allowed > ALLOWED_MAX) {
        knocking->allowed = 0;
    }
}

void knocking_on_failed(struct knocking *knocking, uint64_t now)
{
    knocking_on_left(knocking);
    if (!knocking_is_early(knocking, now)) {
        knocking->failures++;
        knocking->retry_at = now + backoff_us(knocking->failures);
    }
    knocking->allowed = 1;
}
