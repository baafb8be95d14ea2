#include "proxy/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/memory.h"
#include "proxy/downstream/login.h"
#include "proxy/metrics/node_board.h"
#include "proxy/pubsub/exchange.h"
#include "proxy/routing/rest.h"

enum { TIDY_US = US_PER_SECOND };

/* What is asked of a worker from another thread. */
struct order {
    struct message message;
    struct worker *worker;
    size_t pool;
    struct topology *topology;      /* to adopt; owned until delivered, as the next one */
    struct command_table *commands; /* to use from then on */
    struct config_share *config;    /* likewise */
    struct drain_plan plan;         /* of a drain */
    struct user_set *users;         /* who may use the pool */
    size_t pool_count;              /* that there are from now on */
};

static struct order *order_new(struct worker *worker, void (*deliver)(struct message *message),
                               void (*drop)(struct message *message))
{
    struct order *order = memory_new(1, sizeof *order);

    order->worker = worker;
    order->message.deliver = deliver;
    order->message.drop = drop;
    return order;
}

static void order_drop(struct message *message)
{
    struct order *order = container_of(message, struct order, message);

    if (order->topology != NULL) {
        topology_release(&order->topology);
    }
    command_table_release(&order->commands);
    config_share_release(&order->config);
    user_set_release(&order->users);
    free(order);
}

static void worker_on_adopt(struct message *message)
{
    struct order *order = container_of(message, struct order, message);
    struct topology *topology = order->topology;

    order->topology = NULL;
    exchange_adopt(order->worker->pools[order->pool].clients.house->exchange, order->worker->index,
                   topology_take(topology));
    dispatcher_adopt(order->worker->pools[order->pool].dispatcher, topology);
    order_drop(message);
}

void worker_adopt(struct worker *worker, size_t number, struct topology *topology)
{
    struct order *order = order_new(worker, worker_on_adopt, order_drop);

    order->pool = number;
    order->topology = topology;
    mailbox_post(worker->mailbox, &order->message);
}

/* What `table` has, by the rules that the worker goes by: discovery may be in the middle of a
 * round, and know only the ones before. */
static void use_commands(struct worker_pool *pool, const struct command_table *table)
{
    struct command_table *old = pool->clients.commands;

    pool->clients.commands = command_table_again(table, &pool->view.config.commands);
    command_table_release(&old);
}

static void worker_on_commands(struct message *message)
{
    struct order *order = container_of(message, struct order, message);

    use_commands(&order->worker->pools[order->pool], order->commands);
    order_drop(message);
}

void worker_use_commands(struct worker *worker, size_t number, struct command_table *table)
{
    struct order *order = order_new(worker, worker_on_commands, order_drop);

    order->pool = number;
    order->commands = table;
    mailbox_post(worker->mailbox, &order->message);
}

static void worker_on_config(struct message *message)
{
    struct order *order = container_of(message, struct order, message);
    struct worker_pool *pool = &order->worker->pools[order->pool];

    config_view_show(&pool->view, order->config, order->pool);
    use_commands(pool, pool->clients.commands);
    order_drop(message);
}

void worker_use_config(struct worker *worker, size_t number, struct config_share *share)
{
    struct order *order = order_new(worker, worker_on_config, order_drop);

    order->pool = number;
    order->config = config_share_take(share);
    mailbox_post(worker->mailbox, &order->message);
}

static void worker_on_users(struct message *message)
{
    struct order *order = container_of(message, struct order, message);
    struct user_set *users = order->users;

    order->users = NULL;
    login_use_users(&order->worker->pools[order->pool].clients, users);
    order_drop(message);
}

void worker_use_users(struct worker *worker, size_t number, struct user_set *users)
{
    struct order *order = order_new(worker, worker_on_users, order_drop);

    order->pool = number;
    order->users = users;
    mailbox_post(worker->mailbox, &order->message);
}

static bool all_pools_are_drained(const struct worker *worker)
{
    for (size_t i = 0; i < worker->pool_count; i++) {
        if (!worker->pools[i].is_drained) {
            return false;
        }
    }
    return true;
}

