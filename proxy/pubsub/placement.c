#include "proxy/pubsub/placement.h"

const struct node *placement_home(const struct topology *topology, uint16_t slot)
{
    if (topology == NULL) {
        return NULL;
    }

    uint16_t index = topology->primary_of_slot[slot];

    return index == NODE_NONE ? NULL : &topology->nodes[index];
}

static bool placement_has_address(const struct feed *feed, const struct node *node)
{
    return feed->endpoint.size == node->endpoint.size &&
           memcmp(&feed->endpoint.storage, &node->endpoint.storage, feed->endpoint.size) == 0;
}

struct feed *placement_feed(const struct list *feeds, const struct node *node)
{
    LIST_EACH (link, feeds) {
        struct feed *feed = container_of(link, struct feed, in_carrier);

        if (strcmp(feed->id, node->id) == 0 && placement_has_address(feed, node)) {
            return feed;
        }
    }
    return NULL;
}

static const struct node *placement_find(const struct topology *topology, const char *id)
{
    uint16_t index = topology == NULL || id[0] == '\0' ? NODE_NONE : topology_find_id(topology, id);

    return index == NODE_NONE ? NULL : &topology->nodes[index];
}

const struct node *placement_primary(const struct topology *topology, const char *id)
{
    const struct node *node = placement_find(topology, id);

    return node != NULL && node->role == NODE_PRIMARY ? node : NULL;
}

const struct node *placement_heard(const struct topology *topology, const struct list *feeds,
                                   const char *id)
{
    const struct node *node = placement_find(topology, id);
    const struct feed *feed = node == NULL ? NULL : placement_feed(feeds, node);

    return feed != NULL && feed->state == FEED_READY ? node : NULL;
}

bool placement_accepts(const struct list *feeds, const struct node *node)
{
    const struct feed *feed = placement_feed(feeds, node);

    return node->endpoint.size > 0 && (feed == NULL || feed_accepts(feed));
}

static const struct node *placement_last(const struct topology *topology, const struct list *feeds,
                                         const struct placement *wanted)
{
    const struct node *last = placement_primary(topology, wanted->last);

    if (last != NULL) {
        return placement_accepts(feeds, last) ? last : NULL;
    }
    return wanted->stays ? placement_heard(topology, feeds, wanted->last) : NULL;
}

const struct node *placement_choose(const struct topology *topology, const struct list *feeds,
                                    const struct placement *wanted)
{
    const struct node *last = placement_last(topology, feeds, wanted);
    const struct node *home = placement_home(topology, wanted->slot);

    if (last != NULL) {
        return last;
    }
    if (home != NULL && placement_accepts(feeds, home)) {
        return home;
    }
    if (topology == NULL || topology->nodes == NULL || wanted->is_bound) {
        return NULL;
    }
    for (uint32_t i = 0; i < topology->node_count; i++) {
        uint32_t at = (wanted->slot + i) % topology->node_count;
        const struct node *node = &topology->nodes[at];

        if (node->role == NODE_PRIMARY && placement_accepts(feeds, node)) {
            return node;
        }
    }
    return NULL;
}

bool placement_feed_fits(const struct topology *topology, const struct feed *feed)
{
    uint16_t index = topology_find_id(topology, feed->id);

    return index != NODE_NONE && (topology->nodes[index].endpoint.size == 0 ||
                                  placement_has_address(feed, &topology->nodes[index]));
}
