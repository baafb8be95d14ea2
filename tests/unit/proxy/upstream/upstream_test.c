#include "proxy/upstream/upstream.h"

#include "proxy/upstream/in_flight.h"
#include "tests/unit/proxy/peer.h"

enum { TOLD_MAX = 64, LARGE = 8 * 1024 * 1024 };

/* What the pool told its dispatcher, in order: "ready", "unreachable", and a request's outcome. */
static struct told {
    char what;           /* '+' answered at once, '?' replied, 'u' unsent, 'l' lost, 'r' ready, 'x'
                          * unreachable,           's' stalled */
    struct span request; /* its bytes */
    char reply[64];
    bool is_orphan;
} told[TOLD_MAX];

static size_t told_count;
static struct reactor *reactor;
static struct intake intake;
static struct metrics metrics;
static struct pool_config config;
static struct pool *pool;
static struct peer node;
static size_t blocks_before;

static void tell(char what, struct request *request, struct span reply)
{
    cr_assert_lt(told_count, TOLD_MAX);

    struct told *next = &told[told_count++];

    *next = (struct told){.what = what};
    snprintf(next->reply, sizeof next->reply, "%.*s", (int)reply.size, reply.at);
    if (request != NULL) {
        next->request = request->bytes;
        next->is_orphan = request->done == NULL;
        cr_assert_eq(request->state, REQUEST_SENT);
        cr_assert(!list_link_is_on(&request->in_queue));
        request->done = NULL;
        request_settle(request, NULL, reply);
    }
}

static void on_replied(struct pool *from UNUSED, struct request *request, struct block *block,
                       struct span reply)
{
    cr_assert_not_null(block);
    tell('?', request, reply);
}

static void on_returned(struct pool *from UNUSED, struct request *request,
                        enum return_reason reason)
{
    tell(reason == RETURN_UNSENT ? 'u' : 'l', request, SPAN(""));
}

static void on_breaking(struct pool *from UNUSED, struct list *requests, uint64_t sent)
{
    cr_assert(!list_is_empty(requests));
    cr_assert_gt(sent, 0);
}

static void on_ready(struct pool *from UNUSED)
{
    tell('r', NULL, SPAN(""));
}

static void on_unreachable(struct pool *from UNUSED)
{
    tell('x', NULL, SPAN(""));
}

static void on_stalled(struct pool *from UNUSED)
{
    tell('s', NULL, SPAN(""));
}

static void on_pushed(struct pool *from UNUSED, enum dialect dialect UNUSED, struct span push)
{
    tell('>', NULL, push);
}

static void on_forgot(struct pool *from UNUSED, enum dialect dialect UNUSED)
{
    tell('f', NULL, SPAN(""));
}

static const struct pool_events events = {on_replied,     on_returned, on_breaking, on_ready,
                                          on_unreachable, on_stalled,  on_pushed,   on_forgot};
static struct pool_site site;

static void open_pool(void)
{
    struct address address = {.kind = ADDRESS_TCP, .host = "127.0.0.1"};
    struct endpoint endpoint;

    blocks_before = block_bytes_in_use();
    told_count = 0;
    reactor = reactor_new();
    peer_open(&node, reactor);
    snprintf(node.id, sizeof node.id, "id");
    config = (struct pool_config){
        .backend_username = "default",
        .backend_connections = 1,
        .backend_in_flight = 100,
        .waiting_bytes = 1024,
        .silent_after = 5 * US_PER_SECOND,
        .timeout_connect = 5 * US_PER_SECOND,
        .timeout_request = 5 * US_PER_SECOND,
    };
    site = (struct pool_site){reactor, &intake, &config, &metrics, &events, NULL, NULL, NULL};
    address.port = node.port;
    cr_assert(address_to_endpoint(&address, &endpoint));
    pool = pool_new(&site, "id", &address, &endpoint);
}

static void close_pool(void)
{
    pool_free(&pool);
    CHECK(metric_read(&metrics.upstream_in_flight) == 0);
    CHECK(metric_read(&metrics.upstream_connections_active) == 0);
    peer_clear(&node);
    intake_clear(&intake);
    reactor_free(&reactor);
    CHECK(block_bytes_in_use() == blocks_before);
}

