#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "config/import/importers.h"

static const struct target_rule rules_of_process[] = {
    {"WorkerThreads", OPTION_ID_workers, "", NULL},
    {NULL, OPTION_ID_COUNT, NULL, NULL},
};

static const struct target_rule rules_of_pool[] = {
    {"Name", OPTION_ID_name, "", NULL},
    {"ClientTimeout", OPTION_ID_clients_idle, "s", "0"},
    {"SlowlogLogSlowerThan", OPTION_ID_slowlog_slower_than, "us", NULL},
    {"SlowlogMaxLen", OPTION_ID_slowlog_max_len, "", NULL},
    {NULL, OPTION_ID_COUNT, NULL, NULL},
};

static const struct target_rule rules_of_servers[] = {
    {"Password", OPTION_ID_backend_password, "", ""},
    {NULL, OPTION_ID_COUNT, NULL, NULL},
};

static const struct target_reason reasons[] = {
    {"BufSize", "buffers grow and shrink with what is in them"},
    {"MasterReadPriority", "reads go to primaries, so that a client reads what it has written"},
    {"StaticSlaveReadPriority", "reads go to primaries"},
    {"DynamicSlaveReadPriority", "reads go to primaries"},
    {"ServerFailureLimit", "a node out of reach is noticed by its silence: backend.silent_after"},
    {"ServerRetryTimeout", "a node out of reach is tried again with pauses that grow"},
    {"KeepAlive", NULL},
    {"Databases", "a cluster has database 0 only"},
    {"LatencyMonitor", "latencies are metrics on the admin address, and LATENCY and SLOWLOG"},
    {"DataCenter", "reads go to primaries wherever they are"},
    {"LocalDC", "reads go to primaries wherever they are"},
    {"SentinelServerPool", "servers that are no cluster; their data is to be moved into one"},
    {"StandaloneServerPool", "servers that are no cluster; their data is to be moved into one"},
    {"Log", "slotway writes to standard error; log.level and log.format"},
    {"LogRotate", "slotway writes to standard error"},
    {"AllowMissLog", NULL},
    {"LogVerbSample", NULL},
    {"LogDebugSample", NULL},
    {"LogInfoSample", NULL},
    {"LogNoticeSample", NULL},
    {"LogWarnSample", NULL},
    {"LogErrorSample", NULL},
    {NULL, NULL},
};

/* Numbers in predixy have units of their own: seconds without one, "ms", "us"; and K, M, G. */
static void take_duration(struct target *target, struct tree *tree, size_t at, enum option_id id)
{
    const char *value = at == TREE_NONE ? NULL : tree->nodes[at].value;

    if (value == NULL || strcmp(value, "0") == 0) {
        return;
    }
    size_t digits = strspn(value, "0123456789");
    char *text = memory_print("%s%s", value, value[digits] == '\0' ? "s" : "");
    target_set(target, id, &tree->nodes[at], text);
    free(text);
}

static void take_memory(struct target *target, struct tree *tree)
{
    size_t at = tree_find(tree, 0, "MaxMemory");
    const char *value = at == TREE_NONE ? NULL : tree->nodes[at].value;

    if (value == NULL) {
        return;
    }
    size_t digits = strspn(value, "0123456789");
    const char *unit = strchr("KMG", value[digits]) != NULL && value[digits] != '\0' ? "b" : "";
    char *text = memory_print("%s%s", value, unit);
    for (char *letter = text + digits; *letter != '\0'; letter++) {
        *letter = (char)(*letter | 0x20);
    }
    target_set(target, OPTION_ID_memory_limit, &tree->nodes[at], text);
    free(text);
}

static void take_bind(struct target *target, struct tree *tree)
{
    size_t at = tree_find(tree, 0, "Bind");
    const char *value = at == TREE_NONE ? NULL : tree->nodes[at].value;

    if (value == NULL) {
        target_append(target, OPTION_ID_listen, &tree->nodes[0], "0.0.0.0:7617");
        return;
    }
    char *text = memory_print("%s%s", value[0] == '/' ? "unix:" : "", value);
    target_append(target, OPTION_ID_listen, &tree->nodes[at], text);
    free(text);
}

