#include "proxy/routing/join_slots.h"

#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"

enum direction { ASCENDING, DESCENDING };

struct order {
    struct span metric; /* empty: by slot */
    enum direction direction;
    size_t most;
};

struct entry {
    struct span element; /* the whole [slot {name number}]; empty: there is none */
    int64_t number;
    uint16_t slot;
    bool is_owners;
};

/* The nodes have found the words of the request to be right. */
static void read_order(const struct arguments *arguments, struct order *order)
{
    *order = (struct order){.direction = ASCENDING, .most = SLOT_COUNT};
    if (arguments->count < 4 || !span_equal_nocase(arguments->items[2], SPAN("ORDERBY"))) {
        return;
    }
    order->metric = arguments->items[3];
    order->direction = DESCENDING;
    for (uint32_t i = 4; i < arguments->count; i++) {
        struct span word = arguments->items[i];
        int64_t most;

        if (span_equal_nocase(word, SPAN("ASC"))) {
            order->direction = ASCENDING;
        } else if (span_to_int64(word, &most) && most >= 0 && most < SLOT_COUNT) {
            order->most = (size_t)most;
        }
    }
}

/* The number behind `name`, in any case, in names and numbers; false when it is not there. */
static bool find_number(struct span map, struct span name, int64_t *number)
{
    struct span taken;
    struct span found;
    int64_t pairs;
    size_t first;

    if (!reply_map_open(map, &pairs, &first)) {
        return false;
    }

    struct span rest = {map.at + first, map.size - first};

    while (reply_take(&rest, &taken) && reply_string(taken, &found) && reply_take(&rest, &taken)) {
        if (span_equal_nocase(found, name)) {
            return reply_integer(taken, number);
        }
    }
    return false;
}

static bool read_entry(struct span element, const struct order *order, struct entry *entry)
{
    int64_t count;
    int64_t slot;
    size_t first;
    struct span number;
    struct span map;

    if (!reply_array_open(element, &count, &first) || count != 2) {
        return false;
    }

    struct span rest = {element.at + first, element.size - first};

    if (!reply_take(&rest, &number) || !reply_integer(number, &slot) || slot < 0 ||
        slot >= SLOT_COUNT || !reply_take(&rest, &map)) {
        return false;
    }
    *entry = (struct entry){.element = element, .number = slot, .slot = (uint16_t)slot};
    return order->metric.size == 0 || find_number(map, order->metric, &entry->number);
}

/* Notes each slot of one part at its place in `entries`. */
static bool see_part(const struct fanout *fanout, const struct part *part,
                     const struct order *order, struct entry *entries)
{
    const struct slot_entry *slots = fanout->dispatcher->table.slots;
    struct span element;
    int64_t count;
    size_t first;

    if (!reply_array_open(part->reply, &count, &first)) {
        return false;
    }

    struct span rest = {part->reply.at + first, part->reply.size - first};

    while (count-- > 0) {
        struct entry entry;

        if (!reply_take(&rest, &element) || !read_entry(element, order, &entry)) {
            return false;
        }
        entry.is_owners = slots[entry.slot].owner == part->node;
        if (!entries[entry.slot].is_owners) {
            entries[entry.slot] = entry;
        }
    }
    return true;
}

static bool see_all(const struct fanout *fanout, const struct order *order, struct entry *entries)
{
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        if (!see_part(fanout, &fanout->parts[i], order, entries)) {
            return false;
        }
    }
    return true;
}

static int compare_slots(const struct entry *one, const struct entry *other)
{
    return (one->slot > other->slot) - (one->slot < other->slot);
}

static int compare_ascending(const void *a, const void *b)
{
    const struct entry *one = a;
    const struct entry *other = b;

    return one->number != other->number ? (one->number > other->number ? 1 : -1)
                                        : compare_slots(one, other);
}

static int compare_descending(const void *a, const void *b)
{
    const struct entry *one = a;
    const struct entry *other = b;

    return one->number != other->number ? (one->number < other->number ? 1 : -1)
                                        : compare_slots(one, other);
}

static void write_list(struct entry *entries, const struct order *order, struct sendq *to)
{
    size_t count = 0;

    for (size_t i = 0; i < SLOT_COUNT; i++) {
        if (entries[i].element.size > 0) {
            entries[count++] = entries[i];
        }
    }
    qsort(entries, count, sizeof *entries,
          order->direction == ASCENDING ? compare_ascending : compare_descending);
    count = size_min(count, order->most);
    resp_write_array(to, count);
    for (size_t i = 0; i < count; i++) {
        sendq_append(to, entries[i].element);
    }
}

bool join_slots(const struct fanout *fanout, struct sendq *to)
{
    struct arguments arguments = {0};
    struct entry *entries = memory_new(SLOT_COUNT, sizeof *entries);
    struct order order;
    bool is_read = request_read(fanout->parent, &arguments);

    CHECK(is_read);
    read_order(&arguments, &order);

    bool fits = see_all(fanout, &order, entries);

    if (fits) {
        write_list(entries, &order, to);
    }
    free(entries);
    arguments_clear(&arguments);
    return fits;
}
