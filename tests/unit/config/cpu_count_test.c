#include "config/cpu_count.h"

#include <criterion/criterion.h>
#include <sched.h>

static const struct {
    const char *text;
    size_t quota;
} samples[] = {
    {"max 100000\n", 0},
    {"100000 100000\n", 1},
    {"50000 100000\n", 1},
    {"100001 100000\n", 2},
    {"250000 100000\n", 3},
    {"400000 100000", 4},
    {"1000 100000\n", 1},
    {"", 0},
    {"100000", 0},
    {"0 100000\n", 0},
    {"100000 0\n", 0},
    {"-1 100000\n", 0},
    {"100000 nonsense\n", 0},
};

Test(cpu_count, quota_is_rounded_up)
{
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        cr_expect_eq(cpu_quota(span_of(samples[i].text)), samples[i].quota, "%s", samples[i].text);
    }
}

Test(cpu_count, follows_the_affinity_mask)
{
    cpu_set_t allowed;
    cpu_set_t one;
    int cpu = 0;

    cr_assert_eq(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    cr_expect_leq(cpu_count(), (size_t)CPU_COUNT(&allowed));
    while (!CPU_ISSET(cpu, &allowed)) {
        cpu++;
    }
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
    cr_expect_eq(cpu_count(), 1);
}
