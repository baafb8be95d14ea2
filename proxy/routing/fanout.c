#include "proxy/routing/fanout.h"

#include <stdlib.h>

#include "common/memory.h"
#include "proxy/routing/holding.h"
#include "proxy/routing/join.h"
#include "proxy/routing/split.h"
#include "proxy/routing/written.h"

static struct fanout *fanout_new(struct dispatcher *dispatcher, struct request *parent,
                                 uint32_t part_count)
{
    struct fanout *fanout = memory_new(1, sizeof *fanout + part_count * sizeof fanout->parts[0]);

    fanout->dispatcher = dispatcher;
    fanout->parent = parent;
    fanout->lane = parent->lane;
    fanout->join = join_by_policy;
    fanout->part_count = fanout->parts_left = part_count;
    fanout->is_starting = true;
    for (uint32_t i = 0; i < part_count; i++) {
        fanout->parts[i].fanout = fanout;
    }
    parent->fanout = fanout;
    if (parent->state != REQUEST_SPLIT) {
        request_become(parent, REQUEST_SPLIT);
        metric_add(&dispatcher->site.metrics->downstream_split_total, 1);
    }
    return fanout;
}

static void fanout_free(struct fanout *fanout)
{
    lane_scatter(fanout->lane, fanout->gathered_bytes);
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        block_release(&fanout->parts[i].block);
    }
    block_release(&fanout->copies);
    free(fanout->positions);
    free(fanout);
}

static void fanout_finish(struct fanout *fanout)
{
    struct request *parent = fanout->parent;

    if (fanout->rounds != NULL) {
        parent->fanout = NULL;
        fanout->rounds->heard(fanout);
        fanout_free(fanout);
        return;
    }
    fanout->join(fanout, &parent->reply);
    parent->fanout = NULL;
    fanout_free(fanout);
    request_settle(parent, NULL, (struct span){"", 0});
}

static void fanout_gather(struct fanout *fanout, size_t bytes)
{
    fanout->gathered_bytes += bytes;
    lane_gather(fanout->lane, bytes);
}

static void part_copy_reply(struct part *part, struct span reply)
{
    struct fanout *fanout = part->fanout;

    if (fanout->copies == NULL || block_room(fanout->copies) < reply.size) {
        size_t all = reply.size * fanout->parts_left;

        block_release(&fanout->copies);
        fanout->copies = block_new(size_max(reply.size, size_min(all, BLOCK_MEDIUM)));
    }
    part->block = block_take(fanout->copies);
    part->reply = block_append(part->block, reply);
}

/* Small ones are copied, so that a slow part does not make the others hold on to large blocks. That
 * of a part which was parted itself has been composed. */
static void part_keep_reply(struct part *part, struct block *block, struct span reply)
{
    struct sendq *composed = &part->request->reply;

    if (!sendq_is_empty(composed)) {
        part->block = sendq_flatten(composed);
        part->reply = (struct span){part->block->bytes, part->block->used};
    } else if (block == NULL || reply.size < SENDQ_COPY_MAX) {
        part_copy_reply(part, reply);
    } else {
        part->block = block_take(block);
        part->reply = reply;
    }
}

static void fanout_on_part(struct request *request, struct block *block, struct span reply)
{
    struct part *part = request->owner;
    struct fanout *fanout = part->fanout;

    part_keep_reply(part, block, reply);
    part->node = request->node;
    part->request = NULL;
    fanout_gather(fanout, part->reply.size);
    request_free(&request);
    fanout->parts_left--;
    if (fanout->parts_left == 0 && !fanout->is_starting) {
        fanout_finish(fanout);
    }
}

static struct request *part_prepare(struct part *part, const struct command *command,
                                    struct block *block, struct span bytes)
{
    const struct request *parent = part->fanout->parent;
    struct request *request = request_new(command, block, bytes);

