#include "proxy/upstream/private.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"

enum {
    RESTING_MAX = 64, /* of one node and worker */
    REST_US = 10 * US_PER_SECOND,
    NUMBER_UNKNOWN = -1, /* the node does not tell */
};

static struct upstream *upstream_at(struct list_link *link)
{
    return container_of(link, struct upstream, in_place);
}

void private_init(struct privates *privates)
{
    for (int place = 0; place < PRIVATE_PLACES; place++) {
        list_init(&privates->at[place]);
    }
}

static void private_move(struct upstream *upstream, enum private_place place)
{
    struct privates *privates = &upstream->pool->privates;
    struct metrics *metrics = upstream->pool->site->metrics;

    privates->count[upstream->place]--;
    privates->count[place]++;
    if (place == PRIVATE_BUSY) {
        upstream->pool->counts->private_busy++;
        metric_add(&metrics->upstream_private_active, 1);
    } else if (upstream->place == PRIVATE_BUSY) {
        upstream->pool->counts->private_busy--;
        metric_subtract(&metrics->upstream_private_active, 1);
    }
    upstream->place = place;
    list_move(&privates->at[place], &upstream->in_place);
}

bool private_is_full(const struct pool *pool)
{
    return pool->counts->private_busy >= pool->site->config->backend_private;
}

bool private_is_scarce(const struct pool *pool)
{
    return pool->counts->private_busy >= pool->site->config->backend_private / 2;
}

static struct upstream *private_new(struct pool *pool, enum dialect dialect)
{
    struct upstream *upstream = memory_new(1, sizeof *upstream);

    upstream_init(upstream, pool, USE_PRIVATE, dialect);
    pool->privates.count[PRIVATE_NEW]++;
    return upstream;
}

static struct upstream *private_find(const struct pool *pool, enum dialect dialect)
{
    LIST_EACH (link, &pool->privates.at[PRIVATE_RESTING]) {
        if (upstream_at(link)->dialect == dialect) {
            return upstream_at(link);
        }
    }
    return NULL;
}

bool private_is_resting(const struct pool *pool, enum dialect dialect)
{
    return private_find(pool, dialect) != NULL;
}

struct upstream *private_take(struct pool *pool, enum dialect dialect)
{
    struct upstream *upstream = private_find(pool, dialect);

    if (upstream == NULL) {
        upstream = private_new(pool, dialect);
    }
    private_move(upstream, PRIVATE_BUSY);
    return upstream;
}

struct upstream *private_make(struct pool *pool, enum dialect dialect)
{
    struct upstream *upstream = private_new(pool, dialect);

    private_move(upstream, PRIVATE_BUSY);
    return upstream;
}

void private_hold(struct upstream *upstream, struct upstream **holder)
{
    CHECK(upstream->place == PRIVATE_BUSY);
    CHECK(upstream->holder == NULL || upstream->holder == holder);
    upstream->holder = holder;
    *holder = upstream;
}

void private_let_go(struct upstream **holder)
{
    struct upstream *upstream = *holder;

    upstream->holder = NULL;
    *holder = NULL;
    private_rest(upstream);
}

void private_drop(struct upstream **holder)
{
    upstream_close(*holder, CLOSE_GIVEN_UP);
}

static struct request *orphan_new(const struct upstream *upstream, enum command_id id,
                                  struct block *block, struct span bytes)
{
    const struct pool_site *site = upstream->pool->site;
    struct request *orphan = request_new(command_by_id(id), block, bytes);

    orphan->muted = true;
    orphan->deadline = reactor_now(site->reactor) + site->config->timeout_request;
    return orphan;
}

void private_introduce(struct upstream *upstream)
{
    static const struct span question = {"*2\r\n$6\r\nCLIENT\r\n$2\r\nID\r\n", 24};

    if (!upstream->is_introduced) {
        upstream->is_introduced = true;
        upstream_send(upstream, orphan_new(upstream, COMMAND_ID_CLIENT_ID, NULL, question));
    }
}

/* The node may read this after the answer to what is to be woken, so nothing else may block on the
 * same connection: it would be woken instead. */
bool private_wake(struct upstream *upstream, enum private_wake how, uint64_t lane_number)
{
    char digits[24];

    if (upstream->number <= 0 || !pool_accepts(upstream->pool, lane_number)) {
        return false;
    }
    snprintf(digits, sizeof digits, "%lld", (long long)upstream->number);

    const struct span words[] = {SPAN("CLIENT"), SPAN("UNBLOCK"), span_of(digits),
                                 how == WAKE_WITH_ERROR ? SPAN("ERROR") : SPAN("TIMEOUT")};
    struct sendq composed;

    sendq_init(&composed);
    resp_write_request(&composed, words, ARRAY_LEN(words));

    struct block *block = sendq_flatten(&composed);

    sendq_clear(&composed);
    pool_send(upstream->pool,
              orphan_new(upstream, COMMAND_ID_CLIENT_UNBLOCK, block,
                         (struct span){block->bytes, block->used}),
              lane_number);
    block_release(&block);
    upstream->is_finished = true;
    return true;
}

bool private_is_introducing(const struct upstream *upstream)
{
    return upstream->is_introduced && upstream->number == 0;
}

/* The request of whoever blocks and is to be woken; NULL: nobody is. */
static struct request *to_be_woken(const struct upstream *upstream)
{
    struct list_link *first = list_first(&upstream->in_flight);
    struct request *request = first == NULL ? NULL : container_of(first, struct request, in_queue);

    return request != NULL && request->done != NULL && request->special != NULL &&
                   request->special->is_woken
               ? request
               : NULL;
}

