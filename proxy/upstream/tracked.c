/* What a pool's connections have to do with each other when a node keeps track of what is read. */
#include "proxy/upstream/pool.h"

static struct upstream *broadcast_of(const struct pool *pool)
{
    return (struct upstream *)&pool->upstreams[DIALECT_RESP3_BROADCAST * pool->each_dialect];
}

/* Of a tracked one in RESP2 the one that pushes what is read there, and the other way round. */
static struct upstream *partner_of(const struct upstream *upstream)
{
    uint32_t each = upstream->pool->each_dialect;
    uint32_t index = (uint32_t)(upstream - upstream->pool->upstreams);

    CHECK(upstream->use == USE_SHARED);
    return &upstream->pool->upstreams[upstream->dialect == DIALECT_RESP2_TRACKED ? index + each
                                                                                 : index - each];
}

bool pool_may_open(struct upstream *upstream)
{
    if (likely(upstream->dialect != DIALECT_RESP2_TRACKED)) {
        return true;
    }

    struct upstream *partner = partner_of(upstream);

    upstream->is_used = partner->is_used = true;
    upstream_connect(partner);
    return partner->state == UPSTREAM_READY;
}

uint64_t pool_redirect(const struct upstream *upstream)
{
    return upstream->dialect == DIALECT_RESP2_TRACKED ? partner_of(upstream)->greeting.client_id
                                                      : 0;
}

void pool_on_tracked(struct upstream *upstream)
{
    if (upstream->dialect == DIALECT_RESP3_BROADCAST) {
        upstream->pool->site->events->forgot(upstream->pool, upstream->dialect);
    } else if (partner_of(upstream)->is_used) {
        upstream_connect(partner_of(upstream));
    }
}

/* What was read in RESP2 is told of no more. What is still to be answered there is waited for. */
static void give_up_partner(struct upstream *partner)
{
    if (partner->state == UPSTREAM_READY && !list_is_empty(&partner->in_flight)) {
        pool_wear(partner);
    } else if (partner->state != UPSTREAM_IDLE) {
        upstream_close(partner, CLOSE_WORN);
    }
}

void pool_on_untracked(struct upstream *upstream)
{
    upstream->pool->site->events->forgot(upstream->pool, upstream->dialect);
    if (upstream->dialect == DIALECT_RESP3_TRACKED) {
        give_up_partner(partner_of(upstream));
    }
}

bool pool_is_tracking(struct pool *pool, uint64_t lane_number)
{
    const struct upstream *upstream = pool_pick(pool, lane_number);

    return upstream->state == UPSTREAM_READY && upstream->worn_since == 0 &&
           (upstream->dialect != DIALECT_RESP2_TRACKED ||
            partner_of(upstream)->state == UPSTREAM_READY);
}

void pool_listen(struct pool *pool)
{
    broadcast_of(pool)->is_used = true;
    if (pool_may_connect(pool)) {
        upstream_connect(broadcast_of(pool));
    }
}

void pool_listen_no_more(struct pool *pool)
{
    broadcast_of(pool)->is_used = false;
    if (broadcast_of(pool)->state != UPSTREAM_IDLE) {
        upstream_close(broadcast_of(pool), CLOSE_WORN);
    }
}

bool pool_is_listening(const struct pool *pool)
{
    return broadcast_of(pool)->state == UPSTREAM_READY;
}
