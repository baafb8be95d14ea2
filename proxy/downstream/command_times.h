/* command_times.h - how long each command took, for LATENCY HISTOGRAM and for the metrics: of one
 * worker's clients.
 *
 *      of[command] ─┐
 *                   v
 *      counts:   <= 1 us   <= 2   <= 4   <= 8   <= 16   <= 33   <= 66  …  <= 1.07 s, and longer
 *
 * Time counts as for SLOWLOG: from the turn in which a request was read to that in which its answer
 * was there. The limits are those that Redis shows, which are near powers of two, and some more. A
 * command that was never called has no counts. Worker's thread only, but for command_times_sum():
 * counts are relaxed atomics, and whatever is on the chain stays there.
 */
#ifndef PROXY_DOWNSTREAM_COMMAND_TIMES_H
#define PROXY_DOWNSTREAM_COMMAND_TIMES_H

#include "common/histogram.h"
#include "common/table.h"
#include "proxy/command/command_kind.h"

enum {
    COMMAND_TIME_BUCKETS = 25,
    COMMAND_TIME_SHOWN = 21, /* by LATENCY HISTOGRAM: the last of these has all longer ones */
};

struct command_time {
    struct command_time *next; /* on the chain of all; does not change */
    struct table_link by_row;  /* of those that are not in commands.def */
    const struct command *command;
    _Atomic uint64_t counts[COMMAND_TIME_BUCKETS];
    _Atomic uint64_t sum;                     /* microseconds */
    uint64_t forgotten[COMMAND_TIME_BUCKETS]; /* what the counts were at CONFIG RESETSTAT */
};

struct command_times {
    struct command_time *_Atomic all; /* the chain; those that were called last come first */
    struct command_time *of[COMMAND_COUNT];
    struct table learned;
    uint64_t last_took; /* of the call before: in a turn many take as long */
    uint32_t last_bucket;
    uint32_t last_step; /* likewise, histogram.h's bucket */
};

void command_times_init(struct command_times *times);

/* Gives all back. */
void command_times_clear(struct command_times *times);

/* LATENCY HISTOGRAM shows no more what was until now. The metrics keep it. */
void command_times_forget(struct command_times *times);

/* What it is to show of a command. Returns whether that is anything. */
bool command_time_shown(const struct command_time *time, uint64_t counts[COMMAND_TIME_SHOWN]);

/* The times of commands of one kind. */
struct command_time_sum {
    uint64_t counts[COMMAND_TIME_BUCKETS];
    uint64_t sum;
};

/* Any thread. Adds those of all commands to that of their kind; there are COMMAND_KIND_COUNT. */
void command_times_sum(const struct command_times *times, struct command_time_sum *kinds);

/* The counts of `command`; made when there are none. */
struct command_time *command_times_find(struct command_times *times, const struct command *command);

/* Which bucket counts a call of so many microseconds. */
uint32_t command_time_bucket(uint64_t took);

/* The most microseconds of the calls in that bucket; the last one has all longer ones, too. */
uint64_t command_time_limit(uint32_t bucket);

/* What Redis shows as that limit, of a bucket that is shown. */
uint64_t command_time_shown_limit(uint32_t bucket);

/* Internal: one more in `bucket`. */
static inline void command_time_add(struct command_time *time, uint32_t bucket, uint64_t took)
{
    _Atomic uint64_t *count = &time->counts[bucket];

    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    atomic_store_explicit(&time->sum, atomic_load_explicit(&time->sum, memory_order_relaxed) + took,
                          memory_order_relaxed);
}

/* A call that took so many microseconds is over. */
static inline void command_times_note(struct command_times *times, const struct command *command,
                                      uint64_t took)
{
    struct command_time *time = command->id == COMMAND_ID_LEARNED ? NULL : times->of[command->id];

    if (unlikely(time == NULL)) {
        time = command_times_find(times, command);
    }
    if (took != times->last_took) {
        times->last_took = took;
        times->last_bucket = command_time_bucket(took);
        times->last_step = histogram_bucket(took);
    }
    command_time_add(time, times->last_bucket, took);
}

/* Has it been called before, and took the last call of any command as long as this one? */
static inline bool command_times_is_ready(const struct command_times *times,
                                          const struct command *command, uint64_t took)
{
    return took == times->last_took && command->id != COMMAND_ID_LEARNED &&
           times->of[command->id] != NULL;
}

/* command_times_note() for such a call, which is also recorded in `all`. */
static inline void command_times_count(struct command_times *times, struct histogram *all,
                                       const struct command *command)
{
    histogram_record_at(all, times->last_step, times->last_took);
    command_time_add(times->of[command->id], times->last_bucket, times->last_took);
}

#endif
