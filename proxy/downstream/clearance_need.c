#include "proxy/downstream/clearance_need.h"

static bool credentials_of_auth(const struct arguments *arguments, struct span *word,
                                const struct span **name, struct span *password)
{
    *name = NULL;
    if (arguments->count == 2) {
        *password = arguments->items[1];
        return true;
    }
    if (arguments->count != 3) {
        return false;
    }
    *word = arguments->items[1];
    *name = word;
    *password = arguments->items[2];
    return true;
}

/* HELLO 3 SETNAME app AUTH alice secret: of several, the last ones. */
static bool credentials_of_hello(const struct arguments *arguments, struct span *word,
                                 const struct span **name, struct span *password)
{
    uint32_t i = 2;

    *name = NULL;
    while (i + 1 < arguments->count) {
        bool is_auth = span_equal_nocase(arguments->items[i], SPAN("auth"));

        if (is_auth && i + 2 >= arguments->count) {
            return false;
        }
        if (is_auth) {
            *word = arguments->items[i + 1];
            *name = word;
            *password = arguments->items[i + 2];
        }
        i += is_auth ? 3 : 2;
    }
    return *name != NULL;
}

bool clearance_credentials(const struct command *command, const struct arguments *arguments,
                           struct span *word, const struct span **name, struct span *password)
{
    switch (command->id) {
    case COMMAND_ID_AUTH: return credentials_of_auth(arguments, word, name, password);
    case COMMAND_ID_HELLO: return credentials_of_hello(arguments, word, name, password);
    default: return false;
    }
}

/* What a node would tell about its own connection, or what is nobody's secret. */
static bool is_harmless(enum command_id id)
{
    switch (id) {
    case COMMAND_ID_ACL_CAT:
    case COMMAND_ID_ACL_GENPASS:
    case COMMAND_ID_ACL_HELP:
    case COMMAND_ID_ACL_WHOAMI:
    case COMMAND_ID_ASKING:
    case COMMAND_ID_CLIENT_CAPA:
    case COMMAND_ID_CLIENT_GETNAME:
    case COMMAND_ID_CLIENT_GETREDIR:
    case COMMAND_ID_CLIENT_HELP:
    case COMMAND_ID_CLIENT_ID:
    case COMMAND_ID_CLIENT_INFO:
    case COMMAND_ID_CLIENT_NO_EVICT:
    case COMMAND_ID_CLIENT_NO_TOUCH:
    case COMMAND_ID_CLIENT_REPLY:
    case COMMAND_ID_CLIENT_SETINFO:
    case COMMAND_ID_CLIENT_SETNAME:
    case COMMAND_ID_CLIENT_TRACKINGINFO:
    case COMMAND_ID_CLUSTER_INFO:
    case COMMAND_ID_CLUSTER_KEYSLOT:
    case COMMAND_ID_CLUSTER_MYID:
    case COMMAND_ID_CLUSTER_NODES:
    case COMMAND_ID_CLUSTER_SHARDS:
    case COMMAND_ID_CLUSTER_SLOTS:
    case COMMAND_ID_COMMAND:
    case COMMAND_ID_COMMAND_COUNT:
    case COMMAND_ID_COMMAND_GETKEYS:
    case COMMAND_ID_COMMAND_GETKEYSANDFLAGS:
    case COMMAND_ID_COMMAND_HELP:
    case COMMAND_ID_COMMAND_INFO:
    case COMMAND_ID_COMMAND_LIST:
    case COMMAND_ID_ECHO:
    case COMMAND_ID_HELLO:
    case COMMAND_ID_LOLWUT:
    case COMMAND_ID_MULTI:
    case COMMAND_ID_PING:
    case COMMAND_ID_PROXY_HELP:
    case COMMAND_ID_PUNSUBSCRIBE:
    case COMMAND_ID_READONLY:
    case COMMAND_ID_READWRITE:
    case COMMAND_ID_SELECT:
    case COMMAND_ID_SUNSUBSCRIBE:
    case COMMAND_ID_TIME:
    case COMMAND_ID_UNSUBSCRIBE: return true;
    default: return false;
    }
}

/* All that slotway does with these is to send them, as they are, as the client's user, or to end
 * what was sent so. */
static bool is_judged_by_a_node(enum command_id id)
{
    switch (id) {
    case COMMAND_ID_AUTH:
    case COMMAND_ID_CLUSTERSCAN:
    case COMMAND_ID_CLUSTER_COUNTKEYSINSLOT:
    case COMMAND_ID_CLUSTER_GETKEYSINSLOT:
    case COMMAND_ID_DISCARD:
    case COMMAND_ID_EXEC:
    case COMMAND_ID_PUBLISH:
    case COMMAND_ID_QUIT:
    case COMMAND_ID_RESET:
    case COMMAND_ID_SCRIPT_LOAD:
    case COMMAND_ID_SPUBLISH:
    case COMMAND_ID_UNWATCH:
    case COMMAND_ID_WATCH: return true;
    default: return false;
    }
}

static bool is_of_a_node(enum command_id id)
{
    switch (id) {
    case COMMAND_ID_ACL_DRYRUN:
    case COMMAND_ID_ACL_GETUSER:
    case COMMAND_ID_ACL_LIST:
    case COMMAND_ID_ACL_LOG:
    case COMMAND_ID_ACL_USERS: return true;
    default: return false;
    }
}

/* It would tell one user of what another may see, from then on, or the users are not slotway's to
 * change, or no node has such a command and so a right to it. */
static bool is_unavailable(enum command_id id)
{
    switch (id) {
    case COMMAND_ID_ACL_DELUSER:
    case COMMAND_ID_ACL_LOAD:
    case COMMAND_ID_ACL_SAVE:
    case COMMAND_ID_ACL_SETUSER:
    case COMMAND_ID_CLIENT_CACHING:
    case COMMAND_ID_CLIENT_TRACKING:
    case COMMAND_ID_MONITOR:
    case COMMAND_ID_PROXY_BIGKEYS:
    case COMMAND_ID_PROXY_DRAIN:
    case COMMAND_ID_PROXY_EXPLAIN:
    case COMMAND_ID_PROXY_HOTKEYS:
    case COMMAND_ID_PROXY_HOTSLOTS:
    case COMMAND_ID_PROXY_NODE:
    case COMMAND_ID_PROXY_PAUSE:
    case COMMAND_ID_PROXY_PAUSES:
    case COMMAND_ID_PROXY_RESUME:
    case COMMAND_ID_PROXY_STATS:
    case COMMAND_ID_PROXY_TOPOLOGY: return true;
    default: return false;
    }
}

enum clearance_need clearance_need_of(const struct command *command,
                                      const struct arguments *arguments, bool is_local)
{
    enum command_id id = command->id;
    const struct span *name;
    struct span word;
    struct span password;

    if (!is_local) {
        return NEED_NOTHING;
    }
    if (clearance_credentials(command, arguments, &word, &name, &password)) {
        return NEED_PROOF;
    }
    if (is_judged_by_a_node(id)) {
        return NEED_NOTHING;
    }
    if (is_of_a_node(id)) {
        return NEED_NODE;
    }
    if (is_unavailable(id)) {
        return NEED_ANOTHER_MODE;
    }
    return is_harmless(id) ? NEED_LOGIN : NEED_RIGHT;
}
