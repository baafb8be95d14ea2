#include "proxy/downstream/command_times.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

/* Redis counts nanoseconds in a histogram whose steps are a 128th of a power of two, and shows
 * where the steps at 1024, 2048, … end, in microseconds. At the end of its range there is none, and
 * it shows the power itself. */
enum { FIRST_BITS = 10, STEP_BITS = 7 };

uint64_t command_time_limit(uint32_t bucket)
{
    CHECK(bucket < COMMAND_TIME_BUCKETS);

    uint64_t power = UINT64_C(1) << (FIRST_BITS + bucket);

    return (power + (power >> STEP_BITS) - 1) / 1000;
}

uint64_t command_time_shown_limit(uint32_t bucket)
{
    CHECK(bucket < COMMAND_TIME_SHOWN);
    return bucket < COMMAND_TIME_SHOWN - 1 ? command_time_limit(bucket)
                                           : (UINT64_C(1) << (FIRST_BITS + bucket)) / 1000;
}

uint32_t command_time_bucket(uint64_t took)
{
    uint32_t power = took <= 1 ? 0 : 64 - (uint32_t)__builtin_clzll(took - 1);

    if (power >= COMMAND_TIME_BUCKETS) {
        return COMMAND_TIME_BUCKETS - 1;
    }
    return power > 0 && took <= command_time_limit(power - 1) ? power - 1 : power;
}

void command_times_init(struct command_times *times)
{
    *times = (struct command_times){.learned = {.count = 0}};
}

void command_times_clear(struct command_times *times)
{
    struct command_time *time = atomic_load(&times->all);

    while (time != NULL) {
        struct command_time *next = time->next;

        free(time);
        time = next;
    }
    table_clear(&times->learned);
    command_times_init(times);
}

static uint64_t count_of(const struct command_time *time, uint32_t bucket)
{
    return atomic_load_explicit(&time->counts[bucket], memory_order_relaxed);
}

void command_times_forget(struct command_times *times)
{
    for (struct command_time *time = times->all; time != NULL; time = time->next) {
        for (uint32_t i = 0; i < COMMAND_TIME_BUCKETS; i++) {
            time->forgotten[i] = count_of(time, i);
        }
    }
}

bool command_time_shown(const struct command_time *time, uint64_t counts[COMMAND_TIME_SHOWN])
{
    bool is_any = false;

    memset(counts, 0, COMMAND_TIME_SHOWN * sizeof counts[0]);
    for (uint32_t i = 0; i < COMMAND_TIME_BUCKETS; i++) {
        uint64_t count = count_of(time, i) - time->forgotten[i];

        counts[i < COMMAND_TIME_SHOWN ? i : COMMAND_TIME_SHOWN - 1] += count;
        is_any = is_any || count > 0;
    }
    return is_any;
}

void command_times_sum(const struct command_times *times, struct command_time_sum *kinds)
{
    const struct command_time *time = atomic_load_explicit(&times->all, memory_order_acquire);

    for (; time != NULL; time = time->next) {
        struct command_time_sum *sum = &kinds[command_kind(time->command)];

        for (uint32_t i = 0; i < COMMAND_TIME_BUCKETS; i++) {
            sum->counts[i] += count_of(time, i);
        }
        sum->sum += atomic_load_explicit(&time->sum, memory_order_relaxed);
    }
}

/* The address of a row, which no other row shares; rows are further apart than its lowest bits. */
static uint64_t row_hash(const struct command *command)
{
    return (uintptr_t)command >> 4;
}

static struct command_time *find_learned(const struct command_times *times,
                                         const struct command *command)
{
    struct table_link *link = table_first(&times->learned, row_hash(command));

    return link == NULL ? NULL : container_of(link, struct command_time, by_row);
}

struct command_time *command_times_find(struct command_times *times, const struct command *command)
{
    bool is_learned = command->id == COMMAND_ID_LEARNED;
    struct command_time *time = is_learned ? find_learned(times, command) : times->of[command->id];

    if (time != NULL) {
        return time;
    }
    time = memory_new(1, sizeof *time);
    time->command = command;
    time->next = atomic_load_explicit(&times->all, memory_order_relaxed);
    atomic_store_explicit(&times->all, time, memory_order_release);
    if (is_learned) {
        table_add(&times->learned, &time->by_row, row_hash(command));
    } else {
        times->of[command->id] = time;
    }
    return time;
}