static const char *mode_of(struct tree *tree, size_t auth)
{
    const char *mode = tree_value(tree, auth, "Mode");

    return mode == NULL ? "" : mode;
}

/* A password that may write, if there is one, is the clients'. */
static bool is_better(struct tree *tree, size_t auth, size_t best)
{
    const char *password = tree->nodes[auth].value;

    if (password == NULL || *password == '\0') {
        return false;
    }
    return best == TREE_NONE ||
           (strcmp(mode_of(tree, best), "write") != 0 && strcmp(mode_of(tree, auth), "write") == 0);
}

static void note_other(struct tree *tree, size_t auth, struct target *target)
{
    const struct tree_node *node = &tree->nodes[auth];
    bool is_open = node->value == NULL || *node->value == '\0';

    tree_see(tree, auth);
    target_note(target, node,
                is_open ? "Auth without a password, Mode %s: needs a user of its own"
                        : "Auth with another password, Mode %s: needs a user of its own",
                mode_of(tree, auth));
}

static void note_prefixes(struct tree *tree, size_t auth, struct target *target)
{
    for (size_t at = tree_first(tree, auth); at != TREE_NONE; at = tree_next(tree, at)) {
        if (strcmp(tree->nodes[at].key, "Mode") != 0) {
            target_note(target, &tree->nodes[at], "%.64s: needs a user of its own",
                        tree->nodes[at].key);
        }
    }
    tree_see(tree, auth);
}

/* predixy knows a client's rights by its password alone. */
static void take_authority(struct target *target, struct tree *tree)
{
    size_t authority = tree_find(tree, 0, "Authority");
    size_t best = TREE_NONE;

    if (authority == TREE_NONE) {
        return;
    }
    for (size_t at = tree_first(tree, authority); at != TREE_NONE; at = tree_next(tree, at)) {
        best = is_better(tree, at, best) ? at : best;
    }
    for (size_t at = tree_first(tree, authority); at != TREE_NONE; at = tree_next(tree, at)) {
        if (at != best) {
            note_other(tree, at, target);
        }
    }
    if (best != TREE_NONE) {
        target_set(target, OPTION_ID_clients_password, &tree->nodes[best], tree->nodes[best].value);
        if (strcmp(mode_of(tree, best), "admin") == 0) {
            target_set(target, OPTION_ID_clients_admin, &tree->nodes[best], "true");
        }
        note_prefixes(tree, best, target);
    }
}

static void take_servers(struct target *target, struct tree *tree, size_t pool)
{
    size_t servers = tree_find(tree, pool, "Servers");

    for (size_t at = servers == TREE_NONE ? TREE_NONE : tree_first(tree, servers); at != TREE_NONE;
         at = tree_next(tree, at)) {
        tree_see(tree, at);
        target_append(target, OPTION_ID_seeds, &tree->nodes[at], tree->nodes[at].value);
    }
    take_duration(target, tree, tree_find(tree, pool, "RefreshInterval"), OPTION_ID_refresh);
    take_duration(target, tree, tree_find(tree, pool, "ServerTimeout"), OPTION_ID_timeout_request);
    target_take(target, tree, pool, rules_of_servers);
}

bool import_predixy(struct tree *tree, struct target *target, struct config_errors *errors)
{
    size_t pool = tree_find(tree, 0, "ClusterServerPool");

    if (pool == TREE_NONE) {
        config_errors_add(errors, tree->nodes[0].file,
                          "no ClusterServerPool, expected servers that are a cluster");
        return false;
    }
    target_add_pool(target, &tree->nodes[pool]);
    target_take(target, tree, 0, rules_of_process);
    take_memory(target, tree);
    target_take(target, tree, 0, rules_of_pool);
    take_bind(target, tree);
    take_authority(target, tree);
    take_servers(target, tree, pool);
    target_note_rest(target, tree, 0, reasons);
    return true;
}
