#include "tests/unit/proxy/routing/stage.h"

#include "proxy/routing/blocking.h"
#include "proxy/routing/own.h"

enum {
    PATIENCE_US = 5 * US_PER_SECOND,
    HALF = SLOT_COUNT / 2,
};

static void stage_configure(struct pool_config *config)
{
    config->name = "test";
    config->backend_username = "default";
    config->backend_connections = 1;
    config->backend_in_flight = 1000;
    config->backend_private = 100;
    config->waiting_requests = 1000;
    config->waiting_bytes = 1024 * 1024;
    config->silent_after = PATIENCE_US;
    config->down_after = PATIENCE_US;
    config->timeout_connect = US_PER_SECOND;
    config->timeout_request = PATIENCE_US;
}

void stage_open(struct stage *stage)
{
    *stage = (struct stage){.blocks_before = block_bytes_in_use()};
    stage_configure(&stage->config);
    stage->reactor = reactor_new();
    for (size_t i = 0; i < STAGE_NODES; i++) {
        peer_open(&stage->nodes[i], stage->reactor);
        snprintf(stage->nodes[i].id, sizeof stage->nodes[i].id, "%040zu", i);
    }
    for (size_t i = 0; i < STAGE_CLIENTS; i++) {
        lane_init(&stage->lanes[i], i + 1);
    }
    stage->dispatcher =
        dispatcher_new(stage->reactor, &stage->intake, &stage->config, &stage->metrics, NULL);
}

static void give_up(struct stage *stage, struct question *question)
{
    if (question->request != NULL) {
        dispatcher_abandon(stage->dispatcher, &question->request);
    }
}

void client_goes(struct stage *stage, int client)
{
    struct lane *lane = &stage->lanes[client];

    for (uint32_t i = 0; i < stage->question_count; i++) {
        struct question *question = &stage->questions[i];

        if (question->request != NULL && question->request->lane == lane) {
            give_up(stage, question);
        }
    }
    dispatcher_clear_lane(stage->dispatcher, lane);
}

/* What is checked at the end must abort: Criterion prints assertions that fail in a teardown and
 * counts the test as passed.
 *
 * A slot is watched by its gates and by its mark, and by nothing else. */
static void check_nothing_is_watched(const struct dispatcher *dispatcher)
{
    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        uint32_t marks = moving_has(&dispatcher->moving, (uint16_t)slot) ? 1 : 0;

        CHECK(dispatcher->table.slots[slot].watched == marks);
    }
}

static uint32_t count_of(const struct upstream *upstream)
{
    uint32_t listed = 0;

    LIST_EACH (link, &upstream->in_flight) {
        listed++;
    }
    CHECK(upstream->in_flight_count == listed);
    return listed;
}

static uint64_t count_in_flight(const struct dispatcher *dispatcher)
{
    uint64_t count = 0;

    for (uint16_t i = 0; i < dispatcher->table.pool_count; i++) {
        const struct pool *pool = dispatcher->table.pools[i];

        for (uint32_t j = 0; pool != NULL && j < pool->upstream_count; j++) {
            count += count_of(&pool->upstreams[j]);
        }
        for (int place = PRIVATE_BUSY; pool != NULL && place <= PRIVATE_RESTING; place++) {
            LIST_EACH (link, &pool->privates.at[place]) {
                count += count_of(container_of(link, struct upstream, in_place));
            }
        }
    }
    return count;
}

static void check_at_rest(struct stage *stage)
{
    const struct dispatcher *dispatcher = stage->dispatcher;

    CHECK(dispatcher->waiting_count == 0);
    CHECK(dispatcher->waiting_bytes == 0);
    CHECK(dispatcher->gates.count == 0);
    check_nothing_is_watched(dispatcher);
    CHECK(metric_read(&stage->metrics.waiting_requests) == 0);
    CHECK(metric_read(&stage->metrics.waiting_bytes) == 0);
    CHECK(metric_read(&stage->metrics.upstream_in_flight) == count_in_flight(dispatcher));
}

void stage_close(struct stage *stage)
{
    for (int i = 0; i < STAGE_CLIENTS; i++) {
        client_goes(stage, i);
    }
    turn(stage->reactor);
    check_at_rest(stage);
    dispatcher_free(&stage->dispatcher);
    CHECK(metric_read(&stage->metrics.upstream_in_flight) == 0);
    CHECK(metric_read(&stage->metrics.upstream_connections_active) == 0);
    for (size_t i = 0; i < STAGE_NODES; i++) {
        peer_clear(&stage->nodes[i]);
    }
    intake_clear(&stage->intake);
    reactor_free(&stage->reactor);
    CHECK(block_bytes_in_use() == stage->blocks_before);
    for (uint32_t i = 0; i < stage->question_count; i++) {
        CHECK(stage->questions[i].answers <= 1);
    }
}

