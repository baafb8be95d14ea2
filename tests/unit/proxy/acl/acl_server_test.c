/* Rules and checks are what those of a real redis-server 7.0 are: users are made up of all kinds of
 * rules, and for each of them ACL DRYRUN is asked about every command. SLOTWAY_SEED repeats a run.
 */
#include "tests/unit/proxy/acl/user_of.h"
#include "tests/unit/proxy/command/real_redis.h"

#include "common/memory.h"
#include "proxy/acl/acl_check.h"

enum { USERS = 40, TRIES = 2, RULES_MAX = 8, ARGUMENTS_MAX = 24, ANSWERED = 512 };

static uint64_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % limit;
}

static void random_begin(void)
{
    const char *seed = getenv("SLOTWAY_SEED");
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    random_state = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)now.tv_nsec + 1;
    fprintf(stderr, "acl_server: SLOTWAY_SEED=%llu\n", (unsigned long long)random_state);
}

static const char *const single_rules[] = {
    "on",
    "off",
    "nopass",
    "resetpass",
    ">foo",
    "<foo",
    "~app:*",
    "~log:*",
    "%R~log:*",
    "%W~app:*",
    "%RW~x",
    "%r~*",
    "~*",
    "allkeys",
    "resetkeys",
    "&app:*",
    "&log:*",
    "&*",
    "allchannels",
    "resetchannels",
    "+@all",
    "-@all",
    "allcommands",
    "nocommands",
    "+get",
    "-get",
    "+config|get",
    "-config|set",
    "+config",
    "-config",
    "+@read",
    "-@read",
    "+@write",
    "-@write",
    "+@string",
    "+@dangerous",
    "-@dangerous",
    "-@keyspace",
    "+@stream",
    "+@pubsub",
    "-@pubsub",
    "+@scripting",
    "+select|0",
    "+select|1",
    "-select",
    "+client|id",
    "-client|kill",
    "+@connection",
    "-@fast",
    "(+get)",
    "clearselectors",
    "reset",
    "(~app:* +@write)",
    "(%R~log:* +@read -@stream)",
    "(+@all ~x &app:*)",
};

static const char *const strange_rules[] = {
    "nosuch",
    "+nosuch",
    "-nosuch",
    "+@nosuch",
    "+config|nosuch",
    "+get|",
    "+config|get|x",
    "-get|x",
    "#12",
    "!12",
    "~a b",
    "%~a",
    "%RR~a",
    "%Q~a",
    "%R",
    "(+nosuch)",
    "(on)",
    "(+get",
    ")",
    "+",
    "-@",
    "+@",
    "%",
    "~",
    "&",
    "",
    "<other",
    "+GET",
    "+Config|GET",
    "ON",
    "%rw~a",
    "+select|",
    "-select|0",
};

static void add_rule(char *rules, size_t size, const char *rule)
{
    size_t used = strlen(rules);

    snprintf(rules + used, size - used, "%s%s", used == 0 ? "" : " ", rule);
}

static void make_rules(char *rules, size_t size)
{
    rules[0] = '\0';
    for (uint32_t count = 1 + random_below(RULES_MAX); count > 0; count--) {
        add_rule(rules, size, single_rules[random_below(ARRAY_LEN(single_rules))]);
    }
}

/* What the server says to the same rules; "" when it takes them. */
static void server_set_user(struct real_redis *redis, const char *rules, char *error)
{
    const char *argv[64] = {"ACL", "SETUSER", "u", "reset"};
    char *copy = memory_copy(rules, strlen(rules));
    int argc = 4;
    char *rest = NULL;

    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        argv[argc++] = word;
    }

    redisReply *reply = redisCommandArgv(redis->context, argc, argv, NULL);

    cr_assert_not_null(reply);
    snprintf(error, ANSWERED, "%s", reply->type == REDIS_REPLY_ERROR ? reply->str : "");
    freeReplyObject(reply);
    free(copy);
}