TestSuite(upstream, .init = open_pool, .fini = close_pool, .timeout = 30);

static void on_done(struct request *request, struct block *block, struct span reply)
{
    cr_assert_not_null(block);
    tell('+', NULL, reply);
    told[told_count - 1].request = request->bytes;
    request_free(&request);
}

static struct request *send_block(struct block *block)
{
    struct span bytes = {block->bytes, block->used};
    struct request *request = request_new(command_by_name(SPAN("get")), block, bytes);

    block_release(&block);
    request->done = on_done;
    request->arrived = reactor_now(reactor);
    request->deadline = UINT64_MAX - 1;
    pool_send(pool, request, 0);
    return request;
}

static struct request *send_words(const char *text)
{
    char wire[1024];
    size_t size = peer_wire(text, wire, sizeof wire);

    return send_block(block_copy((struct span){wire, size}));
}

/* The next that was told, waiting for it. */
static const struct told *next_told(size_t index)
{
    TURN_UNTIL(reactor, told_count > index);
    return &told[index];
}

/* Everything that was told, in letters. */
static const char *letters(void)
{
    static char text[TOLD_MAX + 1];

    for (size_t i = 0; i < told_count; i++) {
        text[i] = told[i].what;
    }
    text[told_count] = '\0';
    return text;
}

static void connected(void)
{
    upstream_connect(&pool->upstreams[0]);
    peer_accepts(&node);
    cr_assert_eq(next_told(0)->what, 'r');
    told_count = 0;
}

Test(upstream, does_not_connect_before_it_is_needed)
{
    turn(reactor);
    cr_assert_lt(socket_accept(node.listener, NULL), 0);
    cr_assert(pool_is_idle(pool));
    cr_assert(pool_accepts(pool, 0));
    cr_assert(!pool_is_connected(pool));
}

Test(upstream, the_greeting_tells_password_and_name)
{
    config.backend_password = "secret";
    send_words("GET b");
    peer_accepts_silently(&node);
    peer_gets(&node, "AUTH secret");
    peer_gets_greeting(&node);
    peer_says(&node, "+OK\r\n");
    peer_gets_nothing(&node);
    peer_says(&node, "-ERR unknown subcommand\r\n");
    peer_gets_nothing(&node);
    peer_says(&node, "$2\r\nid\r\n");
    peer_gets(&node, "GET b");
    cr_assert_str_eq(letters(), "r");
}

Test(upstream, the_greeting_tells_a_user)
{
    config.backend_username = "proxy";
    config.backend_password = "secret";
    send_words("GET b");
    peer_accepts_silently(&node);
    peer_gets(&node, "AUTH proxy secret");
}

Test(upstream, a_refused_greeting_gives_requests_back_unsent)
{
    static const char *const refusals[] = {
        "-WRONGPASS invalid username-password pair\r\n",
        "-ERR max number of clients reached\r\n",
        "hello\r\n",
    };

    config.backend_password = "secret";
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        told_count = 0;
        send_words("GET b");
        peer_accepts_silently(&node);
        peer_says(&node, refusals[i]);
        next_told(1);
        cr_assert_str_eq(letters(), "xu", "%s", refusals[i]);
        peer_hangs_up(&node);
    }
    cr_assert_eq(metric_read(&metrics.upstream_closed[CLOSE_GREETING_REFUSED]), 2);
    cr_assert_eq(metric_read(&metrics.upstream_closed[CLOSE_PROTOCOL_ERROR]), 1);
    cr_assert_eq(pool->attempts, ARRAY_LEN(refusals));
    cr_assert(!pool_accepts(pool, 0));
    TURN_UNTIL(reactor, pool_accepts(pool, 0));
}

Test(upstream, a_greeting_that_is_not_answered_times_out)
{
    config.timeout_connect = 30 * US_PER_MS;
    send_words("GET b");
    peer_accepts_silently(&node);
    next_told(1);
    cr_assert_str_eq(letters(), "xu");
    cr_assert_eq(metric_read(&metrics.upstream_closed[CLOSE_CONNECT_TIMEOUT]), 1);
}

