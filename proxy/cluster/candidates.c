#include "proxy/cluster/candidates.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "proxy/cluster/adoption.h"

enum {
    SHUN_US = 2 * US_PER_SECOND,
    SEEDS_REST = 9, /* times as long as they were waited for in vain */
};

static void candidates_note_seeds(struct candidates *candidates)
{
    const struct addresses *seeds = candidates->seeds;

    candidates->seed_endpoints = memory_new(seeds->count, sizeof *candidates->seed_endpoints);
    for (size_t at = 0; at < seeds->count; at++) {
        struct endpoint *endpoint = &candidates->seed_endpoints[at];

        if (!address_to_endpoint(&seeds->items[at], endpoint)) {
            *endpoint = (struct endpoint){.size = 0};
        }
    }
}

void candidates_init(struct candidates *candidates, const struct addresses *seeds,
                     const struct topology *remembered, struct resolver *resolver)
{
    *candidates =
        (struct candidates){.seeds = seeds, .remembered = remembered, .resolver = resolver};
    candidates_note_seeds(candidates);
}

void candidates_use_seeds(struct candidates *candidates)
{
    free(candidates->seed_endpoints);
    candidates_note_seeds(candidates);
    candidates->seeds_are_new = true;
    candidates->seeds_due = 0;
}

void candidates_clear(struct candidates *candidates)
{
    free(candidates->asked);
    free(candidates->seed_endpoints);
    candidates->asked = candidates->seed_endpoints = NULL;
    candidates->asked_count = candidates->asked_room = 0;
}

static uint32_t turn_of(const struct topology *topology)
{
    uint32_t count = topology == NULL ? 0 : topology->node_count;

    return count < CANDIDATE_NODES_MAX ? count : CANDIDATE_NODES_MAX;
}

static uint32_t candidates_nodes(const struct candidates *candidates)
{
    return turn_of(candidates->topology);
}

/* A picture has all that the memory had, and newer. */
static uint32_t candidates_memories(const struct candidates *candidates)
{
    return candidates->topology == NULL ? turn_of(candidates->remembered) : 0;
}

void candidates_begin_round(struct candidates *candidates, const struct topology *topology)
{
    candidates->topology = topology;
    candidates->step = 0;
    candidates->has_skipped = false;
    candidates->asked_count = 0;
    candidates->began_at = clock_now();
    candidates->is_for_seeds =
        candidates->seeds_are_new && candidates->began_at >= candidates->seeds_due;
    candidates->has_seed_answered = false;
    /* Without a picture the seeds' turn comes at once, too. */
    bool is_soon = topology == NULL || candidates->is_for_seeds;
    for (size_t at = 0; is_soon && at < candidates->seeds->count; at++) {
        resolver_prepare(candidates->resolver, &candidates->seeds->items[at]);
    }
}

void candidates_prefer(struct candidates *candidates, const struct endpoint *endpoint)
{
    candidates->preferred = endpoint == NULL ? (struct endpoint){0} : *endpoint;
    memcpy(candidates->preferred_host, candidates->host, sizeof candidates->preferred_host);
    if (endpoint == NULL) {
        candidates->start++;
    }
}

void candidates_shun(struct candidates *candidates, const struct endpoint *endpoint)
{
    uint32_t at = candidates->shunned_count++ % CANDIDATES_SHUNNED_MAX;

    candidates->shunned[at] = (struct shunned){*endpoint, clock_now() + SHUN_US};
}

static bool candidates_is_shunned(const struct candidates *candidates,
                                  const struct endpoint *endpoint)
{
    uint64_t now = clock_now();

    for (uint32_t at = 0; at < CANDIDATES_SHUNNED_MAX; at++) {
        const struct shunned *shunned = &candidates->shunned[at];
        if (now < shunned->until && endpoint_equal(&shunned->endpoint, endpoint)) {
            return true;
        }
    }
    return false;
}

bool candidates_is_seed(const struct candidates *candidates, const struct endpoint *endpoint)
{
    for (size_t at = 0; at < candidates->seeds->count && endpoint->size != 0; at++) {
        if (endpoint_equal(&candidates->seed_endpoints[at], endpoint)) {
            return true;
        }
    }
    return false;
}

bool candidates_is_for_seeds(const struct candidates *candidates)
{
    return candidates->is_for_seeds;
}

void candidates_note_answer(struct candidates *candidates, const struct endpoint *endpoint)
{
    if (!candidates_is_seed(candidates, endpoint)) {
        return;
    }
    if (!candidates->is_for_seeds) {
        candidates->seeds_due = 0; /* it was not listened to as a new one is */
        return;
    }
    candidates->seeds_are_new = false;
    candidates->has_seed_answered = true;
}

static void candidates_name(struct candidates *candidates, const char *host)
{
    snprintf(candidates->host, sizeof candidates->host, "%s", host);
}

