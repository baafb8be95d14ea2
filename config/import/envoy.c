#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "config/import/importers.h"

#define PROTOCOL_OPTIONS "typed_extension_protocol_options/envoy.filters.network.redis_proxy"

static const struct target_reason reasons[] = {
    {"@type", NULL},
    {"name", NULL},
    {"stat_prefix", NULL},
    {"cluster_name", NULL},
    {"dns_lookup_family", "a node's name may stand for addresses of both kinds"},
    {"lb_policy", NULL},
    {"enable_redirection", NULL},
    {"enable_command_stats", "always on: metrics, INFO commandstats"},
    {"latency_in_micros", NULL},
    {"enable_hashtagging", NULL},
    {"max_buffer_size_before_flush", "what one turn of the loop gives is written at once"},
    {"buffer_flush_timeout", "what one turn of the loop gives is written at once"},
    {"max_upstream_unknown_connections", "nodes that redirections name are found by discovery"},
    {"read_policy", "reads go to primaries, so that a client reads what it has written"},
    {"dns_cache_config", "names of nodes are resolved when a connection is made"},
    {"routes", "keys are not routed by their prefix: a pool has one cluster"},
    {"request_mirror_policy", "requests are not mirrored"},
    {"faults", "no faults are injected"},
    {"custom_commands", "commands that the cluster has are learned from it"},
    {"external_auth_provider", "users are those of the configuration"},
    {"redirect_refresh_threshold", "the first redirection asks for the slots"},
    {"failure_refresh_threshold", "the first failure asks for the slots"},
    {"host_degraded_refresh_threshold", "the first failure asks for the slots"},
    {"transport_socket", "TLS is to be set by hand: tls of a pool, backend.tls towards the nodes"},
    {"health_checks", "a node's silence is noticed: backend.silent_after"},
    {"outlier_detection", "a node's silence is noticed: backend.silent_after"},
    {NULL, NULL},
};

/* Durations in Envoy are seconds with decimals, as in "0.25s". */
static void take_duration(struct target *target, struct tree *tree, size_t at, enum option_id id)
{
    const char *value = at == TREE_NONE ? NULL : tree->nodes[at].value;
    char *end = NULL;

    if (value == NULL) {
        return;
    }
    double seconds = strtod(value, &end);
    if (end == value || strcmp(end, "s") != 0 || !(seconds >= 0 && seconds < 1e9)) {
        target_set(target, id, &tree->nodes[at], value);
        return;
    }
    char *text = memory_print("%.0fus", seconds * 1e6);
    target_set(target, id, &tree->nodes[at], text);
    free(text);
}

/* The address below `at`, or NULL; to be freed. */
static char *address_at(struct tree *tree, size_t at)
{
    const char *host = tree_value(tree, at, "address/socket_address/address");
    const char *port = tree_value(tree, at, "address/socket_address/port_value");
    const char *path = tree_value(tree, at, "address/pipe/path");

    tree_find(tree, at, "address/socket_address/protocol");
    if (path != NULL) {
        return memory_print("unix:%s", path);
    }
    return host == NULL || port == NULL ? NULL : import_address(host, port);
}

/* A secret in one of Envoy's three places. */
struct secret {
    const char *path; /* of the source of data */
    enum option_id text;
    enum option_id file;
    const char *variable; /* that slotway reads for it */
};

static void take_secret(struct target *target, struct tree *tree, size_t parent,
                        const struct secret *secret)
{
    size_t at = tree_find(tree, parent, secret->path);

    if (at == TREE_NONE) {
        return;
    }
    size_t variable = tree_find(tree, at, "environment_variable");
    if (variable != TREE_NONE && tree->nodes[variable].value != NULL) {
        target_note(target, &tree->nodes[variable], "%s: slotway reads the secret from %s, not %s",
                    secret->path, secret->variable, tree->nodes[variable].value);
    }
    target_take(target, tree, at,
                (const struct target_rule[]){{"inline_string", secret->text, "", ""},
                                             {"filename", secret->file, "", ""},
                                             {NULL, OPTION_ID_COUNT, NULL, NULL}});
}

