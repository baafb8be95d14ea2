/* keys_find gives what COMMAND GETKEYS of a real redis-server 7.0 gives, for arguments made up for
 * every command that has keys. SLOTWAY_SEED repeats a run.
 */
#include <strings.h>

#include "tests/unit/proxy/command/real_redis.h"
#include "tests/unit/proxy/command/words.h"

#include "proxy/command/keys.h"

enum {
    TRIES = 150, /* per command, of each kind */
    MORE = 9,    /* arguments beyond the least number */
};

/* A request in the making: "COMMAND GETKEYS" and then the words. */
struct request {
    const struct command *command;
    const char *argv[WORDS_MAX];
    int count;
    char numbers[WORDS_MAX][16];
};

enum { PREFIX = 2 };

static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % limit;
}

static uint64_t seed_from_environment(void)
{
    const char *seed = getenv("SLOTWAY_SEED");
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)now.tv_nsec + 1;
}

static void add(struct request *request, const char *word)
{
    cr_assert_lt(request->count, WORDS_MAX);
    request->argv[request->count++] = word;
}

static void add_number(struct request *request, uint32_t number)
{
    char *text = request->numbers[request->count];

    snprintf(text, sizeof request->numbers[0], "%u", number);
    add(request, text);
}

/* 7.0's COMMAND GETKEYS looks for the words STORE and STREAMS wherever they stand; the same
 * server's routing reads options one by one, as slotway does. These get words that look like no
 * option. */
static bool is_read_naively(const struct command *command)
{
    return command->id == COMMAND_ID_GEORADIUS || command->id == COMMAND_ID_GEORADIUSBYMEMBER ||
           command->id == COMMAND_ID_XREAD || command->id == COMMAND_ID_XREADGROUP;
}

static const char *pick_key(const struct request *request)
{
    static const char *const words[] = {"a",     "b",     "c",     "{t}d",   "e",   "f",
                                        "store", "by",    "limit", "group",  "get", "streams",
                                        "keys",  "count", "block", "nosuch", "1",   ""};

    return words[random_below(is_read_naively(request->command) ? 6 : ARRAY_LEN(words))];
}

static const char *pick_number(void)
{
    static const char *const words[] = {
        "0", "1", "2", "3", "4", "10", "-1", "", "x", "+", "007", " 1", "1000000000000000000000",
    };

    return words[random_below(ARRAY_LEN(words))];
}

static const char *pick_option(void)
{
    static const char *const words[] = {
        "STORE", "storedist", "STREAMS", "BLOCK",   "COUNT",     "GROUP", "NOACK",
        "LIMIT", "GET",       "BY",      "KEYS",    "AUTH",      "AUTH2", "REPLACE",
        "ASC",   "ALPHA",     "COPY",    "WEIGHTS", "AGGREGATE",
    };

    return words[random_below(ARRAY_LEN(words))];
}

static void add_name(struct request *request)
{
    /* Rows keep "xgroup create" as one word with a blank; the server wants two arguments. */
    static char first[32];
    const char *blank = strchr(request->command->name, ' ');

    add(request, "COMMAND");
    add(request, "GETKEYS");
    if (blank == NULL) {
        add(request, request->command->name);
        return;
    }
    snprintf(first, sizeof first, "%.*s", (int)(blank - request->command->name),
             request->command->name);
    add(request, first);
    add(request, blank + 1);
}

static int least_count(const struct request *request)
{
    return PREFIX + abs(request->command->arity);
}

static void add_keys(struct request *request, uint32_t count)
{
    while (count-- > 0) {
        add(request, pick_key(request));
    }
}

static void add_option(struct request *request, const char *option, const char *value)
{
    add(request, option);
    add(request, value);
}

static void add_anything(struct request *request, int count)
{
    while (request->count < count) {
        uint32_t kind = is_read_naively(request->command) ? 2 : random_below(4);
        if (kind == 0) {
            add(request, pick_option());
        } else if (kind == 1) {
            add(request, pick_number());
        } else {
            add(request, pick_key(request));
        }
    }
}

static void fill_at_random(struct request *request)
{
    int count = least_count(request);

    if (request->command->arity < 0 && random_below(2) == 0) {
        count += (int)random_below(MORE);
    }
    add_anything(request, count);
}

/* Arguments up to the number of keys, so many keys, and more. */
static void fill_counted(struct request *request, const struct key_spec *spec)
{
    uint32_t number = 1 + random_below(6);

    add_anything(request, PREFIX + spec->index);
    add_number(request, number);
    add_keys(request, number * (uint32_t)spec->step);
    fill_at_random(request);
}

