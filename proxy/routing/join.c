#include "proxy/routing/join.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/routing/function_stats.h"
#include "proxy/routing/join_keys.h"
#include "proxy/routing/join_memory.h"
#include "proxy/routing/join_slots.h"
#include "proxy/routing/join_streams.h"

static bool part_counts(const struct part *part)
{
    return !(part->is_optional && part->reply.at[0] == '-');
}

void join_strange(struct fanout *fanout, struct sendq *to)
{
    char line[ERROR_REPLY_MAX];

    sendq_append(to, error_reply(ERROR_STRANGE_REPLY, fanout->parent->command->name,
                                 fanout->dispatcher->site.metrics, line));
}

static void join_lend(struct sendq *to, const struct part *part, struct span bytes)
{
    sendq_lend(to, part->block, bytes);
}

static uint32_t count_succeeded(const struct fanout *fanout)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < fanout->part_count; i++) {
        count += fanout->parts[i].reply.at[0] != '-';
    }
    return count;
}

static bool ends_with(struct span reply, struct span mark)
{
    return reply.size > mark.size &&
           memcmp(reply.at + reply.size - mark.size, mark.at, mark.size) == 0;
}

/* The errors of which it is true all end so; the second is that of a part which was parted itself.
 */
static bool outcome_is_unknown(struct span reply)
{
    return reply.at[0] == '-' && (ends_with(reply, SPAN("outcome unknown\r\n")) ||
                                  ends_with(reply, SPAN("is unknown)\r\n")));
}

static uint32_t count_unknown(const struct fanout *fanout)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < fanout->part_count; i++) {
        count += outcome_is_unknown(fanout->parts[i].reply);
    }
    return count;
}

/* A part that was parted itself tells how many of its own were executed. */
static bool part_did_nothing(const struct part *part)
{
    return part->reply.at[0] == '-' && !outcome_is_unknown(part->reply) &&
           !ends_with(part->reply, SPAN("were executed)\r\n"));
}

static bool nobody_did_anything(const struct fanout *fanout)
{
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        if (!part_did_nothing(&fanout->parts[i])) {
            return false;
        }
    }
    return true;
}

/* The first error is the answer. A write says what else happened: it cannot be undone. */
static void join_error(struct fanout *fanout, const struct part *failed, struct sendq *to)
{
    struct span error = failed->reply;

    if ((fanout->parent->command->flags & COMMAND_WRITE) == 0 || nobody_did_anything(fanout)) {
        join_lend(to, failed, error);
        return;
    }

    uint32_t unknown = count_unknown(fanout);

    sendq_append(to, (struct span){error.at, error.size - 2});
    sendq_print(to, " (proxy: from %s; %u of %u parts of this request were executed",
                fanout_node_name(failed), count_succeeded(fanout), fanout->part_count);
    if (unknown > 0) {
        sendq_print(to, ", the outcome of %u is unknown", unknown);
    }
    sendq_append(to, SPAN(")\r\n"));
}

/* Walks the elements of one part's array and notes each where its key stands in the request. */
static bool collect_elements(const struct part *part, struct span *elements)
{
    int64_t count;
    size_t at;

    if (!reply_array_open(part->reply, &count, &at) || count != (int64_t)part->key_count) {
        return false;
    }

    struct span rest = {part->reply.at + at, part->reply.size - at};

    for (uint32_t i = 0; i < part->key_count; i++) {
        if (!reply_take(&rest, &elements[part->positions[i]])) {
            return false;
        }
    }
    return true;
}

static void join_by_key(struct fanout *fanout, struct sendq *to)
{
    struct span *elements = memory_new(fanout->key_count, sizeof *elements);
    const struct part **part_of = memory_new(fanout->key_count, sizeof *part_of);
    bool fits = true;

    for (uint32_t i = 0; i < fanout->part_count && fits; i++) {
        const struct part *part = &fanout->parts[i];

        fits = collect_elements(part, elements);
        for (uint32_t j = 0; j < part->key_count; j++) {
            part_of[part->positions[j]] = part;
        }
    }
    if (fits) {
        resp_write_array(to, fanout->key_count);
        for (uint32_t i = 0; i < fanout->key_count; i++) {
            join_lend(to, part_of[i], elements[i]);
        }
    } else {
        join_strange(fanout, to);
    }
    free(elements);
    free(part_of);
}

static int64_t combine(enum reply_policy policy, int64_t a, int64_t b)
{
    switch (policy) {
    case REPLY_MIN: return a < b ? a : b;
    case REPLY_MAX: return a > b ? a : b;
    case REPLY_LOGICAL_AND: return a != 0 && b != 0;
    case REPLY_LOGICAL_OR: return a != 0 || b != 0;
    case REPLY_SUM:
    case REPLY_DEFAULT:
    case REPLY_ALL_SUCCEEDED:
    case REPLY_ONE_SUCCEEDED:
    case REPLY_SPECIAL: return (int64_t)((uint64_t)a + (uint64_t)b);
    }
    return a;
}

/* One integer from each part, or an array of as many integers from each (SCRIPT EXISTS). */
struct integers {
    int64_t *items;
    size_t count;
    bool is_array;
};

static bool take_integer(struct integers *integers, size_t index, struct span reply,
                         enum reply_policy policy, bool is_first)
{
    int64_t number;

    if (!reply_integer(reply, &number)) {
        return false;
    }
    integers->items[index] = is_first ? number : combine(policy, integers->items[index], number);
    return true;
}

static bool add_integers(struct span reply, enum reply_policy policy, bool is_first,
                         struct integers *integers)
{
    int64_t count = 1;
    size_t at = 0;
    bool is_array = reply_array_open(reply, &count, &at);

