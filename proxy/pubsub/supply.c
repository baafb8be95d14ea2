#include "proxy/pubsub/supply.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

static const struct {
    const char *text;
    unsigned next;
} supply_states[] = {
#define TO(symbol)                 (1u << SUPPLY_##symbol)
#define STATE(symbol, name, after) {name, after},
    SUPPLY_STATES(STATE)
#undef STATE
#undef TO
};

struct supply *supply_new(const struct topic *topic, size_t worker_count)
{
    struct supply *supply =
        memory_new(1, sizeof *supply + (worker_count + 63) / 64 * sizeof supply->workers[0]);

    supply->topic = topic_keep(topic);
    supply->begin.kind = ASK_BEGIN;
    supply->end.kind = ASK_END;
    list_init(&supply->joins);
    list_init(&supply->leaves);
    return supply;
}

void supply_free(struct supply **supply)
{
    struct supply *gone = *supply;

    *supply = NULL;
    CHECK(gone->feed == NULL && list_is_empty(&gone->joins) && list_is_empty(&gone->leaves));
    list_remove(&gone->in_list);
    list_remove(&gone->begin.in_feed);
    list_remove(&gone->end.in_feed);
    free((char *)gone->topic.name.at);
    free(gone);
}

void supply_become(struct supply *supply, enum supply_state next)
{
    CHECK(supply_states[supply->state].next & (1u << next));
    supply->state = next;
}

void supply_set(struct supply *supply, size_t worker, bool is_wanted)
{
    if (supply_has(supply, worker) == is_wanted) {
        return;
    }
    supply->workers[worker / 64] ^= (uint64_t)1 << (worker % 64);
    supply->worker_count += is_wanted ? 1 : (uint32_t)-1;
}

void supply_answer(struct list *letters, enum letter_answer answer, struct span error)
{
    struct list_link *link;

    while ((link = list_take_first(letters)) != NULL) {
        struct letter *letter = container_of(link, struct letter, in_list);

        letter_answer(&letter, answer, error);
    }
}

void supply_forget_joins(struct supply *supply, size_t worker)
{
    LIST_EACH_SAFE (link, &supply->joins) {
        struct letter *letter = container_of(link, struct letter, in_list);

        if (letter->worker == worker) {
            list_remove(&letter->in_list);
            letter_free(&letter);
        }
    }
}
