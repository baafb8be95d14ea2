#include "proxy/downstream/tracking.h"

#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"

static void on_stale(struct tracked *tracked, const struct span *keys, size_t count)
{
    struct client *client = tracked->owner;
    struct sendq push;

    sendq_init(&push);
    push.protocol = 3;
    resp_write_push(&push, 2);
    resp_write_text(&push, "invalidate");
    if (count == 0) {
        resp_write_null(&push);
    } else {
        resp_write_array(&push, count);
    }
    for (size_t i = 0; i < count; i++) {
        resp_write_bulk(&push, keys[i]);
    }
    client_push(client, &push);
}

void tracking_fit(struct client *client)
{
    struct tracking *tracking = client->tracking;
    bool is_tracked = tracking != NULL && client->session.protocol == 3;

    if (is_tracked && tracking->tracked == NULL) {
        tracking->tracked = tracked_new(client->clients->tracker);
        tracking->tracked->deliver = on_stale;
        tracking->tracked->owner = client;
    } else if (!is_tracked && tracking != NULL && tracking->tracked != NULL) {
        tracked_free(&tracking->tracked);
    }
    if (is_tracked) {
        tracking->tracked->is_noloop = tracking->options.is_noloop;
    }
    client->lane.tracked = is_tracked ? tracking->tracked : NULL;
    if (is_tracked) {
        lane_speak(&client->lane, DIALECT_RESP3_TRACKED);
    } else {
        lane_speak(&client->lane, client->session.protocol == 3 ? DIALECT_RESP3 : DIALECT_RESP2);
    }
}

void tracking_begin(struct client *client, const struct tracking_options *options)
{
    if (client->tracking == NULL) {
        client->tracking = memory_new(1, sizeof *client->tracking);
    }
    client->tracking->options = *options;
    tracking_fit(client);
}

void tracking_end(struct client *client)
{
    struct tracking *gone = client->tracking;

    if (gone == NULL) {
        return;
    }
    client->tracking = NULL;
    if (gone->tracked != NULL) {
        tracked_free(&gone->tracked);
    }
    free(gone);
    tracking_fit(client);
}

static bool is_uncached(const struct tracking *tracking)
{
    switch (tracking->options.choice) {
    case CHOICE_ALL: return false;
    case CHOICE_IN: return !tracking->has_chosen;
    case CHOICE_OUT: return tracking->has_chosen;
    }
    return false;
}

void tracking_mark(const struct client *client, struct request *request)
{
    const struct tracking *tracking = client->tracking;

    request->is_tracked = tracking->tracked != NULL;
    request->is_uncached = is_uncached(tracking);
}

/* Redis: the choice holds for one command or transaction, and outlasts other CLIENT commands. */
void tracking_go_on(struct client *client, const struct command *command)
{
    if (!client->session.queued.is_open &&
        (command == NULL || strncmp(command->name, "client ", 7) != 0)) {
        client->tracking->has_chosen = false;
    }
}
