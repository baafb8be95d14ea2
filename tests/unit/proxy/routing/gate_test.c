#include "proxy/routing/gate.h"

#include <criterion/criterion.h>

#include "proxy/request/request.h"

static struct gates gates;
static struct lane lanes[2];

static void open_gates(void)
{
    gates_init(&gates);
    for (size_t i = 0; i < ARRAY_LEN(lanes); i++) {
        lane_init(&lanes[i], i + 1);
    }
}

static void close_gates(void)
{
    CHECK(gates.count == 0);
    for (size_t i = 0; i < ARRAY_LEN(lanes); i++) {
        CHECK(list_is_empty(&lanes[i].gates));
    }
}

TestSuite(gate, .init = open_gates, .fini = close_gates);

static struct request *request_of(uint64_t sequence)
{
    struct request *request = request_new(command_by_name(SPAN("get")), NULL, SPAN("x"));

    request->sequence = sequence;
    return request;
}

Test(gate, what_shares_a_gate)
{
    struct request *request = request_of(0);

    request->target = TARGET_SLOT;
    request->slot = 16383;
    cr_expect_eq(gate_key(request), 16383);
    request->target = TARGET_NODE;
    request->node = 7;
    cr_expect_eq(gate_key(request), GATE_KEY_NODE | 7);
    request->target = TARGET_PRIMARY;
    cr_expect_eq(gate_key(request), GATE_KEY_ANY);
    request_free(&request);
}

Test(gate, a_gate_is_one_clients_and_one_slots)
{
    cr_expect_null(gates_find(&gates, &lanes[0], 5));

    struct gate *mine = gate_new(&gates, &lanes[0], 5);
    struct gate *theirs = gate_new(&gates, &lanes[1], 5);
    struct gate *other = gate_new(&gates, &lanes[0], GATE_KEY_NODE | 5);

    cr_expect_eq(gates.count, 3);
    cr_expect_eq(gates_find(&gates, &lanes[0], 5), mine);
    cr_expect_eq(gates_find(&gates, &lanes[1], 5), theirs);
    cr_expect_eq(gates_find(&gates, &lanes[0], GATE_KEY_NODE | 5), other);
    cr_expect_null(gates_find(&gates, &lanes[0], 6));
    cr_expect(gate_is_for_slot(mine));
    cr_expect_not(gate_is_for_slot(other));
    gate_free(&gates, &mine);
    cr_expect_null(gates_find(&gates, &lanes[0], 5));
    cr_expect_eq(gates_find(&gates, &lanes[1], 5), theirs);
    gate_free(&gates, &theirs);
    gate_free(&gates, &other);
}

Test(gate, what_waits_is_in_the_order_it_was_asked)
{
    static const uint64_t arrivals[] = {5, 3, 9, 1, 4, 8};
    static const uint64_t order[] = {1, 3, 4, 5, 8, 9};
    struct gate *gate = gate_new(&gates, &lanes[0], 5);

    for (size_t i = 0; i < ARRAY_LEN(arrivals); i++) {
        gate_hold(gate, request_of(arrivals[i]));
    }
    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        struct list_link *link = list_take_first(&gate->waiting);

        cr_assert_not_null(link);

        struct request *request = container_of(link, struct request, in_queue);

        cr_expect_eq(request->sequence, order[i]);
        request_free(&request);
    }
    gate_free(&gates, &gate);
}

Test(gate, counts_what_is_with_a_node)
{
    struct gate *gate = gate_new(&gates, &lanes[0], 5);
    struct request *request = request_of(1);

    gate_detach(request);
    gate_attach(gate, request);
    cr_expect_eq(gate->outstanding, 1);
    cr_expect_eq(request->gate, gate);
    gate_detach(request);
    cr_expect_eq(gate->outstanding, 0);
    cr_expect_null(request->gate);
    request_free(&request);
    gate_free(&gates, &gate);
}