static bool candidates_seed_at(struct candidates *candidates, uint32_t number,
                               struct endpoint *endpoint)
{
    if (!resolver_find(candidates->resolver, &candidates->seeds->items[number], endpoint)) {
        candidates->unresolved_seeds++;
        return false;
    }
    candidates->seed_endpoints[number] = *endpoint;
    candidates_name(candidates, candidates->seeds->items[number].host);
    return true;
}

static const struct node *node_at(const struct candidates *candidates,
                                  const struct topology *topology, uint32_t number)
{
    return &topology->nodes[(candidates->start + number) % topology->node_count];
}

/* Of the last picture. */
static bool candidates_node_at(struct candidates *candidates, uint32_t number,
                               struct endpoint *endpoint)
{
    const struct node *node = node_at(candidates, candidates->topology, number);

    candidates_name(candidates, node->address.host);
    *endpoint = node->endpoint;
    return endpoint->size != 0;
}

static bool candidates_memory_at(struct candidates *candidates, uint32_t number,
                                 struct endpoint *endpoint)
{
    const struct node *node = node_at(candidates, candidates->remembered, number);

    candidates_name(candidates, node->address.host);
    return resolver_find(candidates->resolver, &node->address, endpoint);
}

/* The step of the usual order that is due as number `step` when the seeds come first. */
static uint32_t seeds_first(uint32_t step, uint32_t nodes, uint32_t seeds)
{
    if (step < seeds) {
        return 1 + nodes + step;
    }
    return step <= nodes + seeds ? step - seeds : step;
}

/* The place that belongs to a step; false when there is none at the moment. */
static bool candidates_at(struct candidates *candidates, uint32_t step, struct endpoint *endpoint)
{
    uint32_t nodes = candidates_nodes(candidates);
    uint32_t seeds = (uint32_t)candidates->seeds->count;

    if (candidates->is_for_seeds) {
        step = seeds_first(step, nodes, seeds);
    }
    if (step == 0) {
        candidates_name(candidates, candidates->preferred_host);
        *endpoint = candidates->preferred;
        return endpoint->size != 0;
    }
    if (step <= nodes) {
        return candidates_node_at(candidates, step - 1, endpoint);
    }
    if (step <= nodes + seeds) {
        return candidates_seed_at(candidates, step - 1 - nodes, endpoint);
    }
    return candidates_memory_at(candidates, step - 1 - nodes - seeds, endpoint);
}

static bool candidates_have_asked(const struct candidates *candidates,
                                  const struct endpoint *endpoint)
{
    for (size_t at = 0; at < candidates->asked_count; at++) {
        if (endpoint_equal(&candidates->asked[at], endpoint)) {
            return true;
        }
    }
    return false;
}

static void candidates_remember(struct candidates *candidates, const struct endpoint *endpoint)
{
    if (candidates->asked_count == candidates->asked_room) {
        candidates->asked_room = candidates->asked_room == 0 ? 8 : candidates->asked_room * 2;
        candidates->asked =
            memory_resize(candidates->asked, candidates->asked_room, sizeof *candidates->asked);
    }
    candidates->asked[candidates->asked_count++] = *endpoint;
}

/* Is it the turn of `endpoint` in this pass over the places? */
static bool candidates_may_ask(struct candidates *candidates, const struct endpoint *endpoint,
                               bool is_last_pass)
{
    if (candidates_have_asked(candidates, endpoint)) {
        return false;
    }
    if (!is_last_pass && candidates_is_shunned(candidates, endpoint)) {
        candidates->has_skipped = true;
        return false;
    }
    return true;
}

/* New seeds have had their turn, and one has answered. */
static bool candidates_have_heard_seeds(const struct candidates *candidates)
{
    return candidates->is_for_seeds && candidates->has_seed_answered &&
           candidates->step >= candidates->seeds->count;
}

static void candidates_let_seeds_rest(struct candidates *candidates)
{
    uint64_t now = clock_now();

    if (candidates->is_for_seeds && candidates->step == candidates->seeds->count) {
        candidates->seeds_due = now + SEEDS_REST * (now - candidates->began_at);
    }
}

bool candidates_next(struct candidates *candidates, struct endpoint *endpoint)
{
    uint32_t nodes = candidates_nodes(candidates);
    uint32_t memories = candidates_memories(candidates);
    uint32_t places = 1 + nodes + (uint32_t)candidates->seeds->count + memories;

    while (candidates->step < places * (candidates->has_skipped ? 2 : 1) &&
           !candidates_have_heard_seeds(candidates)) {
        candidates_let_seeds_rest(candidates);

        uint32_t step = candidates->step++;
        if (candidates_at(candidates, step % places, endpoint) &&
            candidates_may_ask(candidates, endpoint, step >= places)) {
            candidates_remember(candidates, endpoint);
            return true;
        }
    }
    /* Nobody answered: the next round begins with nodes that this one did not reach. */
    candidates->start += nodes + memories;
    return false;
}
