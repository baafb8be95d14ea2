#include "proxy/routing/gate.h"

#include <stdlib.h>

#include "common/memory.h"

enum { GATHERED_NOTICED = 64 * 1024 }; /* less is not worth a look at the client */

uint32_t gate_key(const struct request *request)
{
    switch ((enum request_target)request->target) {
    case TARGET_SLOT: return request->slot;
    case TARGET_NODE: return GATE_KEY_NODE | request->node;
    case TARGET_PRIMARY: return GATE_KEY_ANY;
    }
    return GATE_KEY_ANY;
}

void lane_init(struct lane *lane, uint64_t number)
{
    *lane = (struct lane){.number = LANE_DIALECTS * number};
    list_init(&lane->gates);
}

void lane_speak(struct lane *lane, enum dialect dialect)
{
    lane->number = lane->number - lane_dialect(lane) + dialect;
}

void lane_gather(struct lane *lane, size_t bytes)
{
    lane->gathered_bytes += bytes;
    if (lane->gathered_bytes > GATHERED_NOTICED && lane->on_gathered != NULL) {
        lane->on_gathered(lane);
    }
}

void gates_init(struct gates *gates)
{
    gates->count = 0;
    list_init(&gates->ready);
    for (size_t i = 0; i < GATE_RESTS; i++) {
        list_init(&gates->resting[i]);
    }
    for (size_t i = 0; i < GATE_BUCKETS; i++) {
        list_init(&gates->buckets[i]);
    }
}

static struct list *gates_rests(struct gates *gates, uint64_t number)
{
    return &gates->resting[number % GATE_RESTS];
}

void gates_rest(struct gates *gates, struct gate *gate)
{
    list_move(gates_rests(gates, gate->retry_at / GATE_REST_US), &gate->in_list);
}

/* Those of a later round stay, and so do those whose requests are with a node: these become ready
 * when they are back. */
bool gates_wake(struct gates *gates, uint64_t now)
{
    uint64_t to = now / GATE_REST_US;
    uint64_t from = to - gates->woken_to < GATE_RESTS ? gates->woken_to : to - GATE_RESTS + 1;
    bool is_any = false;

    for (uint64_t number = from; number <= to; number++) {
        LIST_EACH_SAFE (link, gates_rests(gates, number)) {
            struct gate *gate = container_of(link, struct gate, in_list);

            if (gate->outstanding == 0 && gate->retry_at <= now) {
                list_move(&gates->ready, link);
                is_any = true;
            }
        }
    }
    gates->woken_to = to;
    return is_any;
}

void gates_take_all(struct gates *gates, struct list *all)
{
    list_splice(all, &gates->ready);
    for (size_t i = 0; i < GATE_RESTS; i++) {
        list_splice(all, &gates->resting[i]);
    }
}

/* Those that were ready already might be told only now why they need not wait. */
void gates_wake_all(struct gates *gates)
{
    for (size_t i = 0; i < GATE_RESTS; i++) {
        list_splice(&gates->ready, &gates->resting[i]);
    }
    LIST_EACH (link, &gates->ready) {
        container_of(link, struct gate, in_list)->retry_at = 0;
    }
}

/* Fibonacci hashing: lanes are numbered in a row, slots are close to each other. */
static struct list *gates_bucket(struct gates *gates, const struct lane *lane, uint32_t key)
{
    uint64_t mixed = ((lane->number / LANE_DIALECTS) << 20 ^ key) * UINT64_C(0x9E3779B97F4A7C15);

    return &gates->buckets[mixed >> 52];
}

struct gate *gates_find(struct gates *gates, const struct lane *lane, uint32_t key)
{
    if (list_is_empty(&lane->gates)) {
        return NULL;
    }
    LIST_EACH (link, gates_bucket(gates, lane, key)) {
        struct gate *gate = container_of(link, struct gate, in_bucket);

        if (gate->key == key && gate->lane == lane) {
            return gate;
        }
    }
    return NULL;
}

struct gate *gate_new(struct gates *gates, struct lane *lane, uint32_t key)
{
    struct gate *gate = memory_new(1, sizeof *gate);

    gate->lane = lane;
    gate->key = key;
    list_init(&gate->waiting);
    list_append(&lane->gates, &gate->in_lane);
    list_append(gates_bucket(gates, lane, key), &gate->in_bucket);
    gates->count++;
    return gate;
}

void gate_free(struct gates *gates, struct gate **gate)
{
    struct gate *gone = *gate;

    *gate = NULL;
    CHECK(list_is_empty(&gone->waiting) && gone->outstanding == 0);
    list_remove(&gone->in_lane);
    list_remove(&gone->in_bucket);
    list_remove(&gone->in_list);
    gates->count--;
    free(gone);
}

void gate_attach(struct gate *gate, struct request *request)
{
    CHECK(request->gate == NULL);
    request->gate = gate;
    gate->outstanding++;
}

void gate_detach(struct request *request)
{
    if (request->gate == NULL) {
        return;
    }
    CHECK(request->gate->outstanding > 0);
    request->gate->outstanding--;
    request->gate = NULL;
}

void gate_hold(struct gate *gate, struct request *request)
{
    struct list_link *at = &gate->waiting.anchor;

    CHECK(request->state == REQUEST_WAITING && request->gate == NULL);
    while (at->previous != &gate->waiting.anchor &&
           container_of(at->previous, struct request, in_queue)->sequence > request->sequence) {
        at = at->previous;
    }
    list_insert_before(at, &request->in_queue);
}

void gate_on_answer(struct gate *gate, const struct request *request)
{
    struct list_link *first = list_first(&gate->waiting);

    if (first != NULL &&
        container_of(first, struct request, in_queue)->sequence < request->sequence) {
        return;
    }
    gate->is_settled = true;
    gate->attempts = 0;
    gate->retry_at = 0;
}
