#include "proxy/pubsub/supply.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

struct supply *supply_new(const struct topic *topic, size_t worker_count)
{
    struct supply *supply =
        memory_new(1, sizeof *supply + (worker_count + 63) / 64 * sizeof supply->workers[0]);

    supply->topic = topic_keep(topic);
    supply->reach = topic_reach(topic);
    list_init(&supply->taps);
    list_init(&supply->joins);
    list_init(&supply->leaves);
    return supply;
}

void supply_free(struct supply **supply)
{
    struct supply *gone = *supply;

    *supply = NULL;
    CHECK(list_is_empty(&gone->taps) && list_is_empty(&gone->joins) &&
          list_is_empty(&gone->leaves));
    list_remove(&gone->in_wide);
    free((char *)gone->topic.name.at);
    free(gone);
}

struct tap *supply_tap_at(const struct supply *supply, const struct feed *feed)
{
    LIST_EACH (link, &supply->taps) {
        struct tap *tap = container_of(link, struct tap, in_supply);

        if (tap->feed == feed) {
            return tap;
        }
    }
    return NULL;
}

struct tap *supply_tap_for(const struct supply *supply, const char *node)
{
    LIST_EACH (link, &supply->taps) {
        struct tap *tap = container_of(link, struct tap, in_supply);

        if (strcmp(tap->node, node) == 0) {
            return tap;
        }
    }
    return NULL;
}

bool supply_has_tap(const struct supply *supply, enum tap_state state)
{
    LIST_EACH (link, &supply->taps) {
        if (container_of(link, struct tap, in_supply)->state == state) {
            return true;
        }
    }
    return false;
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