static bool wake_first(struct upstream *upstream)
{
    const struct request *request = to_be_woken(upstream);
    bool is_error = request->special->farewell[0] == '-';

    return private_wake(upstream, is_error ? WAKE_WITH_ERROR : WAKE_AS_TIMEOUT,
                        upstream->wake_lane);
}

void private_insist(struct upstream *upstream)
{
    struct request *request = to_be_woken(upstream);

    if (request == NULL || private_is_introducing(upstream)) {
        return;
    }
    if (!wake_first(upstream) && !upstream->is_finished) {
        request->special->is_woken = false;
        upstream_finish(upstream);
    }
}

/* A node that does not say that a transaction is over may still be in it. */
static void hear_of_multi(struct upstream *upstream, const struct request *request,
                          struct span reply)
{
    bool is_end =
        request->command->id == COMMAND_ID_EXEC || request->command->id == COMMAND_ID_DISCARD;

    if (is_end && reply.at[0] != '-') {
        upstream->is_in_multi = false;
    } else if (request->command->id == COMMAND_ID_DISCARD) {
        upstream->is_finished = true;
    }
}

/* Whose wake was asked for too early is woken now; where that fails, private_insist does the rest.
 */
static void hear_number(struct upstream *upstream, struct span reply)
{
    if (!reply_integer(reply, &upstream->number)) {
        upstream->number = NUMBER_UNKNOWN;
    }
    if (to_be_woken(upstream) != NULL) {
        (void)wake_first(upstream);
    }
}

/* A node that becomes a replica says so to those who block, and closes their connections. */
void private_hear(struct upstream *upstream, const struct request *request, struct span reply)
{
    if (span_starts_with(reply, SPAN("-UNBLOCKED force"))) {
        upstream->is_finished = true;
        return;
    }
    if (request->special != NULL && request->special->is_fresh) {
        upstream->is_finished = true;
    }
    if (upstream->is_in_multi) {
        hear_of_multi(upstream, request, reply);
    }
    if ((request->command->id == COMMAND_ID_AUTH && !span_starts_with(reply, SPAN("-WRONGPASS"))) ||
        (request->command->id == COMMAND_ID_UNWATCH && reply.at[0] == '-')) {
        /* It is somebody else's from here on, unless its node would not have that; or its node may
         * still be watching. */
        upstream->is_finished = true;
    }
    if (request->command->id == COMMAND_ID_CLIENT_ID) {
        hear_number(upstream, reply);
    }
}

void private_rest(struct upstream *upstream)
{
    if (upstream->place != PRIVATE_BUSY || upstream->holder != NULL || upstream->is_finished ||
        !upstream_is_idle(upstream) || upstream->state != UPSTREAM_READY) {
        return;
    }
    CHECK(!upstream->is_in_multi);
    upstream->resting_since = reactor_now(upstream->pool->site->reactor);
    private_move(upstream, PRIVATE_RESTING);
}

void private_note_state(const struct upstream *upstream, enum upstream_state next)
{
    struct knocking *knocking = &upstream->pool->privates.knocking;

    if (next == UPSTREAM_CONNECTING) {
        knocking_on_begun(knocking);
    } else if (next == UPSTREAM_READY) {
        knocking_on_open(knocking);
    }
}

/* Did the node, which is reached otherwise, not take it? While it is not reached at all, its pool
 * knows when to try again. */
static bool is_refused(const struct pool *pool, enum close_reason reason)
{
    return reason != CLOSE_GIVEN_UP && reason != CLOSE_NODE_GONE && reason != CLOSE_DRAINED &&
           !pool_is_denied(pool) && pool_is_connected(pool);
}

static void private_on_not_open(struct pool *pool, enum close_reason reason)
{
    if (is_refused(pool, reason)) {
        knocking_on_failed(&pool->privates.knocking, reactor_now(pool->site->reactor));
    } else {
        knocking_on_left(&pool->privates.knocking);
    }
}

void private_on_close(struct upstream *upstream, enum close_reason reason, bool was_ready)
{
    if (!was_ready) {
        private_on_not_open(upstream->pool, reason);
    }
    if (upstream->holder != NULL) {
        *upstream->holder = NULL;
        upstream->holder = NULL;
    }
    private_move(upstream, PRIVATE_SPENT);
}

static void private_free_spent(struct pool *pool)
{
    LIST_EACH_SAFE (link, &pool->privates.at[PRIVATE_SPENT]) {
        list_remove(link);
        pool->privates.count[PRIVATE_SPENT]--;
        free(upstream_at(link));
    }
}

static bool has_rested(const struct upstream *upstream)
{
    const struct pool *pool = upstream->pool;

    return pool->is_drained || pool->privates.count[PRIVATE_RESTING] > RESTING_MAX ||
           upstream->resting_since + REST_US <= reactor_now(pool->site->reactor);
}

bool private_tend(struct pool *pool)
{
    LIST_EACH_SAFE (link, &pool->privates.at[PRIVATE_RESTING]) {
        if (has_rested(upstream_at(link))) {
            upstream_close(upstream_at(link), CLOSE_GIVEN_UP);
        }
    }
    private_free_spent(pool);
    return private_is_any(pool);
}

void private_clear(struct pool *pool)
{
    for (int place = PRIVATE_BUSY; place <= PRIVATE_RESTING; place++) {
        LIST_EACH_SAFE (link, &pool->privates.at[place]) {
            upstream_clear(upstream_at(link));
        }
    }
    private_free_spent(pool);
    CHECK(pool->privates.count[PRIVATE_BUSY] == 0);
}

bool private_is_idle(const struct pool *pool)
{
    LIST_EACH (link, &pool->privates.at[PRIVATE_BUSY]) {
        if (!upstream_is_idle(upstream_at(link))) {
            return false;
        }
    }
    return true;
}
