/* command.h - what a command is: one row of commands.def each, looked up by name. Commands that
 * only the nodes know are rows of the same kind: command_table.h.
 *
 * The words are Redis's own (COMMAND INFO): arity, flags, key specs, request and response policy.
 * The class says what the proxy does with it. Immutable; any thread.
 */
#ifndef PROXY_COMMAND_COMMAND_H
#define PROXY_COMMAND_COMMAND_H

#include "common/check.h"
#include "common/resp_scan.h"
#include "proxy/command/command_names.h"

/* What the proxy does with a command. */
#define COMMAND_CLASSES(ROW)                                                                       \
    ROW(ONE_KEY, "forwarded to the node of its key")                                               \
    ROW(SAME_SLOT, "forwarded to the node of its keys, which must share a slot")                   \
    ROW(SPLIT, "split by slot, the answers merged in request order")                               \
    ROW(BROADCAST, "sent to every primary, the answers merged")                                    \
    ROW(ANY_NODE, "sent to one primary")                                                           \
    ROW(LOCAL, "answered by slotway itself")                                                       \
    ROW(SCRIPT, "forwarded to the node of its keys; without keys to one primary")                  \
    ROW(BLOCKING,                                                                                  \
        "forwarded to the node of its keys, which must share a slot, on a connection of its own")  \
    ROW(STREAM_READ, "split by slot; with BLOCK keys must share one, on a connection of its own")  \
    ROW(WAIT, "sent to the primaries that the client wrote to; the least of their answers counts") \
    ROW(TRANSACTION,                                                                               \
        "transactions: queued by slotway, sent in one piece to the node of their keys")            \
    ROW(PUBSUB, "subscriptions, held by slotway for its clients")                                  \
    ROW(ADMIN, "refused: administration of a node, which PROXY NODE is for")                       \
    ROW(INTERNAL, "refused: internal to a cluster's nodes, or impossible in a cluster")            \
    ROW(UNCLEAR, "refused: the nodes do not tell enough of it")                                    \
    ROW(CONTAINER, "has subcommands, each with a row of its own")

enum command_class {
#define ROW(symbol, text) COMMAND_CLASS_##symbol,
    COMMAND_CLASSES(ROW)
#undef ROW
};

/* Redis's command flags, by the names COMMAND INFO prints. */
#define COMMAND_FLAGS(ROW)                                                                         \
    ROW(WRITE, "write")                                                                            \
    ROW(READONLY, "readonly")                                                                      \
    ROW(DENYOOM, "denyoom")                                                                        \
    ROW(ADMIN, "admin")                                                                            \
    ROW(PUBSUB, "pubsub")                                                                          \
    ROW(NOSCRIPT, "noscript")                                                                      \
    ROW(BLOCKING, "blocking")                                                                      \
    ROW(LOADING, "loading")                                                                        \
    ROW(STALE, "stale")                                                                            \
    ROW(SKIP_MONITOR, "skip_monitor")                                                              \
    ROW(SKIP_SLOWLOG, "skip_slowlog")                                                              \
    ROW(ASKING, "asking")                                                                          \
    ROW(FAST, "fast")                                                                              \
    ROW(NO_AUTH, "no_auth")                                                                        \
    ROW(MOVABLEKEYS, "movablekeys")                                                                \
    ROW(NO_MULTI, "no_multi")                                                                      \
    ROW(ALLOW_BUSY, "allow_busy")                                                                  \
    ROW(NO_ASYNC_LOADING, "no_async_loading")                                                      \
    ROW(NO_MANDATORY_KEYS, "no_mandatory_keys")                                                    \
    ROW(SCRIPT_RUNNER, "script_runner")

enum command_flag_bit {
#define ROW(symbol, text) COMMAND_BIT_##symbol,
    COMMAND_FLAGS(ROW)
#undef ROW
};

enum command_flag {
#define ROW(symbol, text) COMMAND_##symbol = 1 << COMMAND_BIT_##symbol,
    COMMAND_FLAGS(ROW)
#undef ROW
};

