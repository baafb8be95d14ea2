#include "proxy/routing/mending.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/routing/evalsha.h"
#include "proxy/routing/holding.h"
#include "proxy/routing/library_list.h"
#include "proxy/routing/unsettle.h"

enum {
    DONORS_MAX = 3,              /* that are asked for a function */
    REST_US = 2 * US_PER_SECOND, /* of a node that does not lack what was called there */
    OTHERS_US = US_PER_SECOND,   /* that a worker may be behind what another has done */
};

struct mending {
    struct list_link in_dispatcher;
    struct turn_task bury;
    struct dispatcher *dispatcher;
    struct lane lane;
    uint16_t node; /* which is mended, and the serial number of its pool */
    uint32_t serial;
    struct block *function; /* its name; NULL: all that there are */
    bool has_function;      /* a donor has it */
    uint16_t next_donor;
    uint32_t donors_left;
    uint64_t began_at;
    uint64_t deadline;
    struct request *request; /* with a node */
    struct block *listed;    /* what a donor told, */
    struct library_list list;
    uint32_t loaded;
};

static struct pool *mending_pool(const struct mending *mending)
{
    return slot_table_pool(&mending->dispatcher->table, mending->node, mending->serial);
}

static void mending_free(struct mending *mending)
{
    list_remove(&mending->bury.link);
    list_remove(&mending->in_dispatcher);
    block_release(&mending->function);
    block_release(&mending->listed);
    dispatcher_clear_lane(mending->dispatcher, &mending->lane);
    free(mending);
}

static void mending_on_bury(struct turn_task *task)
{
    mending_free(container_of(task, struct mending, bury));
}

struct mending_board *mending_board_new(size_t worker_count)
{
    struct mending_board *board =
        memory_new(1, sizeof *board + worker_count * sizeof board->loading_at[0]);

    board->worker_count = worker_count;
    return board;
}

void mending_note_gone(struct mending_board *board, uint64_t now)
{
    if (board != NULL) {
        atomic_store_explicit(&board->gone_at, now, memory_order_relaxed);
    }
}

static void mending_note_loading(const struct mending *mending)
{
    struct mending_board *board = mending->dispatcher->board;

    if (board != NULL) {
        atomic_store_explicit(&board->loading_at[mending->dispatcher->worker],
                              reactor_now(mending->dispatcher->site.reactor), memory_order_relaxed);
    }
}

/* May another worker have brought what this one found there already? */
static bool others_have_loaded(const struct mending *mending)
{
    const struct mending_board *board = mending->dispatcher->board;

    for (size_t i = 0; board != NULL && i < board->worker_count; i++) {
        uint64_t at = atomic_load_explicit(&board->loading_at[i], memory_order_relaxed);

        if (i != mending->dispatcher->worker && at != 0 && at + OTHERS_US >= mending->began_at) {
            return true;
        }
    }
    return false;
}

/* Those who wait are sent again, or told that there is no such function. Its own gates may be in
 * use further up the stack, so it lives until the end of the turn. */
static void mending_end(struct mending *mending)
{
    struct dispatcher *dispatcher = mending->dispatcher;
    struct pool *pool = mending_pool(mending);
    uint64_t now = reactor_now(dispatcher->site.reactor);
    bool is_mended = mending->loaded > 0 || (mending->has_function && others_have_loaded(mending));

    if (mending->loaded > 0) {
        log_info("functions were brought to a node that lacked them",
                 "pool=%s node=%s libraries=%" PRIu32, dispatcher->site.config->name,
                 pool == NULL ? "-" : pool->name, mending->loaded);
        metric_add(&dispatcher->site.metrics->functions_healed_total, mending->loaded);
    }
    if (pool != NULL) {
        pool->mending = NULL;
        pool->was_mended = is_mended;
        pool->mended_at = is_mended ? now : pool->mended_at;
        pool->mend_again_at = is_mended || mending->function == NULL ? 0 : now + REST_US;
    }
    reactor_bury(dispatcher->site.reactor, &mending->bury);
    holding_look_at_all(dispatcher);
}

