#include "proxy/downstream/command_times.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

/* Redis counts nanoseconds in a histogram whose steps are a 128th of a power of two, and shows
 * where the steps at 1024, 2048, … end, in microseconds. At the end of its range there is none. */
enum { FIRST_BITS = 10, STEP_BITS = 7 };

uint64_t command_time_limit(uint32_t bucket)
{
    CHECK(bucket < COMMAND_TIME_BUCKETS);

    uint64_t power = UINT64_C(1) << (FIRST_BITS + bucket);
    uint64_t step = bucket == COMMAND_TIME_BUCKETS - 1 ? 0 : power >> STEP_BITS;

    return (power + step - 1) / 1000;
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
    list_init(&times->all);
}

void command_times_clear(struct command_times *times)
{
    LIST_EACH_SAFE (link, &times->all) {
        struct command_time *time = container_of(link, struct command_time, in_times);

        list_remove(link);
        free(time);
    }
    table_clear(&times->learned);
    command_times_init(times);
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
    list_append(&times->all, &time->in_times);
    if (is_learned) {
        table_add(&times->learned, &time->by_row, row_hash(command));
    } else {
        times->of[command->id] = time;
    }
    return time;
}
