/* /events and /history: what has happened lately, in words and in numbers. */
#include <stdlib.h>

#include "common/events.h"
#include "common/memory.h"
#include "proxy/console.h"
#include "proxy/document.h"
#include "proxy/documents.h"
#include "proxy/server_parts.h"

static void add_event(struct json *json, const struct event *event)
{
    json_begin_object(json, NULL);
    json_add_number(json, "id", event->id);
    json_add_number(json, "change", event->change);
    json_add_number(json, "time_ms", event->first / US_PER_MS);
    json_add_number(json, "last_ms", event->last / US_PER_MS);
    json_add_number(json, "count", event->count);
    json_add_text(json, "kind", event_kind_name(event->kind));
    json_add_text(json, "mood", event_mood_name(event_mood(event->kind)));
    json_add_text(json, "pool", event->pool[0] == '\0' ? NULL : event->pool);
    json_add_text(json, "node", event->node[0] == '\0' ? NULL : event->node);
    json_add_text(json, "text", event->text);
    json_end_object(json);
}

/* "change" is what to ask for next time as `after`, to be told only what is new. */
void document_events(void *context UNUSED, const struct admin_request *request,
                     struct admin_answer *answer)
{
    uint64_t after = 0;
    uint64_t most = EVENTS_MAX;
    struct json json;

    if (!document_take_number(request, "after", &after, INT64_MAX, answer) ||
        !document_take_number(request, "limit", &most, EVENTS_MAX, answer)) {
        return;
    }

    struct event *events = memory_new(EVENTS_MAX, sizeof *events);
    uint64_t change = events_change();
    size_t count = events_copy(after, events, (size_t)most);

    json_init(&json);
    json_begin_object(&json, NULL);
    document_add_time(&json);
    json_add_number(&json, "change", change);
    json_begin_array(&json, "events");
    for (size_t i = 0; i < count; i++) {
        add_event(&json, &events[i]);
    }
    json_end_array(&json);
    json_end_object(&json);
    document_send(answer, &json);
    free(events);
}

void document_history(void *context, const struct admin_request *request,
                      struct admin_answer *answer)
{
    const struct server *server = context;
    const struct history *history = console_history(server->console);
    uint64_t most = HISTORY_SECONDS;
    struct json json;

    if (!document_take_number(request, "seconds", &most, HISTORY_SECONDS, answer)) {
        return;
    }
    json_init(&json);
    json_begin_object(&json, NULL);
    document_add_time(&json);
    json_add_number(&json, "second", history_seconds(history));
    json_begin_array(&json, "pools");
    for (size_t i = 0; i < server->config->pool_count; i++) {
        json_begin_object(&json, NULL);
        json_add_text(&json, "name", server->pools[i].name);
        history_write(history, i, (size_t)most, &json);
        json_end_object(&json);
    }
    json_end_array(&json);
    json_end_object(&json);
    document_send(answer, &json);
}
