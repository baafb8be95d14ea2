#include "proxy/cluster/candidates.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "proxy/cluster/adoption.h"

enum { SHUN_US = 2 * US_PER_SECOND };

void candidates_init(struct candidates *candidates, const struct addresses *seeds)
{
    *candidates = (struct candidates){.seeds = seeds};
}

void candidates_clear(struct candidates *candidates)
{
    free(candidates->asked);
    candidates->asked = NULL;
    candidates->asked_count = candidates->asked_room = 0;
}

static uint32_t candidates_nodes(const struct candidates *candidates)
{
    uint32_t count = candidates->topology == NULL ? 0 : candidates->topology->node_count;

    return count < CANDIDATE_NODES_MAX ? count : CANDIDATE_NODES_MAX;
}

void candidates_begin_round(struct candidates *candidates, const struct topology *topology)
{
    candidates->topology = topology;
    candidates->step = 0;
    candidates->has_skipped = false;
    candidates->asked_count = 0;
}

void candidates_prefer(struct candidates *candidates, const struct endpoint *endpoint)
{
    candidates->preferred = endpoint == NULL ? (struct endpoint){0} : *endpoint;
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

static bool resolve_seed(const struct address *seed, struct endpoint *endpoint)
{
    enum address_result result = address_resolve(seed, endpoint);

    if (result != ADDRESS_OK) {
        char text[sizeof *seed];
        log_warn("seed cannot be resolved", "seed=%s error=%s",
                 address_print(seed, text, sizeof text), address_result_text(result));
    }
    return result == ADDRESS_OK;
}

/* The place that belongs to a step; false when there is none at the moment. */
static bool candidates_at(const struct candidates *candidates, uint32_t step,
                          struct endpoint *endpoint)
{
    uint32_t nodes = candidates_nodes(candidates);

    if (step == 0) {
        *endpoint = candidates->preferred;
        return endpoint->size != 0;
    }
    if (step <= nodes) {
        uint32_t number = (candidates->start + step - 1) % candidates->topology->node_count;
        *endpoint = candidates->topology->nodes[number].endpoint;
        return endpoint->size != 0;
    }
    return resolve_seed(&candidates->seeds->items[step - 1 - nodes], endpoint);
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

bool candidates_next(struct candidates *candidates, struct endpoint *endpoint)
{
    uint32_t nodes = candidates_nodes(candidates);
    uint32_t places = 1 + nodes + (uint32_t)candidates->seeds->count;

    while (candidates->step < places * (candidates->has_skipped ? 2 : 1)) {
        uint32_t step = candidates->step++;
        if (candidates_at(candidates, step % places, endpoint) &&
            candidates_may_ask(candidates, endpoint, step >= places)) {
            candidates_remember(candidates, endpoint);
            return true;
        }
    }
    /* Nobody answered: the next round begins with nodes that this one did not reach. */
    candidates->start += nodes;
    return false;
}