static void fill_sort(struct request *request)
{
    add_keys(request, 1);
    for (uint32_t options = random_below(5); options > 0; options--) {
        switch (random_below(5)) {
        case 0: add_option(request, "limit", "0"), add(request, "10"); break;
        case 1: add_option(request, "By", pick_key(request)); break;
        case 2: add_option(request, "GET", pick_key(request)); break;
        case 3: add_option(request, "store", pick_key(request)); break;
        default: add(request, "ALPHA"); break;
        }
    }
}

static void fill_georadius(struct request *request)
{
    add_anything(request, least_count(request));
    add_option(request, "COUNT", "3");
    if (random_below(3) > 0) {
        add_option(request, random_below(2) == 0 ? "STORE" : "storedist", pick_key(request));
        add(request, "WITHDIST");
    }
}

static void fill_streams(struct request *request)
{
    if (request->command->id == COMMAND_ID_XREADGROUP || random_below(4) == 0) {
        add_option(request, "group", pick_key(request));
        add_keys(request, 1);
    }
    for (uint32_t options = random_below(3); options > 0; options--) {
        switch (random_below(3)) {
        case 0: add_option(request, "COUNT", pick_number()); break;
        case 1: add_option(request, "Block", pick_number()); break;
        default: add(request, "NOACK"); break;
        }
    }
    add(request, "Streams");
    add_keys(request, 2 * (1 + random_below(4)));
}

static void fill_migrate(struct request *request)
{
    uint32_t keys = random_below(4);

    add_option(request, "host", "6379");
    add(request, keys == 0 ? "key" : "");
    add_option(request, "0", "1000");
    switch (random_below(4)) {
    case 0: add_option(request, "AUTH", "password"); break;
    case 1: add_option(request, "AUTH2", "user"), add(request, "password"); break;
    case 2: add(request, "COPY"); break;
    default: break;
    }
    if (keys > 0) {
        add(request, "KEYS");
        add_keys(request, keys);
    }
}

static const struct key_spec *counted_spec(const struct command *command)
{
    for (size_t i = 0; i < command->key_spec_count; i++) {
        if (command->keys[i].find == KEY_FIND_COUNT) {
            return &command->keys[i];
        }
    }
    return NULL;
}

/* As a client would write it. */
static void fill_plausibly(struct request *request)
{
    const struct key_spec *counted = counted_spec(request->command);

    switch ((int)request->command->id) {
    case COMMAND_ID_SORT:
    case COMMAND_ID_SORT_RO: fill_sort(request); return;
    case COMMAND_ID_GEORADIUS:
    case COMMAND_ID_GEORADIUSBYMEMBER: fill_georadius(request); return;
    case COMMAND_ID_XREAD:
    case COMMAND_ID_XREADGROUP: fill_streams(request); return;
    case COMMAND_ID_MIGRATE: fill_migrate(request); return;
    case COMMAND_ID_MSET:
    case COMMAND_ID_MSETNX: add_keys(request, 2 * (1 + random_below(4))); return;
    default: break;
    }
    if (counted != NULL) {
        fill_counted(request, counted);
    } else {
        fill_at_random(request);
    }
}

static void print_request(const struct request *request, char *text, size_t size)
{
    size_t used = 0;

    for (int i = PREFIX; i < request->count && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "'%s' ", request->argv[i]);
    }
}

/* Arguments that the server accepts and slotway passes on without a look: names without a value.
 * Nobody writes them on purpose. */
enum strictness { NO_STRICTER, PERHAPS_STRICTER };

static bool server_names(const redisReply *server, const char *key)
{
    for (size_t i = 0; i < server->elements; i++) {
        if (strcmp(server->element[i]->str, key) == 0) {
            return true;
        }
    }
    return false;
}

/* In the same order; but when the number of keys is oddly written the server names a destination
 * last. */
static void expect_same_keys(const struct request *request, const redisReply *server,
                             const struct keys *keys, enum strictness strictness)
{
    char text[1024];

    print_request(request, text, sizeof text);
    cr_expect_eq(keys->count, server->elements, "%s: %u keys, the server has %zu", text,
                 keys->count, server->elements);
    for (size_t i = 0; i < keys->count && i < server->elements; i++) {
        const char *key = request->argv[PREFIX + keys->index[i]];
        if (strictness == NO_STRICTER) {
            cr_expect_str_eq(key, server->element[i]->str, "%s", text);
        } else {
            cr_expect(server_names(server, key), "%s: '%s' is no key", text, key);
        }
    }
}

static enum keys_result own_keys(const struct request *request, struct keys *keys)
{
    struct span items[WORDS_MAX];
    struct arguments arguments = {.items = items, .count = (uint32_t)(request->count - PREFIX)};
    const struct command *command;