Test(gate, an_answer_settles_it_unless_something_older_waits)
{
    static const struct {
        uint64_t waiting; /* 0: nothing */
        uint64_t answered;
        bool is_settled;
    } rows[] = {{0, 1, true}, {2, 1, true}, {1, 2, false}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct gate *gate = gate_new(&gates, &lanes[0], 5);
        struct request *answered = request_of(rows[i].answered);
        struct request *waiting = request_of(rows[i].waiting);

        if (rows[i].waiting != 0) {
            gate_hold(gate, waiting);
        }
        gate->attempts = 3;
        gate->retry_at = 77;
        gate_on_answer(gate, answered);
        cr_expect_eq(gate->is_settled, rows[i].is_settled, "row %zu", i);
        cr_expect_eq(gate->attempts, rows[i].is_settled ? 0 : 3, "row %zu", i);
        cr_expect_eq(gate->retry_at, rows[i].is_settled ? 0 : 77, "row %zu", i);
        list_remove(&waiting->in_queue);
        request_free(&waiting);
        request_free(&answered);
        gate_free(&gates, &gate);
    }
}

static bool is_ready(const struct gate *gate)
{
    LIST_EACH (link, &gates.ready) {
        if (link == &gate->in_list) {
            return true;
        }
    }
    return false;
}

Test(gate, a_gate_that_rests_becomes_ready_when_its_time_has_come_and_not_before)
{
    enum { ROUND_US = GATE_RESTS * GATE_REST_US, START_US = 7 * US_PER_SECOND };
    static const uint64_t pauses[] = {
        0,
        1,
        GATE_REST_US - 1,
        GATE_REST_US,
        ROUND_US / 2 + 3,
        ROUND_US - 1,
        ROUND_US,
        3 * ROUND_US,
    };

    for (uint64_t step = 997; step <= 4 * ROUND_US; step = step * 3 + 1) {
        struct gate *resting[ARRAY_LEN(pauses)];

        gates_init(&gates);
        gates_wake(&gates, START_US);
        for (size_t i = 0; i < ARRAY_LEN(pauses); i++) {
            resting[i] = gate_new(&gates, &lanes[0], (uint32_t)i);
            resting[i]->retry_at = START_US + pauses[i];
            gates_rest(&gates, resting[i]);
        }
        for (uint64_t at = 0; at <= 4 * ROUND_US; at += step) {
            gates_wake(&gates, START_US + at);
            for (size_t i = 0; i < ARRAY_LEN(pauses); i++) {
                cr_assert_eq(is_ready(resting[i]), pauses[i] <= at, "after %lu us, steps of %lu",
                             at, step);
            }
        }
        for (size_t i = 0; i < ARRAY_LEN(pauses); i++) {
            gate_free(&gates, &resting[i]);
        }
    }
}

Test(gate, a_gate_whose_requests_are_with_a_node_rests_until_all_are_woken)
{
    struct gate *gate = gate_new(&gates, &lanes[0], 5);
    struct request *request = request_of(0);

    gate->retry_at = GATE_REST_US;
    gate_attach(gate, request);
    gates_rest(&gates, gate);
    cr_expect(!gates_wake(&gates, GATE_REST_US) && !is_ready(gate));
    gates_wake_all(&gates);
    cr_expect(is_ready(gate));
    cr_expect_eq(gate->retry_at, 0);
    gate_detach(request);
    request_free(&request);
    gate_free(&gates, &gate);
}

/* One that was to wait for the end of a pause, and is touched in the turn in which that ends. */
Test(gate, a_gate_that_is_ready_already_does_not_wait_any_longer_when_all_are_woken)
{
    struct gate *gate = gate_new(&gates, &lanes[0], 5);

    gate->retry_at = US_PER_SECOND;
    list_move(&gates.ready, &gate->in_list);
    gates_wake_all(&gates);
    cr_expect(is_ready(gate));
    cr_expect_eq(gate->retry_at, 0);
    gate_free(&gates, &gate);
}