    request->done = fanout_on_part;
    request->owner = part;
    request->lane = parent->lane;
    request->arrived = parent->arrived;
    request->deadline = parent->deadline;
    if (request_is_private(parent)) {
        special_copy(request, parent);
    } else if (request_sample(parent) != NULL) {
        special_of(request)->sample = sample_of_part(request_sample(parent));
    }
    if (parent->special != NULL && parent->special->passes_halt) {
        special_of(request)->passes_halt = true;
    }
    request->is_tracked = parent->is_tracked;
    request->is_uncached = parent->is_uncached;
    part->request = request;
    return request;
}

/* All parts exist before the first is sent: an answer may come at once. */
void fanout_start(struct fanout *fanout)
{
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        dispatcher_send(fanout->dispatcher, fanout->parts[i].request);
    }
    fanout->is_starting = false;
    if (fanout->parts_left == 0) {
        fanout_finish(fanout);
    }
}

/* Takes the groups of `split`, which is cleared. */
static struct fanout *fanout_of_groups(struct dispatcher *dispatcher, struct request *parent,
                                       struct split *split)
{
    struct fanout *fanout = fanout_new(dispatcher, parent, split->group_count);

    fanout->key_count = split->keys->count;
    fanout->positions = split->positions;

    struct block *block = NULL;

    for (uint32_t i = 0; i < split->group_count; i++) {
        const struct split_group *group = &split->groups[i];
        struct part *part = &fanout->parts[i];
        struct span bytes = split_compose(split, group, &block);

        part->positions = split->positions + group->first;
        part->key_count = group->key_count;

        struct request *request = part_prepare(part, parent->command, block, bytes);

        request->slot = group->slot;
        request->target = TARGET_SLOT;
    }
    block_release(&block);
    split->positions = NULL;
    split_clear(split);
    return fanout;
}

static void scan_again(const struct request *request, struct arguments *arguments)
{
    static const struct scan_limits no_limits = {INT64_MAX, INT64_MAX, SIZE_MAX, true};
    struct request_scan scan = {0};
    size_t used = 0;
    enum scan_result scanned =
        request_scan_next(&scan, &no_limits, request->bytes, arguments, &used);

    CHECK(scanned == SCAN_DONE && used == request->bytes.size);
}

void fanout_split(struct dispatcher *dispatcher, struct request *parent,
                  const struct arguments *arguments, const struct keys *keys)
{
    struct arguments composed = {0};
    struct split split;

    /* What came as a line of text was composed anew. */
    if (!span_lies_in(arguments->items[0], parent->bytes)) {
        scan_again(parent, &composed);
        arguments = &composed;
    }
    split_init(&split, parent->command, arguments, keys);
    if (unlikely(split_repeats_too_much(&split))) {
        split_clear(&split);
        arguments_clear(&composed);
        dispatcher_refuse(dispatcher, parent, ERROR_CROSS_SLOT, parent->command->name);
        return;
    }

    struct fanout *fanout = fanout_of_groups(dispatcher, parent, &split);

    arguments_clear(&composed);
    fanout_start(fanout);
}

bool fanout_can_part(const struct request *request)
{
    const struct command *command = request->command;

    return command->class == COMMAND_CLASS_SPLIT && request->target == TARGET_SLOT &&
           !request->is_one_key &&
           ((command->flags & COMMAND_READONLY) != 0 || command->reply == REPLY_SUM);
}

/* One behind the other they stand where their parent stood: before all that came after it. */
static void fanout_queue(struct fanout *fanout)
{
    struct dispatcher *dispatcher = fanout->dispatcher;
    struct request *parent = fanout->parent;
    struct gate *gate = holding_gate(dispatcher, parent->lane, gate_key(parent));

    for (uint32_t i = 0; i < fanout->part_count; i++) {
        fanout->parts[i].request->sequence = parent->sequence;
        fanout->parts[i].request->is_one_key = true;
        holding_hold(dispatcher, gate, fanout->parts[i].request);
    }
    fanout->is_starting = false;
    if (fanout->parts_left == 0) {
        fanout_finish(fanout);
    }
}

