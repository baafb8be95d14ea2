#include "tests/chaos/harvest.h"

#include "tests/chaos/chronicle.h"

/* A walk over the keys that one node has. */
struct walk {
    const struct view_node *node;
    redisContext *context;
    const struct history *histories;
    size_t count;
    struct contents *contents;
};

/* What is done to a key; false ends the walk. */
typedef bool visit_fn(struct walk *walk, size_t history, uint16_t key);

static bool ask(struct walk *walk, size_t history, uint16_t key)
{
    char name[KEY_NAME_SIZE];
    bool is_list = key_role_of(key) <= ROLE_LIST_B;

    key_name(&walk->histories[history], key, name);
    return redisAppendCommand(walk->context, is_list ? "LRANGE %s 0 -1" : "GET %s", name) ==
           REDIS_OK;
}

static void take_string(struct content *content, enum key_role role, struct span text)
{
    if (role == ROLE_COUNTER) {
        content_count(content, text);
    } else if (role == ROLE_TEXT) {
        content_add(content, text);
    } else {
        content_add_value(content, text);
    }
}

static void take(struct content *content, uint16_t key, const redisReply *reply)
{
    struct span text = {reply->str, reply->len};

    switch (reply->type) {
    case REDIS_REPLY_NIL: return;
    case REDIS_REPLY_STRING: take_string(content, key_role_of(key), text); return;
    case REDIS_REPLY_ARRAY:
        for (size_t i = 0; i < reply->elements; i++) {
            content_add(content, (struct span){reply->element[i]->str, reply->element[i]->len});
        }
        return;
    default: content->is_torn = true; return;
    }
}

static bool hear(struct walk *walk, size_t history, uint16_t key)
{
    void *reply = NULL;

    if (redisGetReply(walk->context, &reply) != REDIS_OK || reply == NULL) {
        return false;
    }
    const redisReply *answer = reply;
    bool well = answer->type != REDIS_REPLY_ERROR;
    if (well) {
        take(contents_of(walk->contents, history, key), key, reply);
    } else {
        chronicle_note("node %u, asked for what is there: %s", walk->node->port, answer->str);
    }
    freeReplyObject(reply);
    return well;
}

static bool visit_keys(struct walk *walk, visit_fn *visit)
{
    for (size_t i = 0; i < walk->count; i++) {
        uint16_t end = i == 0 ? KEYS : OWN_KEYS;
        for (uint16_t key = 0; key < end; key++) {
            uint16_t slot = key_slot(&walk->histories[i], key);
            if (view_has_slot(walk->node, slot) && !visit(walk, i, key)) {
                return false;
            }
        }
    }
    return true;
}

static bool harvest_node(struct walk *walk)
{
    walk->context = nodes_connect(walk->node->port);
    if (walk->context == NULL) {
        return false;
    }
    bool well = visit_keys(walk, ask) && visit_keys(walk, hear);
    redisFree(walk->context);
    return well;
}

bool harvest(const struct nodes *nodes, const struct history *histories, size_t count,
             struct contents *contents)
{
    struct view view;
    bool well = nodes_view(nodes, &view);

    contents_init(contents, count);
    for (int i = 0; well && i < view.count; i++) {
        struct walk walk = {&view.nodes[i], NULL, histories, count, contents};
        well = !view.nodes[i].is_primary || harvest_node(&walk);
    }
    return well;
}

bool harvest_clear_away(const struct nodes *nodes)
{
    struct view view;
    bool well = nodes_view(nodes, &view);

    for (int i = 0; well && i < view.count; i++) {
        if (view.nodes[i].is_primary) {
            well = nodes_answers(view.nodes[i].port, "OK", "FLUSHALL");
        }
    }
    return well;
}
