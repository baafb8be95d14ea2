#include "proxy/routing/blocking.h"

#include "proxy/routing/fanout.h"
#include "proxy/routing/holding.h"
#include "proxy/upstream/in_flight.h"
#include "proxy/upstream/private.h"

/* A node that keeps a request for so long has taken it in, and may keep it as long again. */
enum { TAKEN_IN_US = US_PER_SECOND };

static uint64_t later(uint64_t time, uint64_t by)
{
    return time > UINT64_MAX - by ? UINT64_MAX : time + by;
}

void blocking_begin(struct request *request, enum timeout_result found,
                    const struct timeout *timeout)
{
    struct special *special = special_of(request);

    special->is_private = true;
    special->may_block = true;
    special->has_timeout =
        found == TIMEOUT_FOUND && timeout->us != UINT64_MAX && special->commands == 1;
    special->blocks_until =
        found == TIMEOUT_FOUND ? later(request->arrived, timeout->us) : request->arrived;
    special->waits_until = request->deadline;
}

const char *blocking_nothing(const struct request *request)
{
    if (request->command->id == COMMAND_ID_WAIT) {
        return ":0\r\n";
    }
    if (request->command->id == COMMAND_ID_WAITAOF) {
        return "*2\r\n:0\r\n:0\r\n";
    }
    return lane_protocol(request->lane) == 3 ? "_\r\n" : "*-1\r\n";
}

static void settle(struct dispatcher *dispatcher, struct request *request, const char *reply)
{
    holding_release(dispatcher, request);
    request_settle(request, NULL, span_of(reply));
}

static void shorten(struct request *request, uint64_t left)
{
    struct block *block = timeout_replace(request->command, request->bytes, left);

    block_release(&request->block);
    request->block = block;
    request->bytes = (struct span){block->bytes, block->used};
}

bool blocking_send(struct dispatcher *dispatcher, struct request *request)
{
    struct special *special = request->special;
    uint64_t now = reactor_now(dispatcher->site.reactor);
    bool is_over = special->was_with_node && special->has_timeout && special->blocks_until <= now;

    if (is_over || special->farewell != NULL) {
        settle(dispatcher, request,
               special->farewell != NULL ? special->farewell : blocking_nothing(request));
        return false;
    }
    if (special->has_timeout && now > request->arrived) {
        shorten(request, special->blocks_until > now ? special->blocks_until - now : 0);
    }
    request_shrink(request);
    special->sent_at = now;
    request->deadline = later(special->blocks_until > now ? special->blocks_until : now,
                              dispatcher->site.config->timeout_request);
    return true;
}

void blocking_hold(struct dispatcher *dispatcher, struct request *request)
{
    struct special *special = request->special;
    uint64_t now = reactor_now(dispatcher->site.reactor);

    if (special->sent_at == 0 || !request->is_queued) {
        request->deadline = special->waits_until; /* it waited for a connection, at most */
        return;
    }
    special->was_with_node = true;
    if (special->sent_at + TAKEN_IN_US <= now) {
        special->waits_until = now + dispatcher->site.config->timeout_request;
        request->losses = 0;
        request->hops = 0;
    }
    request->deadline = special->waits_until;
}

bool blocking_end(struct dispatcher *dispatcher, struct request *request)
{
    if (request->special->farewell == NULL || request->special->is_woken) {
        return false;
    }
    settle(dispatcher, request, request->special->farewell);
    return true;
}

bool blocking_repeats(const struct dispatcher *dispatcher, struct request *request)
{
    if (!blocking_concerns(request) || !dispatcher->site.config->blocking_retry) {
        return false;
    }
    request->special->is_in_doubt = true;
    return true;
}

static enum private_wake wake_of(const struct request *request)
{
    return request->special->farewell[0] == '-' ? WAKE_WITH_ERROR : WAKE_AS_TIMEOUT;
}

/* What its node gives it in this moment is its answer. One that cannot be asked to wake it is told
 * that nothing more will come: it is answered when the node has closed. That is the worse way, as a
 * node may drop what it has popped for a connection that ends: so one that is just about to say how
 * it can be asked is waited for. */
static void wake_sent(struct dispatcher *dispatcher, struct request *request, const char *reply)
{
    struct upstream *upstream = request->special->upstream;
    uint64_t latest =
        reactor_now(dispatcher->site.reactor) + dispatcher->site.config->timeout_request;

    if (upstream->state != UPSTREAM_READY) {
        in_flight_forget(upstream, request);
        settle(dispatcher, request, reply);
        return;
    }
    request->special->farewell = reply;
    upstream->wake_lane = request->lane->number;
    if (request->deadline > latest) {
        request->deadline = latest;
    }
    if (upstream->earliest_deadline > request->deadline) {
        upstream->earliest_deadline = request->deadline;
    }
    request->special->is_woken = private_is_introducing(upstream) ||
                                 private_wake(upstream, wake_of(request), upstream->wake_lane);
    if (!request->special->is_woken) {
        upstream_finish(upstream);
    }
}

void blocking_leave(struct request *request)
{
    struct upstream *upstream = request->special->upstream;

    if (request->special->may_block && upstream->state == UPSTREAM_READY) {
        private_wake(upstream, WAKE_AS_TIMEOUT, request->lane->number);
    }
}

void blocking_wake(struct dispatcher *dispatcher, struct request *request, const char *reply)
{
    switch ((enum request_state)request->state) {
    case REQUEST_WAITING:
        holding_unhold(dispatcher, request);
        settle(dispatcher, request, reply);
        return;
    case REQUEST_SENT: wake_sent(dispatcher, request, reply); return;
    case REQUEST_SPLIT:
        fanout_abandon(request);
        settle(dispatcher, request, reply);
        return;
    case REQUEST_SETTLED: return;
    }
}
