#include "proxy/cluster/news.h"

#include <stdlib.h>

#include "common/events.h"
#include "common/log.h"
#include "common/memory.h"
#include "proxy/cluster/news_text.h"

static const char *primary_id(const struct topology *topology, uint32_t slot)
{
    uint16_t number = topology == NULL ? NODE_NONE : topology->primary_of_slot[slot];

    return number == NODE_NONE ? "" : topology->nodes[number].id;
}

bool slot_has_moved(const struct topology *before, const struct topology *after, uint32_t slot)
{
    return strcmp(primary_id(before, slot), primary_id(after, slot)) != 0;
}

struct difference difference_of(const struct topology *before, const struct topology *after)
{
    struct difference difference = {0};
    bool was_different = false;

    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        bool is_different = slot_has_moved(before, after, slot);
        difference.slots += is_different;
        difference.ranges += is_different && !was_different;
        was_different = is_different;
    }
    return difference;
}

unsigned count_primaries(const struct topology *topology)
{
    unsigned primaries = 0;

    for (uint16_t number = 0; number < topology->node_count; number++) {
        primaries += topology->nodes[number].role == NODE_PRIMARY;
    }
    return primaries;
}

/* The node that is primary of slots now, and was a replica before; NODE_NONE. */
static uint16_t successor_of(const struct topology *before, const struct topology *after)
{
    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        uint16_t now = after->primary_of_slot[slot];

        if (now == NODE_NONE || !slot_has_moved(before, after, slot)) {
            continue;
        }
        uint16_t then = topology_find_id(before, after->nodes[now].id);
        if (then != NODE_NONE && before->nodes[then].role == NODE_REPLICA) {
            return now;
        }
    }
    return NODE_NONE;
}

static void post_change(const char *pool, const struct topology *before,
                        const struct topology *after, const char *text)
{
    uint16_t successor = successor_of(before, after);
    char name[sizeof(struct address) + 16];

    if (after->slots_served < before->slots_served) {
        events_post(EVENT_UNSERVED, pool, NULL, "%u of %u slots have a primary; %s",
                    after->slots_served, SLOT_COUNT, text);
    } else if (successor != NODE_NONE) {
        address_print(&after->nodes[successor].address, name, sizeof name);
        events_post(EVENT_FAILOVER, pool, name, "%s", text);
    } else {
        bool has_moved = difference_of(before, after).slots > 0;

        events_post(has_moved ? EVENT_SLOTS : EVENT_TOPOLOGY, pool, NULL, "%s", text);
    }
}

static void post_news(const char *pool, const struct topology *before, const struct topology *after,
                      const char *text)
{
    unsigned primaries = count_primaries(after);

    if (before != NULL) {
        post_change(pool, before, after, text);
        return;
    }
    events_post(EVENT_TOPOLOGY, pool, NULL, "learned: %u primaries, %u replicas, %u slots served",
                primaries, after->node_count - primaries, after->slots_served);
}

void news_log(const char *pool, const struct topology *before, const struct topology *after)
{
    struct difference moved = difference_of(before, after);
    unsigned primaries = count_primaries(after);
    char *text = before == NULL ? memory_print("the first picture") : news_text(before, after);

    log_info(before == NULL ? "topology learned" : "topology changed",
             "pool=%s version=%llu epoch=%llu primaries=%u replicas=%u slots=%u moved_slots=%u "
             "moved_ranges=%u what=%s",
             pool, (unsigned long long)after->version, (unsigned long long)after->epoch, primaries,
             after->node_count - primaries, after->slots_served, moved.slots, moved.ranges, text);
    post_news(pool, before, after, text);
    free(text);
}
