#include "bench/nodes/picture.h"

#include "common/check.h"
#include "common/resp_write.h"

void picture_init(struct picture *picture, uint16_t node_count, uint16_t replicas,
                  uint16_t base_port)
{
    uint16_t primaries = (uint16_t)(node_count / (replicas + 1));

    CHECK(node_count > 0 && node_count <= PICTURE_NODES_MAX);
    CHECK(primaries * (replicas + 1) == node_count);
    *picture =
        (struct picture){.node_count = node_count, .base_port = base_port, .epoch = node_count};
    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        picture->owner_of_slot[slot] = (uint16_t)(slot * primaries / SLOT_COUNT);
    }
    for (uint16_t i = 0; i < node_count; i++) {
        picture->nodes[i].primary = i < primaries ? PICTURE_NOBODY : (uint16_t)(i % primaries);
    }
}

void picture_clear(struct picture *picture)
{
    block_release(&picture->slots);
}

static void picture_change(struct picture *picture)
{
    picture->epoch++;
    block_release(&picture->slots);
}

void picture_move(struct picture *picture, uint16_t first, uint16_t last, uint16_t node)
{
    CHECK(first <= last && last < SLOT_COUNT && node < picture->node_count);
    CHECK(picture->nodes[node].primary == PICTURE_NOBODY);
    for (uint16_t slot = first; slot <= last; slot++) {
        picture->owner_of_slot[slot] = node;
    }
    picture_change(picture);
}

static uint16_t first_replica(const struct picture *picture, uint16_t primary)
{
    for (uint16_t i = 0; i < picture->node_count; i++) {
        if (picture->nodes[i].primary == primary && !picture->nodes[i].has_failed) {
            return i;
        }
    }
    return PICTURE_NOBODY;
}

/* All that was `from`'s is `to`'s: slots, and replicas. */
static void picture_replace(struct picture *picture, uint16_t from, uint16_t to)
{
    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        if (picture->owner_of_slot[slot] == from) {
            picture->owner_of_slot[slot] = to;
        }
    }
    for (uint16_t i = 0; i < picture->node_count; i++) {
        if (picture->nodes[i].primary == from) {
            picture->nodes[i].primary = to;
        }
    }
}

void picture_fail(struct picture *picture, uint16_t node)
{
    CHECK(node < picture->node_count);
    picture->nodes[node].has_failed = true;
    if (picture->nodes[node].primary == PICTURE_NOBODY) {
        uint16_t heir = first_replica(picture, node);

        if (heir != PICTURE_NOBODY) {
            picture->nodes[heir].primary = PICTURE_NOBODY;
        }
        picture_replace(picture, node, heir);
    }
    picture_change(picture);
}

uint16_t picture_primaries(const struct picture *picture)
{
    uint16_t count = 0;

    for (uint16_t i = 0; i < picture->node_count; i++) {
        if (picture->nodes[i].primary == PICTURE_NOBODY && !picture->nodes[i].has_failed) {
            count++;
        }
    }
    return count;
}

void picture_tell_id(const struct picture *picture, uint16_t node, struct sendq *to)
{
    resp_write_format(to, "%08u%032u", picture->base_port, node + 1u);
}

static void tell_node(const struct picture *picture, uint16_t node, struct sendq *to)
{
    resp_write_array(to, 4);
    resp_write_text(to, "127.0.0.1");
    resp_write_integer(to, picture->base_port + node);
    picture_tell_id(picture, node, to);
    resp_write_array(to, 0);
}

static void tell_range(const struct picture *picture, uint16_t first, uint16_t last,
                       struct sendq *to)
{
    uint16_t owner = picture->owner_of_slot[first];
    size_t replicas = 0;

    for (uint16_t i = 0; i < picture->node_count; i++) {
        replicas += picture->nodes[i].primary == owner && !picture->nodes[i].has_failed;
    }
    resp_write_array(to, 3 + replicas);
    resp_write_integer(to, first);
    resp_write_integer(to, last);
    tell_node(picture, owner, to);
    for (uint16_t i = 0; i < picture->node_count; i++) {
        if (picture->nodes[i].primary == owner && !picture->nodes[i].has_failed) {
            tell_node(picture, i, to);
        }
    }
}

/* The last slot of the range that begins at `first`. */
static uint16_t range_end(const struct picture *picture, uint16_t first)
{
    uint16_t last = first;

    while (last + 1 < SLOT_COUNT &&
           picture->owner_of_slot[last + 1] == picture->owner_of_slot[first]) {
        last++;
    }
    return last;
}

static struct block *slots_reply(const struct picture *picture)
{
    struct sendq ranges;
    struct sendq reply;
    size_t count = 0;

    sendq_init(&ranges);
    sendq_init(&reply);
    for (uint32_t first = 0; first < SLOT_COUNT; first++) {
        uint16_t last = range_end(picture, (uint16_t)first);

        if (picture->owner_of_slot[first] != PICTURE_NOBODY) {
            tell_range(picture, (uint16_t)first, last, &ranges);
            count++;
        }
        first = last;
    }
    resp_write_array(&reply, count);
    sendq_move(&reply, &ranges);

    struct block *block = sendq_flatten(&reply);

    sendq_clear(&reply);
    return block;
}

void picture_tell_slots(struct picture *picture, struct sendq *to)
{
    if (picture->slots == NULL) {
        picture->slots = slots_reply(picture);
    }
    sendq_lend(to, picture->slots, (struct span){picture->slots->bytes, picture->slots->used});
}

void picture_tell_info(const struct picture *picture, struct sendq *to)
{
    resp_write_format(to,
                      "cluster_state:ok\r\ncluster_slots_assigned:%d\r\ncluster_known_nodes:%u\r\n"
                      "cluster_size:%u\r\ncluster_current_epoch:%llu\r\n",
                      SLOT_COUNT, picture->node_count, picture_primaries(picture),
                      (unsigned long long)picture->epoch);
}