/* Command tips that are no policy; they share the word of the flags. */
#define COMMAND_TIPS(ROW)                                                                          \
    ROW(NONDETERMINISTIC_OUTPUT, 24, "nondeterministic_output")                                    \
    ROW(NONDETERMINISTIC_OUTPUT_ORDER, 25, "nondeterministic_output_order")

enum command_tip {
#define ROW(symbol, bit, text) COMMAND_##symbol = 1 << (bit),
    COMMAND_TIPS(ROW)
#undef ROW
};

/* Who must see it, from the command tips; the default has no tip. */
#define REQUEST_POLICIES(ROW)                                                                      \
    ROW(DEFAULT, NULL)                                                                             \
    ROW(MULTI_SHARD, "multi_shard")                                                                \
    ROW(ALL_SHARDS, "all_shards")                                                                  \
    ROW(ALL_NODES, "all_nodes")                                                                    \
    ROW(SPECIAL, "special")

enum request_policy {
#define ROW(symbol, text) TO_##symbol,
    REQUEST_POLICIES(ROW)
#undef ROW
};

/* How several answers become one, likewise. */
#define REPLY_POLICIES(ROW)                                                                        \
    ROW(DEFAULT, NULL)                                                                             \
    ROW(ALL_SUCCEEDED, "all_succeeded")                                                            \
    ROW(ONE_SUCCEEDED, "one_succeeded")                                                            \
    ROW(SUM, "agg_sum")                                                                            \
    ROW(MIN, "agg_min")                                                                            \
    ROW(MAX, "agg_max")                                                                            \
    ROW(LOGICAL_AND, "agg_logical_and")                                                            \
    ROW(LOGICAL_OR, "agg_logical_or")                                                              \
    ROW(SPECIAL, "special")

enum reply_policy {
#define ROW(symbol, text) REPLY_##symbol,
    REPLY_POLICIES(ROW)
#undef ROW
};

enum key_begin { KEY_BEGIN_NONE, KEY_BEGIN_INDEX, KEY_BEGIN_KEYWORD, KEY_BEGIN_UNKNOWN };
enum key_find { KEY_FIND_NONE, KEY_FIND_RANGE, KEY_FIND_COUNT, KEY_FIND_UNKNOWN };

/* Where keys are, in two steps as in COMMAND INFO: where to begin, and how to go on. */
struct key_spec {
    enum key_begin begin;
    const char *keyword; /* KEYWORD: the word before the first key */
    int16_t index; /* INDEX: the argument; KEYWORD: where the search starts, < 0 from the end */
    enum key_find find;
    int16_t last;   /* RANGE: last key, relative; < 0 from the end. COUNT: offset of the count */
    int16_t step;   /* distance between keys. */
    int16_t limit;  /* RANGE with last -1: 2 is half of what is left. COUNT: offset of key 1 */
    uint16_t flags; /* KEY_* below */
};

/* What is done with the keys of a spec, by the words of COMMAND INFO. */
#define KEY_FLAGS(ROW)                                                                             \
    ROW(RO, 0, "RO")                                                                               \
    ROW(RW, 1, "RW")                                                                               \
    ROW(OW, 2, "OW")                                                                               \
    ROW(RM, 3, "RM")                                                                               \
    ROW(ACCESS, 4, "access")                                                                       \
    ROW(UPDATE, 5, "update")                                                                       \
    ROW(INSERT, 6, "insert")                                                                       \
    ROW(DELETE, 7, "delete")                                                                       \
    ROW(NOT_KEY, 8, "not_key")                                                                     \
    ROW(INCOMPLETE, 9, "incomplete")                                                               \
    ROW(VARIABLE_FLAGS, 10, "variable_flags")

enum key_flag {
#define ROW(symbol, bit, text) KEY_##symbol = 1 << (bit),
    KEY_FLAGS(ROW)
#undef ROW
};

enum { COMMAND_KEY_SPECS = 3 };

/* The most that a row may have of each, wherever it comes from. */
enum {
    COMMAND_WORD_MAX = 64, /* bytes of a name, and again of a subcommand's */
    COMMAND_NAME_MAX = 2 * COMMAND_WORD_MAX + 1,
    COMMAND_GROUPS_MAX = 512,
    COMMAND_KEYWORD_MAX = 32,
    COMMAND_ARITY_MAX = 1000,
};