void fanout_part(struct dispatcher *dispatcher, struct request *request)
{
    struct arguments arguments = {0};
    struct keys keys = {0};
    struct split split;

    scan_again(request, &arguments);

    enum keys_result found = keys_find(request->command, &arguments, &keys);

    CHECK(found == KEYS_FOUND);
    split_init_by_key(&split, request->command, &arguments, &keys);
    fanout_queue(fanout_of_groups(dispatcher, request, &split));
    keys_clear(&keys);
    arguments_clear(&arguments);
}

/* Whom a request for many nodes goes to. */
struct asked {
    enum route_kind kind;
    uint64_t written; /* WRITTEN: lane->written of its client, if that is all there is to know */
};

static bool pool_is_asked(const struct pool *pool, const struct asked *asked)
{
    if (pool == NULL || pool->is_leaving) {
        return false;
    }
    if (asked->kind == ROUTE_WRITTEN) {
        return pool_serves(pool) && (asked->written == 0 || lane_wrote_to(asked->written, pool));
    }
    return pool->is_primary || (asked->kind == ROUTE_NODES && pool->attempts == 0);
}

static uint32_t count_asked(const struct slot_table *table, const struct asked *asked)
{
    uint32_t count = 0;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        count += pool_is_asked(table->pools[i], asked);
    }
    return count;
}

/* Where a node that was written to is not there any more, its successor may be any. */
static struct asked asked_of(const struct slot_table *table, const struct request *parent,
                             enum route_kind kind)
{
    struct asked asked = {kind, parent->lane->written};
    uint64_t missing = asked.written;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        if (pool_is_asked(table->pools[i], &asked)) {
            missing &= ~lane_mark(table->pools[i]);
        }
    }
    if (missing != 0) {
        asked.written = 0;
    }
    return asked;
}

void fanout_broadcast(struct dispatcher *dispatcher, struct request *parent, enum route_kind kind,
                      fanout_join *join, void *context)
{
    const struct slot_table *table = &dispatcher->table;
    struct asked asked = asked_of(table, parent, kind);
    uint32_t count = count_asked(table, &asked);
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

        if (!pool_is_asked(pool, &asked)) {
            continue;
        }

        struct part *part = &fanout->parts[next++];

        part->is_optional = !pool_serves(pool);
        struct request *request = part_prepare(part, parent->command, parent->block, parent->bytes);

        request->target = TARGET_NODE;
        if (part->is_optional) {
            request->deadline = parent->arrived + dispatcher->site.config->timeout_connect;
        }
        request->node = i;
        request->node_serial = pool->serial;
    }
    fanout_start(fanout);
}

struct fanout *fanout_of_round(struct dispatcher *dispatcher, struct request *parent,
                               uint32_t count, const struct rounds *rounds, void *context)
{
    CHECK(count > 0 && parent->fanout == NULL);

    struct fanout *fanout = fanout_new(dispatcher, parent, count);

    fanout->rounds = rounds;
    fanout->context = context;
    return fanout;
}

struct request *fanout_ask(struct fanout *fanout, uint32_t index, const struct command *command,
                           struct block *block)
{
    CHECK(index < fanout->part_count && fanout->parts[index].request == NULL);
    return part_prepare(&fanout->parts[index], command, block,
                        (struct span){block->bytes, block->used});
}

void fanout_abandon(struct request *parent)
{
    struct fanout *fanout = parent->fanout;

    parent->fanout = NULL;
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        struct request *request = fanout->parts[i].request;

        if (request == NULL) {
            continue;
        }
        if (request->state == REQUEST_SPLIT) {
            fanout_abandon(request);
            request_free(&request);
        } else {
            dispatcher_abandon(fanout->dispatcher, &request);
        }
    }
    if (fanout->rounds != NULL) {
        fanout->rounds->drop(fanout->context);
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
