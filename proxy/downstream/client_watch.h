/* client_watch.h - what a client's socket is watched for. Worker's thread only. */
#ifndef PROXY_DOWNSTREAM_CLIENT_WATCH_H
#define PROXY_DOWNSTREAM_CLIENT_WATCH_H

#include "proxy/downstream/client.h"

/* EV_READ, EV_WRITE, both or nothing. */
static inline int client_watched(const struct client *client)
{
    return ev_is_active(&client->watcher) ? client->watcher.events & (EV_READ | EV_WRITE) : 0;
}

/* From now on for `events` only. */
static inline void client_watch(struct client *client, int events)
{
    struct ev_loop *loop = client->clients->reactor->loop;

    if (events == client_watched(client)) {
        return;
    }
    ev_io_stop(loop, &client->watcher);
    if (events != 0) {
        ev_io_set(&client->watcher, client_fd(client), events);
        ev_io_start(loop, &client->watcher);
    }
}

/* For `event` too, or no longer. */
static inline void client_watch_for(struct client *client, int event)
{
    client_watch(client, client_watched(client) | event);
}

static inline void client_look_away(struct client *client, int event)
{
    client_watch(client, client_watched(client) & ~event);
}

#endif
