/* Every row that a real redis-server 7.0 knows says what COMMAND INFO of that server says. */
#include "proxy/command/command_reply.h"
#include "tests/unit/proxy/command/real_redis.h"
#include "tests/unit/proxy/command/words.h"

/* The fields of COMMAND INFO, in its order. */
enum field { NAME, ARITY, FLAGS, FIRST_KEY, LAST_KEY, STEP, GROUPS, TIPS, KEYS };

/* Why a row may say something else than 7.0. */
enum reason {
    ALLOWED_IN_SCRIPTS,  /* since 7.2 scripts may call it, and it does not block there */
    ALLOWED_LOADING,     /* since 7.2 a loading node answers it */
    NEW_FLAG,            /* script_runner came after 7.0 */
    MAY_NEED_MEMORY,     /* since 7.2 refused when memory is short */
    BLOCKS,              /* it always did; since 7.2 the server says so */
    TAKES_MORE,          /* newer servers take other numbers of arguments, and each node checks */
    TIP_CORRECTED,       /* newer servers have the tip, or a better one */
    SPLITTING_BREAKS_IT, /* MSETNX sets all keys or none; newer servers dropped the tip */
    NODES_MAY_DIFFER,    /* slotway asks all nodes for what they are configured with */
    SPEC_IS_INCOMPLETE,  /* the keyword may be a value; newer servers say so */
    OVERWRITES,          /* the old value of the destination does not matter */
};

static const struct difference {
    const char *name;
    enum field field;
    enum reason reason;
} differences[] = {
    {"blmove", FLAGS, ALLOWED_IN_SCRIPTS},
    {"blpop", FLAGS, ALLOWED_IN_SCRIPTS},
    {"brpop", FLAGS, ALLOWED_IN_SCRIPTS},
    {"brpoplpush", FLAGS, ALLOWED_IN_SCRIPTS},
    {"bzpopmax", FLAGS, ALLOWED_IN_SCRIPTS},
    {"bzpopmin", FLAGS, ALLOWED_IN_SCRIPTS},
    {"cluster count-failure-reports", FLAGS, ALLOWED_LOADING},
    {"cluster info", FLAGS, ALLOWED_LOADING},
    {"cluster keyslot", FLAGS, ALLOWED_LOADING},
    {"cluster links", FLAGS, ALLOWED_LOADING},
    {"cluster myid", FLAGS, ALLOWED_LOADING},
    {"cluster nodes", FLAGS, ALLOWED_LOADING},
    {"cluster replicas", FLAGS, ALLOWED_LOADING},
    {"cluster shards", FLAGS, ALLOWED_LOADING},
    {"cluster slaves", FLAGS, ALLOWED_LOADING},
    {"cluster slots", FLAGS, ALLOWED_LOADING},
    {"eval", FLAGS, NEW_FLAG},
    {"eval_ro", FLAGS, NEW_FLAG},
    {"evalsha", FLAGS, NEW_FLAG},
    {"evalsha_ro", FLAGS, NEW_FLAG},
    {"fcall", FLAGS, NEW_FLAG},
    {"fcall_ro", FLAGS, NEW_FLAG},
    {"psubscribe", FLAGS, MAY_NEED_MEMORY},
    {"ssubscribe", FLAGS, MAY_NEED_MEMORY},
    {"subscribe", FLAGS, MAY_NEED_MEMORY},
    {"wait", FLAGS, BLOCKS},
    {"wait", GROUPS, BLOCKS},
    {"command getkeys", ARITY, TAKES_MORE},
    {"command getkeysandflags", ARITY, TAKES_MORE},
    {"zrank", ARITY, TAKES_MORE},
    {"zrevrank", ARITY, TAKES_MORE},
    {"acl deluser", TIPS, TIP_CORRECTED},
    {"acl save", TIPS, TIP_CORRECTED},
    {"acl setuser", TIPS, TIP_CORRECTED},
    {"client setname", TIPS, TIP_CORRECTED},
    {"config resetstat", TIPS, TIP_CORRECTED},
    {"config rewrite", TIPS, TIP_CORRECTED},
    {"latency reset", TIPS, TIP_CORRECTED},
    {"randomkey", TIPS, TIP_CORRECTED},
    {"scan", TIPS, TIP_CORRECTED},
    {"msetnx", TIPS, SPLITTING_BREAKS_IT},
    {"config get", TIPS, NODES_MAY_DIFFER},
    {"georadius", KEYS, SPEC_IS_INCOMPLETE},
    {"georadiusbymember", KEYS, SPEC_IS_INCOMPLETE},
    {"xread", KEYS, SPEC_IS_INCOMPLETE},
    {"xreadgroup", KEYS, SPEC_IS_INCOMPLETE},
    {"sinterstore", KEYS, OVERWRITES},
};

static bool difference_is_known(const char *name, enum field field)
{
    for (size_t i = 0; i < ARRAY_LEN(differences); i++) {
        if (strcmp(differences[i].name, name) == 0 && differences[i].field == field) {
            return true;
        }
    }
    return false;
}

struct text {
    char at[4096];
    size_t used;
};

static void text_add(struct text *text, const char *more)
{
    text->used += (size_t)snprintf(text->at + text->used, sizeof text->at - text->used, "%s", more);
    cr_assert_lt(text->used, sizeof text->at);
}

static int compare_words(const void *a, const void *b)
{
    return strcmp((*(redisReply *const *)a)->str, (*(redisReply *const *)b)->str);
}

/* Flags, categories and tips are sets: sorted, so that their order does not matter. */
static void sort_set(redisReply *set)
{
    for (size_t i = 0; i < set->elements; i++) {
        cr_assert_not_null(set->element[i]->str);
    }
    if (set->elements > 0) {
        qsort(set->element, set->elements, sizeof set->element[0], compare_words);
    }
}

