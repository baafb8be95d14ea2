#include "proxy/downstream/scripted.h"

#include "proxy/routing/evalsha.h"
#include "proxy/routing/heal.h"

/* A node that finds the number of keys wrong does not look at the body. */
static bool is_sound(struct clients *clients, const struct command *command, bool has_slot)
{
    return has_slot || keys_find(command, &clients->arguments, &clients->keys) == KEYS_NONE;
}

/* What the nodes are to allow first is remembered when they have. */
static uint64_t body_number(struct clients *clients, struct script_view *view, struct span body)
{
    struct sha1 sha1;

    if (!clients->identities.is_on) {
        return script_view_see(view, body);
    }
    sha1 = sha1_of(body);
    return script_view_find(view, &sha1);
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
        return body_number(clients, view, clients->arguments.items[1]);
    }
    return command_is_by_sha1(command) && sha1_read(clients->arguments.items[1], &sha1)
               ? script_view_find(view, &sha1)
               : 0;
}

/* A node has run it, so the client may. What an error says of that is as good as a no. */
static void on_judged(struct request *request, struct block *block, struct span reply)
{
    struct client *client = request->owner;
    struct script_view *view = client->clients->dispatcher->scripts;
    bool is_error = request->reply.size == 0 && span_starts_with(reply, SPAN("-"));

    if (!is_error) {
        (void)script_view_see(view, evalsha_script(request->bytes));
    }
    client_on_done(request, block, reply);
}

void scripted_begin(struct client *client, struct request *request, const struct route *route)
{
    struct clients *clients = client->clients;

    request->script = script_number(clients, request->command, route->kind == ROUTE_SLOT);
    if (clients->identities.is_on && request->script == 0 && command_is_by_body(request->command) &&
        clients->dispatcher->scripts != NULL) {
        request->done = on_judged;
    }
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
