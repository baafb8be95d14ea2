#include "proxy/downstream/tracking.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/prefixes.h"
#include "proxy/downstream/redirected.h"

/* Redis says so each time. */
static void tell_broken(struct client *client)
{
    struct sendq push;

    client_tracking(client)->is_broken = true;
    if (client->session.protocol != 3) {
        return;
    }
    sendq_init(&push);
    push.protocol = 3;
    resp_write_push(&push, 2);
    resp_write_text(&push, "tracking-redir-broken");
    resp_write_integer(&push, (int64_t)client_tracking(client)->options.redirect);
    client_push(client, &push);
}

static void on_stale(struct tracked *tracked, const struct span *keys, size_t count)
{
    struct client *client = tracked->owner;
    const struct tracking_options *options = &client_tracking(client)->options;
    struct sendq push;

    if (options->redirect != 0) {
        if (!redirected_send(client->clients, options->redirect, keys, count)) {
            tell_broken(client);
        }
        return;
    }
    if (client->session.protocol != 3) {
        return;
    }
    sendq_init(&push);
    invalidation_write(&push, keys, count);
    client_push(client, &push);
}

static void on_started(struct tracked *tracked)
{
    struct client *client = tracked->owner;
    struct request *request = client_tracking(client)->starting;

    client_tracking(client)->starting = NULL;
    if (request != NULL) {
        request_settle(request, NULL, SPAN("+OK\r\n"));
    }
}

static bool can_be_told(const struct client *client)
{
    const struct tracking *tracking = client_tracking(client);

    return tracking != NULL && (client->session.protocol == 3 || tracking->options.redirect != 0);
}

static enum tracked_kind kind_of(const struct client *client)
{
    if (client_tracking(client)->options.is_broadcast) {
        return TRACKED_BROADCAST;
    }
    return client->session.protocol == 3 ? TRACKED_READS : TRACKED_APART;
}

/* What it has read so far is told of no more, or in another way. */
static void fit_tracked(struct client *client)
{
    struct tracking *tracking = client_tracking(client);

    if (tracking->tracked != NULL &&
        (!can_be_told(client) || tracking->tracked->kind != kind_of(client))) {
        tracked_flush(tracking->tracked);
        tracked_free(&tracking->tracked);
    }
    tracking->has_lapsed = tracking->has_lapsed || !can_be_told(client);
    if (tracking->tracked == NULL && can_be_told(client)) {
        tracking->tracked = tracked_new(client->clients->tracker, kind_of(client));
        tracking->tracked->deliver = on_stale;
        tracking->tracked->started = on_started;
        tracking->tracked->owner = client;
        tracking->tracked->is_late = tracking->has_lapsed;
        tracking->has_lapsed = false;
    }
    if (tracking->tracked != NULL) {
        tracking->tracked->is_noloop = tracking->options.is_noloop;
        tracking->tracked->prefixes = tracking->prefixes;
        tracking->tracked->prefix_count = tracking->prefix_count;
    }
}

void tracking_fit(struct client *client)
{
    enum dialect dialect = client->session.protocol == 3 ? DIALECT_RESP3 : DIALECT_RESP2;
    struct tracked *tracked = NULL;

    if (client_tracking(client) != NULL) {
        fit_tracked(client);
        tracked = client_tracking(client)->tracked;
    }
    if (tracked != NULL && tracked->kind != TRACKED_BROADCAST) {
        client->lane.tracked = tracked;
        dialect = dialect_tracked(dialect);
    } else {
        client->lane.tracked = NULL;
    }
    lane_speak(&client->lane, dialect);
}

static void add_prefix(struct client *client, struct span prefix)
{
    struct tracking *tracking = client_tracking(client);

    tracking->prefixes[tracking->prefix_count++] =
        (struct span){memory_copy(prefix.at, prefix.size), prefix.size};
    tracking->prefix_bytes += prefix_bytes(prefix);
    block_charge(client->clients->intake->account, prefix_bytes(prefix));
}

/* None of them is there yet, but for the empty one, which may be said again. */
static void add_prefixes(struct client *client, const struct span *prefixes, size_t count)
{
    struct tracking *tracking = client_tracking(client);
    bool has_empty = tracking->prefix_count > 0 && tracking->prefixes[0].size == 0;

    if (count == 0) {
        return;
    }
    tracking->prefixes = memory_resize(tracking->prefixes, tracking->prefix_count + count,
                                       sizeof *tracking->prefixes);
    for (size_t i = 0; i < count; i++) {
        if (prefixes[i].size > 0 || !has_empty) {
            add_prefix(client, prefixes[i]);
        }
    }
    qsort(tracking->prefixes, tracking->prefix_count, sizeof *tracking->prefixes, prefix_compare);
}

void tracking_begin(struct client *client, const struct tracking_options *options,
                    const struct span *prefixes, size_t count)
{
    if (client_tracking(client) == NULL) {
        session_extras(&client->session)->tracking = memory_new(1, sizeof(struct tracking));
        client->session.is_tracking = true;
    }
    client_tracking(client)->options = *options;
    client_tracking(client)->is_broken = false;
    add_prefixes(client, prefixes, count);
    tracking_fit(client);
}

void tracking_end(struct client *client)
{
    struct tracking *gone = client_tracking(client);

    if (gone == NULL) {
        return;
    }
    client->session.extras->tracking = NULL;
    client->session.is_tracking = false;
    if (gone->tracked != NULL) {
        tracked_free(&gone->tracked);
    }
    for (size_t i = 0; i < gone->prefix_count; i++) {
        free((char *)gone->prefixes[i].at);
    }
    block_discharge(client->clients->intake->account, gone->prefix_bytes);
    free(gone->prefixes);
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
    request->is_tracked = client->lane.tracked != NULL;
    request->is_uncached = is_uncached(client_tracking(client));
}

/* Redis: the choice holds for one command or transaction, and outlasts other CLIENT commands. */
void tracking_go_on(struct client *client, const struct command *command)
{
    if (!client->session.is_in_multi &&
        (command == NULL || strncmp(command->name, "client ", 7) != 0)) {
        client_tracking(client)->has_chosen = false;
    }
}
