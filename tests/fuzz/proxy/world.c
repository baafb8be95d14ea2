#include "tests/fuzz/proxy/world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/memory.h"
#include "proxy/downstream/roll.h"
#include "proxy/pubsub/exchange.h"
#include "proxy/routing/halts.h"

enum {
    START_US = 1000 * US_PER_SECOND,
    TIMEOUT_CONNECT_US = 400 * US_PER_MS,
    TIMEOUT_REQUEST_US = US_PER_SECOND,
    SILENT_US = 300 * US_PER_MS,
    SAMPLE = 3, /* requests, of which one goes the way of samples */
    DOWN_US = 2 * US_PER_SECOND,
    OUTPUT_BYTES = 256 * 1024,
    PENDING_BYTES = 48 * 1024,
    SETTLE_STEP_US = 20 * US_PER_MS,
    SETTLE_STEPS = 250,
    REST_STEP_US = 150 * US_PER_MS,
    REST_STEPS = 40,
    REST_STEPS_LEAST = 3,
    TIGHT_BYTES = 4608,
    STRANGER = TALKERS - 1, /* the one that comes at the end */
};

static uint64_t time_us = START_US;

int clock_gettime(clockid_t clock, struct timespec *time)
{
    if (clock != CLOCK_MONOTONIC) {
        return (int)syscall(SYS_clock_gettime, clock, time);
    }
    time->tv_sec = (time_t)(time_us / US_PER_SECOND);
    time->tv_nsec = (long)(time_us % US_PER_SECOND * 1000);
    return 0;
}

/* Once for the process: a world changes numbers only. With FUZZ_LOG set, the log tells the story of
 * an input. */
static struct config *config_of_all(void)
{
    static struct config *config;
    const char *listen = "127.0.0.1:1";
    const char *seed = "127.0.0.1:1";
    struct config_overrides overrides = {
        .listen = &listen, .listen_count = 1, .seeds = &seed, .seed_count = 1, .workers = "1"};
    struct config_errors errors = {0};

    if (config == NULL) {
        config = config_load(NULL, &overrides, &errors);
        CHECK(config != NULL);
        log_configure(getenv("FUZZ_LOG") != NULL ? LOG_DEBUG : LOG_ERROR, LOG_TEXT);
        if (getenv("FUZZ_LOG") == NULL) {
            log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
        }
    }
    return config;
}

static void configure(struct pool_config *config, const struct world_rules *rules)
{
    config->backend_connections = rules->has_two_connections ? 2 : 1;
    config->clients_pipeline = rules->has_short_pipeline ? 4 : 64;
    config->backend_in_flight = rules->has_few_in_flight ? 12 : 60;
    config->waiting_requests = rules->has_few_waiting ? 6 : 1000;
    config->clients_output_bytes = OUTPUT_BYTES;
    config->clients_pending_bytes = PENDING_BYTES;
    config->timeout_connect = TIMEOUT_CONNECT_US;
    config->timeout_request = TIMEOUT_REQUEST_US;
    config->silent_after = SILENT_US;
    config->metrics_sample = SAMPLE;
    config->metrics_keys = true;
    config->down_after = DOWN_US;
}

static void open_worker(struct world *world)
{
    world->reactor = reactor_new();
    world->mailbox = mailbox_new(world->reactor);
    world->dispatcher =
        dispatcher_new(world->reactor, &world->replies, world->config, &world->metrics, NULL);
    world->house.started = clock_now();
    world->house.pool = world->config;
    world->house.worker_count = 1;
    world->clients_of_worker = &world->clients;
    world->house.clients = &world->clients_of_worker;
    world->house.mailboxes = &world->mailbox;
    world->heat = heat_new(world->house.started);
    world->house.heats = &world->heat;
    world->metrics_of_worker = &world->metrics;
    world->house.counted = (struct metrics_source){"main", &world->metrics_of_worker, 1, 0};
    memset(world->house.run_id, '0', sizeof world->house.run_id - 1);
    world->house.exchange = exchange_new(1, world->house.run_id);
    world->house.roll = roll_new();
    world->house.halts = halts_new("main", world->house.worker_count);
    world->dispatcher->halts = world->house.halts;
    exchange_open(world->house.exchange, &(struct exchange_site){
                                             .mailbox = world->mailbox,
                                             .reactor = world->reactor,
                                             .intake = &world->replies,
                                             .config = world->config,
                                             .metrics = &world->metrics,
                                         });
    world->clients = (struct clients){
        .house = &world->house,
        .reactor = world->reactor,
        .intake = &world->requests,
        .dispatcher = world->dispatcher,
        .hub = world->house.exchange->places[0].hub,
        .config = world->config,
        .metrics = &world->metrics,
        .load = &world->load,
    };
    clients_init(&world->clients);
}