/* Pools that are gone are drained as well: that alone is no end of the worker. */
static void worker_on_pool_drained(struct clients *clients)
{
    struct worker *worker = clients->owner;

    container_of(clients, struct worker_pool, clients)->is_drained = true;
    if (worker->is_draining && all_pools_are_drained(worker)) {
        worker->is_draining = false;
        worker->on_drained(worker);
    }
}

static void worker_on_drain(struct message *message)
{
    struct order *order = container_of(message, struct order, message);
    struct worker *worker = order->worker;

    /* Also those of a pool that is gone: they are looked at once more, and counted once. */
    for (size_t i = 0; i < worker->pool_count; i++) {
        worker->pools[i].is_drained = false;
    }
    worker->is_draining = true;
    for (size_t i = 0; i < worker->pool_count; i++) {
        drain_begin(&worker->pools[i].clients, &order->plan);
    }
    order_drop(message);
}

void worker_drain(struct worker *worker, const struct drain_plan *plan)
{
    struct order *order = order_new(worker, worker_on_drain, order_drop);

    order->plan = *plan;
    mailbox_post(worker->mailbox, &order->message);
}

static void worker_on_drain_pool(struct message *message)
{
    struct order *order = container_of(message, struct order, message);

    drain_begin(&order->worker->pools[order->pool].clients, &order->plan);
    order_drop(message);
}

void worker_drain_pool(struct worker *worker, size_t number, const struct drain_plan *plan)
{
    struct order *order = order_new(worker, worker_on_drain_pool, order_drop);

    order->pool = number;
    order->plan = *plan;
    mailbox_post(worker->mailbox, &order->message);
}

static void worker_on_admit_pool(struct message *message)
{
    struct order *order = container_of(message, struct order, message);
    struct worker_pool *pool = &order->worker->pools[order->pool];

    drain_call_off(&pool->clients);
    pool->is_drained = false;
    rest_end(pool->dispatcher);
    order_drop(message);
}

void worker_admit_pool(struct worker *worker, size_t number)
{
    struct order *order = order_new(worker, worker_on_admit_pool, order_drop);

    order->pool = number;
    mailbox_post(worker->mailbox, &order->message);
}

static void worker_on_rest_pool(struct message *message)
{
    struct order *order = container_of(message, struct order, message);
    struct worker_pool *pool = &order->worker->pools[order->pool];

    rest_begin(pool->dispatcher);
    exchange_rest(pool->clients.house->exchange, order->worker->index);
    order_drop(message);
}

void worker_rest_pool(struct worker *worker, size_t number)
{
    struct order *order = order_new(worker, worker_on_rest_pool, order_drop);

    order->pool = number;
    mailbox_post(worker->mailbox, &order->message);
}

static void worker_on_close_pool(struct message *message)
{
    struct order *order = container_of(message, struct order, message);
    struct clients *clients = &order->worker->pools[order->pool].clients;

    if (clients->drain.is_on) {
        clients_close_all(clients, CLOSE_DRAIN_TIMEOUT);
    }
    order_drop(message);
}

void worker_close_pool(struct worker *worker, size_t number)
{
    struct order *order = order_new(worker, worker_on_close_pool, order_drop);

    order->pool = number;
    mailbox_post(worker->mailbox, &order->message);
}

static void worker_on_stop(struct message *message)
{
    struct worker *worker = container_of(message, struct order, message)->worker;

    order_drop(message);
    mailbox_close(worker->mailbox);
    for (size_t i = 0; i < worker->pool_count; i++) {
        worker->pools[i].clients.drain.is_on = false;
        clients_close_all(&worker->pools[i].clients, CLOSE_DRAIN_TIMEOUT);
    }
    reactor_stop(worker->reactor);
}

void worker_stop(struct worker *worker)
{
    mailbox_post(worker->mailbox, &order_new(worker, worker_on_stop, order_drop)->message);
}

/* What a busy second has left behind goes back, also when the next one has nothing to do. */
static void worker_on_tidy(struct reactor_timer *timer)
{
    struct worker *worker = container_of(timer, struct worker, tidy);

    block_tidy();
    request_tidy();
    for (size_t i = 0; i < worker->pool_count; i++) {
        block_account_publish(&worker->pools[i].account);
    }
    reactor_timer_start(timer, TIDY_US);
}

struct worker *worker_new(size_t index, size_t room)
{
    struct worker *worker = memory_new(1, sizeof *worker + room * sizeof worker->pools[0]);

