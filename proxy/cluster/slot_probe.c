#include "proxy/cluster/slot_probe.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/random.h>

#include "common/check.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static uint32_t tags[SLOT_COUNT]; /* numbers whose digits hash to the slot; 0: not found yet */
static uint64_t secret;

/* By trial: every slot has its number before a quarter of a million. */
static void find_tags(void)
{
    uint32_t left = SLOT_COUNT;

    for (uint32_t number = 1; left > 0; number++) {
        char digits[16];
        int size = snprintf(digits, sizeof digits, "%" PRIu32, number);
        uint16_t slot = slot_of((struct span){digits, (size_t)size});

        if (tags[slot] == 0) {
            tags[slot] = number;
            left--;
        }
    }
}

static void prepare(void)
{
    find_tags();
    if (getrandom(&secret, sizeof secret, 0) != (ssize_t)sizeof secret) {
        secret = (uintptr_t)&secret; /* without luck, the loader's will do */
    }
}

struct span slot_probe(uint16_t slot, char text[SLOT_PROBE_MAX])
{
    CHECK(slot < SLOT_COUNT);
    pthread_once(&once, prepare);

    int size =
        snprintf(text, SLOT_PROBE_MAX, "{%" PRIu32 "}slotway:%016" PRIx64, tags[slot], secret);

    return (struct span){text, (size_t)size};
}
