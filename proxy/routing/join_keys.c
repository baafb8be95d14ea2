#include "proxy/routing/join_keys.h"

#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"

struct listed {
    struct span element; /* the whole bulk string */
    uint16_t slot;
    bool is_foreign; /* on the list of a node that does not serve its slot */
};

struct join {
    const struct fanout *fanout;
    struct sendq *to;
    uint64_t slots[SLOT_COUNT / 64]; /* that have foreign keys */
    bool has_foreign;
    struct span *elements; /* of the keys of these slots, perhaps twice */
    size_t count;
    size_t capacity;
    size_t plain_count; /* of all others */
};

typedef void see_key(struct join *join, const struct listed *listed);

/* Returns false when it is no list of keys. */
static bool see_part(struct join *join, const struct part *part, see_key *see)
{
    const struct slot_entry *slots = join->fanout->dispatcher->table.slots;
    int64_t count;
    size_t at;

    if (!reply_array_open(part->reply, &count, &at)) {
        return false;
    }
    for (int64_t i = 0; i < count; i++) {
        struct reply_scan scan = {0};
        struct span rest = {part->reply.at + at, part->reply.size - at};
        struct span name;
        size_t used = 0;

        if (reply_scan_next(&scan, SIZE_MAX, rest, &used) != SCAN_DONE ||
            !reply_string((struct span){rest.at, used}, &name)) {
            return false;
        }

        uint16_t slot = slot_of(name);

        see(join, &(struct listed){{rest.at, used}, slot, slots[slot].owner != part->node});
        at += used;
    }
    return true;
}

static bool see_all(struct join *join, see_key *see)
{
    const struct fanout *fanout = join->fanout;

    for (uint32_t i = 0; i < fanout->part_count; i++) {
        if (!see_part(join, &fanout->parts[i], see)) {
            return false;
        }
    }
    return true;
}

static void mark_foreign(struct join *join, const struct listed *listed)
{
    if (unlikely(listed->is_foreign)) {
        join->slots[listed->slot / 64] |= UINT64_C(1) << (listed->slot % 64);
        join->has_foreign = true;
    }
}

static void collect(struct join *join, const struct listed *listed)
{
    if (likely(!slot_bit(join->slots, listed->slot))) {
        join->plain_count++;
        return;
    }
    if (join->count == join->capacity) {
        join->capacity = join->capacity == 0 ? 64 : 2 * join->capacity;
        join->elements = memory_resize(join->elements, join->capacity, sizeof *join->elements);
    }
    join->elements[join->count++] = listed->element;
}

static void write_plain(struct join *join, const struct listed *listed)
{
    if (likely(!slot_bit(join->slots, listed->slot))) {
        sendq_append(join->to, listed->element);
    }
}

static int compare(const void *left, const void *right)
{
    const struct span *a = left;
    const struct span *b = right;

    return a->size != b->size ? (a->size > b->size) - (a->size < b->size)
                              : memcmp(a->at, b->at, a->size);
}

static void drop_repeated(struct join *join)
{
    size_t kept = 0;

    if (join->elements == NULL) {
        return;
    }
    qsort(join->elements, join->count, sizeof *join->elements, compare);
    for (size_t i = 0; i < join->count; i++) {
        if (kept == 0 || compare(&join->elements[kept - 1], &join->elements[i]) != 0) {
            join->elements[kept++] = join->elements[i];
        }
    }
    join->count = kept;
}

static void write_list(struct join *join)
{
    drop_repeated(join);
    resp_write_array(join->to, join->plain_count + join->count);
    for (size_t i = 0; i < join->count; i++) {
        sendq_append(join->to, join->elements[i]);
    }
    see_all(join, write_plain);
}

bool join_keys(const struct fanout *fanout, struct sendq *to)
{
    struct join join = {.fanout = fanout, .to = to};

    if (!see_all(&join, mark_foreign) || !join.has_foreign) {
        return false;
    }
    see_all(&join, collect);
    write_list(&join);
    free(join.elements);
    return true;
}