    if (is_first) {
        integers->is_array = is_array;
        integers->count = (size_t)count;
        integers->items = memory_new((size_t)count, sizeof *integers->items);
    }
    if (is_array != integers->is_array || (size_t)count != integers->count) {
        return false;
    }
    for (size_t i = 0; i < integers->count; i++) {
        struct reply_scan scan = {0};
        struct span rest = {reply.at + at, reply.size - at};
        size_t used = 0;

        if (reply_scan_next(&scan, SIZE_MAX, rest, &used) != SCAN_DONE ||
            !take_integer(integers, i, (struct span){rest.at, used}, policy, is_first)) {
            return false;
        }
        at += used;
    }
    return true;
}

static void join_integers(struct fanout *fanout, struct sendq *to)
{
    struct integers integers = {0};
    bool is_first = true;
    bool fits = true;

    for (uint32_t i = 0; i < fanout->part_count && fits; i++) {
        if (part_counts(&fanout->parts[i])) {
            fits = add_integers(fanout->parts[i].reply, fanout->parent->command->reply, is_first,
                                &integers);
            is_first = false;
        }
    }
    if (!fits || is_first) {
        join_strange(fanout, to);
        free(integers.items);
        return;
    }
    if (integers.is_array) {
        resp_write_array(to, integers.count);
    }
    for (size_t i = 0; i < integers.count; i++) {
        resp_write_integer(to, integers.items[i]);
    }
    free(integers.items);
}

/* Redis: without a tip, nested replies of commands without keys are put behind each other; what is
 * not an array is the same everywhere, and the first will do. */
static void join_arrays(struct fanout *fanout, struct sendq *to)
{
    int64_t total = 0;
    int64_t count;
    size_t at;

    for (uint32_t i = 0; i < fanout->part_count; i++) {
        if (!part_counts(&fanout->parts[i])) {
            continue;
        }
        if (!reply_array_open(fanout->parts[i].reply, &count, &at)) {
            join_lend(to, &fanout->parts[i], fanout->parts[i].reply);
            return;
        }
        total += count;
    }
    resp_write_array(to, (size_t)total);
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        const struct part *part = &fanout->parts[i];

        if (part_counts(part) && reply_array_open(part->reply, &count, &at)) {
            join_lend(to, part, (struct span){part->reply.at + at, part->reply.size - at});
        }
    }
}

static const struct part *first_success(const struct fanout *fanout)
{
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        if (fanout->parts[i].reply.at[0] != '-') {
            return &fanout->parts[i];
        }
    }
    return &fanout->parts[0];
}

static void join_first_success(struct fanout *fanout, struct sendq *to)
{
    const struct part *chosen = first_success(fanout);

    join_lend(to, chosen, chosen->reply);
}

static bool reply_is_null(struct span reply)
{
    return span_equal(reply, SPAN("$-1\r\n")) || span_equal(reply, SPAN("_\r\n"));
}

/* One of the nodes that have any key; null only if none has. */
static void join_random(struct fanout *fanout, struct sendq *to)
{
    uint32_t start = (uint32_t)random() % fanout->part_count;
    const struct part *chosen = &fanout->parts[start];

    for (uint32_t i = 0; i < fanout->part_count && reply_is_null(chosen->reply); i++) {
        chosen = &fanout->parts[(start + i) % fanout->part_count];
    }
    join_lend(to, chosen, chosen->reply);
}

static void join_by_stream(struct fanout *fanout, struct sendq *to)
{
    if (!join_streams(fanout, to)) {
        join_strange(fanout, to);
    }
}

static void join_by_slot(struct fanout *fanout, struct sendq *to)
{
    if (!join_slots(fanout, to)) {
        join_strange(fanout, to);
    }
}

/* Each of these commands has a way of its own. */
static void join_specially(struct fanout *fanout, struct sendq *to)
{
    const struct command *command = fanout->parent->command;

    if (command->id == COMMAND_ID_RANDOMKEY) {
        join_random(fanout, to);
    } else if (command->id == COMMAND_ID_FUNCTION_STATS) {
        function_stats_write(to, first_success(fanout)->reply);
    } else if (!joins_memory(command)) {
        join_first_success(fanout, to);
    } else if (!join_memory(fanout, to)) {
        join_strange(fanout, to);
    }
}

void join_by_policy(struct fanout *fanout, struct sendq *to)
{
    const struct command *command = fanout->parent->command;
    const struct part *failed = fanout_failed(fanout);

    if (command->reply == REPLY_ONE_SUCCEEDED) {
        join_first_success(fanout, to);
        return;
    }
    if (failed != NULL) {
        join_error(fanout, failed, to);
        return;
    }
    switch (command->reply) {
    case REPLY_SUM:
    case REPLY_MIN:
    case REPLY_MAX:
    case REPLY_LOGICAL_AND:
    case REPLY_LOGICAL_OR: join_integers(fanout, to); return;
    case REPLY_ALL_SUCCEEDED:
    case REPLY_ONE_SUCCEEDED: join_first_success(fanout, to); return;
    case REPLY_SPECIAL: join_specially(fanout, to); return;
    case REPLY_DEFAULT:
        if (command->class == COMMAND_CLASS_STREAM_READ) {
            join_by_stream(fanout, to);
        } else if (fanout->key_count > 0) {
            join_by_key(fanout, to);
        } else if (command->id == COMMAND_ID_CLUSTER_SLOT_STATS) {
            join_by_slot(fanout, to);
        } else if (command->id != COMMAND_ID_KEYS || !join_keys(fanout, to)) {
            join_arrays(fanout, to);
        }
        return;
    }
}
