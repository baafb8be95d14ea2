/* /hotkeys: the keys that were most asked for in the last 30 to 60 seconds, and the largest of the
 * last hour; /heat: requests by slot. All are estimates from samples, and keys go by their names
 * with metrics.keys only. */
#include <inttypes.h>

#include "common/clock.h"
#include "proxy/document.h"
#include "proxy/documents.h"
#include "proxy/server_parts.h"
#include "proxy/status_heat.h"

typedef void add_heat(struct json *json, const struct server_pool *pool,
                      const struct heat_view *view);

/* Its name only as long as it may be told, whenever it was noted. */
static void add_key(struct json *json, const struct server_pool *pool, uint64_t hash,
                    const struct key_text *text)
{
    json_add_print(json, "hash", "%016" PRIx64, hash);
    if (pool->view.config.metrics_keys && text->size > 0) {
        json_add_span(json, "key", key_text_shown(text));
        json_add_number(json, "key_bytes", text->size);
    }
}

static void add_hot_keys(struct json *json, const struct server_pool *pool,
                         const struct heat_view *view)
{
    json_begin_array(json, "keys");
    for (size_t i = 0; i < view->key_count; i++) {
        const struct top_key *key = &view->keys[i].key;

        json_begin_object(json, NULL);
        add_key(json, pool, view->keys[i].hash, &key->text);
        json_add_number(json, "slot", key->slot);
        json_add_number(json, "requests", key->count);
        json_add_number(json, "error", key->error);
        json_add_number(json, "writes", key->writes);
        json_end_object(json);
    }
    json_end_array(json);
}

static void add_big_keys(struct json *json, const struct server_pool *pool,
                         const struct heat_view *view)
{
    uint64_t now = clock_now();

    json_begin_array(json, "big_keys");
    for (size_t i = 0; i < view->big_key_count; i++) {
        const struct big_key *key = &view->big_keys[i];

        json_begin_object(json, NULL);
        add_key(json, pool, key->hash, &key->text);
        json_add_number(json, "slot", key->slot);
        json_add_number(json, "bytes", key->bytes);
        json_add_text(json, "what", key->is_reply ? "reply" : "request");
        json_add_text(json, "command", key->command);
        json_add_number(json, "seen_ms_ago",
                        now > key->seen_at ? (now - key->seen_at) / US_PER_MS : 0);
        json_end_object(json);
    }
    json_end_array(json);
}

static void add_keys(struct json *json, const struct server_pool *pool,
                     const struct heat_view *view)
{
    add_hot_keys(json, pool, view);
    add_big_keys(json, pool, view);
}

/* 16384 numbers. */
static void add_slots(struct json *json, const struct server_pool *pool UNUSED,
                      const struct heat_view *view)
{
    json_begin_array(json, "slots");
    for (size_t slot = 0; slot < HEAT_SLOTS; slot++) {
        json_add_number(json, NULL, view->slots[slot]);
    }
    json_end_array(json);
}

static void send_heat(const struct server *server, add_heat *add, struct admin_answer *answer)
{
    struct json json;

    json_init(&json);
    json_begin_object(&json, NULL);
    document_add_time(&json);
    json_begin_array(&json, "pools");
    for (size_t i = 0; i < server->config->pool_count; i++) {
        struct heat_view *view = status_read_heat(server, i);

        json_begin_object(&json, NULL);
        json_add_text(&json, "name", server->pools[i].name);
        json_add_number(&json, "covered_ms", view->since_us / US_PER_MS);
        json_add_number(&json, "requests", view->requests);
        add(&json, &server->pools[i], view);
        json_end_object(&json);
        heat_view_free(&view);
    }
    json_end_array(&json);
    json_end_object(&json);
    document_send(answer, &json);
}

void document_hotkeys(void *context, const struct admin_request *request UNUSED,
                      struct admin_answer *answer)
{
    send_heat(context, add_keys, answer);
}

void document_heat(void *context, const struct admin_request *request UNUSED,
                   struct admin_answer *answer)
{
    send_heat(context, add_slots, answer);
}