void world_open(struct world *world, const struct world_rules *rules)
{
    memset(world, 0, sizeof *world);
    time_us = world->now = START_US;
    srandom(1);
    world->blocks_before = block_bytes_in_use();
    world->config = &config_of_all()->pools[0];
    world->has_tight_talkers = rules->has_tight_talkers;
    configure(world->config, rules);
    nodes_open(&world->nodes, &world->ledger, &world->now);
    for (size_t i = 0; i < TALKERS; i++) {
        world->talkers[i].fd = -1;
    }
    open_worker(world);
}

void world_wait(struct world *world, uint64_t delay_us)
{
    world->now += delay_us;
    time_us = world->now;
}

/* Nobody but these may be disconnected unasked. */
static bool has_closed_somebody(const struct world *world)
{
    return metric_read(&world->metrics.downstream_closed[CLOSE_OUTPUT_LIMIT]) > 0 ||
           metric_read(&world->metrics.downstream_closed[CLOSE_KILLED]) > 0;
}

static unsigned tags_elsewhere(const struct slot_table *table, uint16_t pool)
{
    unsigned tags = 0;

    for (uint8_t tag = 0; tag < LEDGER_SLOTS; tag++) {
        if (table->slots[slot_of(span_of(tag_name(tag)))].owner != pool) {
            tags |= 1u << tag;
        }
    }
    return tags;
}

/* Of a silent node's slots that have another owner now, nobody waits for what is with the old one.
 */
static void excuse_silent_nodes(struct world *world)
{
    const struct slot_table *table = &world->dispatcher->table;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        const struct pool *pool = table->pools[i];

        if (pool != NULL && pool->breaker == BREAKER_OPEN) {
            nodes_on_silent(&world->nodes, pool->address.port, tags_elsewhere(table, i));
        }
    }
}

/* Callbacks run in the first half, and what they made ready is written in the second. */
void world_turn(struct world *world)
{
    ev_run(world->reactor->loop, EVRUN_NOWAIT);
    ev_run(world->reactor->loop, EVRUN_NOWAIT);
    excuse_silent_nodes(world);
    nodes_listen(&world->nodes, world->ledger.refusal_count > 0);
    ledger_on_turn(&world->ledger, world->now);
    for (size_t i = 0; i < TALKERS; i++) {
        talker_listen(&world->talkers[i], has_closed_somebody(world));
    }
}

static void add_nodes(struct topology *topology)
{
    struct address address = {.kind = ADDRESS_TCP, .host = "127.0.0.1"};
    char id[NODE_ID_SIZE + 1];

    for (uint16_t i = 0; i < NODES; i++) {
        address.port = (uint16_t)(NODE_PORT + i);
        snprintf(id, sizeof id, "%040u", i);
        CHECK(topology_add_node(topology, id, &address, NODE_PRIMARY, NODE_NONE) == i);
        CHECK(address_to_endpoint(&address, &topology->nodes[i].endpoint));
    }
}

void world_adopt(struct world *world, const uint8_t *owners)
{
    struct topology *topology = topology_new();

    topology->version = ++world->version;
    add_nodes(topology);
    memset(topology->primary_of_slot, 0, sizeof topology->primary_of_slot);
    for (uint8_t tag = 0; tag < LEDGER_SLOTS; tag++) {
        topology->primary_of_slot[slot_of(span_of(tag_name(tag)))] =
            owners[tag] == WORLD_NOBODY ? NODE_NONE : owners[tag] % NODES;
    }
    dispatcher_adopt(world->dispatcher, topology);
    excuse_silent_nodes(world);
}

static void make_tight(int fd)
{
    int size = TIGHT_BYTES;

    CHECK(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size) == 0);
}

struct talker *world_talker(struct world *world, size_t number)
{
    struct talker *talker = &world->talkers[number];
    int fds[2];

    if (talker->fd < 0) {
        CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
        if (world->has_tight_talkers && number != STRANGER) {
            make_tight(fds[1]);
        }
        world->house.client_count++;
        world->load++;
        talker_open(talker, &world->ledger, fds[0], ++world->connections);
        client_open(&world->clients, fds[1], NULL);
    }
    return talker;
}

void world_ask(struct world *world, size_t number, enum asked_kind kind, uint8_t tags)
{
    talker_ask(world_talker(world, number), kind, tags, world->now + TIMEOUT_REQUEST_US);
}

struct line *world_line(struct world *world, uint8_t number)
{
    struct line *open[LINES];
    size_t count = 0;

    for (size_t i = 0; i < LINES; i++) {
        if (world->nodes.lines[i].fd >= 0 && !world->nodes.lines[i].is_hanging) {
            open[count++] = &world->nodes.lines[i];
        }
    }
    return count == 0 ? NULL : open[number % count];
}

