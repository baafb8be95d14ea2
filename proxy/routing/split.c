#include "proxy/routing/split.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "proxy/cluster/slot.h"

enum { BULK_OVERHEAD = 32 }; /* "$", a length, two CR LF */

/* Group + 1 by slot while a request is split, and zero again behind it: finding a key's group must
 * not cost a look at all slots or all groups. */
static _Thread_local uint32_t group_of[SLOT_COUNT];

/* Opens a group for each slot at its first key, and counts. Returns the slot of each key. */
static uint16_t *split_count(struct split *split)
{
    const struct keys *keys = split->keys;
    uint16_t *slots = memory_new(keys->count, sizeof *slots);

    for (uint32_t i = 0; i < keys->count; i++) {
        uint16_t slot = slot_of(split->arguments->items[keys->index[i]]);

        slots[i] = slot;
        if (group_of[slot] == 0) {
            split->groups[split->group_count].slot = slot;
            group_of[slot] = ++split->group_count;
        }
        split->groups[group_of[slot] - 1].key_count++;
    }
    return slots;
}

/* Gives each group its stretch of the positions and fills it in the order of the keys. */
static void split_fill(struct split *split, const uint16_t *slots)
{
    uint32_t at = 0;

    for (uint32_t i = 0; i < split->group_count; i++) {
        split->groups[i].first = at;
        at += split->groups[i].key_count;
        split->groups[i].key_count = 0;
    }
    for (uint32_t i = 0; i < split->keys->count; i++) {
        struct split_group *group = &split->groups[group_of[slots[i]] - 1];

        split->positions[group->first + group->key_count++] = i;
    }
    for (uint32_t i = 0; i < split->group_count; i++) {
        group_of[split->groups[i].slot] = 0;
    }
}

static void split_begin(struct split *split, const struct command *command,
                        const struct arguments *arguments, const struct keys *keys)
{
    const struct key_spec *spec = &command->keys[0];
    uint32_t step = spec->step > 1 ? (uint32_t)spec->step : 1;

    CHECK(keys->count > 0);
    *split = (struct split){
        .arguments = arguments,
        .keys = keys,
        .step = step,
        .has_count = spec->find == KEY_FIND_COUNT,
        .has_ids = command->class == COMMAND_CLASS_STREAM_READ,
        .tail = keys->index[keys->count - 1] + step,
        .positions = memory_new(keys->count, sizeof(uint32_t)),
        .groups = memory_new(keys->count, sizeof(struct split_group)),
    };
    split->front = keys->index[0] - (split->has_count ? 1 : 0);
    if (split->has_ids) {
        split->step = 1;
        split->tail = arguments->count;
    }
}

void split_init(struct split *split, const struct command *command,
                const struct arguments *arguments, const struct keys *keys)
{
    split_begin(split, command, arguments, keys);

    uint16_t *slots = split_count(split);

    split_fill(split, slots);
    free(slots);
}

void split_init_by_key(struct split *split, const struct command *command,
                       const struct arguments *arguments, const struct keys *keys)
{
    uint16_t slot = slot_of(arguments->items[keys->index[0]]);

    split_begin(split, command, arguments, keys);
    split->group_count = keys->count;
    for (uint32_t i = 0; i < keys->count; i++) {
        split->groups[i] = (struct split_group){.slot = slot, .first = i, .key_count = 1};
        split->positions[i] = i;
    }
}

void split_clear(struct split *split)
{
    free(split->positions);
    free(split->groups);
    *split = (struct split){0};
}

static void block_put(struct block *block, struct span bytes)
{
    CHECK(bytes.size <= block_room(block));
    if (bytes.size > 0) {
        memcpy(block_tail(block), bytes.at, bytes.size);
        block->used += bytes.size;
    }
}

static void block_put_number(struct block *block, char mark, size_t number)
{
    char line[BULK_OVERHEAD];
    char *at = line + sizeof line;

    *--at = '\n';
    *--at = '\r';
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    *--at = mark;
    block_put(block, (struct span){at, (size_t)(line + sizeof line - at)});
}

static void block_put_bulk(struct block *block, struct span bytes)
{
    block_put_number(block, '$', bytes.size);
    block_put(block, bytes);
    block_put(block, SPAN("\r\n"));
}

static size_t bulk_size(const struct arguments *arguments, uint32_t from, uint32_t count)
{
    size_t size = 0;

    for (uint32_t i = 0; i < count; i++) {
        size += arguments->items[from + i].size + BULK_OVERHEAD;
    }
    return size;
}

static uint32_t key_at(const struct split *split, const struct split_group *group, uint32_t number)
{
    return split->keys->index[split->positions[group->first + number]];
}

static uint32_t id_at(const struct split *split, const struct split_group *group, uint32_t number)
{
    return key_at(split, group, number) + split->keys->count;
}

static size_t group_size(const struct split *split, const struct split_group *group)
{
    const struct arguments *arguments = split->arguments;
    size_t size = 2 * BULK_OVERHEAD + bulk_size(arguments, 0, split->front) +
                  bulk_size(arguments, split->tail, arguments->count - split->tail);

    for (uint32_t i = 0; i < group->key_count; i++) {
        size += bulk_size(arguments, key_at(split, group, i), split->step);
        size += split->has_ids ? bulk_size(arguments, id_at(split, group, i), 1) : 0;
    }
    return size;
}

static void block_put_arguments(struct block *block, const struct arguments *arguments,
                                uint32_t from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        block_put_bulk(block, arguments->items[from + i]);
    }
}

struct block *split_compose(const struct split *split, const struct split_group *group)
{
    const struct arguments *arguments = split->arguments;
    struct block *block = block_new(group_size(split, group));
    uint32_t tail_count = arguments->count - split->tail;
    uint32_t front = split->front + (split->has_count ? 1 : 0);
    uint32_t per_key = split->step + (split->has_ids ? 1 : 0);

    block_put_number(block, '*', front + group->key_count * per_key + tail_count);
    block_put_arguments(block, arguments, 0, split->front);
    if (split->has_count) {
        char digits[BULK_OVERHEAD];
        int length = snprintf(digits, sizeof digits, "%u", group->key_count);

        block_put_bulk(block, (struct span){digits, (size_t)length});
    }
    for (uint32_t i = 0; i < group->key_count; i++) {
        block_put_arguments(block, arguments, key_at(split, group, i), split->step);
    }
    for (uint32_t i = 0; split->has_ids && i < group->key_count; i++) {
        block_put_arguments(block, arguments, id_at(split, group, i), 1);
    }
    block_put_arguments(block, arguments, split->tail, tail_count);
    return block;
}