Test(upstream, a_node_that_refuses_gives_requests_back_unsent_in_order)
{
    peer_goes(&node);

    struct span first = send_words("GET b1")->bytes;
    struct span second = send_words("GET b2")->bytes;

    cr_assert_eq(told_count, 0, "nobody expects a request back while sending it");
    next_told(2);
    cr_assert_str_eq(letters(), "xuu");
    cr_assert_eq(told[1].request.at, first.at);
    cr_assert_eq(told[2].request.at, second.at);
}

Test(upstream, one_turn_is_one_write)
{
    connected();

    uint64_t before = pool->upstreams[0].stream_sent;

    for (int i = 0; i < 20; i++) {
        send_words("GET b");
    }
    cr_assert_eq(pool->upstreams[0].stream_sent, before);
    for (int i = 0; i < 20; i++) {
        peer_gets(&node, "GET b");
        peer_says(&node, "+1\r\n");
    }
    next_told(19);
    cr_assert_eq(pool->upstreams[0].in_flight_count, 0);
}

Test(upstream, a_reply_may_be_cut_anywhere)
{
    static const char reply[] = "*3\r\n$5\r\nhello\r\n:12\r\n*1\r\n$-1\r\n";

    connected();
    for (size_t cut = 1; cut < sizeof reply - 1; cut++) {
        char front[sizeof reply];

        told_count = 0;
        send_words("GET b");
        snprintf(front, sizeof front, "%.*s", (int)cut, reply);
        peer_gets(&node, "GET b");
        peer_says(&node, front);
        turn(reactor);
        cr_assert_eq(told_count, 0);
        peer_says(&node, reply + cut);
        cr_assert_str_eq(next_told(0)->reply, reply);
    }
}

static void settled(struct request *request, struct block *block UNUSED, struct span reply UNUSED)
{
    request_free(&request);
}

Test(upstream, an_orphan_takes_the_reply_of_the_request_it_stands_for)
{
    connected();

    struct request *first = send_words("GET b1");

    first->done = settled;
    send_words("GET b2");
    in_flight_forget(&pool->upstreams[0], first);
    request_settle(first, NULL, SPAN(""));
    peer_gets(&node, "GET b1");
    peer_gets(&node, "GET b2");
    peer_says(&node, "+1\r\n+2\r\n");
    next_told(1);
    cr_assert_str_eq(letters(), "?+");
    cr_assert(told[0].is_orphan);
    cr_assert_str_eq(told[0].reply, "+1\r\n");
    cr_assert(!told[1].is_orphan);
    cr_assert_str_eq(told[1].reply, "+2\r\n");
}

Test(upstream, what_is_forgotten_before_there_is_a_connection_is_not_sent)
{
    struct request *first = send_words("GET b1");

    first->done = settled;
    send_words("GET b2");
    in_flight_forget(&pool->upstreams[0], first);
    request_settle(first, NULL, SPAN(""));
    cr_assert_eq(pool->upstreams[0].waiting_count, 1);
    peer_accepts(&node);
    peer_gets(&node, "GET b2");
    peer_gets_nothing(&node);
}

Test(upstream, asking_stands_right_before_its_request_and_its_reply_is_nobodys)
{
    struct request *request = send_words("GET b1");

    request->asking = true;
    peer_accepts(&node);
    peer_gets(&node, "ASKING");
    peer_gets(&node, "GET b1");
    cr_assert_eq(metric_read(&metrics.upstream_in_flight), 2);
    peer_says(&node, "+OK\r\n+1\r\n");
    next_told(2);
    cr_assert_str_eq(letters(), "r?+");
    cr_assert(told[1].is_orphan);
    cr_assert_str_eq(told[2].reply, "+1\r\n");
}

/* The kernel takes some of a large request: its end never left, so nobody can have executed it. */
Test(upstream, a_request_whose_end_never_left_is_unsent)
{
    connected();
    config.waiting_bytes = 2 * LARGE;
    send_words("GET b1");

    struct block *block = block_new(LARGE);

    block->used = LARGE;
    memset(block->bytes, 'x', LARGE);
    send_block(block);
    send_words("GET b2");
    turn(reactor);
    cr_assert_gt(pool->upstreams[0].stream_sent, 100);
    cr_assert_lt(pool->upstreams[0].stream_sent, LARGE);
    peer_hangs_up(&node);
    next_told(3);
    cr_assert_str_eq(letters(), "xluu");
}