/* COMMAND_ID_GET, COMMAND_ID_CONFIG_GET, … in the order of the rows. All rows that are not of
 * commands.def share COMMAND_ID_LEARNED: an array that has a place for every row's id has
 * COMMAND_IDS places. */
enum command_id {
#define COMMAND(symbol, ...) COMMAND_ID_##symbol,
#include "proxy/command/commands.def"
    COMMAND_COUNT,
    COMMAND_ID_LEARNED = COMMAND_COUNT,
    COMMAND_IDS,
};

struct command {
    const char *name;   /* lower case; "config get" for a subcommand */
    const char *since;  /* version of the server that brought it: "6.2.0", "valkey 8.1.0" */
    const char *groups; /* ACL categories as COMMAND INFO lists them: "@read,@string,@fast" */
    enum command_id id;
    int16_t arity; /* negative: at least so many; counts the name and the subcommand */
    enum command_class class;
    uint32_t flags; /* enum command_flag and enum command_tip */
    enum request_policy request;
    enum reply_policy reply;
    struct key_spec keys[COMMAND_KEY_SPECS];
    uint8_t key_spec_count;
    bool has_subcommands; /* each a row of commands.def */
    bool has_pairs;       /* its keys, which come first, have a value each */
    uint8_t only_key; /* its only key is this argument and nothing else can be; 0: ask keys_find */
};

enum command_result {
    COMMAND_FOUND = 0,
    COMMAND_UNKNOWN,
    COMMAND_UNKNOWN_SUBCOMMAND,
    COMMAND_BAD_ARITY,
    COMMAND_DENIED, /* by the configuration */
};

/* The row for "get" or "config get" or "config|get", any case; NULL when there is none. */
const struct command *command_by_name(struct span name);

/* The argument that is the only key of these facts, whatever the other arguments are; 0 when it
 * takes more to know. What command_find lets through has that argument. */
uint8_t command_only_key(const struct command *facts);

/* Does a request of `count` arguments fit the arity? A name without its value (MSET a 1 b) does
 * not: Redis says it in the same words, only later. */
static inline bool command_arity_fits(const struct command *command, int64_t count)
{
    if (command->arity >= 0) {
        return count == command->arity;
    }
    return count >= -command->arity &&
           (!command->has_pairs || (count - command->keys[0].index) % 2 == 0);
}

/* As command_find, once it has found a container. */
enum command_result command_find_below(const struct arguments *arguments,
                                       const struct command **command) MUST_USE;

/* Looks `arguments` up (at least one): name, subcommand, arity. *command is the row where there
 * is one: the subcommand's, or the container's for an unknown subcommand, else NULL. */
MUST_USE static inline enum command_result command_find(const struct arguments *arguments,
                                                        const struct command **command)
{
    CHECK(arguments->count > 0);

    struct span name = arguments->items[0];
    const struct command *found =
        likely(name.size <= 8) ? command_named_short(name) : command_named(name, NULL);

    *command = found;
    if (unlikely(found == NULL)) {
        return COMMAND_UNKNOWN;
    }
    if (unlikely(found->has_subcommands) && arguments->count > 1) {
        return command_find_below(arguments, command);
    }
    return likely(command_arity_fits(found, arguments->count)) ? COMMAND_FOUND : COMMAND_BAD_ARITY;
}

/* The row of `id`, which is one of commands.def. */
const struct command *command_by_id(enum command_id id);

/* "a forwarded to the node…" text and the short name of a class, for help and docs. */
const char *command_class_text(enum command_class class);
const char *command_class_name(enum command_class class);

/* The name as it is on the wire: "config|get". Returns `text`. */
const char *command_wire_name(const struct command *command, char text[COMMAND_NAME_MAX + 1]);

/* The error Redis gives for a result other than FOUND, without "-" and CR LF, terminated, e.g.
 * "ERR wrong number of arguments for 'get' command". At most `size` bytes; line
 * ends become blanks as in Redis. */
const char *command_error(enum command_result result, const struct command *command,
                          const struct arguments *arguments, char *text, size_t size);

#endif
