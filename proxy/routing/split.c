#include "proxy/routing/split.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "proxy/cluster/slot.h"

enum {
    NUMBER_LINE_MAX = 16, /* "*4294967295", CR LF */
    /* What is copied for all parts together: */
    COPIES_FREE = 64 * 1024,       /* is no matter */
    COPIES_MAX = 16 * 1024 * 1024, /* a kilobyte for each slot that there is */
    COPIES_TIMES = 16,             /* nor, up to that, is so much times the request */
};

/* Group + 1 by slot while a request is split, and zero again behind it: finding a key's group must
 * not cost a look at all slots or all groups. */
static _Thread_local uint32_t group_of[SLOT_COUNT];

static size_t digits_of(size_t number)
{
    size_t count = 1;

    for (; number >= 10; number /= 10) {
        count++;
    }
    return count;
}

/* Arguments as they were sent. Redis wants no zeros in front of a length, so its line is known. */
static struct span raw_arguments(const struct arguments *arguments, uint32_t from, uint32_t count)
{
    struct span first = arguments->items[from];
    struct span last = arguments->items[from + count - 1];
    const char *start = first.at - strlen("$\r\n") - digits_of(first.size);
    const char *end = last.at + last.size + strlen("\r\n");

    return (struct span){start, (size_t)(end - start)};
}

/* Opens a group for each slot at its first key. */
static uint32_t group_of_slot(struct split *split, uint16_t slot)
{
    if (group_of[slot] == 0) {
        split->groups[split->group_count].slot = slot;
        group_of[slot] = ++split->group_count;
    }
    return group_of[slot] - 1;
}

static void key_join(struct split *split, uint32_t number, uint32_t group)
{
    struct split_key *key = &split->items[number];
    uint32_t index = split->keys->index[number];

    key->group = group;
    key->bytes = raw_arguments(split->arguments, index, split->step);
    if (split->has_ids) {
        key->id = raw_arguments(split->arguments, index + split->keys->count, 1);
    }
    split->groups[group].key_count++;
    split->groups[group].size += key->bytes.size + key->id.size;
}

/* Gives each group its stretch of the positions and fills it in the order of the keys. */
static void split_fill(struct split *split)
{
    uint32_t at = 0;

    for (uint32_t i = 0; i < split->group_count; i++) {
        split->groups[i].first = at;
        at += split->groups[i].key_count;
        split->groups[i].key_count = 0;
    }
    for (uint32_t i = 0; i < split->keys->count; i++) {
        struct split_group *group = &split->groups[split->items[i].group];

        split->positions[group->first + group->key_count++] = i;
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
        .items = memory_new(keys->count, sizeof(struct split_key)),
        .groups = memory_new(keys->count, sizeof(struct split_group)),
    };
    split->front = keys->index[0] - (split->has_count ? 1 : 0);
    if (split->has_ids) {
        split->step = 1;
        split->tail = arguments->count;
    }
    CHECK(split->front > 0 && split->tail <= arguments->count);
    split->head = raw_arguments(arguments, 0, split->front);
    if (split->tail < arguments->count) {
        split->rest = raw_arguments(arguments, split->tail, arguments->count - split->tail);
    }
}

void split_init(struct split *split, const struct command *command,
                const struct arguments *arguments, const struct keys *keys)
{
    split_begin(split, command, arguments, keys);
    for (uint32_t i = 0; i < keys->count; i++) {
        uint16_t slot = slot_of(arguments->items[keys->index[i]]);

        key_join(split, i, group_of_slot(split, slot));
    }
    split_fill(split);
    for (uint32_t i = 0; i < split->group_count; i++) {
        group_of[split->groups[i].slot] = 0;
    }
}

void split_init_by_key(struct split *split, const struct command *command,
                       const struct arguments *arguments, const struct keys *keys)
{
    uint16_t slot = slot_of(arguments->items[keys->index[0]]);

    split_begin(split, command, arguments, keys);
    split->group_count = keys->count;
    for (uint32_t i = 0; i < keys->count; i++) {
        split->groups[i].slot = slot;
        key_join(split, i, i);
    }
    split_fill(split);
}

void split_clear(struct split *split)
{
    free(split->positions);
    free(split->items);
    free(split->groups);
    *split = (struct split){0};
}

bool split_repeats_too_much(const struct split *split)
{
    size_t copied = split->head.size + split->rest.size;
    size_t request = copied;

    for (uint32_t i = 0; i < split->group_count; i++) {
        request += split->groups[i].size;
    }
    copied *= split->group_count;
    return copied > COPIES_FREE && copied > size_min(COPIES_MAX, COPIES_TIMES * request);
}

static void block_put_count(struct block *block, uint32_t count)
{
    char line[NUMBER_LINE_MAX];
    size_t digits = digits_of(count);

    line[0] = '*';
    for (size_t at = digits; at > 0; at--) {
        line[at] = (char)('0' + count % 10);
        count /= 10;
    }
    line[digits + 1] = '\r';
    line[digits + 2] = '\n';
    block_append(block, (struct span){line, digits + 3});
}

static void block_put_key_count(struct block *block, uint32_t count)
{
    char bulk[2 * NUMBER_LINE_MAX];
    int size = snprintf(bulk, sizeof bulk, "$%zu\r\n%u\r\n", digits_of(count), count);

    block_append(block, (struct span){bulk, (size_t)size});
}

static void block_put_group(struct block *block, const struct split *split,
                            const struct split_group *group)
{
    const uint32_t *positions = split->positions + group->first;
    uint32_t front = split->front + (split->has_count ? 1 : 0);
    uint32_t per_key = split->step + (split->has_ids ? 1 : 0);

    block_put_count(block,
                    front + group->key_count * per_key + split->arguments->count - split->tail);
    block_append(block, split->head);
    if (split->has_count) {
        block_put_key_count(block, group->key_count);
    }
    for (uint32_t i = 0; i < group->key_count; i++) {
        block_append(block, split->items[positions[i]].bytes);
    }
    for (uint32_t i = 0; split->has_ids && i < group->key_count; i++) {
        block_append(block, split->items[positions[i]].id);
    }
    block_append(block, split->rest);
}

struct span split_compose(const struct split *split, const struct split_group *group,
                          struct block **block)
{
    size_t size = 3 * NUMBER_LINE_MAX + split->head.size + group->size + split->rest.size;

    if (*block == NULL || block_room(*block) < size) {
        size_t left = split->group_count - (size_t)(group - split->groups);

        block_release(block);
        *block = block_new(size_max(size, size_min(size * left, BLOCK_MEDIUM)));
    }

    const char *start = block_tail(*block);
    block_put_group(*block, split, group);
    return (struct span){start, (size_t)(block_tail(*block) - start)};
}