/* `done` is called with its answer, perhaps before this returns. */
static void mending_ask(struct mending *mending, const struct pool *pool, enum command_id id,
                        struct span argument, request_done *done)
{
    struct dispatcher *dispatcher = mending->dispatcher;
    const struct span words[] = {
        SPAN("FUNCTION"), id == COMMAND_ID_FUNCTION_LIST ? SPAN("LIST") : SPAN("LOAD"), argument};
    struct sendq composed;
    struct block *block;
    struct request *request;

    sendq_init(&composed);
    resp_write_request(&composed, words, ARRAY_LEN(words));
    block = sendq_flatten(&composed);
    sendq_clear(&composed);
    request = request_new(command_by_id(id), block, (struct span){block->bytes, block->used});
    block_release(&block);
    request->done = done;
    request->owner = mending;
    request->lane = &mending->lane;
    request->arrived = reactor_now(dispatcher->site.reactor);
    request->deadline = mending->deadline;
    request->target = TARGET_NODE;
    request->node = pool->index;
    request->node_serial = pool->serial;
    special_of(request)->is_harmless = id == COMMAND_ID_FUNCTION_LIST;
    mending->request = request;
    dispatcher_send(dispatcher, request);
}

/* In that time a request that deletes functions may be with some node. */
static bool functions_are_going(const struct dispatcher *dispatcher)
{
    const struct mending_board *board = dispatcher->board;
    uint64_t gone_at =
        board == NULL ? 0 : atomic_load_explicit(&board->gone_at, memory_order_relaxed);

    return gone_at != 0 && gone_at + dispatcher->site.config->timeout_request >=
                               reactor_now(dispatcher->site.reactor);
}

static const struct pool *next_donor(struct mending *mending)
{
    const struct slot_table *table = &mending->dispatcher->table;

    while (mending->donors_left > 0 && mending->next_donor < table->pool_count) {
        uint16_t index = mending->next_donor++;
        const struct pool *pool = table->pools[index];

        if (pool != NULL && pool->is_primary && !pool->is_leaving && index != mending->node &&
            pool_accepts(pool, mending->lane.number)) {
            mending->donors_left--;
            return pool;
        }
    }
    return NULL;
}

static void mending_on_listed(struct request *request, struct block *block, struct span reply);
static void mending_on_loaded(struct request *request, struct block *block, struct span reply);

static void mending_ask_donor(struct mending *mending)
{
    const struct pool *donor = next_donor(mending);

    if (donor == NULL) {
        mending_end(mending);
        return;
    }
    mending_ask(mending, donor, COMMAND_ID_FUNCTION_LIST, SPAN("WITHCODE"), mending_on_listed);
}

static bool mending_wants(const struct mending *mending, const struct library *library)
{
    return mending->function != NULL &&
           library_has(library, (struct span){mending->function->bytes, mending->function->used});
}

static void mending_go_on(struct mending *mending)
{
    const struct pool *pool = mending_pool(mending);
    struct library library;

    if (pool == NULL || functions_are_going(mending->dispatcher)) {
        mending_end(mending);
        return;
    }
    if (library_list_next(&mending->list, &library)) {
        mending->has_function = mending->has_function || mending_wants(mending, &library);
        mending_note_loading(mending);
        mending_ask(mending, pool, COMMAND_ID_FUNCTION_LOAD, library.code, mending_on_loaded);
        return;
    }
    if (mending->function != NULL && !mending->has_function) {
        mending_ask_donor(mending);
        return;
    }
    mending_end(mending);
}

static struct mending *mending_back(struct request *request)
{
    struct mending *mending = request->owner;

    mending->request = NULL;
    request_free(&request);
    return mending;
}

static void mending_log(const struct mending *mending, const char *what, struct span reply)
{
    const struct pool *pool = mending_pool(mending);

    log_warn(what, "pool=%s node=%s error=\"%.*s\"", mending->dispatcher->site.config->name,
             pool == NULL ? "-" : pool->name, (int)size_min(reply.size - 3, 256), reply.at + 1);
}

static void mending_on_listed(struct request *request, struct block *block UNUSED,
                              struct span reply)
{
    struct mending *mending = mending_back(request);

    block_release(&mending->listed);
    mending->listed = block_copy(reply);
    if (!library_list_open(&mending->list,
                           (struct span){mending->listed->bytes, mending->listed->used})) {
        /* Servers before 7.0 have no functions. */
        if (reply.at[0] == '-' && !span_starts_with(reply, SPAN("-ERR unknown command"))) {
            mending_log(mending, "functions for a node cannot be asked for", reply);
        }
        mending_ask_donor(mending);
        return;
    }
    mending_go_on(mending);
}

