#include "proxy/downstream/scripted.h"

#include "proxy/routing/evalsha.h"
#include "proxy/routing/heal.h"

/* A node that finds the number of keys wrong does not look at the body. */
static bool is_sound(struct clients *clients, const struct command *command, bool has_slot)
{
    return has_slot || keys_find(command, &clients->arguments, &clients->keys) == KEYS_NONE;
}

/* Of the script of the request in hand, which is remembered from now on where that has its body; 0
 * when it is not. */
static uint64_t script_number(struct clients *clients, const struct command *command, bool has_slot)
{
    struct script_view *view = clients->dispatcher->scripts;
    struct sha1 sha1;

    if (view == NULL || !is_sound(clients, command, has_slot)) {
        return 0;
    }
    if (command_is_by_body(command)) {
        return script_view_see(view, clients->arguments.items[1]);
    }
    return command_is_by_sha1(command) && sha1_read(clients->arguments.items[1], &sha1)
               ? script_view_find(view, &sha1)
               : 0;
}

void scripted_begin(struct client *client, struct request *request, const struct route *route)
{
    request->script = script_number(client->clients, request->command, route->kind == ROUTE_SLOT);
}

struct block *scripted_queue(struct client *client, const struct queued_command *added)
{
    struct clients *clients = client->clients;
    uint64_t number = script_number(clients, added->command, added->slot != SLOT_NONE);

    if (number == 0 || !command_is_by_sha1(added->command)) {
        return NULL;
    }
    return heal_queued(client_dispatcher(client), added->command, added->slot, added->bytes,
                       number);
}
