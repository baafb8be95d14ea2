#include "proxy/routing/heal.h"

#include "common/memory.h"
#include "proxy/routing/evalsha.h"
#include "proxy/routing/holding.h"
#include "proxy/routing/unsettle.h"

/* Two scripts that share a place are sent as EVAL in turn, which works as well. */
static uint64_t *place_of(struct pool *pool, uint64_t number)
{
    if (pool->scripts == NULL) {
        pool->scripts = memory_new(POOL_SCRIPTS, sizeof *pool->scripts);
    }
    return &pool->scripts[number % POOL_SCRIPTS];
}

static bool pool_has_script(struct pool *pool, uint64_t number)
{
    return *place_of(pool, number) == number;
}

static void pool_note_script(struct pool *pool, uint64_t number)
{
    *place_of(pool, number) = number;
}

static void pool_forget_script(struct pool *pool, uint64_t number)
{
    uint64_t *place = place_of(pool, number);

    if (*place == number) {
        *place = 0;
    }
}

static struct script_memory *memory_of(const struct pool *pool)
{
    const struct dispatcher *dispatcher = pool->site->dispatcher;

    return dispatcher->scripts->memory;
}

/* The EVAL for an EVALSHA; NULL when its body is not remembered any more. */
static struct block *write_out(struct script_memory *memory, const struct command *command,
                               struct span bytes)
{
    struct script *script = NULL;
    struct block *block;
    struct sha1 sha1;

    if (sha1_read(evalsha_script(bytes), &sha1)) {
        script = script_memory_take(memory, &sha1);
    }
    if (script == NULL) {
        return NULL;
    }
    block = evalsha_write_out(command, bytes, script_body(script));
    script_release(&script);
    return block;
}

/* Makes `request`, an EVALSHA, an EVAL. Returns false when that cannot be done. */
static bool heal_write_out(struct pool *pool, struct request *request)
{
    struct block *block = write_out(memory_of(pool), request->command, request->bytes);

    if (block == NULL) {
        request->script = 0;
        return false;
    }
    request->command = evalsha_counterpart(request->command);
    block_release(&request->block);
    request->block = block;
    request->bytes = (struct span){block->bytes, block->used};
    return true;
}

struct block *heal_queued(struct dispatcher *dispatcher, const struct command *command,
                          uint16_t slot, struct span bytes, uint64_t number)
{
    const struct slot_table *table = &dispatcher->table;
    uint16_t owner = slot == SLOT_NONE ? NODE_NONE : table->slots[slot].owner;
    struct block *block;

    if (owner != NODE_NONE && pool_has_script(table->pools[owner], number)) {
        return NULL;
    }
    block = write_out(dispatcher->scripts->memory, command, bytes);
    if (block != NULL) {
        metric_add(&dispatcher->site.metrics->scripts_sent_total, 1);
    }
    return block;
}

/* A user of the nodes may have a right to EVALSHA alone: only where NOSCRIPT tells that there is no
 * other way is his EVALSHA an EVAL. */
static bool must_be_as_it_is(const struct pool *pool)
{
    const struct dispatcher *dispatcher = pool->site->dispatcher;

    return dispatcher->chief != NULL;
}

/* What follows on the same connection finds the script there; elsewhere NOSCRIPT tells. */
void heal_before_send(struct pool *pool, struct request *request)
{
    if (command_is_by_sha1(request->command)) {
        if (pool_has_script(pool, request->script) || must_be_as_it_is(pool) ||
            !heal_write_out(pool, request)) {
            return;
        }
        metric_add(&pool->site->metrics->scripts_sent_total, 1);
    }
    pool_note_script(pool, request->script);
}

/* A body that is no script has no name either: EVALSHA is to say so. */
static void heal_doubt_body(struct pool *pool, struct request *request, struct span reply)
{
    pool_forget_script(pool, request->script);
    if (span_starts_with(reply, SPAN("-ERR Error compiling script"))) {
        struct sha1 sha1 = sha1_of(evalsha_script(request->bytes));

        script_memory_forget(memory_of(pool), &sha1);
    }
}

bool heal_error(struct pool *pool, struct request *request, struct span reply)
{
    struct dispatcher *dispatcher = pool->site->dispatcher;

    if (request->script == 0) {
        return false;
    }
    if (command_is_by_body(request->command)) {
        heal_doubt_body(pool, request, reply);
        return false;
    }
    if (!span_equal(reply, SPAN("-NOSCRIPT No matching script. Please use EVAL.\r\n"))) {
        return false;
    }
    pool_forget_script(pool, request->script);
    if (!heal_write_out(pool, request)) {
        return false;
    }
    metric_add(&dispatcher->site.metrics->scripts_healed_total, 1);
    if (request->gate == NULL && request->target == TARGET_SLOT) {
        unsettle_slot(dispatcher, pool, request->slot);
    }
    holding_hold_refused(dispatcher, request, (enum refusal)request->refusal, AT_ONCE);
    return true;
}
