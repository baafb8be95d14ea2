/* worker.h - one worker thread: a reactor, and for each pool its dispatcher and its clients.
 *
 *      worker ─┬─ reactor, mailbox
 *              ├─ pool "main":  dispatcher ─ pools ─ upstreams        metrics
 *              │                clients ─ client, client, …           account, intakes
 *              └─ pool "other": …
 *
 * Nothing in here is shared with other workers. From worker_start to worker_free all of it belongs
 * to the worker's thread; others post messages.
 */
#ifndef PROXY_WORKER_H
#define PROXY_WORKER_H

#include "common/thread.h"
#include "config/config_share.h"
#include "proxy/downstream/clients.h"
#include "proxy/downstream/drain.h"

/* What a worker has of one configured pool. */
struct worker_pool {
    struct config_view view; /* the options that this worker goes by */
    struct dispatcher *dispatcher;
    struct clients clients;
    struct metrics metrics;
    struct block_account account; /* what this worker holds of the pool's budget */
    struct intake requests;       /* clients read to */
    struct intake replies;        /* nodes' replies are read to */
    struct script_view scripts;
    bool is_drained;
};

struct worker {
    size_t index;
    struct thread thread;
    struct reactor *reactor;
    struct mailbox *mailbox;
    struct reactor_timer tidy;                 /* gives back memory that is not needed */
    _Atomic uint32_t load;                     /* clients here, and on their way here */
    void (*on_drained)(struct worker *worker); /* in the worker's thread */
    void *owner;
    bool is_started;
    bool is_draining; /* all of it, and on_drained is not called yet */
    size_t pool_count;
    struct worker_pool pools[]; /* there is room for more */
};

/* Control thread. Makes the worker with its mailbox and room for so many pools. */
struct worker *worker_new(size_t index, size_t room) MUST_USE;

/* Control thread, also while the worker runs: makes pool `number`, at which the worker does not
 * look yet; or gives it back. */
void worker_add_pool(struct worker *worker, size_t number, struct house *house,
                     struct config_share *share);
void worker_drop_pool(struct worker *worker, size_t number);

/* Control thread: the first `count` pools are made, and no more are given back. */
void worker_use_pools(struct worker *worker, size_t count);

/* Its thread runs from now on. */
void worker_start(struct worker *worker);

/* Any thread: takes a reference to a picture of pool `number`'s cluster. */
void worker_adopt(struct worker *worker, size_t number, struct topology *topology);

/* Any thread: takes a reference to the commands of that pool's cluster. Which of them are denied,
 * and what else the configuration says of them, the worker knows itself. */
void worker_use_commands(struct worker *worker, size_t number, struct command_table *table);

/* Any thread: takes a reference to who may use that pool. */
void worker_use_users(struct worker *worker, size_t number, struct user_set *users);

/* Any thread: from now on pool `number` goes by what `share` says of it; takes a reference. */
void worker_use_config(struct worker *worker, size_t number, struct config_share *share);

/* Any thread: lets the clients of pool `number` go, and those that come; or not any more. */
void worker_drain_pool(struct worker *worker, size_t number, const struct drain_plan *plan);
void worker_admit_pool(struct worker *worker, size_t number);

/* Any thread, when a pool that has gone has no clients and no picture of it comes any more: leaves
 * its nodes alone until worker_admit_pool. */
void worker_rest_pool(struct worker *worker, size_t number);

/* Any thread: closes those of its clients that are left, if it is still being drained. */
void worker_close_pool(struct worker *worker, size_t number);

/* Any thread: lets its clients go; on_drained is called when the last one is gone. */
void worker_drain(struct worker *worker, const struct drain_plan *plan);

/* Any thread: closes the clients that are left and ends the thread. */
void worker_stop(struct worker *worker);

/* Control thread, after worker_stop: waits until the thread has ended. */
void worker_join(struct worker *worker);

/* After worker_join, when nobody can post any more. */
void worker_free(struct worker **worker);

#endif
