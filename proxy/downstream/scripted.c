#include "proxy/downstream/scripted.h"

#include "proxy/routing/evalsha.h"

/* A node that finds the number of keys wrong does not look at the body. */
static bool is_sound(struct clients *clients, const struct command *command,
                     const struct route *route)
{
    return route->kind == ROUTE_SLOT ||
           keys_find(command, &clients->arguments, &clients->keys) == KEYS_NONE;
}

void scripted_begin(struct client *client, struct request *request, const struct route *route)
{
    struct script_view *view = client->clients->dispatcher->scripts;
    const struct arguments *arguments = &client->clients->arguments;
    struct sha1 sha1;

    if (view == NULL || !is_sound(client->clients, request->command, route)) {
        return;
    }
    if (command_is_by_body(request->command)) {
        request->script = script_view_see(view, arguments->items[1]);
    } else if (command_is_by_sha1(request->command) && sha1_read(arguments->items[1], &sha1)) {
        request->script = script_view_find(view, &sha1);
    }
}
