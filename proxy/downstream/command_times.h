/* command_times.h - how long each command took, for LATENCY HISTOGRAM: of one worker's clients.
 *
 *      of[command] ─┐
 *                   v
 *      counts:   <= 1 us   <= 2   <= 4   <= 8   <= 16   <= 33   <= 66  …  <= 1.07 s, and longer
 *
 * Time counts as for SLOWLOG: from the turn in which a request was read to that in which its answer
 * was there. The limits are those that Redis shows, which are near powers of two. A command that
 * was never called has no counts. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_COMMAND_TIMES_H
#define PROXY_DOWNSTREAM_COMMAND_TIMES_H

#include "common/histogram.h"
#include "common/list.h"
#include "common/table.h"
#include "proxy/command/command.h"

enum { COMMAND_TIME_BUCKETS = 21 };

struct command_time {
    struct list_link in_times;
    struct table_link by_row; /* of those that are not in commands.def */
    const struct command *command;
    uint64_t counts[COMMAND_TIME_BUCKETS];
};

struct command_times {
    struct list all; /* of struct command_time, in the order of their first calls */
    struct command_time *of[COMMAND_COUNT];
    struct table learned;
    uint64_t last_took; /* of the call before: in a turn many take as long */
    uint32_t last_bucket;
    uint32_t last_step; /* likewise, histogram.h's bucket */
};

void command_times_init(struct command_times *times);

/* Forgets all. */
void command_times_clear(struct command_times *times);

/* The counts of `command`; made when there are none. */
struct command_time *command_times_find(struct command_times *times, const struct command *command);

/* Which bucket counts a call of so many microseconds. */
uint32_t command_time_bucket(uint64_t took);

/* The most microseconds of the calls in that bucket; the last one has all longer ones, too. */
uint64_t command_time_limit(uint32_t bucket);

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
    time->counts[times->last_bucket]++;
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
    times->of[command->id]->counts[times->last_bucket]++;
}

#endif
