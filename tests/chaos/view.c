#include "tests/chaos/view.h"

#include <stdio.h>
#include <stdlib.h>

static void add_slots(struct view_node *node, const char *word)
{
    unsigned from;
    unsigned to;
    int fields = sscanf(word, "%u-%u", &from, &to);

    /* "[93-<-id]" is a slot on its way, and belongs to whom it belonged. */
    if (word[0] == '[' || fields < 1) {
        return;
    }
    for (unsigned slot = from; slot <= (fields == 2 ? to : from) && slot < SLOT_COUNT; slot++) {
        node->slots[slot / 8] |= (uint8_t)(1u << slot % 8);
        node->slot_count++;
    }
}

/* "id ip:port@bus[,name] flags primary ping pong epoch link slot slot-slot ..." */
static bool parse_line(struct view_node *node, char *line)
{
    char address[128];
    char flags[128];
    int used = 0;

    *node = (struct view_node){0};
    if (sscanf(line, "%40s %127s %127s %40s %*s %*s %*s %*s%n", node->id, address, flags,
               node->primary, &used) < 4 ||
        used == 0) {
        return false;
    }
    const char *colon = strrchr(address, ':');
    node->port = colon == NULL ? 0 : (uint16_t)strtoul(colon + 1, NULL, 10);
    node->is_primary = strstr(flags, "master") != NULL;
    node->has_failed = strstr(flags, "fail") != NULL || strstr(flags, "noaddr") != NULL ||
                       strstr(flags, "handshake") != NULL;
    char *rest = line + used;
    for (char *word = strtok_r(rest, " ", &rest); word != NULL; word = strtok_r(rest, " ", &rest)) {
        add_slots(node, word);
    }
    return true;
}

bool view_parse(struct view *view, const char *text)
{
    char *copy = strdup(text);
    char *rest = copy;
    bool understood = copy != NULL;

    view->count = 0;
    for (char *line = strtok_r(rest, "\n", &rest); understood && line != NULL;
         line = strtok_r(rest, "\n", &rest)) {
        understood = view->count < VIEW_NODES_MAX && parse_line(&view->nodes[view->count], line);
        view->count++;
    }
    free(copy);
    return understood && view->count > 0;
}

const struct view_node *view_at(const struct view *view, uint16_t port)
{
    for (int i = 0; i < view->count; i++) {
        if (view->nodes[i].port == port) {
            return &view->nodes[i];
        }
    }
    return NULL;
}

const struct view_node *view_owner(const struct view *view, uint16_t slot)
{
    for (int i = 0; i < view->count; i++) {
        if (view->nodes[i].is_primary && view_has_slot(&view->nodes[i], slot)) {
            return &view->nodes[i];
        }
    }
    return NULL;
}

const struct view_node *view_replica_of(const struct view *view, const struct view_node *primary)
{
    for (int i = 0; i < view->count; i++) {
        const struct view_node *node = &view->nodes[i];
        if (!node->is_primary && !node->has_failed && strcmp(node->primary, primary->id) == 0) {
            return node;
        }
    }
    return NULL;
}
