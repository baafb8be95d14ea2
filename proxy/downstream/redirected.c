#include "proxy/downstream/redirected.h"

#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/roll.h"

/* On its way to the worker of the client that is to be told. */
struct redirected {
    struct message message;
    struct clients *clients;
    uint64_t id;
    size_t size;
    char *keys; /* an array, or a null, as RESP3 has it */
};

static void write_keys(struct sendq *to, const struct span *keys, size_t count)
{
    if (count == 0) {
        resp_write_null(to);
    } else {
        resp_write_array(to, count);
    }
    for (size_t i = 0; i < count; i++) {
        resp_write_bulk(to, keys[i]);
    }
}

void invalidation_write(struct sendq *to, const struct span *keys, size_t count)
{
    to->protocol = 3;
    resp_write_push(to, 2);
    resp_write_text(to, "invalidate");
    write_keys(to, keys, count);
}

static void redirected_tell(struct client *client, struct span keys)
{
    struct sendq push;

    sendq_init(&push);
    if (client->session.protocol == 3) {
        push.protocol = 3;
        resp_write_push(&push, 2);
        resp_write_text(&push, "invalidate");
    } else if (client_is_subscribed(client)) {
        resp_write_array(&push, 3);
        resp_write_text(&push, "message");
        resp_write_text(&push, "__redis__:invalidate");
    } else {
        return;
    }
    if (client->session.protocol == 2 && keys.at[0] == '_') {
        resp_write_null(&push);
    } else {
        sendq_append(&push, keys);
    }
    client_push(client, &push);
}

static void redirected_drop(struct message *message)
{
    struct redirected *gone = container_of(message, struct redirected, message);

    free(gone->keys);
    free(gone);
}

static void redirected_arrive(struct message *message)
{
    struct redirected *redirected = container_of(message, struct redirected, message);
    struct client *client =
        roll_client(redirected->clients->house->roll, redirected->clients, redirected->id);

    block_bill(redirected->clients->intake->account);
    if (client != NULL) {
        redirected_tell(client, (struct span){redirected->keys, redirected->size});
    }
    redirected_drop(message);
}

bool redirected_send(struct clients *clients, uint64_t id, const struct span *keys, size_t count)
{
    struct house *house = clients->house;
    struct sendq text;
    size_t worker;

    if (!roll_find(house->roll, id, &worker)) {
        return false;
    }

    struct redirected *redirected = memory_new(1, sizeof *redirected);

    redirected->message = (struct message){.deliver = redirected_arrive, .drop = redirected_drop};
    redirected->clients = house->clients[worker];
    redirected->id = id;
    sendq_init(&text);
    text.protocol = 3;
    write_keys(&text, keys, count);

    struct block *block = sendq_flatten(&text);

    redirected->size = block->used;
    redirected->keys = memory_copy(block->bytes, block->used);
    block_release(&block);
    sendq_clear(&text);
    mailbox_post(house->mailboxes[worker], &redirected->message);
    return true;
}
