/* A dispatcher beside another one, for requests of another user. */
#include "proxy/routing/companion.h"

#include "proxy/routing/halts.h"
#include "proxy/routing/obey.h"
#include "tests/unit/proxy/routing/stage.h"

static struct stage stage;
static struct credentials alice;

static void open_stage(void)
{
    static const struct span name = {"alice", 5};

    stage_open(&stage);
    stage.metrics.nodes = node_board_new();
    stage_adopt(&stage, 0, 1);
    credentials_init(&alice, &name, SPAN("pa"));
}

static void close_stage(void)
{
    stage_close(&stage);
    node_board_free(&stage.metrics.nodes);
    credentials_clear(&alice);
}

TestSuite(companion, .init = open_stage, .fini = close_stage, .timeout = 30);

static uint16_t owner_port(const struct dispatcher *dispatcher, const char *key)
{
    const struct slot_table *table = &dispatcher->table;

    return table->pools[table->slots[slot_of_key(key)].owner]->address.port;
}

Test(companion, knows_the_cluster_as_its_chief_does)
{
    struct dispatcher *companion = companion_new(stage.dispatcher, &alice);

    cr_expect_eq(owner_port(companion, "b"), stage.nodes[0].port);
    cr_expect_eq(owner_port(companion, "a"), stage.nodes[1].port);
    stage_adopt(&stage, 2, 1);
    cr_expect_eq(owner_port(companion, "b"), stage.nodes[2].port);
    cr_expect_eq(owner_port(stage.dispatcher, "b"), stage.nodes[2].port);
    dispatcher_free(&companion);
}

Test(companion, has_connections_and_troubles_of_its_own)
{
    struct dispatcher *companion = companion_new(stage.dispatcher, &alice);
    struct pool *pool = companion->table.pools[companion->table.slots[slot_of_key("b")].owner];

    cr_expect_neq(pool, stage.dispatcher->table.pools[0]);
    cr_expect_eq(pool->site->credentials, &alice);
    cr_expect_null(stage.dispatcher->table.pools[0]->site->credentials);
    pool_on_denied(pool, SPAN("-WRONGPASS no\r\n"));
    cr_expect(pool_denies(pool, 0));
    cr_expect_str_eq(pool->denial, "WRONGPASS no");
    cr_expect_not(pool_denies(stage.dispatcher->table.pools[0], 0));
    cr_expect(pool_accepts(pool, 0), "its node is well");
    dispatcher_free(&companion);
}

static uint64_t denied_ms(struct pool *pool)
{
    pool_on_denied(pool, SPAN("-WRONGPASS no\r\n"));
    return (pool->denied_until - reactor_now(pool->site->reactor)) / US_PER_MS;
}

Test(companion, asks_ever_more_seldom_whether_a_node_wants_its_user)
{
    static const uint64_t rows[] = {100, 200, 400, 800, 1600, 1600};
    struct dispatcher *companion = companion_new(stage.dispatcher, &alice);
    struct pool *pool = companion->table.pools[0];

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(denied_ms(pool), rows[i], "time %zu", i);
        cr_expect_eq(denied_ms(pool), rows[i], "a second connection, refused at once");
        pool->denied_until = reactor_now(pool->site->reactor);
    }
    pool_forgive(pool);
    cr_expect_not(pool_denies(pool, 0));
    cr_expect_eq(denied_ms(pool), 100);
    dispatcher_free(&companion);
}

static uint64_t unreachable_after(struct dispatcher *looking)
{
    slot_table_tend(&looking->table);
    return metric_read(&stage.metrics.nodes_unreachable);
}

/* Whoever looks last. */
Test(companion, counts_nodes_out_of_reach_together_with_its_chief)
{
    struct dispatcher *chief = stage.dispatcher;
    struct dispatcher *companion = companion_new(chief, &alice);

    pool_on_failure(chief->table.pools[0], CLOSE_CONNECT_FAILED, "refused");
    cr_expect_eq(unreachable_after(chief), 1);
    cr_expect_eq(unreachable_after(companion), 1);
    pool_on_failure(companion->table.pools[0], CLOSE_CONNECT_FAILED, "refused");
    pool_on_failure(companion->table.pools[1], CLOSE_CONNECT_FAILED, "refused");
    cr_expect_eq(unreachable_after(companion), 2);
    cr_expect_eq(unreachable_after(chief), 2);
    dispatcher_free(&companion);
    cr_expect_eq(metric_read(&stage.metrics.nodes_unreachable), 1, "nobody misses the other one");
    pool_on_ready(chief->table.pools[0]);
    cr_expect_eq(unreachable_after(chief), 0);
}