Test(upstream, a_large_request_goes_on_when_the_node_reads_again)
{
    connected();
    config.waiting_bytes = 2 * LARGE;

    struct block *block = block_new(LARGE);
    size_t received = 0;

    block->used = LARGE;
    memset(block->bytes, 'x', LARGE);
    send_words("GET b1");
    send_block(block);
    send_words("GET b2");
    cr_assert(!pool_is_full(pool, 0));
    config.waiting_bytes = LARGE / 2;
    cr_assert(pool_is_full(pool, 0));
    peer_gets(&node, "GET b1");
    while (received < LARGE) {
        TURN_UNTIL(reactor, peer_has(&node, 1));

        size_t part = size_min(node.size, LARGE - received);

        received += part;
        memmove(node.input, node.input + part, node.size - part);
        node.size -= part;
    }
    peer_gets(&node, "GET b2");
    peer_says(&node, "+1\r\n");
    next_told(0);
    cr_assert(!pool_is_full(pool, 0));
}

/* The kernel and the node take whatever comes, and the node answers nothing. */
Test(upstream, too_many_bytes_without_an_answer_are_too_many)
{
    connected();
    config.waiting_bytes = 100;
    for (int i = 0; i < 5; i++) {
        cr_assert(!pool_is_full(pool, 0), "%d", i);
        send_words("GET b1");
        peer_gets(&node, "GET b1");
    }
    send_words("GET b2");
    peer_gets(&node, "GET b2");
    cr_assert(pool_is_full(pool, 0));
    peer_says(&node, "+1\r\n");
    next_told(0);
    cr_assert(!pool_is_full(pool, 0));
}

Test(upstream, too_many_in_flight_are_too_many)
{
    config.backend_in_flight = 2;
    send_words("GET b1");
    cr_assert(!pool_is_full(pool, 0));
    send_words("GET b2");
    cr_assert(pool_is_full(pool, 0));
    peer_accepts(&node);
    peer_gets(&node, "GET b1");
    cr_assert(pool_is_full(pool, 0));
    peer_says(&node, "+1\r\n");
    next_told(1);
    cr_assert(!pool_is_full(pool, 0));
}

/* Backing off: ever longer, never longer than the longest, and over as soon as a connection is. */
Test(upstream, failures_in_a_row_wait_longer_and_a_success_starts_over)
{
    static const uint64_t least_ms[] = {15, 30, 60, 120, 240, 375, 375, 375, 375, 375};

    for (size_t i = 0; i < ARRAY_LEN(least_ms); i++) {
        uint64_t now = reactor_now(reactor);

        pool_on_failure(pool, CLOSE_CONNECT_FAILED, "test");

        uint64_t delay = pool->retry_at - now;

        cr_assert_geq(delay, least_ms[i] * US_PER_MS, "attempt %zu", i);
        cr_assert_leq(delay, least_ms[i] * US_PER_MS * 4 / 3 + 1, "attempt %zu", i);
    }
    cr_assert_neq(pool->down_since, 0);
    pool_on_ready(pool);
    cr_assert_eq(pool->attempts, 0);
    cr_assert_eq(pool->down_since, 0);
    cr_assert(pool_accepts(pool, 0));
}

Test(upstream, a_probe_connects_only_when_it_is_time)
{
    pool_probe(pool);
    cr_assert_eq(pool->upstreams[0].state, UPSTREAM_IDLE);
    pool_on_failure(pool, CLOSE_CONNECT_FAILED, "test");
    pool_probe(pool);
    cr_assert_eq(pool->upstreams[0].state, UPSTREAM_IDLE);
    TURN_UNTIL(reactor, pool_accepts(pool, 0));
    pool_probe(pool);
    peer_accepts(&node);
    TURN_UNTIL(reactor, pool->attempts == 0);
}

Test(upstream, closing_in_an_orderly_way_is_no_failure)
{
    connected();
    send_words("GET b1");
    peer_gets(&node, "GET b1");
    upstream_close(&pool->upstreams[0], CLOSE_DRAINED);
    cr_assert_str_eq(letters(), "l");
    cr_assert_eq(pool->attempts, 0);
    cr_assert_eq(metric_read(&metrics.upstream_lost_total), 0);
}
