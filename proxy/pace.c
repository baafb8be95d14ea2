#include "proxy/pace.h"

void paces_clear(struct paces *paces)
{
    standing_free(&paces->last);
    standing_free(&paces->between);
    standing_free(&paces->before);
}

static bool is_old_enough(const struct standing *kept, const struct standing *now)
{
    return kept != NULL && now->at - kept->at >= PACE_LEAST_US;
}

/* Of several that are old enough the newest. */
static void step(struct paces *paces, const struct standing *now)
{
    if (paces->before == NULL || is_old_enough(paces->last, now)) {
        standing_free(&paces->before);
        standing_free(&paces->between);
        paces->before = paces->last;
    } else if (is_old_enough(paces->between, now)) {
        standing_free(&paces->before);
        paces->before = paces->between;
        paces->between = paces->last;
    } else if (paces->between == NULL) {
        paces->between = paces->last;
    } else {
        standing_free(&paces->last);
    }
    paces->last = NULL;
}

const struct standing *paces_keep(struct paces *paces, struct standing *standing)
{
    step(paces, standing);
    paces->last = standing;
    return standing;
}

struct node_pace paces_of(const struct paces *paces, size_t pool, size_t node)
{
    const struct standing *last = paces->last;
    const struct standing *before = paces->before;
    struct node_pace pace = {.is_known = false};

    if (before == NULL || pool >= before->pool_count || last->at == before->at ||
        last->at - before->at > PACE_MOST_US) {
        return pace;
    }

    const struct node_standing *now = &last->pools[pool].nodes[node];
    const struct node_standing *then = standing_find(&before->pools[pool], now);

    /* Fewer than before: a worker has not answered, or has made its connections anew. */
    if (then == NULL || now->sent_total < then->sent_total ||
        now->timed_total < then->timed_total) {
        return pace;
    }
    pace.is_known = true;
    pace.requests = (double)(now->sent_total - then->sent_total) * US_PER_SECOND /
                    (double)(last->at - before->at);
    pace.is_timed = now->timed_total > then->timed_total;
    if (pace.is_timed) {
        pace.latency_us = (double)(now->timed_us - then->timed_us) /
                          (double)(now->timed_total - then->timed_total);
    }
    return pace;
}
