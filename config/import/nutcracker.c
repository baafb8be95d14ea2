#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "config/import/importers.h"

static const struct target_rule rules[] = {
    {"timeout", OPTION_ID_timeout_request, "ms", "0"},
    {"timeout", OPTION_ID_timeout_connect, "ms", "0"},
    {"backlog", OPTION_ID_backlog, "", NULL},
    {"client_connections", OPTION_ID_clients_max, "", "0"},
    {"server_connections", OPTION_ID_backend_connections, "", NULL},
    {"redis_auth", OPTION_ID_clients_password, "", NULL},
    {"redis_auth", OPTION_ID_backend_password, "", NULL},
    {NULL, OPTION_ID_COUNT, NULL, NULL},
};

static const struct target_reason reasons[] = {
    {"hash", "a cluster places keys by CRC16 in 16,384 slots"},
    {"distribution", "a cluster gives each node a part of the slots"},
    {"preconnect", "slotway connects when it first needs a node"},
    {"auto_eject_hosts", "a key has one owner; its requests wait until a replica is promoted"},
    {"server_retry_timeout", "a node out of reach is tried again with pauses that grow"},
    {"server_failure_limit", "a node out of reach is noticed by its silence: backend.silent_after"},
    {"tcpkeepalive", NULL},
    {"reuseport", "one thread accepts for all workers"},
    {NULL, NULL},
};

/* "HOST:PORT:WEIGHT NAME". */
static void import_server(const struct tree_node *node, struct target *target)
{
    char *text = memory_copy(node->value, strcspn(node->value, " \t"));
    char *weight = strrchr(text, ':');

    if (text[0] == '/' || weight == NULL) {
        target_note(target, node, "%s: a node of a cluster has a host and a port", text);
    } else {
        if (strcmp(weight, ":1") != 0) {
            target_note(target, node, "%s: weight; a node's part is the slots that it has", text);
        }
        *weight = '\0';
        target_append(target, OPTION_ID_seeds, node, text);
    }
    free(text);
}

static void import_servers(struct tree *tree, size_t pool, struct target *target)
{
    size_t servers = tree_find(tree, pool, "servers");

    for (size_t at = tree_first(tree, servers); at != TREE_NONE; at = tree_next(tree, at)) {
        const struct tree_node *node = &tree->nodes[at];

        tree_see(tree, at);
        if (node->value != NULL) {
            import_server(node, target);
        }
    }
    target_note(target, &tree->nodes[servers],
                "servers: they must be nodes of one cluster; what is on servers that are none is "
                "to be moved into a cluster first");
}

/* "HOST:PORT", or "PATH MODE". */
static void import_listen(struct tree *tree, size_t pool, struct target *target)
{
    size_t at = tree_find(tree, pool, "listen");
    const struct tree_node *node = &tree->nodes[at];

    if (at == TREE_NONE || node->value == NULL) {
        return;
    }
    size_t size = strcspn(node->value, " \t");
    const char *mode = node->value + size + strspn(node->value + size, " \t");
    char *text =
        memory_print("%s%.*s", node->value[0] == '/' ? "unix:" : "", (int)size, node->value);

    target_append(target, OPTION_ID_listen, node, text);
    if (*mode != '\0') {
        target_set(target, OPTION_ID_socket_mode, node, mode);
    }
    free(text);
}

static void note_database(struct tree *tree, size_t pool, struct target *target)
{
    size_t at = tree_find(tree, pool, "redis_db");

    if (at != TREE_NONE && tree->nodes[at].value != NULL &&
        strcmp(tree->nodes[at].value, "0") != 0) {
        target_note(target, &tree->nodes[at], "redis_db: a cluster has database 0 only");
    }
}

static void note_tag(struct tree *tree, size_t pool, struct target *target)
{
    size_t at = tree_find(tree, pool, "hash_tag");

    if (at != TREE_NONE && tree->nodes[at].value != NULL &&
        strcmp(tree->nodes[at].value, "{}") != 0) {
        target_note(target, &tree->nodes[at],
                    "hash_tag: a cluster's is {}; keys with another one are spread over its nodes");
    }
}

static bool is_yes(const char *value)
{
    return value != NULL && (strcmp(value, "true") == 0 || strcmp(value, "yes") == 0);
}

static void import_pool(struct tree *tree, size_t pool, struct target *target)
{
    const struct tree_node *node = &tree->nodes[pool];

    tree->nodes[pool].is_seen = true;
    if (!is_yes(tree_value(tree, pool, "redis"))) {
        target_note(target, node, "%s: a pool of memcached servers (redis is not true)", node->key);
        tree_see(tree, pool);
        return;
    }
    target_add_pool(target, node);
    target_set(target, OPTION_ID_name, node, node->key);
    import_listen(tree, pool, target);
    import_servers(tree, pool, target);
    target_take(target, tree, pool, rules);
    note_database(tree, pool, target);
    note_tag(tree, pool, target);
}

bool import_nutcracker(struct tree *tree, struct target *target, struct config_errors *errors)
{
    for (size_t at = tree_first(tree, 0); at != TREE_NONE; at = tree_next(tree, at)) {
        import_pool(tree, at, target);
    }
    target_note_rest(target, tree, 0, reasons);
    if (target->draft.config->pool_count == 0) {
        config_errors_add(errors, tree->files[0],
                          "no pool of Redis servers, expected one with "
                          "'redis: true'");
        return false;
    }
    return true;
}
