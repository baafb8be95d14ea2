#include "proxy/routing/fanout.h"

#include <stdlib.h>

#include "common/memory.h"
#include "proxy/routing/join.h"

enum { BULK_OVERHEAD = 32 }; /* "$", a length, two CR LF */

static struct fanout *fanout_new(struct dispatcher *dispatcher, struct request *parent,
                                 uint32_t part_count)
{
    struct fanout *fanout = memory_new(1, sizeof *fanout + part_count * sizeof fanout->parts[0]);

    fanout->dispatcher = dispatcher;
    fanout->parent = parent;
    fanout->join = join_by_policy;
    fanout->part_count = fanout->parts_left = part_count;
    fanout->is_starting = true;
    for (uint32_t i = 0; i < part_count; i++) {
        fanout->parts[i].fanout = fanout;
    }
    parent->fanout = fanout;
    request_become(parent, REQUEST_SPLIT);
    metric_add(&dispatcher->site.metrics->downstream_split_total, 1);
    return fanout;
}

static void fanout_free(struct fanout *fanout)
{
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        block_release(&fanout->parts[i].block);
    }
    free(fanout->positions);
    free(fanout);
}

static void fanout_finish(struct fanout *fanout)
{
    struct request *parent = fanout->parent;

    fanout->join(fanout, &parent->reply);
    parent->fanout = NULL;
    fanout_free(fanout);
    request_settle(parent, NULL, (struct span){"", 0});
}

/* A part has its reply: small ones are copied, so that a slow part does not make the others hold on
 * to large blocks. */
static void fanout_on_part(struct request *request, struct block *block, struct span reply)
{
    struct part *part = request->owner;
    struct fanout *fanout = part->fanout;

    if (block == NULL || reply.size < SENDQ_COPY_MAX) {
        part->block = block_copy(reply);
        part->reply = (struct span){part->block->bytes, reply.size};
    } else {
        part->block = block_take(block);
        part->reply = reply;
    }
    part->node = request->node;
    part->request = NULL;
    request_free(&request);
    fanout->parts_left--;
    if (fanout->parts_left == 0 && !fanout->is_starting) {
        fanout_finish(fanout);
    }
}

static void part_prepare(struct part *part, struct block *block)
{
    const struct request *parent = part->fanout->parent;
    struct request *request =
        request_new(parent->command, block, (struct span){block->bytes, block->used});

    request->done = fanout_on_part;
    request->owner = part;
    request->lane = parent->lane;
    request->arrived = parent->arrived;
    request->deadline = parent->deadline;
    part->request = request;
}

/* All parts exist before the first is sent: an answer may come at once. */
static void fanout_start(struct fanout *fanout)
{
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        dispatcher_send(fanout->dispatcher, fanout->parts[i].request);
    }
    fanout->is_starting = false;
    if (fanout->parts_left == 0) {
        fanout_finish(fanout);
    }
}

/* How a command that is split is put together again:
 *
 *      name [count] (key value{step - 1})* tail
 */
struct split {
    const struct arguments *arguments;
    const struct keys *keys;
    uint32_t step;   /* arguments that belong to a key, with the key */
    bool has_count;  /* MSETEX: the number of keys stands in front of them */
    uint32_t tail;   /* first argument behind the last key's */
    uint16_t *slots; /* of each key */
};