static void mending_on_loaded(struct request *request, struct block *block UNUSED,
                              struct span reply)
{
    static const char there[] = " already exists";
    struct mending *mending = mending_back(request);

    if (reply.at[0] != '-') {
        mending->loaded++;
    } else if (memmem(reply.at, reply.size, there, sizeof there - 1) == NULL) {
        mending_log(mending, "functions cannot be brought to a node", reply);
        mending_end(mending);
        return;
    }
    mending_go_on(mending);
}

/* Returns false where there is nobody to ask, or it is no use. */
static bool mending_begin(struct pool *pool, struct span function)
{
    struct dispatcher *dispatcher = pool->site->dispatcher;
    uint64_t now = reactor_now(dispatcher->site.reactor);
    struct mending *mending;

    if (pool->mending != NULL) {
        return true;
    }
    if (now < pool->mend_again_at || functions_are_going(dispatcher)) {
        return false;
    }
    mending = memory_new(1, sizeof *mending);
    mending->dispatcher = dispatcher;
    mending->bury.run = mending_on_bury;
    lane_init(&mending->lane, 0);
    mending->node = pool->index;
    mending->serial = pool->serial;
    mending->function = function.size == 0 ? NULL : block_copy(function);
    mending->donors_left = DONORS_MAX;
    mending->began_at = now;
    mending->deadline = now + dispatcher->site.config->timeout_request / 2;
    pool->mending = mending;
    list_append(&dispatcher->mendings, &mending->in_dispatcher);
    mending_ask_donor(mending);
    return true;
}

void mending_welcome(struct pool *pool)
{
    if (!mending_begin(pool, (struct span){"", 0})) {
        log_debug("functions are not brought to a new node", "node=%s", pool->name);
    }
}

/* It was sent before the last mending was over, or about then. */
static bool may_be_there_now(const struct pool *pool, const struct request *request)
{
    return pool->mending == NULL && pool->mended_at != 0 && pool->mended_at >= request->arrived;
}

bool mending_error(struct pool *pool, struct request *request, struct span reply)
{
    struct dispatcher *dispatcher = pool->site->dispatcher;
    bool is_call =
        request->command->id == COMMAND_ID_FCALL || request->command->id == COMMAND_ID_FCALL_RO;

    if (!is_call || request->was_mended || dispatcher->chief != NULL ||
        !span_equal(reply, SPAN("-ERR Function not found\r\n"))) {
        return false;
    }
    if (!may_be_there_now(pool, request)) {
        if (!mending_begin(pool, evalsha_script(request->bytes))) {
            return false;
        }
        request->awaits_functions = pool->serial + 1;
    }
    request->was_mended = true;
    if (request->gate == NULL && request->target == TARGET_SLOT) {
        unsettle_slot(dispatcher, pool, request->slot);
    }
    holding_hold_refused(dispatcher, request, (enum refusal)request->refusal, AT_ONCE);
    return true;
}

bool mending_is_over(const struct pool *pool, struct request *request, struct pick *pick)
{
    if (request->awaits_functions == pool->serial + 1 && pool->mending != NULL) {
        *pick = (struct pick){.verdict = WAIT_FOR_IT, .pool = (struct pool *)pool};
        return false;
    }

    bool is_hopeless = request->awaits_functions == pool->serial + 1 && !pool->was_mended;

    request->awaits_functions = 0;
    if (is_hopeless) {
        *pick = (struct pick){
            .verdict = REFUSE_IT, .pool = (struct pool *)pool, .error = ERROR_NO_FUNCTION};
        return false;
    }
    return true;
}

void mending_end_all(struct dispatcher *dispatcher)
{
    struct list_link *link;

    while ((link = list_first(&dispatcher->mendings)) != NULL) {
        struct mending *mending = container_of(link, struct mending, in_dispatcher);
        struct pool *pool = mending_pool(mending);

        if (mending->request != NULL) {
            dispatcher_abandon(dispatcher, &mending->request);
        }
        if (pool != NULL) {
            pool->mending = NULL;
        }
        mending_free(mending);
    }
}
