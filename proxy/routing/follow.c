#include "proxy/routing/follow.h"

#include "proxy/routing/fanout.h"
#include "proxy/routing/holding.h"
#include "proxy/routing/server_words.h"
#include "proxy/routing/unsettle.h"

enum {
    HOPS_AT_ONCE = 5, /* redirections followed without a pause, attempts to ask for keys at once */
    HOPS_MAX = 10,    /* with pauses: nodes that are about to agree have agreed by then */
};

/* A script may return an error that it made up, or that a command in it got: it was executed. What
 * the server itself says of a script names the slot of its keys, or has words of its own. */
static bool is_script_error(const struct request *request, const struct redirect *redirect,
                            struct span reply)
{
    bool has_slot = redirect->refusal == REFUSAL_MOVED || redirect->refusal == REFUSAL_ASK;

    if (request->command->class != COMMAND_CLASS_SCRIPT) {
        return false;
    }
    return (has_slot && request->slot != SLOT_NONE && redirect->slot != request->slot) ||
           !server_says(reply, redirect->refusal);
}

/* What goes to one node for its own sake cannot go to another: only LOADING passes with time. */
bool follow_concerns(const struct request *request, const struct redirect *redirect,
                     struct span reply)
{
    if (request->target == TARGET_NODE) {
        return redirect->refusal == REFUSAL_LOADING;
    }
    return redirect->refusal != REFUSAL_NONE && !is_script_error(request, redirect, reply);
}

/* From now on requests for the slot go one at a time, once those in flight are back. */
static void follow_mark_moving(struct dispatcher *dispatcher, uint16_t slot)
{
    uint64_t now = reactor_now(dispatcher->site.reactor);
    struct slot_entry *entry = &dispatcher->table.slots[slot];

    if (!moving_mark(&dispatcher->moving, slot, now)) {
        return;
    }
    entry->watched++;
    if (entry->owner != NODE_NONE) {
        unsettle_slot(dispatcher, dispatcher->table.pools[entry->owner], slot);
    }
}

/* The slot's requests go to `to` from here on. Only its owner may say so: what another node says
 * is older than the table. */
static void follow_patch(struct dispatcher *dispatcher, uint16_t slot, const struct pool *from,
                         struct pool *to)
{
    const struct slot_entry *entry = &dispatcher->table.slots[slot];

    if (entry->owner == to->index || (entry->owner != NODE_NONE && entry->owner != from->index)) {
        return;
    }
    if (entry->owner != NODE_NONE) {
        unsettle_slot(dispatcher, dispatcher->table.pools[entry->owner], slot);
    }
    slot_table_patch(&dispatcher->table, slot, to);

    uint64_t moved[SLOT_COUNT / 64] = {0};

    moved[slot / 64] = UINT64_C(1) << (slot % 64);
    dispatcher_on_moved(dispatcher, moved);
}

static struct pool *follow_pool(struct dispatcher *dispatcher, const struct redirect *redirect)
{
    return redirect->has_address ? slot_table_pool_at(&dispatcher->table, &redirect->address)
                                 : NULL;
}

static enum pause follow_moved(struct pool *from, struct request *request,
                               const struct redirect *redirect)
{
    struct dispatcher *dispatcher = from->site->dispatcher;
    struct pool *to = follow_pool(dispatcher, redirect);

    dispatcher_hint(dispatcher, HINT_MOVED);
    if (request->target == TARGET_PRIMARY) {
        request->target = TARGET_SLOT;
        request->slot = redirect->slot;
    }
    if (to == NULL) {
        return AFTER_A_PAUSE;
    }
    follow_patch(dispatcher, redirect->slot, from, to);
    return AT_ONCE;
}

/* Redis Cluster: ASK is for this one request and does not change the map. */
static enum pause follow_ask(struct pool *from, struct request *request,
                             const struct redirect *redirect)
{
    struct dispatcher *dispatcher = from->site->dispatcher;
    struct pool *to = follow_pool(dispatcher, redirect);

    follow_mark_moving(dispatcher, redirect->slot);
    if (to == NULL || request->target != TARGET_SLOT) {
        return AFTER_A_PAUSE;
    }
    request->asking = true;
    request->node = to->index;
    request->node_serial = to->serial;
    return AT_ONCE;
}