    for (uint32_t i = 0; i < arguments.count; i++) {
        items[i] = span_of(request->argv[PREFIX + i]);
    }
    if (command_find(&arguments, &command) == COMMAND_BAD_ARITY) {
        return KEYS_UNCLEAR;
    }
    cr_assert_eq(command, request->command);
    return keys_find(command, &arguments, keys);
}

/* As SORT itself does not, COMMAND GETKEYS takes a destination for an option with a value. */
static bool stores_under_an_option(const struct request *request)
{
    static const char *const options[] = {"STORE", "GET", "BY", "LIMIT"};

    for (int i = PREFIX + 2; i + 1 < request->count; i++) {
        for (size_t k = 0; k < ARRAY_LEN(options); k++) {
            if (strcasecmp(request->argv[i], "STORE") == 0 &&
                strcasecmp(request->argv[i + 1], options[k]) == 0) {
                return true;
            }
        }
    }
    return false;
}

/* Where COMMAND GETKEYS has no say: PFMERGE with a destination alone is right, and newer servers
 * take one more argument of ZRANK. */
static bool server_is_mistaken(const struct request *request, const redisReply *server)
{
    bool is_alone = request->command->id == COMMAND_ID_PFMERGE && request->count == PREFIX + 2;

    if (request->command->id == COMMAND_ID_SORT && stores_under_an_option(request)) {
        return true;
    }
    return server->type == REDIS_REPLY_ERROR &&
           (is_alone || strstr(server->str, "Invalid number of arguments") != NULL);
}

/* Returns whether both named keys. */
static bool compare(const struct request *request, const redisReply *server, struct keys *keys,
                    enum strictness strictness)
{
    enum keys_result result = own_keys(request, keys);
    char text[1024];

    print_request(request, text, sizeof text);
    if (server_is_mistaken(request, server)) {
        return false;
    }
    if (server->type == REDIS_REPLY_ERROR || server->elements == 0) {
        cr_expect_neq(result, KEYS_FOUND, "%s: the server finds no keys", text);
        return false;
    }
    if (result != KEYS_FOUND) {
        cr_expect_eq(strictness, PERHAPS_STRICTER, "%s: the server finds keys", text);
        return false;
    }
    expect_same_keys(request, server, keys, strictness);
    return true;
}

static bool server_knows_keys(struct real_redis *redis, const struct command *command)
{
    if (command->key_spec_count == 0 || (command->keys[0].flags & KEY_NOT_KEY) != 0) {
        return false; /* channels are not keys for COMMAND GETKEYS */
    }

    char name[64];
    snprintf(name, sizeof name, "%s", command->name);
    if (strchr(name, ' ') != NULL) {
        *strchr(name, ' ') = '|';
    }
    redisReply *reply = redisCommand(redis->context, "COMMAND INFO %s", name);
    bool is_known = reply->element[0]->type == REDIS_REPLY_ARRAY;
    freeReplyObject(reply);
    return is_known;
}

static bool try_once(struct real_redis *redis, const struct command *command, struct keys *keys,
                     enum strictness strictness)
{
    struct request request = {.command = command};

    add_name(&request);
    if (strictness == NO_STRICTER || is_read_naively(command)) {
        fill_plausibly(&request);
    } else {
        fill_at_random(&request);
    }
    redisReply *server =
        redisCommandArgv(redis->context, request.count, (const char **)request.argv, NULL);
    bool both = compare(&request, server, keys, strictness);
    freeReplyObject(server);
    return both;
}

static void try_command(struct real_redis *redis, const struct command *command)
{
    struct keys keys = {0};
    int plausible = 0;

    for (int i = 0; i < TRIES; i++) {
        plausible += try_once(redis, command, &keys, NO_STRICTER) ? 1 : 0;
        (void)try_once(redis, command, &keys, PERHAPS_STRICTER);
    }
    cr_expect_gt(plausible, TRIES / 4, "%s: only %d requests made sense", command->name, plausible);
    keys_clear(&keys);
}

Test(server_keys, every_command_with_keys_finds_those_of_command_getkeys)
{
    struct real_redis redis;
    size_t commands = 0;
    uint64_t seed = seed_from_environment();

    random_state = seed;
    fprintf(stderr, "server_keys: SLOTWAY_SEED=%llu\n", (unsigned long long)seed);
    real_redis_start(&redis);
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        if (server_knows_keys(&redis, command_by_id(id))) {
            try_command(&redis, command_by_id(id));
            commands++;
        }
    }
    cr_expect_gt(commands, 150, "only %zu commands with keys", commands);
    real_redis_stop(&redis);
}
