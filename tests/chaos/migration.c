/* One slot with its keys from node to node, as slowly as it can be: a key at a time, so that
 * requests meet it half-way.
 */
#include "tests/chaos/chronicle.h"
#include "tests/chaos/nodes.h"
#include "tests/support/real_nodes.h"
#include "tests/support/wait.h"

/* Frees the reply; is it anything but an error? */
static bool accepted(redisReply *reply, const char *what)
{
    bool well = reply != NULL && reply->type != REDIS_REPLY_ERROR;

    if (!well) {
        chronicle_note("%s: %s", what, reply == NULL ? "no answer" : reply->str);
    }
    freeReplyObject(reply);
    return well;
}

static bool move_keys(redisContext *source, uint16_t slot, uint16_t to)
{
    for (;;) {
        redisReply *keys = redisCommand(source, "CLUSTER GETKEYSINSLOT %d 1", slot);
        if (keys == NULL || keys->type != REDIS_REPLY_ARRAY || keys->elements == 0) {
            bool well = keys != NULL && keys->type == REDIS_REPLY_ARRAY;
            freeReplyObject(keys);
            return well;
        }
        bool moved = accepted(redisCommand(source, "MIGRATE 127.0.0.1 %d %b 0 5000 AUTH %s", to,
                                           keys->element[0]->str, keys->element[0]->len,
                                           REAL_NODES_PASSWORD),
                              "MIGRATE");
        freeReplyObject(keys);
        if (!moved) {
            return false;
        }
        wait_a_moment();
    }
}

/* The new owner first, then the old one, then all others, as redis-cli does. */
static bool tell_owner(const struct nodes *nodes, uint16_t slot, const struct view_node *from,
                       const struct view_node *to)
{
    struct view view;

    if (!accepted(nodes_ask(to->port, "CLUSTER SETSLOT %d NODE %s", slot, to->id), "SETSLOT") ||
        !accepted(nodes_ask(from->port, "CLUSTER SETSLOT %d NODE %s", slot, to->id), "SETSLOT") ||
        !nodes_view(nodes, &view)) {
        return false;
    }
    for (int i = 0; i < view.count; i++) {
        const struct view_node *node = &view.nodes[i];
        if (node->is_primary && node->port != from->port && node->port != to->port) {
            accepted(nodes_ask(node->port, "CLUSTER SETSLOT %d NODE %s", slot, to->id), "SETSLOT");
        }
    }
    return true;
}

bool nodes_move_slot(const struct nodes *nodes, uint16_t slot, uint16_t from, uint16_t to)
{
    struct view view;

    if (!nodes_view(nodes, &view)) {
        return false;
    }
    const struct view_node *source = view_at(&view, from);
    const struct view_node *target = view_at(&view, to);
    redisContext *context = nodes_connect(from);
    bool moved =
        source != NULL && target != NULL && context != NULL &&
        accepted(nodes_ask(to, "CLUSTER SETSLOT %d IMPORTING %s", slot, source->id), "IMPORTING") &&
        accepted(nodes_ask(from, "CLUSTER SETSLOT %d MIGRATING %s", slot, target->id),
                 "MIGRATING") &&
        move_keys(context, slot, to) && tell_owner(nodes, slot, source, target);
    if (context != NULL) {
        redisFree(context);
    }
    return moved;
}
