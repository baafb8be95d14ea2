/* Several connections to one node: one that is down costs the others' clients nothing. */
#include "tests/unit/proxy/routing/stage.h"

static struct stage stage;
static struct peer *const first = &stage.nodes[0];
static struct peer second; /* the same node's other connection */

/* Clients 0 and 2 share one connection, client 1 uses the other. */
static void open_stage(void)
{
    stage_open(&stage);
    stage.config.backend_connections = 2;
    stage_adopt(&stage, 0, 0);
    second = (struct peer){.reactor = stage.reactor, .fd = -1, .listener = first->listener};
    second.input = malloc(PEER_INPUT_MAX);

    struct question *question = ask(&stage, 0, "SET b 1");

    peer_accepts(first);
    served_by(&stage, first, question, "SET b 1");
    question = ask(&stage, 1, "SET b 2");
    peer_accepts(&second);
    served_by(&stage, &second, question, "SET b 2");
}

static void close_stage(void)
{
    second.listener = -1;
    peer_clear(&second);
    stage_close(&stage);
}

TestSuite(dispatcher_connections, .init = open_stage, .fini = close_stage, .timeout = 30);

Test(dispatcher_connections, a_client_stays_with_its_connection)
{
    served_by(&stage, first, ask(&stage, 2, "SET b 3"), "SET b 3");
    served_by(&stage, &second, ask(&stage, 1, "SET b 4"), "SET b 4");
    served_by(&stage, first, ask(&stage, 0, "SET a 5"), "SET a 5");
}

/* It is tried again although nobody asks for it. */
static void breaks_alone(struct peer *broken, int client, struct peer *whole, int other_client)
{
    stage.config.down_after = 0;
    peer_hangs_up(broken);
    TURN_UNTIL(stage.reactor, stage.dispatcher->table.pools[0]->attempts > 0);
    served_by(&stage, whole, ask(&stage, other_client, "SET b 3"), "SET b 3");
    peer_accepts(broken);
    TURN_UNTIL(stage.reactor, stage.dispatcher->table.pools[0]->attempts == 0);
    served_by(&stage, broken, ask(&stage, client, "SET b 4"), "SET b 4");
}

Test(dispatcher_connections, one_that_breaks_costs_only_its_own_clients)
{
    breaks_alone(&second, 1, first, 0);
    breaks_alone(first, 0, &second, 1);
}

Test(dispatcher_connections, one_that_is_refused_costs_only_its_own_clients)
{
    peer_hangs_up(&second);

    struct question *question = ask(&stage, 1, "GET b");

    for (int i = 0; i < 3; i++) {
        peer_accepts_silently(&second);
        peer_says(&second, "-ERR max number of clients reached\r\n");
        served_by(&stage, first, ask(&stage, 0, "SET b 3"), "SET b 3");
        peer_hangs_up(&second);
    }
    cr_assert_eq(question->answers, 0);
    peer_accepts(&second);
    served_by(&stage, &second, question, "GET b");
}
