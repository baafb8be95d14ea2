/* What a real redis-server 7.0 tells of its own commands leads to the same keys, and to the same
 * treatment, as commands.def: so it will for commands that only a server knows.
 */
#include "proxy/cluster/commands_reply.h"
#include "proxy/command/command_reply.h"
#include "proxy/command/command_rows.h"
#include "proxy/command/keys.h"
#include "tests/unit/proxy/command/real_redis.h"

enum { ARGUMENTS_MAX = 14, TRIES = 40 };

/* Why commands.def may do something else with a command than its server's words suggest. */
static const struct exception {
    const char *name; /* or its container's */
    const char *why;
} exceptions[] = {
    {"acl", "slotway's own users"},
    {"asking", "slotway follows redirections itself"},
    {"auth", "slotway's own users"},
    {"client", "slotway's own clients"},
    {"cluster", "slotway's own view of the cluster"},
    {"command", "slotway's own table"},
    {"config", "nodes may differ"},
    {"discard", "transactions are the connection's"},
    {"echo", "answered without a node"},
    {"eval", "scripts are routed by keys, or anywhere without any"},
    {"eval_ro", "likewise"},
    {"evalsha", "likewise"},
    {"evalsha_ro", "likewise"},
    {"exec", "transactions are the connection's"},
    {"fcall", "a script"},
    {"fcall_ro", "a script"},
    {"function", "statistics are joined"},
    {"hello", "slotway's own handshake"},
    {"latency", "statistics are joined"},
    {"lolwut", "answered without a node"},
    {"memory", "statistics are joined"},
    {"migrate", "administration by another name"},
    {"module", "administration by another name"},
    {"move", "not in a cluster"},
    {"multi", "transactions are the connection's"},
    {"object", "help is slotway's own"},
    {"ping", "answered without a node"},
    {"pubsub", "subscribers are on all nodes"},
    {"quit", "the connection's own"},
    {"readonly", "the connection's own"},
    {"readwrite", "the connection's own"},
    {"reset", "the connection's own"},
    {"restore-asking", "between nodes"},
    {"role", "answered without a node"},
    {"script", "help is slotway's own"},
    {"sort", "one key, and another behind STORE"},
    {"sort_ro", "its other keys are the node's business"},
    {"select", "the connection's own"},
    {"slowlog", "slotway's own"},
    {"swapdb", "not in a cluster"},
    {"time", "answered without a node"},
    {"unwatch", "transactions are the connection's"},
    {"wait", "relative to the connection's writes"},
    {"watch", "transactions are the connection's"},
    {"xgroup", "help is slotway's own"},
    {"xinfo", "help is slotway's own"},
    {"mset", "names and values"},
};

/* Which one it is; ARRAY_LEN when it is none. */
static size_t exception_of(const char *name)
{
    size_t size = strcspn(name, " ");
    size_t at = 0;

    while (at < ARRAY_LEN(exceptions) &&
           (strlen(exceptions[at].name) != size || strncmp(exceptions[at].name, name, size) != 0)) {
        at++;
    }
    return at;
}

/* Would a command that is told so be sent to nodes? What is refused is refused for good reasons. */
static bool is_forwarded(enum command_class class)
{
    return class == COMMAND_CLASS_ONE_KEY || class == COMMAND_CLASS_SAME_SLOT ||
           class == COMMAND_CLASS_SPLIT || class == COMMAND_CLASS_BROADCAST ||
           class == COMMAND_CLASS_ANY_NODE;
}

static uint32_t random_below(uint32_t limit)
{
    static uint64_t state = 88172645463325252;

    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % limit;
}

static void make_arguments(const struct command *command, struct arguments *arguments)
{
    static const char *const words[] = {"1", "2", "3", "a", "b", "{t}c"};
    uint32_t least = (uint32_t)abs(command->arity);

    arguments->count = least;
    if (command->arity < 0) {
        arguments->count += random_below(ARGUMENTS_MAX - least);
    }
    for (uint32_t i = 0; i < arguments->count; i++) {
        arguments->items[i] = span_of(words[random_below(ARRAY_LEN(words))]);
    }
}

/* Those of which no spec tells all. */
static bool has_own_finder(const struct command *row)
{
    return row->id == COMMAND_ID_SORT || row->id == COMMAND_ID_GEORADIUS ||
           row->id == COMMAND_ID_GEORADIUSBYMEMBER || row->id == COMMAND_ID_XREAD ||
           row->id == COMMAND_ID_XREADGROUP || row->id == COMMAND_ID_MIGRATE;
}

static void expect_same_keys(const struct command *told, const struct command *row)
{
    struct span items[ARGUMENTS_MAX];
    struct arguments arguments = {.items = items};
    struct keys one = {0};
    struct keys other = {0};

    for (int i = 0; i < TRIES; i++) {
        make_arguments(row, &arguments);
        enum keys_result result = keys_find(row, &arguments, &one);
        cr_assert_eq(keys_find(told, &arguments, &other), result, "%s", row->name);
        cr_assert_eq(result == KEYS_FOUND ? one.count : 0, result == KEYS_FOUND ? other.count : 0,
                     "%s", row->name);
        for (uint32_t j = 0; result == KEYS_FOUND && j < one.count; j++) {
            cr_assert_eq(one.index[j], other.index[j], "%s", row->name);
        }
    }
    keys_clear(&one);
    keys_clear(&other);
}

struct tally {
    size_t classes;
    size_t keys;
    bool is_needed[ARRAY_LEN(exceptions)];
};

static void compare_class(struct tally *tally, const struct command *facts,
                          const struct command *row)
{
    size_t exception = exception_of(facts->name);
    bool is_alike = facts->class == row->class || !is_forwarded(facts->class);

    if (exception < ARRAY_LEN(exceptions)) {
        tally->is_needed[exception] |= !is_alike;
        return;
    }
    cr_expect(is_alike, "%s: told %s, the row says %s", facts->name,
              command_class_name(facts->class), command_class_name(row->class));
    tally->classes++;
}

static void compare(void *context, const struct command *facts)
{
    struct tally *tally = context;
    const struct command *row = command_by_name(span_of(facts->name));
    const struct command *told = command_row_keep(facts);

    cr_assert_not_null(row, "%s", facts->name);
    cr_assert_not_null(told, "%s", facts->name);
    compare_class(tally, facts, row);
    if (row->key_spec_count > 0 && !has_own_finder(row)) {
        expect_same_keys(told, row);
        tally->keys++;
    }
}

Test(server_commands, what_the_server_tells_does_for_what_commands_def_says)
{
    struct real_redis redis;
    struct tally tally = {0};

    real_redis_start(&redis);
    redisReply *reply = redisCommand(redis.context, "COMMAND");
    struct commands_heard heard = commands_from_reply(reply, compare, &tally);
    cr_expect_gt(heard.told, 300);
    cr_expect_eq(heard.senseless, 0);
    cr_expect_gt(tally.classes, 180, "%zu", tally.classes);
    cr_expect_gt(tally.keys, 150, "%zu", tally.keys);
    for (size_t i = 0; i < ARRAY_LEN(exceptions); i++) {
        cr_expect(tally.is_needed[i], "%s is no exception", exceptions[i].name);
    }
    freeReplyObject(reply);
    real_redis_stop(&redis);
}
