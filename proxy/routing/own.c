#include "proxy/routing/own.h"

#include "proxy/routing/watch.h"
#include "proxy/routing/written.h"
#include "proxy/upstream/private.h"

/* The +OK is nobody's reply: an orphan takes it. */
void own_unwatch(struct dispatcher *dispatcher, struct lane *lane)
{
    static const struct span unwatch = {"*1\r\n$7\r\nUNWATCH\r\n", 17};
    struct request *orphan = request_new(command_by_id(COMMAND_ID_UNWATCH), NULL, unwatch);

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
    request_settle(request, NULL, request->special->otherwise);
}

/* A node that is cut off from its cluster would still say yes to what its successor never hears
 * of. Whoever is there by an ASK knows better than the map. */
static bool own_is_good(const struct dispatcher *dispatcher, const struct request *request)
{
    const struct upstream *own = request->lane->own;

    if (own == NULL || own->pool->is_leaving ||
        own->dialect != dialect_plain(lane_dialect(request->lane))) {
        return false;
    }
    return request->asking || request->slot == SLOT_NONE ||
           dispatcher->table.slots[request->slot].owner == own->pool->index;
}

void own_send(struct dispatcher *dispatcher, struct request *request)
{
    struct upstream *own = request->lane->own;

    CHECK(request_has_otherwise(request) && request_is_private(request));
    if (!own_is_good(dispatcher, request)) {
        own_settle_otherwise(dispatcher, request);
        return;
    }
    CHECK(own->state == UPSTREAM_READY);
    request->sequence = request->lane->next_sequence++;
    request->target = TARGET_NODE;
    request->node = own->pool->index;
    request->node_serial = own->pool->serial;
    request->special->upstream = own;
    watch_begin(dispatcher);
    lane_note_written(request->lane, own->pool, request);
    upstream_send(own, request);
}