static void add_node(struct stage *stage, struct topology *topology, uint16_t number)
{
    struct address address = {.kind = ADDRESS_TCP, .host = "127.0.0.1"};
    char id[NODE_ID_SIZE + 1];

    address.port = stage->nodes[number].port;
    snprintf(id, sizeof id, "%040u", number);
    cr_assert_eq(topology_add_node(topology, id, &address, NODE_PRIMARY, NODE_NONE),
                 topology->node_count - 1);

    struct node *node = &topology->nodes[topology->node_count - 1];

    cr_assert(address_to_endpoint(&address, &node->endpoint));
}

/* The index in `topology` of our node `number`. */
static uint16_t node_index(const struct stage *stage, const struct topology *topology,
                           uint16_t number)
{
    for (uint16_t i = 0; i < topology->node_count; i++) {
        if (topology->nodes[i].address.port == stage->nodes[number].port) {
            return i;
        }
    }
    return NODE_NONE;
}

void stage_adopt_known(struct stage *stage, uint16_t lower, uint16_t upper, uint16_t known)
{
    struct topology *topology = topology_new();

    topology->version = ++stage->version;
    topology->asked_at = stage->asked_at;
    for (uint16_t i = 0; i < STAGE_NODES; i++) {
        if (i < known || i == lower || i == upper) {
            add_node(stage, topology, i);
        }
    }
    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        uint16_t number = slot < HALF ? lower : upper;

        topology->primary_of_slot[slot] =
            number == NODE_NONE ? NODE_NONE : node_index(stage, topology, number);
    }
    dispatcher_adopt(stage->dispatcher, topology);
}

void stage_adopt(struct stage *stage, uint16_t lower, uint16_t upper)
{
    stage_adopt_known(stage, lower, upper, STAGE_NODES);
}

uint16_t slot_of_key(const char *key)
{
    return slot_of(span_of(key));
}

static void on_answer(struct request *request, struct block *block UNUSED, struct span reply)
{
    struct question *question = request->owner;

    cr_assert_eq(question->request, request);
    cr_assert_lt(reply.size, sizeof question->reply);
    memcpy(question->reply, reply.at, reply.size);
    question->reply[reply.size] = '\0';
    question->answers++;
    question->request = NULL;
    request_free(&request);
}

/* "GET b", or several of them parted by "|". Returns how many. */
static uint32_t commands_wire(const char *text, char *wire, size_t room, size_t *size)
{
    char copy[1024];
    char *rest = copy;
    uint32_t count = 0;

    snprintf(copy, sizeof copy, "%s", text);
    *size = 0;
    while (rest != NULL) {
        *size += peer_wire(strsep(&rest, "|"), wire + *size, room - *size);
        count++;
    }
    return count;
}

static struct question *question_new(struct stage *stage, int client, const char *text)
{
    char wire[2048];
    char name[64];
    size_t size = 0;
    uint32_t commands = commands_wire(text, wire, sizeof wire, &size);
    struct block *block = block_copy((struct span){wire, size});
    struct question *question = &stage->questions[stage->question_count];
    const char *last = strrchr(text, '|') == NULL ? text : strrchr(text, '|') + 1;

    snprintf(name, sizeof name, "%.*s", (int)strcspn(last, " "), last);
    cr_assert_lt(stage->question_count, STAGE_QUESTIONS);
    stage->question_count++;
    *question = (struct question){.answers = 0};

    const struct command *command = command_by_name(span_of(name));

    cr_assert_not_null(command, "%s", name);

    struct request *request = request_new(command, block, (struct span){block->bytes, size});

    block_release(&block);
    if (commands > 1) {
        special_of(request)->commands = commands;
    }
    request->done = on_answer;
    request->owner = question;
    request->lane = &stage->lanes[client];
    request->arrived = clock_now();
    request->deadline = request->arrived + stage->config.timeout_request;
    question->request = request;
    return question;
}

static struct question *send_to_slot(struct stage *stage, struct question *question,
                                     const char *key)
{
    question->request->target = TARGET_SLOT;
    question->request->slot = slot_of_key(key);
    dispatcher_send(stage->dispatcher, question->request);
    return question;
}

static const char *first_key(const char *text)
{
    static char key[64];

    cr_assert_eq(sscanf(text, "%*s %63s", key), 1);
    return key;
}

struct question *ask(struct stage *stage, int client, const char *text)
{
    return send_to_slot(stage, question_new(stage, client, text), first_key(text));
}

struct question *ask_alone(struct stage *stage, int client, const char *text)
{
    struct question *question = question_new(stage, client, text);

    special_of(question->request)->is_private = true;
    return send_to_slot(stage, question, first_key(text));
}

