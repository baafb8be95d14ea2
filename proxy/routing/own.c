#include "proxy/routing/own.h"

#include "proxy/routing/holding.h"
#include "proxy/routing/obey.h"
#include "proxy/routing/pick.h"
#include "proxy/routing/watch.h"
#include "proxy/routing/written.h"
#include "proxy/upstream/private.h"

/* Redis: DISCARD ends watching as well; UNWATCH would be queued. */
static struct request *unwatch_new(const struct upstream *own)
{
    static const struct span unwatch = {"*1\r\n$7\r\nUNWATCH\r\n", 17};
    static const struct span discard = {"*1\r\n$7\r\nDISCARD\r\n", 17};

    return own->is_in_multi ? request_new(command_by_id(COMMAND_ID_DISCARD), NULL, discard)
                            : request_new(command_by_id(COMMAND_ID_UNWATCH), NULL, unwatch);
}

/* The +OK is nobody's reply: an orphan takes it. */
void own_unwatch(struct dispatcher *dispatcher, struct lane *lane)
{
    struct request *orphan = unwatch_new(lane->own);

    orphan->muted = true;
    orphan->deadline =
        reactor_now(dispatcher->site.reactor) + dispatcher->site.config->timeout_request;
    watch_begin(dispatcher);
    upstream_send(lane->own, orphan);
    private_let_go(&lane->own);
}

void own_settle_otherwise(struct dispatcher *dispatcher, struct request *request)
{
    CHECK(request->gate == NULL);
    if (request->lane->own != NULL) {
        own_unwatch(dispatcher, request->lane);
    }
    if (request->special->detour != NULL) {
        request->special->detour(request);
        return;
    }
    request_settle(request, NULL, request->special->otherwise);
}

static bool has_detour(const struct request *request)
{
    return request->special->detour != NULL;
}

/* A node that is cut off from its cluster would still say yes to what its successor never hears
 * of. Whoever is there by an ASK knows better than the map. A node that has gone silent is not
 * waited for where there is another way. */
static bool own_is_good(const struct dispatcher *dispatcher, const struct request *request)
{
    const struct upstream *own = request->lane->own;

    if (own == NULL || own->pool->is_leaving ||
        own->dialect != dialect_plain(lane_dialect(request->lane))) {
        return false;
    }
    if (own->pool->breaker == BREAKER_OPEN && (request_is_step(request) || has_detour(request))) {
        return false;
    }
    return request->asking || request->slot == SLOT_NONE ||
           dispatcher->table.slots[request->slot].owner == own->pool->index;
}

static void own_go(struct dispatcher *dispatcher, struct request *request,
                   struct upstream *upstream)
{
    request->sequence = request->lane->next_sequence++;
    request->target = TARGET_NODE;
    request->node = upstream->pool->index;
    request->node_serial = upstream->pool->serial;
    request->special->upstream = upstream;
    watch_begin(dispatcher);
    lane_note_written(request->lane, upstream->pool, request);
    upstream_send(upstream, request);
}

static bool own_is_halted(const struct dispatcher *dispatcher, const struct request *request)
{
    return obey_is_halted(dispatcher, request->lane->own->pool);
}

/* Who watches would be told for no reason that a key has changed. */
bool own_must_wait(const struct dispatcher *dispatcher, const struct request *request)
{
    return own_is_good(dispatcher, request) && own_is_halted(dispatcher, request) &&
           !has_detour(request);
}

static void own_wait(struct dispatcher *dispatcher, struct request *request)
{
    request->sequence = request->lane->next_sequence++;
    request->target = TARGET_SLOT;
    watch_begin(dispatcher);
    holding_hold_refused(dispatcher, request, REFUSAL_UNREACHABLE, AT_ONCE);
}

void own_send(struct dispatcher *dispatcher, struct request *request)
{
    struct upstream *own = request->lane->own;

    CHECK(request_has_otherwise(request) && request_is_private(request));
    if (unlikely(own_must_wait(dispatcher, request))) {
        own_wait(dispatcher, request);
        return;
    }
    if (!own_is_good(dispatcher, request) || own_is_halted(dispatcher, request)) {
        own_settle_otherwise(dispatcher, request);
        return;
    }
    CHECK(own->state == UPSTREAM_READY);
    own_go(dispatcher, request, own);
}

struct pool *own_pool(const struct dispatcher *dispatcher, const struct lane *lane, uint16_t slot)
{
    if (lane->own != NULL) {
        return lane->own->pool;
    }

    uint16_t owner = dispatcher->table.slots[slot].owner;

    return owner == NODE_NONE ? NULL : dispatcher->table.pools[owner];
}

void own_begin(struct dispatcher *dispatcher, struct request *request)
{
    struct lane *lane = request->lane;

    CHECK(request_has_otherwise(request) && request_is_private(request) && lane->own == NULL);
    if (!list_is_empty(&lane->gates) || dispatcher->table.slots[request->slot].watched > 0) {
        own_settle_otherwise(dispatcher, request);
        return;
    }
    request->target = TARGET_SLOT;

    struct pick pick = pick_for(dispatcher, request);

    if (pick.verdict != SEND_IT || private_is_scarce(pick.pool)) {
        own_settle_otherwise(dispatcher, request);
        return;
    }
    own_go(dispatcher, request, private_take(pick.pool, dialect_plain(lane_dialect(lane))));
}