static struct split split_of(const struct command *command, const struct arguments *arguments,
                             const struct keys *keys)
{
    const struct key_spec *spec = &command->keys[0];
    uint32_t step = spec->step > 1 ? (uint32_t)spec->step : 1;

    return (struct split){
        .arguments = arguments,
        .keys = keys,
        .step = step,
        .has_count = spec->find == KEY_FIND_COUNT,
        .tail = keys->index[keys->count - 1] + step,
        .slots = memory_new(keys->count, sizeof(uint16_t)),
    };
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

static struct block *part_compose(const struct split *split, const struct part *part)
{
    const struct arguments *arguments = split->arguments;
    uint32_t tail_count = arguments->count - split->tail;
    uint32_t front = split->has_count ? 2 : 1;
    size_t size = BULK_OVERHEAD + bulk_size(arguments, 0, 1) + 2 * BULK_OVERHEAD +
                  bulk_size(arguments, split->tail, tail_count);

    for (uint32_t i = 0; i < part->key_count; i++) {
        size += bulk_size(arguments, split->keys->index[part->positions[i]], split->step);
    }

    struct block *block = block_new(size);

    block_put_number(block, '*', front + part->key_count * split->step + tail_count);
    block_put_bulk(block, arguments->items[0]);
    if (split->has_count) {
        char digits[BULK_OVERHEAD];
        int length = snprintf(digits, sizeof digits, "%u", part->key_count);

        block_put_bulk(block, (struct span){digits, (size_t)length});
    }
    for (uint32_t i = 0; i < part->key_count; i++) {
        uint32_t from = split->keys->index[part->positions[i]];

        for (uint32_t j = 0; j < split->step; j++) {
            block_put_bulk(block, arguments->items[from + j]);
        }
    }
    for (uint32_t i = 0; i < tail_count; i++) {
        block_put_bulk(block, arguments->items[split->tail + i]);
    }
    return block;
}

/* Numbers the slots of the keys in the order they first appear, and counts the keys of each. */
struct slot_groups {
    uint32_t count;
    uint32_t number_of[SLOT_COUNT]; /* group + 1; 0: none yet */
    uint32_t size_of[SLOT_COUNT];   /* by group */
    uint16_t slot_of[SLOT_COUNT];   /* by group */
};

static struct slot_groups *slot_groups_new(struct split *split)
{
    struct slot_groups *groups = memory_new(1, sizeof *groups);

    for (uint32_t i = 0; i < split->keys->count; i++) {
        uint16_t slot = slot_of(split->arguments->items[split->keys->index[i]]);

        split->slots[i] = slot;
        if (groups->number_of[slot] == 0) {
            groups->slot_of[groups->count] = slot;
            groups->number_of[slot] = ++groups->count;
        }
        groups->size_of[groups->number_of[slot] - 1]++;
    }
    return groups;
}

/* Gives each part its stretch of fanout->positions and fills it in the order of the keys. */
static void fanout_assign(struct fanout *fanout, const struct split *split,
                          const struct slot_groups *groups)
{
    uint32_t at = 0;

    fanout->key_count = split->keys->count;
    fanout->positions = memory_new(fanout->key_count, sizeof *fanout->positions);
    for (uint32_t i = 0; i < groups->count; i++) {
        fanout->parts[i].positions = fanout->positions + at;
        at += groups->size_of[i];
    }
    for (uint32_t i = 0; i < fanout->key_count; i++) {
        struct part *part = &fanout->parts[groups->number_of[split->slots[i]] - 1];

        fanout->positions[(part->positions - fanout->positions) + part->key_count++] = i;
    }
}

void fanout_split(struct dispatcher *dispatcher, struct request *parent,
                  const struct arguments *arguments, const struct keys *keys)
{
    struct split split = split_of(parent->command, arguments, keys);
    struct slot_groups *groups = slot_groups_new(&split);
    struct fanout *fanout = fanout_new(dispatcher, parent, groups->count);

    fanout_assign(fanout, &split, groups);
    for (uint32_t i = 0; i < groups->count; i++) {
        struct block *block = part_compose(&split, &fanout->parts[i]);

        part_prepare(&fanout->parts[i], block);
        fanout->parts[i].request->slot = groups->slot_of[i];
        fanout->parts[i].request->target = TARGET_SLOT;
        block_release(&block);
    }
    free(groups);
    free(split.slots);
    fanout_start(fanout);
}

static bool pool_is_asked(const struct pool *pool, enum route_kind kind)
{
    if (pool == NULL || pool->is_leaving) {
        return false;
    }
    return pool->is_primary || (kind == ROUTE_NODES && pool->attempts == 0);
}

static uint32_t count_asked(const struct slot_table *table, enum route_kind kind)
{
    uint32_t count = 0;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        count += pool_is_asked(table->pools[i], kind);
    }
    return count;
}

void fanout_broadcast(struct dispatcher *dispatcher, struct request *parent, enum route_kind kind,
                      fanout_join *join, void *context)
{
    const struct slot_table *table = &dispatcher->table;
    uint32_t count = count_asked(table, kind);
    uint32_t next = 0;

    if (count == 0) {
        dispatcher_refuse(dispatcher, parent, ERROR_CLUSTER_UNKNOWN, NULL);
        return;
    }

    struct fanout *fanout = fanout_new(dispatcher, parent, count);

    fanout->join = join == NULL ? join_by_policy : join;
    fanout->context = context;
    for (uint16_t i = 0; i < table->pool_count; i++) {
        const struct pool *pool = table->pools[i];

        if (!pool_is_asked(pool, kind)) {
            continue;
        }

        struct part *part = &fanout->parts[next++];
        struct block *block = block_take(parent->block);

        part->is_optional = !pool->is_primary;
        part_prepare(part, block);
        part->request->bytes = parent->bytes;
        part->request->target = TARGET_NODE;
        if (part->is_optional) {
            part->request->deadline = parent->arrived + dispatcher->site.config->timeout_connect;
        }
        part->request->node = i;
        block_release(&block);
    }
    fanout_start(fanout);
}

void fanout_abandon(struct request *parent)
{
    struct fanout *fanout = parent->fanout;

    parent->fanout = NULL;
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        if (fanout->parts[i].request != NULL) {
            dispatcher_abandon(fanout->dispatcher, &fanout->parts[i].request);
        }
    }
    fanout_free(fanout);
}

const struct part *fanout_failed(const struct fanout *fanout)
{
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        const struct part *part = &fanout->parts[i];

        if (!part->is_optional && part->reply.at[0] == '-') {
            return part;
        }
    }
    return NULL;
}

struct span fanout_error(const struct fanout *fanout)
{
    const struct part *failed = fanout_failed(fanout);

    return failed == NULL ? (struct span){"", 0} : failed->reply;
}

const char *fanout_node_name(const struct part *part)
{
    const struct slot_table *table = &part->fanout->dispatcher->table;

    if (part->node >= table->pool_count || table->pools[part->node] == NULL) {
        return "slotway";
    }
    return table->pools[part->node]->name;
}