static void take_endpoints(struct target *target, struct tree *tree, size_t group)
{
    size_t list = tree_find(tree, group, "lb_endpoints");

    for (size_t at = list == TREE_NONE ? TREE_NONE : tree_first(tree, list); at != TREE_NONE;
         at = tree_next(tree, at)) {
        size_t endpoint = tree_find(tree, at, "endpoint");
        char *address = endpoint == TREE_NONE ? NULL : address_at(tree, endpoint);

        tree->nodes[at].is_seen = true;
        if (address != NULL) {
            target_append(target, OPTION_ID_seeds, &tree->nodes[at], address);
        }
        free(address);
    }
}

static void take_seeds(struct target *target, struct tree *tree, size_t cluster)
{
    size_t list = tree_find(tree, cluster, "load_assignment/endpoints");

    for (size_t at = list == TREE_NONE ? TREE_NONE : tree_first(tree, list); at != TREE_NONE;
         at = tree_next(tree, at)) {
        tree->nodes[at].is_seen = true;
        take_endpoints(target, tree, at);
    }
}

static void take_cluster(struct target *target, struct tree *tree, size_t cluster)
{
    static const struct secret password = {"auth_password", OPTION_ID_backend_password,
                                           OPTION_ID_backend_password_file,
                                           "SLOTWAY_BACKEND_PASSWORD"};
    size_t options = tree_find(tree, cluster, PROTOCOL_OPTIONS);
    const char *type = tree_value(tree, cluster, "cluster_type/name");
    size_t settings = tree_find(tree, cluster, "cluster_type/typed_config");

    if (type == NULL || strcmp(type, "envoy.clusters.redis") != 0) {
        target_note(target, &tree->nodes[cluster],
                    "not of type envoy.clusters.redis: it must be a cluster, else its data is to "
                    "be moved into one");
    }
    take_seeds(target, tree, cluster);
    take_duration(target, tree, tree_find(tree, cluster, "connect_timeout"),
                  OPTION_ID_timeout_connect);
    if (settings != TREE_NONE) {
        take_duration(target, tree, tree_find(tree, settings, "cluster_refresh_rate"),
                      OPTION_ID_refresh);
        take_duration(target, tree, tree_find(tree, settings, "redirect_refresh_interval"),
                      OPTION_ID_refresh_min);
    }
    if (options != TREE_NONE) {
        take_secret(target, tree, options, &password);
        take_secret(target, tree, options,
                    &(struct secret){"auth_username", OPTION_ID_backend_username,
                                     OPTION_ID_backend_username, "SLOTWAY_BACKEND_USERNAME"});
    }
}

static size_t cluster_named(struct tree *tree, const char *name)
{
    size_t list = tree_find(tree, 0, "static_resources/clusters");

    for (size_t at = list == TREE_NONE ? TREE_NONE : tree_first(tree, list); at != TREE_NONE;
         at = tree_next(tree, at)) {
        const char *other = tree_value(tree, at, "name");
        if (other != NULL && strcmp(other, name) == 0) {
            tree->nodes[at].is_seen = true;
            return at;
        }
    }
    return TREE_NONE;
}

static void take_upstream(struct target *target, struct tree *tree, size_t filter)
{
    const char *name = tree_value(tree, filter, "prefix_routes/catch_all_route/cluster");
    size_t cluster = name == NULL ? TREE_NONE : cluster_named(tree, name);

    if (name == NULL) {
        target_note(target, &tree->nodes[filter],
                    "no catch_all_route: backend.seeds are to be set by hand");
    } else if (cluster == TREE_NONE) {
        target_note(target, &tree->nodes[filter],
                    "%.64s: is no static cluster: backend.seeds are to be set by hand", name);
    } else {
        take_cluster(target, tree, cluster);
    }
}