Test(companion, obeys_what_its_chief_is_told)
{
    struct halts *halts = halts_new("main", 1);
    struct dispatcher *companion = companion_new(stage.dispatcher, &alice);

    stage.dispatcher->halts = halts;
    halts_begin(halts, HALT_PAUSE, "", UINT64_MAX);
    obey_look(stage.dispatcher);
    cr_expect(companion->is_all_halted);

    struct dispatcher *late = companion_new(stage.dispatcher, &alice);

    cr_expect(late->is_all_halted);
    halts_end(halts, NULL);
    obey_look(stage.dispatcher);
    cr_expect_not(companion->is_all_halted || late->is_all_halted);
    dispatcher_free(&companion);
    dispatcher_free(&late);
    stage.dispatcher->halts = NULL;
    halts_free(&halts);
}

static struct question *ask_as(struct dispatcher *dispatcher, int client, const char *text)
{
    struct dispatcher *chief = stage.dispatcher;
    struct question *question;

    stage.dispatcher = dispatcher;
    question = ask(&stage, client, text);
    stage.dispatcher = chief;
    return question;
}

static struct question *ask_alone_as(struct dispatcher *dispatcher, int client, const char *text)
{
    struct dispatcher *chief = stage.dispatcher;
    struct question *question;

    stage.dispatcher = dispatcher;
    question = ask_alone(&stage, client, text);
    stage.dispatcher = chief;
    return question;
}

static void goes_from(struct dispatcher *dispatcher, int client)
{
    struct dispatcher *chief = stage.dispatcher;

    stage.dispatcher = dispatcher;
    client_goes(&stage, client);
    stage.dispatcher = chief;
}

Test(companion, waits_where_all_that_waits_is_bounded_as_one)
{
    static const char refusal[] = "-ERR proxy: overloaded: too many requests wait";
    struct halts *halts = halts_new("main", 1);
    struct dispatcher *companion = companion_new(stage.dispatcher, &alice);

    stage.config.waiting_requests = 4;
    stage.dispatcher->halts = halts;
    halts_begin(halts, HALT_PAUSE, "", UINT64_MAX);
    obey_look(stage.dispatcher);
    ask(&stage, 0, "SET b 1");
    cr_expect_not(obey_is_crowded(companion));
    ask_as(companion, 1, "SET b 2");
    cr_expect(obey_is_crowded(companion) && obey_is_crowded(stage.dispatcher));
    ask_as(companion, 1, "SET b 3");
    ask(&stage, 0, "SET b 4");
    cr_expect_eq(stage.dispatcher->waiting_count, 4);
    gets_error(&stage, ask_as(companion, 2, "SET b 5"), refusal);
    gets_error(&stage, ask(&stage, 0, "SET b 6"), refusal);
    goes_from(companion, 1);
    cr_expect_eq(stage.dispatcher->waiting_count, 2);
    gets_no_answer(&stage, ask(&stage, 0, "SET b 7"));
    client_goes(&stage, 0);
    goes_from(companion, 2);
    halts_end(halts, NULL);
    obey_look(stage.dispatcher);
    dispatcher_free(&companion);
    stage.dispatcher->halts = NULL;
    halts_free(&halts);
}

Test(companion, counts_for_the_nodes_that_its_chief_has)
{
    struct dispatcher *companion = companion_new(stage.dispatcher, &alice);
    struct nodes_gathered gathered;

    metric_add(&companion->table.pools[0]->counts->requests_total, 3);
    dispatcher_free(&companion);
    gathered = nodes_gather(&stage.metrics.nodes, 1, STAGE_NODES);
    cr_expect_eq(gathered.count, STAGE_NODES);
    cr_expect_eq(stage.dispatcher->table.pools[0]->counts->requests_total, 3);
    nodes_clear(&gathered);
}

Test(companion, leaves_no_more_connections_for_one_client_than_may_be)
{
    struct dispatcher *companion = companion_new(stage.dispatcher, &alice);
    static const char refusal[] = "-ERR proxy: too many clients block on or watch keys of ";

    stage.config.backend_private = 1;
    ask_alone(&stage, 0, "BLPOP b 0");
    gets_error(&stage, ask_alone_as(companion, 1, "WATCH b"), refusal);
    cr_expect_eq(metric_read(&stage.metrics.upstream_private_active), 1);

    const struct question *elsewhere = ask_alone(&stage, 2, "BLPOP a 0");

    gets_no_answer(&stage, elsewhere);
    goes_from(companion, 1);
    dispatcher_free(&companion);
}