/* "ERR Error in ACL SETUSER modifier 'RULE': what" as "RULE: what". */
static void expect_same_complaint(const char *rules, const char *server, const char *ours)
{
    char expected[ANSWERED * 2] = "";
    const char *rule = strstr(server, "modifier '");
    const char *end = rule == NULL ? NULL : strstr(rule, "': ");

    if (strstr(server, "Unmatched parenthesis") != NULL) {
        cr_expect_not_null(strstr(ours, ": unmatched"), "%s: '%s'", rules, ours);
        return;
    }
    if (end != NULL) {
        rule += strlen("modifier '");
        snprintf(expected, sizeof expected, "%.*s: %s", (int)(end - rule), rule, end + 3);
    }
    cr_expect_str_eq(ours, expected, "%s", rules);
}

Test(acl_server, says_the_same_of_every_rule_behind_any_other)
{
    struct real_redis redis;

    random_begin();
    real_redis_start(&redis);
    for (size_t i = 0; i < 40 * ARRAY_LEN(strange_rules); i++) {
        struct first_complaint complaint;
        char rules[1024];
        char server[ANSWERED];

        make_rules(rules, sizeof rules);
        add_rule(rules, sizeof rules, strange_rules[i % ARRAY_LEN(strange_rules)]);
        server_set_user(&redis, rules, server);

        struct acl_user *user = user_try(rules, NULL, &complaint);

        expect_same_complaint(rules, server, complaint.text);
        acl_user_free(&user);
    }
    real_redis_stop(&redis);
}

/* A request in the making: the words of the command, and more. */
struct attempt {
    const struct command *command;
    const char *argv[ARGUMENTS_MAX + 3];
    size_t count;
    char first[COMMAND_WORD_MAX + 1];
};

static void attempt_add(struct attempt *attempt, const char *word)
{
    cr_assert_lt(attempt->count, ARGUMENTS_MAX);
    attempt->argv[attempt->count++] = word;
}

/* Small numbers are also how many keys follow; options are none of these. */
static const char *pick_word(void)
{
    static const char *const words[] = {"app:1", "app:2", "log:1", "x", "1", "2", "", "app:*"};

    return words[random_below(ARRAY_LEN(words))];
}

static bool needs_streams(const struct command *command)
{
    return command->id == COMMAND_ID_XREAD || command->id == COMMAND_ID_XREADGROUP;
}

static void attempt_fill(struct attempt *attempt)
{
    const struct command *command = attempt->command;
    size_t least = (size_t)abs(command->arity);
    size_t more = command->arity < 0 ? random_below(4) : 0;

    if (needs_streams(command)) {
        attempt_add(attempt, "group");
        attempt_add(attempt, "g");
        attempt_add(attempt, "c");
        attempt_add(attempt, "streams");
        attempt_add(attempt, pick_word());
        attempt_add(attempt, pick_word());
        attempt_add(attempt, "0");
        attempt_add(attempt, "0");
        return;
    }
    while (attempt->count < least + more) {
        attempt_add(attempt, pick_word());
    }
    if (command->id == COMMAND_ID_SORT || command->id == COMMAND_ID_GEORADIUS) {
        attempt_add(attempt, "store");
        attempt_add(attempt, pick_word());
    }
    if (command->id == COMMAND_ID_SET && random_below(2) == 0) {
        attempt_add(attempt, "get");
    }
}

static void attempt_make(struct attempt *attempt, const struct command *command)
{
    const char *blank = strchr(command->name, ' ');

    *attempt = (struct attempt){.command = command};
    if (blank == NULL) {
        attempt_add(attempt, command->name);
    } else {
        snprintf(attempt->first, sizeof attempt->first, "%.*s", (int)(blank - command->name),
                 command->name);
        attempt_add(attempt, attempt->first);
        attempt_add(attempt, blank + 1);
    }
    attempt_fill(attempt);
}

static void attempt_print(const struct attempt *attempt, char *text, size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < attempt->count && used < size; i++) {
        used += (size_t)snprintf(text + used, size - used, "%s'%s'", i == 0 ? "" : " ",
                                 attempt->argv[i]);
    }
}

