/* slot.c - what it costs to find the slot of a key. */
#include "proxy/cluster/slot.h"
#include "bench/micro/support/cases.h"

static const struct span key_3 = SPAN("foo");
static const struct span key_16 = SPAN("key:000000012345");
static const struct span key_36 = SPAN("123e4567-e89b-12d3-a456-426614174000");
static const struct span key_64 =
    SPAN("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
static const struct span tagged = SPAN("{user1000}.following.recent");

static volatile uint16_t sink;

static void slot_one(const void *argument)
{
    sink = slot_of(*(const struct span *)argument);
}

static const struct bench_case cases[] = {
    {"key of 3 bytes", slot_one, &key_3, CASE_CALLS},
    {"key of 16 bytes", slot_one, &key_16, CASE_CALLS},
    {"key of 36 bytes", slot_one, &key_36, CASE_CALLS},
    {"key of 64 bytes", slot_one, &key_64, CASE_CALLS},
    {"tag of 8 bytes in a key of 27", slot_one, &tagged, CASE_CALLS},
};

int main(int argc, char **argv)
{
    return cases_main(argc, argv, cases, ARRAY_LEN(cases));
}