struct question *ask_to_block(struct stage *stage, int client, const char *text)
{
    const struct timeout for_ever = {.us = UINT64_MAX};
    struct question *question = question_new(stage, client, text);

    blocking_begin(question->request, TIMEOUT_FOUND, &for_ever);
    return send_to_slot(stage, question, first_key(text));
}

struct question *ask_to_hold(struct stage *stage, int client, const char *text)
{
    struct question *question = question_new(stage, client, text);
    struct special *special = special_of(question->request);

    special->is_private = true;
    special->keeper = &stage->lanes[client].own;
    return send_to_slot(stage, question, first_key(text));
}

struct question *ask_own(struct stage *stage, int client, const char *key, const char *text)
{
    struct question *question = question_new(stage, client, text);
    struct special *special = special_of(question->request);

    special->is_private = true;
    special->otherwise = SPAN("*-1\r\n");
    question->request->slot = slot_of_key(key);
    own_send(stage->dispatcher, question->request);
    return question;
}

static bool nothing_is_objected(struct request *request UNUSED, uint32_t index UNUSED,
                                struct span reply UNUSED)
{
    return false;
}

struct question *ask_step(struct stage *stage, int client, const char *key, const char *text)
{
    struct question *question = question_new(stage, client, text);
    struct special *special = special_of(question->request);

    special->is_private = true;
    special->is_harmless = true;
    special->is_step = true;
    special->otherwise = SPAN("+QUEUED\r\n");
    special->hear = nothing_is_objected;
    special->keeper = &stage->lanes[client].own;
    question->request->slot = slot_of_key(key);
    if (stage->lanes[client].own == NULL) {
        own_begin(stage->dispatcher, question->request);
    } else {
        own_send(stage->dispatcher, question->request);
    }
    return question;
}

struct question *ask_burst(struct stage *stage, int client, const char *key, const char *text)
{
    return send_to_slot(stage, question_new(stage, client, text), key);
}

struct question *ask_node(struct stage *stage, int client, const char *text, uint16_t node)
{
    struct question *question = question_new(stage, client, text);

    question->request->target = node == STAGE_ANY ? TARGET_PRIMARY : TARGET_NODE;
    question->request->node = node == STAGE_ANY ? 0 : node;
    if (node != STAGE_ANY) {
        question->request->node_serial = stage->dispatcher->table.pools[node]->serial;
    }
    dispatcher_send(stage->dispatcher, question->request);
    return question;
}

struct question *ask_stranger(struct stage *stage, int client, const char *text)
{
    struct question *question = question_new(stage, client, text);

    special_of(question->request)->is_private = true;
    question->request->target = TARGET_PRIMARY;
    dispatcher_send(stage->dispatcher, question->request);
    return question;
}

void gets_answer(struct stage *stage, const struct question *question, const char *reply)
{
    char line[STAGE_REPLY_MAX];

    snprintf(line, sizeof line, "%s\r\n", reply);
    TURN_UNTIL(stage->reactor, question->answers > 0);
    cr_assert_eq(question->answers, 1);
    cr_assert_str_eq(question->reply, line);
}

void served_by(struct stage *stage, struct peer *peer, const struct question *question,
               const char *text)
{
    peer_gets(peer, text);
    peer_says(peer, "+OK\r\n");
    gets_answer(stage, question, "+OK");
}

void gets_error(struct stage *stage, const struct question *question, const char *start)
{
    TURN_UNTIL(stage->reactor, question->answers > 0);
    cr_assert_eq(question->answers, 1);
    cr_assert_eq(strncmp(question->reply, start, strlen(start)), 0, "'%s' where '%s' was due",
                 question->reply, start);
}

void gets_no_answer(struct stage *stage, const struct question *question)
{
    for (int i = 0; i < PEER_QUIET_TURNS; i++) {
        turn(stage->reactor);
    }
    cr_assert_eq(question->answers, 0, "answered with '%s'", question->reply);
}

static const char *redirection(const struct stage *stage, const char *word, const char *key,
                               int node)
{
    static char text[128];

    snprintf(text, sizeof text, "-%s %u 127.0.0.1:%u\r\n", word, slot_of_key(key),
             stage->nodes[node].port);
    return text;
}

const char *moved(const struct stage *stage, const char *key, int node)
{
    return redirection(stage, "MOVED", key, node);
}

const char *asks(const struct stage *stage, const char *key, int node)
{
    return redirection(stage, "ASK", key, node);
}

void warm_up(struct stage *stage, int node, const char *key)
{
    char text[64];

    snprintf(text, sizeof text, "GET %s", key);

    const struct question *question = ask(stage, 0, text);

    peer_accepts(&stage->nodes[node]);
    peer_gets(&stage->nodes[node], text);
    peer_says(&stage->nodes[node], "$-1\r\n");
    gets_answer(stage, question, "$-1");
}