/* "OK", or what it says from "permissions" on; "" when it says something else of the request. */
static void server_judges(struct real_redis *redis, const struct attempt *attempt, char *answer)
{
    const char *argv[ARGUMENTS_MAX + 6] = {"ACL", "DRYRUN", "u"};

    memcpy(argv + 3, attempt->argv, attempt->count * sizeof *argv);

    redisReply *reply = redisCommandArgv(redis->context, (int)attempt->count + 3, argv, NULL);

    cr_assert_not_null(reply);

    const char *from = reply->type == REDIS_REPLY_STATUS   ? reply->str
                       : reply->type == REDIS_REPLY_STRING ? strstr(reply->str, "permissions")
                                                           : NULL;

    snprintf(answer, ANSWERED, "%s", from == NULL ? "" : from);
    freeReplyObject(reply);
}

/* Likewise ours; "" where it cannot be told what the keys are: then nobody passes who may not use
 * all. */
static void we_judge(const struct acl_user *user, const struct attempt *attempt, struct keys *keys,
                     char *answer)
{
    struct span items[ARGUMENTS_MAX];
    struct arguments arguments = {.items = items, .count = (uint32_t)attempt->count};
    struct acl_request request = {.arguments = &arguments, .keys = keys};
    char text[ACL_TEXT_MAX];

    for (size_t i = 0; i < attempt->count; i++) {
        items[i] = span_of(attempt->argv[i]);
    }
    if (command_find(&arguments, &request.command) != COMMAND_FOUND ||
        keys_find(request.command, &arguments, keys) == KEYS_UNCLEAR) {
        answer[0] = '\0';
        return;
    }

    struct acl_ruling ruling = acl_check(user, &request);

    snprintf(answer, ANSWERED, "%s",
             ruling.verdict == ACL_ALLOWED
                 ? "OK"
                 : strstr(acl_refusal_in_full(user, &request, ruling, text), "permissions"));
}

static bool server_knows(struct real_redis *redis, const struct command *command)
{
    char name[COMMAND_NAME_MAX + 1];

    if (command->has_subcommands) {
        return false;
    }

    redisReply *reply =
        redisCommand(redis->context, "COMMAND INFO %s", command_wire_name(command, name));
    bool is_known = reply->element[0]->type == REDIS_REPLY_ARRAY;

    freeReplyObject(reply);
    return is_known;
}

/* A server does not look at the destination of PFMERGE when that is all there is. */
static bool server_is_mistaken(const struct attempt *attempt)
{
    return attempt->command->id == COMMAND_ID_PFMERGE && attempt->count == 2;
}

static size_t compare_commands(struct real_redis *redis, const bool *known,
                               const struct acl_user *user, const char *rules)
{
    struct keys keys = {0};
    size_t compared = 0;

    for (size_t i = 0; i < TRIES * COMMAND_COUNT; i++) {
        struct attempt attempt;
        char ours[ANSWERED];
        char server[ANSWERED];
        char text[1024];

        if (!known[i / TRIES]) {
            continue;
        }
        attempt_make(&attempt, command_by_id((enum command_id)(i / TRIES)));
        attempt_print(&attempt, text, sizeof text);
        server_judges(redis, &attempt, server);
        we_judge(user, &attempt, &keys, ours);
        if (ours[0] != '\0' && server[0] != '\0' && !server_is_mistaken(&attempt)) {
            cr_expect_str_eq(ours, server, "%s for '%s'", text, rules);
            compared++;
        }
    }
    keys_clear(&keys);
    return compared;
}

Test(acl_server, allows_and_denies_the_same, .timeout = 110)
{
    struct real_redis redis;
    bool known[COMMAND_COUNT];
    size_t compared = 0;

    random_begin();
    real_redis_start(&redis);
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        known[id] = server_knows(&redis, command_by_id(id));
    }
    for (int i = 0; i < USERS; i++) {
        struct first_complaint complaint;
        char rules[1024];
        char server[ANSWERED];

        make_rules(rules, sizeof rules);
        server_set_user(&redis, rules, server);

        struct acl_user *user = user_try(rules, NULL, &complaint);

        expect_same_complaint(rules, server, complaint.text);
        if (server[0] == '\0') {
            compared += compare_commands(&redis, known, user, rules);
        }
        acl_user_free(&user);
    }
    fprintf(stderr, "acl_server: %zu answers compared\n", compared);
    cr_expect_gt(compared, 1000);
    real_redis_stop(&redis);
}