    worker->index = index;
    worker->reactor = reactor_new();
    worker->mailbox = mailbox_new(worker->reactor);
    reactor_timer_init(&worker->tidy, worker->reactor, worker_on_tidy);
    reactor_timer_start(&worker->tidy, TIDY_US);
    return worker;
}

void worker_add_pool(struct worker *worker, size_t number, struct house *house,
                     struct config_share *share)
{
    struct worker_pool *pool = &worker->pools[number];
    const struct pool_config *config = &pool->view.config;
    struct discovery *discovery = house->discovery;

    config_view_show(&pool->view, share, number);

    pool->account.budget = &house->budget;
    pool->requests.account = &pool->account;
    pool->replies.account = &pool->account;
    pool->metrics.nodes = node_board_new();
    pool->dispatcher =
        dispatcher_new(worker->reactor, &pool->replies, config, &pool->metrics, discovery);
    exchange_open(house->exchange, &(struct exchange_site){
                                       .worker = worker->index,
                                       .mailbox = worker->mailbox,
                                       .reactor = worker->reactor,
                                       .intake = &pool->replies,
                                       .config = config,
                                       .metrics = &pool->metrics,
                                       .discovery = discovery,
                                       .door = house->door,
                                   });
    pool->dispatcher->site.door = house->door;
    pool->dispatcher->board = house->mendings;
    pool->dispatcher->worker = worker->index;
    pool->dispatcher->halts = house->halts;
    if (house->scripts != NULL) {
        script_view_init(&pool->scripts, house->scripts);
        pool->dispatcher->scripts = &pool->scripts;
    }
    pool->clients = (struct clients){
        .house = house,
        .worker = worker->index,
        .reactor = worker->reactor,
        .intake = &pool->requests,
        .dispatcher = pool->dispatcher,
        .hub = house->exchange->places[worker->index].hub,
        .config = config,
        .metrics = &pool->metrics,
        .drained = worker_on_pool_drained,
        .owner = worker,
        .load = &worker->load,
    };
    clients_init(&pool->clients);
    use_commands(pool, NULL);
}

static void pool_clear(struct worker_pool *pool, size_t worker)
{
    clients_clear(&pool->clients);
    command_table_release(&pool->clients.commands);
    exchange_close(pool->clients.house->exchange, worker);
    dispatcher_free(&pool->dispatcher);
    node_board_free(&pool->metrics.nodes);
    script_view_clear(&pool->scripts);
    intake_clear(&pool->requests);
    intake_clear(&pool->replies);
    config_view_clear(&pool->view);
}

void worker_drop_pool(struct worker *worker, size_t number)
{
    pool_clear(&worker->pools[number], worker->index);
    memset(&worker->pools[number], 0, sizeof worker->pools[number]);
}

static void worker_on_pools(struct message *message)
{
    struct order *order = container_of(message, struct order, message);

    order->worker->pool_count = order->pool_count;
    order_drop(message);
}

void worker_use_pools(struct worker *worker, size_t count)
{
    if (!worker->is_started) {
        worker->pool_count = count;
        return;
    }
    struct order *order = order_new(worker, worker_on_pools, order_drop);

    order->pool_count = count;
    mailbox_post(worker->mailbox, &order->message);
}

/* Blocks and requests come from free lists of the thread: what holds any must go in the thread. */
static void worker_clear(struct worker *worker)
{
    for (size_t i = 0; i < worker->pool_count; i++) {
        pool_clear(&worker->pools[i], worker->index);
    }
    reactor_timer_stop(&worker->tidy);
    request_trim();
    block_trim();
}

static void worker_run(void *context)
{
    struct worker *worker = context;

    reactor_run(worker->reactor);
    worker_clear(worker);
}

void worker_start(struct worker *worker)
{
    char name[32];

    snprintf(name, sizeof name, "worker-%zu", worker->index);
    worker->is_started = true;
    thread_start(&worker->thread, name, worker_run, worker);
}

void worker_join(struct worker *worker)
{
    thread_join(&worker->thread);
}

void worker_free(struct worker **worker)
{
    struct worker *gone = *worker;

    *worker = NULL;
    mailbox_free(&gone->mailbox);
    reactor_free(&gone->reactor);
    free(gone);
}
