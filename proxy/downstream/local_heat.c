/* PROXY HOTKEYS, BIGKEYS and HOTSLOTS: where the load of the client's pool is, as samples tell. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/local_call.h"
#include "proxy/downstream/node_view.h"

enum { COUNT_DEFAULT = 10, COUNT_MAX = 1000, VIEW_PAIRS = 3, KEY_PAIRS = 7, SLOT_PAIRS = 3 };

/* Refuses the call and returns false when its last word is no number. */
static bool call_parse_most(const struct local_call *call, size_t *most)
{
    int64_t number = COUNT_DEFAULT;

    if (call_count(call) > 3) {
        call_bad_arity(call);
        return false;
    }
    if (call_count(call) == 3 &&
        (!span_to_int64(call_word(call, 2), &number) || number < 1 || number > COUNT_MAX)) {
        call_error(call, "ERR count should be between 1 and %d", COUNT_MAX);
        return false;
    }
    *most = (size_t)number;
    return true;
}

static struct heat_view *read_heat(const struct local_call *call, size_t most)
{
    const struct house *house = call->client->clients->house;

    return heat_read(house->heats, house->worker_count, clock_now(), most);
}

static void write_integer_pair(struct sendq *to, const char *name, uint64_t number)
{
    resp_write_text(to, name);
    resp_write_integer(to, (int64_t)number);
}

static void write_text_pair(struct sendq *to, const char *name, const char *text)
{
    resp_write_text(to, name);
    if (text == NULL) {
        resp_write_null(to);
    } else {
        resp_write_text(to, text);
    }
}

static void write_node_pair(const struct local_call *call, uint16_t slot, struct sendq *to)
{
    const struct pool *pool = node_view_owner(call->client, slot);

    write_text_pair(to, "address", pool == NULL ? NULL : pool->name);
}

/* Its name only as long as it may be told, whenever it was noted. */
static void write_key_pairs(const struct local_call *call, uint64_t hash, uint16_t slot,
                            const struct key_text *text, struct sendq *to)
{
    resp_write_text(to, "key");
    if (call->client->clients->config->metrics_keys && text->size > 0) {
        resp_write_bulk(to, key_text_shown(text));
    } else {
        resp_write_null(to);
    }
    resp_write_text(to, "hash");
    resp_write_format(to, "%016" PRIx64, hash);
    write_integer_pair(to, "slot", slot);
    write_node_pair(call, slot, to);
}

static struct sendq *begin(const struct local_call *call, const struct heat_view *view,
                           const char *list, size_t count)
{
    struct sendq *to = call_begin(call);

    resp_write_map(to, VIEW_PAIRS);
    write_integer_pair(to, "seconds", view->since_us / US_PER_SECOND);
    write_integer_pair(to, "requests", view->requests);
    resp_write_text(to, list);
    resp_write_array(to, count);
    return to;
}

void local_proxy_hotkeys(const struct local_call *call)
{
    size_t most;

    if (!call_parse_most(call, &most)) {
        return;
    }

    struct heat_view *view = read_heat(call, most);
    struct sendq *to = begin(call, view, "keys", view->key_count);

    for (size_t i = 0; i < view->key_count; i++) {
        const struct top_key *key = &view->keys[i].key;

        resp_write_map(to, KEY_PAIRS);
        write_key_pairs(call, view->keys[i].hash, key->slot, &key->text, to);
        write_integer_pair(to, "requests", key->count);
        write_integer_pair(to, "error", key->error);
        write_integer_pair(to, "writes", key->writes);
    }
    call_end(call);
    heat_view_free(&view);
}

void local_proxy_bigkeys(const struct local_call *call)
{
    size_t most;

    if (!call_parse_most(call, &most)) {
        return;
    }

    struct heat_view *view = read_heat(call, most);
    struct sendq *to = begin(call, view, "keys", view->big_key_count);

    for (size_t i = 0; i < view->big_key_count; i++) {
        const struct big_key *key = &view->big_keys[i];

        resp_write_map(to, KEY_PAIRS);
        write_key_pairs(call, key->hash, key->slot, &key->text, to);
        write_integer_pair(to, "bytes", key->bytes);
        write_text_pair(to, "what", key->is_reply ? "reply" : "request");
        write_text_pair(to, "command", key->command);
    }
    call_end(call);
    heat_view_free(&view);
}

struct hot_slot {
    uint64_t requests;
    uint16_t slot;
};

static int compare_slots(const void *a, const void *b)
{
    const struct hot_slot *one = a;
    const struct hot_slot *other = b;

    if (one->requests != other->requests) {
        return one->requests > other->requests ? -1 : 1;
    }
    return one->slot - other->slot;
}

/* Those that were asked for at all, the hottest first. The caller frees them. */
static struct hot_slot *rank_slots(const struct heat_view *view, size_t *count)
{
    struct hot_slot *slots = memory_new(HEAT_SLOTS, sizeof *slots);

    *count = 0;
    for (size_t slot = 0; slot < HEAT_SLOTS; slot++) {
        if (view->slots[slot] > 0) {
            slots[(*count)++] = (struct hot_slot){view->slots[slot], (uint16_t)slot};
        }
    }
    qsort(slots, *count, sizeof *slots, compare_slots);
    return slots;
}

void local_proxy_hotslots(const struct local_call *call)
{
    size_t most;
    size_t count;

    if (!call_parse_most(call, &most)) {
        return;
    }

    struct heat_view *view = read_heat(call, 0);
    struct hot_slot *slots = rank_slots(view, &count);
    size_t shown = size_min(count, most);
    struct sendq *to = begin(call, view, "slots", shown);

    for (size_t i = 0; i < shown; i++) {
        resp_write_map(to, SLOT_PAIRS);
        write_integer_pair(to, "slot", slots[i].slot);
        write_node_pair(call, slots[i].slot, to);
        write_integer_pair(to, "requests", slots[i].requests);
    }
    call_end(call);
    free(slots);
    heat_view_free(&view);
}