static void take_password(struct target *target, struct tree *tree, size_t filter)
{
    static const struct secret one = {"downstream_auth_password", OPTION_ID_clients_password,
                                      OPTION_ID_clients_password_file, "SLOTWAY_CLIENTS_PASSWORD"};
    size_t list = tree_find(tree, filter, "downstream_auth_passwords");

    take_secret(target, tree, filter, &one);
    take_secret(target, tree, filter,
                &(struct secret){"downstream_auth_username", OPTION_ID_clients_username,
                                 OPTION_ID_clients_username, "SLOTWAY_CLIENTS_USERNAME"});
    if (list != TREE_NONE) {
        size_t first = tree_first(tree, list);

        target_note(target, &tree->nodes[list],
                    "downstream_auth_passwords: the first is the clients' password");
        if (first != TREE_NONE) {
            target_take(
                target, tree, first,
                (const struct target_rule[]){{"inline_string", OPTION_ID_clients_password, "", ""},
                                             {"filename", OPTION_ID_clients_password_file, "", ""},
                                             {NULL, OPTION_ID_COUNT, NULL, NULL}});
        }
        tree_see(tree, list);
    }
}

static void take_filter(struct target *target, struct tree *tree, size_t listener, size_t filter)
{
    const char *name = tree_value(tree, filter, "stat_prefix");
    char *address = address_at(tree, listener);

    target_add_pool(target, &tree->nodes[listener]);
    if (name != NULL) {
        target_set(target, OPTION_ID_name, &tree->nodes[listener], name);
    }
    if (address != NULL) {
        target_append(target, OPTION_ID_listen, &tree->nodes[listener], address);
    }
    take_duration(target, tree, tree_find(tree, filter, "settings/op_timeout"),
                  OPTION_ID_timeout_request);
    take_password(target, tree, filter);
    take_upstream(target, tree, filter);
    free(address);
}

/* One of the filters in a chain of the listener. */
static void look_at_filter(struct target *target, struct tree *tree, size_t listener, size_t at)
{
    const char *name = tree_value(tree, at, "name");

    if (name == NULL || strstr(name, "redis_proxy") == NULL) {
        return;
    }
    size_t settings = tree_find(tree, at, "typed_config");
    settings = settings == TREE_NONE ? tree_find(tree, at, "config") : settings;
    if (settings != TREE_NONE) {
        tree->nodes[at].is_seen = true;
        take_filter(target, tree, listener, settings);
    }
}

static void look_at_listener(struct target *target, struct tree *tree, size_t listener)
{
    size_t chains = tree_find(tree, listener, "filter_chains");

    for (size_t chain = chains == TREE_NONE ? TREE_NONE : tree_first(tree, chains);
         chain != TREE_NONE; chain = tree_next(tree, chain)) {
        size_t filters = tree_find(tree, chain, "filters");

        tree->nodes[chain].is_seen = true;
        for (size_t at = filters == TREE_NONE ? TREE_NONE : tree_first(tree, filters);
             at != TREE_NONE; at = tree_next(tree, at)) {
            look_at_filter(target, tree, listener, at);
        }
    }
}

static void take_admin(struct target *target, struct tree *tree)
{
    size_t at = tree_find(tree, 0, "admin");
    char *address = at == TREE_NONE ? NULL : address_at(tree, at);

    if (address != NULL) {
        target_append(target, OPTION_ID_admin_listen, &tree->nodes[at], address);
    }
    free(address);
}

bool import_envoy(struct tree *tree, struct target *target, struct config_errors *errors)
{
    size_t listeners = tree_find(tree, 0, "static_resources/listeners");

    for (size_t at = listeners == TREE_NONE ? TREE_NONE : tree_first(tree, listeners);
         at != TREE_NONE; at = tree_next(tree, at)) {
        tree->nodes[at].is_seen = true;
        look_at_listener(target, tree, at);
    }
    take_admin(target, tree);
    target_note_rest(target, tree, 0, reasons);
    if (target->draft.config->pool_count == 0) {
        config_errors_add(errors, tree->files[0],
                          "no static listener with a redis_proxy filter, expected one");
        return false;
    }
    return true;
}