static void text_add_reply(struct text *text, const redisReply *reply);

static void text_add_array(struct text *text, const redisReply *reply)
{
    text_add(text, "[");
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *element = reply->element[i];
        if (element->str != NULL && strcmp(element->str, "notes") == 0) {
            i++; /* prose about a key spec */
            continue;
        }
        text_add_reply(text, element);
        text_add(text, " ");
    }
    text_add(text, "]");
}

static void text_add_reply(struct text *text, const redisReply *reply)
{
    char number[32];

    switch (reply->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS: text_add(text, reply->str); return;
    case REDIS_REPLY_ARRAY: text_add_array(text, reply); return;
    case REDIS_REPLY_INTEGER:
        snprintf(number, sizeof number, "%lld", reply->integer);
        text_add(text, number);
        return;
    }
    cr_assert_fail("a reply of type %d", reply->type);
}

/* The flags of a key spec are the element behind the word. */
static void sort_spec_flags(redisReply *spec)
{
    for (size_t i = 0; i + 1 < spec->elements; i++) {
        if (spec->element[i]->str != NULL && strcmp(spec->element[i]->str, "flags") == 0) {
            sort_set(spec->element[i + 1]);
        }
    }
}

static void sort_sets(redisReply *info)
{
    sort_set(info->element[FLAGS]);
    sort_set(info->element[GROUPS]);
    sort_set(info->element[TIPS]);
    for (size_t i = 0; i < info->element[KEYS]->elements; i++) {
        sort_spec_flags(info->element[KEYS]->element[i]);
    }
}

/* What slotway would answer, read by hiredis. */
static redisReply *own_info(const struct command *command)
{
    redisReader *reader = redisReaderCreate();
    struct sendq queue;
    void *reply = NULL;

    sendq_init(&queue);
    command_reply_info(&queue, NULL, command);
    struct block *bytes = sendq_flatten(&queue);
    redisReaderFeed(reader, bytes->bytes, bytes->used);
    cr_assert_eq(redisReaderGetReply(reader, &reply), REDIS_OK, "%s", command->name);
    cr_assert_not_null(reply, "%s: the reply is not whole", command->name);
    block_release(&bytes);
    sendq_clear(&queue);
    redisReaderFree(reader);
    return reply;
}

static void wire_name(const struct command *command, char *name, size_t size)
{
    snprintf(name, size, "%s", command->name);
    for (char *at = name; *at != '\0'; at++) {
        *at = *at == ' ' ? '|' : *at;
    }
}

/* The element of COMMAND INFO; NULL when the server does not know the command. */
static redisReply *server_info(struct real_redis *redis, const struct command *command)
{
    char name[64];

    wire_name(command, name, sizeof name);
    redisReply *reply = redisCommand(redis->context, "COMMAND INFO %s", name);
    cr_assert_eq(reply->type, REDIS_REPLY_ARRAY);
    redisReply *element = reply->element[0];
    reply->elements = 0;
    freeReplyObject(reply);
    if (element->type == REDIS_REPLY_NIL) {
        freeReplyObject(element);
        return NULL;
    }
    return element;
}

static void expect_field(const struct command *command, enum field field, const redisReply *own,
                         const redisReply *server)
{
    struct text have = {0};
    struct text want = {0};

    text_add_reply(&have, own->element[field]);
    text_add_reply(&want, server->element[field]);
    bool is_equal = strcmp(have.at, want.at) == 0;
    if (difference_is_known(command->name, field)) {
        cr_expect(!is_equal, "%s field %d: no difference any more", command->name, field);
        return;
    }
    cr_expect(is_equal, "%s field %d: the row says %s, the server %s", command->name, field,
              have.at, want.at);
}

static void expect_same(const struct command *command, redisReply *server)
{
    redisReply *own = own_info(command);

    cr_assert_eq(own->elements, 10, "%s", command->name);
    cr_assert_eq(server->elements, 10, "%s", command->name);
    sort_sets(own);
    sort_sets(server);
    for (enum field field = NAME; field <= KEYS; field++) {
        expect_field(command, field, own, server);
    }
    freeReplyObject(own);
}

/* 7.0 knows it, as far as `since` says. */
static bool is_of_7_0(const struct command *command)
{
    int major = 0;
    int minor = 0;

    return sscanf(command->since, "%d.%d", &major, &minor) == 2 &&
           (major < 7 || (major == 7 && minor == 0));
}

Test(server_facts, every_row_says_what_command_info_says)
{
    struct real_redis redis;
    size_t known = 0;

    real_redis_start(&redis);
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const struct command *command = command_by_id(id);
        redisReply *server = server_info(&redis, command);
        cr_expect_eq(server != NULL, is_of_7_0(command), "%s: since %s", command->name,
                     command->since);
        if (server != NULL) {
            expect_same(command, server);
            freeReplyObject(server);
            known++;
        }
    }
    cr_expect_gt(known, 300, "only %zu rows compared", known);
    real_redis_stop(&redis);
}

Test(server_facts, every_command_of_the_server_has_a_row)
{
    struct real_redis redis;

    real_redis_start(&redis);
    redisReply *names = redisCommand(redis.context, "COMMAND LIST");
    cr_assert_gt(names->elements, 300);
    for (size_t i = 0; i < names->elements; i++) {
        const redisReply *name = names->element[i];
        cr_expect_not_null(command_by_name((struct span){name->str, name->len}), "%s", name->str);
    }
    freeReplyObject(names);
    real_redis_stop(&redis);
}
