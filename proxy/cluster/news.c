#include "proxy/cluster/news.h"

#include <stdlib.h>

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
    free(text);
}