static const uint8_t owners_at_the_end[LEDGER_SLOTS] = {0, 1, 2, 0};

static void make_well(struct world *world)
{
    for (size_t i = 0; i < NODES; i++) {
        world->nodes.modes[i] = NODE_UP;
    }
    for (size_t i = 0; i < LINES; i++) {
        if (world->nodes.lines[i].fd >= 0 && world->nodes.lines[i].is_garbled) {
            line_close(&world->nodes, &world->nodes.lines[i], 0);
        }
    }
    for (size_t i = 0; i < TALKERS; i++) {
        world->talkers[i].is_deaf = false;
    }
    world_adopt(world, owners_at_the_end);
}

/* Everybody says and hears all that there is. */
static void world_serve(struct world *world)
{
    for (size_t i = 0; i < TALKERS; i++) {
        if (world->talkers[i].fd >= 0) {
            talker_deliver(&world->talkers[i], SIZE_MAX);
        }
    }
    world_turn(world);
    for (size_t i = 0; i < LINES; i++) {
        struct line *line = &world->nodes.lines[i];

        if (line->fd >= 0 && !line->is_hanging) {
            line_answer_all(&world->nodes, line);
            line_deliver(&world->nodes, line, SIZE_MAX);
        }
    }
    world_turn(world);
}

static const struct talker *discontent(const struct world *world)
{
    for (size_t i = 0; i < TALKERS; i++) {
        if (!talker_is_content(&world->talkers[i])) {
            return &world->talkers[i];
        }
    }
    return NULL;
}

static void serve_until_content(struct world *world)
{
    const struct talker *talker = discontent(world);

    for (int i = 0; i < SETTLE_STEPS && talker != NULL; i++) {
        world_serve(world);
        world_wait(world, SETTLE_STEP_US);
        talker = discontent(world);
    }
    if (talker != NULL) {
        ledger_fail("a client was not told all that it is due", talker->asked[talker->answered].uid,
                    0);
    }
}

/* Every node can be reached, and has answered all. */
static bool is_at_rest(const struct world *world)
{
    const struct slot_table *table = &world->dispatcher->table;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        const struct pool *pool = table->pools[i];

        if (pool != NULL && !pool->is_leaving &&
            (pool->attempts > 0 || pool->breaker != BREAKER_CLOSED || !pool_is_idle(pool))) {
            return false;
        }
    }
    return world->dispatcher->waiting_count == 0;
}

void world_settle(struct world *world)
{
    make_well(world);
    serve_until_content(world);
    for (int i = 0; i < REST_STEPS && (i < REST_STEPS_LEAST || !is_at_rest(world)); i++) {
        world_wait(world, REST_STEP_US);
        world_serve(world);
    }
    for (uint8_t tag = 0; tag < LEDGER_SLOTS; tag++) {
        world_ask(world, STRANGER, ASKED_SET, tag);
    }
    serve_until_content(world);
    if (world->talkers[STRANGER].error_count > 0) {
        fputs(world->talkers[STRANGER].last_error.at, stderr);
        ledger_fail("a client was told an error although all is well", 0, 0);
    }
}

static void check_nothing_is_left(const struct world *world)
{
    const struct dispatcher *dispatcher = world->dispatcher;

    CHECK(world->clients.count == 0);
    CHECK(world->house.client_count == 0 && world->load == 0);
    CHECK(dispatcher->gates.count == 0);
    CHECK(dispatcher->waiting_count == 0 && dispatcher->waiting_bytes == 0);
    CHECK(metric_read(&world->metrics.waiting_requests) == 0);
    CHECK(metric_read(&world->metrics.waiting_bytes) == 0);
    CHECK(metric_read(&world->metrics.downstream_connections_active) == 0);
}

void world_close(struct world *world)
{
    for (size_t i = 0; i < TALKERS; i++) {
        talker_close(&world->talkers[i]);
    }
    world_turn(world);
    clients_close_all(&world->clients, CLOSE_DRAINED);
    mailbox_close(world->mailbox);
    world_turn(world);
    check_nothing_is_left(world);
    clients_clear(&world->clients);
    heat_free(&world->heat);
    exchange_close(world->house.exchange, 0);
    dispatcher_free(&world->dispatcher);
    mailbox_free(&world->mailbox);
    exchange_free(&world->house.exchange);
    roll_free(&world->house.roll);
    halts_free(&world->house.halts);
    CHECK(metric_read(&world->metrics.upstream_in_flight) == 0);
    CHECK(metric_read(&world->metrics.upstream_connections_active) == 0);
    CHECK(metric_read(&world->metrics.breakers_open) == 0);
    intake_clear(&world->requests);
    intake_clear(&world->replies);
    reactor_free(&world->reactor);
    nodes_close(&world->nodes);
    CHECK(block_bytes_in_use() == world->blocks_before);
}
