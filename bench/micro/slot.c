/* slot.c - what it costs to find the slot of a key. */
#include "proxy/cluster/slot.h"
#include "bench/micro/stopwatch.h"

static const struct {
    const char *name;
    struct span key;
} rows[] = {
    {"key of 3 bytes", SPAN("foo")},
    {"key of 16 bytes", SPAN("key:000000012345")},
    {"key of 36 bytes", SPAN("123e4567-e89b-12d3-a456-426614174000")},
    {"key of 64 bytes", SPAN("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")},
    {"tag of 8 bytes in a key of 27", SPAN("{user1000}.following.recent")},
};

static volatile uint16_t sink;

static void slot_one(const void *argument)
{
    sink = slot_of(*(const struct span *)argument);
}

int main(void)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        stopwatch_print(rows[i].name, stopwatch_ns(slot_one, &rows[i].key));
    }
    return 0;
}