static void follow_count(struct metrics *metrics, enum refusal refusal)
{
    switch (refusal) {
    case REFUSAL_MOVED: metric_add(&metrics->redirect_moved_total, 1); return;
    case REFUSAL_ASK: metric_add(&metrics->redirect_ask_total, 1); return;
    case REFUSAL_TRYAGAIN: metric_add(&metrics->redirect_tryagain_total, 1); return;
    case REFUSAL_CLUSTERDOWN: metric_add(&metrics->redirect_clusterdown_total, 1); return;
    case REFUSAL_LOADING: metric_add(&metrics->redirect_loading_total, 1); return;
    case REFUSAL_MASTERDOWN: metric_add(&metrics->redirect_masterdown_total, 1); return;
    case REFUSAL_READONLY: metric_add(&metrics->redirect_readonly_total, 1); return;
    case REFUSAL_NONE:
    case REFUSAL_UNREACHABLE:
    case REFUSAL_LOST:
    case REFUSAL_COUNT: return;
    }
}

static enum pause follow(struct pool *from, struct request *request,
                         const struct redirect *redirect)
{
    struct dispatcher *dispatcher = from->site->dispatcher;

    if (redirect->refusal == REFUSAL_MOVED) {
        return follow_moved(from, request, redirect);
    }
    if (redirect->refusal == REFUSAL_ASK) {
        return follow_ask(from, request, redirect);
    }
    if (redirect->refusal == REFUSAL_TRYAGAIN && request->target == TARGET_SLOT) {
        follow_mark_moving(dispatcher, request->slot);
    } else {
        dispatcher_hint(dispatcher, HINT_UNBOUND);
    }
    return AFTER_A_PAUSE;
}

/* The keys of one slot are on both of its nodes, and may stay there for as long as an operator lets
 * a migration lie: one by one each is found where it is. */
static void follow_part(struct dispatcher *dispatcher, struct request *request)
{
    metric_add(&dispatcher->site.metrics->parted_total, 1);
    holding_release(dispatcher, request);
    request_become(request, REQUEST_WAITING);
    fanout_part(dispatcher, request);
}

/* The circle does not end: perhaps this is not the node any more that lives at its address. */
static void follow_doubt(struct pool *pool, const struct request *request,
                         const struct redirect *redirect)
{
    if (redirect->refusal == REFUSAL_MOVED) {
        pool_renew(pool, request->lane->number);
    }
}

void follow_note(struct pool *pool, const struct redirect *redirect)
{
    struct dispatcher *dispatcher = pool->site->dispatcher;

    follow_count(dispatcher->site.metrics, redirect->refusal);
    dispatcher_hint(dispatcher, redirect->refusal == REFUSAL_MOVED ? HINT_MOVED : HINT_UNBOUND);
}

void follow_refusal(struct pool *pool, struct request *request, const struct redirect *redirect)
{
    struct dispatcher *dispatcher = pool->site->dispatcher;

    follow_count(dispatcher->site.metrics, redirect->refusal);
    if (request->gate == NULL && request->target == TARGET_SLOT) {
        unsettle_slot(dispatcher, pool, request->slot);
    }
    request->hops++;

    enum pause pause = follow(pool, request, redirect);

    if (redirect->refusal == REFUSAL_TRYAGAIN && request->hops > HOPS_AT_ONCE &&
        fanout_can_part(request)) {
        follow_part(dispatcher, request);
        return;
    }

    if (request->hops > HOPS_AT_ONCE) {
        pause = AFTER_A_PAUSE;
    }
    if (request->hops > HOPS_MAX) {
        request->hops = HOPS_MAX;
        follow_doubt(pool, request, redirect);
    }
    holding_hold_refused(dispatcher, request, redirect->refusal, pause);
}
