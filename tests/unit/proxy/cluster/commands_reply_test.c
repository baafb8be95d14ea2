#include "proxy/cluster/commands_reply.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/proxy/cluster/command_replies.h"

enum { HEARD_MAX = 8 };

/* Copies of what was told; the texts of the last one only are looked at before it is gone. */
struct heard {
    size_t count;
    struct command facts[HEARD_MAX];
    char names[HEARD_MAX][COMMAND_NAME_MAX + 1];
    char groups[HEARD_MAX][COMMAND_GROUPS_MAX + 1];
    char keywords[HEARD_MAX][COMMAND_KEYWORD_MAX + 1]; /* of the first spec */
};

static void keep(void *context, const struct command *facts)
{
    struct heard *heard = context;

    cr_assert_lt(heard->count, HEARD_MAX);
    size_t at = heard->count++;
    heard->facts[at] = *facts;
    strcpy(heard->names[at], facts->name);
    strcpy(heard->groups[at], facts->groups);
    if (facts->keys[0].keyword != NULL) {
        strcpy(heard->keywords[at], facts->keys[0].keyword);
    }
}

/* NULL when it is not one whole reply that hiredis takes. */
static redisReply *parse(const char *text, size_t size)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    redisReaderFeed(reader, text, size);
    if (redisReaderGetReply(reader, &reply) != REDIS_OK) {
        reply = NULL;
    }
    redisReaderFree(reader);
    return reply;
}

static struct commands_heard hear(const char *text, struct heard *heard)
{
    redisReply *reply = parse(text, strlen(text));

    cr_assert_not_null(reply, "the test's own reply is no reply: %s", text);
    *heard = (struct heard){0};
    struct commands_heard result = commands_from_reply(reply, keep, heard);
    freeReplyObject(reply);
    return result;
}

#define KEY1 SPEC(INDEX(1), RANGE(0, 1, 0))

static const struct row {
    const char *name;
    const char *text; /* of one element */
    enum command_class class;
    uint8_t specs;
    uint8_t only_key;
    int16_t first, last, step; /* of the first spec */
} rows[] = {
    {"one key", ONE_KEY_COMMAND("m.x"), COMMAND_CLASS_ONE_KEY, 1, 1, 1, 0, 1},
    {"one key behind a subcommand's place",
     COMMAND_7("m.x", -3, FLAGS1("write"), TRIPLE(2, 2, 1), TIPS0,
               SPECS1(SPEC(INDEX(2), RANGE(0, 1, 0))), BELOW0),
     COMMAND_CLASS_ONE_KEY, 1, 2, 2, 0, 1},
    {"one key that may not be there",
     COMMAND_7("m.x", -2, FLAGS1("write"), TRIPLE(2, 2, 1), TIPS0,
               SPECS1(SPEC(INDEX(2), RANGE(0, 1, 0))), BELOW0),
     COMMAND_CLASS_SAME_SLOT, 1, 0, 2, 0, 1},
    {"all are keys",
     COMMAND_7("m.x", -2, FLAGS1("readonly"), TRIPLE(1, -1, 1), TIPS0,
               SPECS1(SPEC(INDEX(1), RANGE(-1, 1, 0))), BELOW0),
     COMMAND_CLASS_SAME_SLOT, 1, 0, 1, -1, 1},
    {"all are keys, to be split",
     COMMAND_7("m.x", -2, FLAGS1("readonly"), TRIPLE(1, -1, 1), TIPS1("request_policy:multi_shard"),
               SPECS1(SPEC(INDEX(1), RANGE(-1, 1, 0))), BELOW0),
     COMMAND_CLASS_SPLIT, 1, 0, 1, -1, 1},
    {"counted keys, to be split",
     COMMAND_7("m.x", -3, FLAGS2("write", "movablekeys"), TRIPLE(0, 0, 0),
               TIPS2("request_policy:multi_shard", "response_policy:agg_sum"),
               SPECS1(SPEC(INDEX(1), KEYNUM(0, 1, 1))), BELOW0),
     COMMAND_CLASS_SPLIT, 1, 0, 1, 0, 1},
    {"names and values are not split",
     COMMAND_7("m.x", -3, FLAGS1("write"), TRIPLE(1, -1, 2), TIPS1("request_policy:multi_shard"),
               SPECS1(SPEC(INDEX(1), RANGE(-1, 2, 0))), BELOW0),
     COMMAND_CLASS_SAME_SLOT, 1, 0, 1, -1, 2},
    {"what is to be joined specially is not split",
     COMMAND_7("m.x", -2, FLAGS1("readonly"), TRIPLE(1, -1, 1),
               TIPS2("request_policy:multi_shard", "response_policy:special"),
               SPECS1(SPEC(INDEX(1), RANGE(-1, 1, 0))), BELOW0),
     COMMAND_CLASS_SAME_SLOT, 1, 0, 1, -1, 1},
    {"keys in two places",
     COMMAND_7("m.x", -3, FLAGS1("write"), TRIPLE(1, 2, 1), TIPS0,
               SPECS2(KEY1, SPEC(INDEX(2), RANGE(0, 1, 0))), BELOW0),
     COMMAND_CLASS_SAME_SLOT, 2, 0, 1, 0, 1},
    {"keys behind a word",
     COMMAND_7("m.x", -3, FLAGS2("write", "movablekeys"), TRIPLE(0, 0, 0), TIPS0,
               SPECS1(SPEC(KEYWORD(4, "KEYS", -2), RANGE(-1, 1, 2))), BELOW0),
     COMMAND_CLASS_SAME_SLOT, 1, 0, -2, -1, 1},
    {"no keys, any node", COMMAND_7("m.x", -1, FLAGS0, TRIPLE(0, 0, 0), TIPS0, SPECS0, BELOW0),
     COMMAND_CLASS_ANY_NODE, 0, 0, 0, 0, 0},
    {"no keys, all shards",
     COMMAND_7("m.x", -1, FLAGS0, TRIPLE(0, 0, 0), TIPS1("request_policy:all_shards"), SPECS0,
               BELOW0),
     COMMAND_CLASS_BROADCAST, 0, 0, 0, 0, 0},
    {"no keys, a policy of its own",
     COMMAND_7("m.x", -1, FLAGS0, TRIPLE(0, 0, 0), TIPS1("request_policy:special"), SPECS0, BELOW0),
     COMMAND_CLASS_UNCLEAR, 0, 0, 0, 0, 0},
    {"no keys, a policy that nobody knows",
     COMMAND_7("m.x", -1, FLAGS0, TRIPLE(0, 0, 0), TIPS1("request_policy:half"), SPECS0, BELOW0),
     COMMAND_CLASS_UNCLEAR, 0, 0, 0, 0, 0},
    {"no keys, all shards, joined specially",
     COMMAND_7("m.x", -1, FLAGS0, TRIPLE(0, 0, 0),
               TIPS2("request_policy:all_shards", "response_policy:special"), SPECS0, BELOW0),
     COMMAND_CLASS_UNCLEAR, 0, 0, 0, 0, 0},
    {"administration",
     COMMAND_7("m.x", 2, FLAGS2("admin", "write"), TRIPLE(1, 1, 1), TIPS0, SPECS1(KEY1), BELOW0),
     COMMAND_CLASS_ADMIN, 1, 1, 1, 0, 1},
    {"blocking",
     COMMAND_7("m.x", 2, FLAGS2("blocking", "write"), TRIPLE(1, 1, 1), TIPS0, SPECS1(KEY1), BELOW0),
     COMMAND_CLASS_UNCLEAR, 1, 1, 1, 0, 1},
    {"subscriptions", COMMAND_7("m.x", 2, FLAGS1("pubsub"), TRIPLE(0, 0, 0), TIPS0, SPECS0, BELOW0),
     COMMAND_CLASS_UNCLEAR, 0, 0, 0, 0, 0},
    {"keys that only the server finds",
     COMMAND_7("m.x", -2, FLAGS2("write", "movablekeys"), TRIPLE(0, 0, 0), TIPS0,
               SPECS1(SPEC(UNKNOWN, UNKNOWN)), BELOW0),
     COMMAND_CLASS_UNCLEAR, 0, 0, 0, 0, 0},
    {"keys that nobody tells",
     COMMAND_7("m.x", -2, FLAGS2("write", "movablekeys"), TRIPLE(0, 0, 0), TIPS0, SPECS0, BELOW0),
     COMMAND_CLASS_UNCLEAR, 0, 0, 0, 0, 0},
    {"one key and others that only the server finds",
     COMMAND_7("m.x", -2, FLAGS2("write", "movablekeys"), TRIPLE(1, 1, 1), TIPS0,
               SPECS2(KEY1, SPEC(UNKNOWN, UNKNOWN)), BELOW0),
     COMMAND_CLASS_ONE_KEY, 1, 1, 1, 0, 1},
    {"keys that only the server finds, and a first one",
     COMMAND_7("m.x", -2, FLAGS2("write", "movablekeys"), TRIPLE(1, 1, 1), TIPS0,
               SPECS1(SPEC(UNKNOWN, UNKNOWN)), BELOW0),
     COMMAND_CLASS_ONE_KEY, 1, 1, 1, 0, 1},
    {"a 6.0 server", COMMAND_6("m.x", -2, FLAGS1("readonly"), TRIPLE(1, -1, 1)),
     COMMAND_CLASS_SAME_SLOT, 1, 0, 1, -1, 1},
    {"a 5.0 server", COMMAND_5("m.x", 3, FLAGS1("readonly"), TRIPLE(1, 2, 1)),
     COMMAND_CLASS_SAME_SLOT, 1, 0, 1, 1, 1},
    {"a 5.0 server, no keys", COMMAND_5("m.x", 1, FLAGS0, TRIPLE(0, 0, 0)), COMMAND_CLASS_ANY_NODE,
     0, 0, 0, 0, 0},
    {"a 5.0 server, movable keys", COMMAND_5("m.x", -3, FLAGS1("movablekeys"), TRIPLE(0, 0, 0)),
     COMMAND_CLASS_UNCLEAR, 0, 0, 0, 0, 0},
    {"a step of zero",
     COMMAND_7("m.x", -2, FLAGS0, TRIPLE(1, -1, 0), TIPS0, SPECS1(SPEC(INDEX(1), RANGE(-1, 0, 0))),
               BELOW0),
     COMMAND_CLASS_UNCLEAR, 0, 0, 0, 0, 0},
    {"a step backwards",
     COMMAND_7("m.x", -2, FLAGS0, TRIPLE(1, -1, -1), TIPS0,
               SPECS1(SPEC(INDEX(1), RANGE(-1, -1, 0))), BELOW0),
     COMMAND_CLASS_UNCLEAR, 0, 0, 0, 0, 0},
    {"a first key of zero",
     COMMAND_7("m.x", -2, FLAGS0, TRIPLE(0, 0, 0), TIPS0, SPECS1(SPEC(INDEX(0), RANGE(-1, 1, 0))),
               BELOW0),
     COMMAND_CLASS_UNCLEAR, 0, 0, 0, 0, 0},
    {"a first key from the end",
     COMMAND_7("m.x", -2, FLAGS0, TRIPLE(-1, -1, 1), TIPS0, SPECS1(SPEC(INDEX(-1), RANGE(0, 1, 0))),
               BELOW0),
     COMMAND_CLASS_UNCLEAR, 0, 0, 0, 0, 0},
    {"a first key beyond all bounds",
     COMMAND_7("m.x", -2, FLAGS0, TRIPLE(65537, 65537, 1), TIPS0,
               SPECS1(SPEC(INDEX(65537), RANGE(0, 1, 0))), BELOW0),
     COMMAND_CLASS_UNCLEAR, 0, 0, 0, 0, 0},
    {"a last key before the first", COMMAND_5("m.x", -3, FLAGS0, TRIPLE(3, 2, 1)),
     COMMAND_CLASS_ANY_NODE, 0, 0, 0, 0, 0},
    {"a number in place of a spec",
     COMMAND_7("m.x", -2, FLAGS0, TRIPLE(0, 0, 0), TIPS0, SPECS1(":5\r\n"), BELOW0),
     COMMAND_CLASS_UNCLEAR, 0, 0, 0, 0, 0},
    {"an odd array in place of a spec",
     COMMAND_7("m.x", -2, FLAGS0, TRIPLE(0, 0, 0), TIPS0, SPECS1("*1\r\n+begin_search\r\n"),
               BELOW0),
     COMMAND_CLASS_UNCLEAR, 0, 0, 0, 0, 0},
    {"nulls in place of arrays",
     "*10\r\n" NAMED("m.x", 1) FLAGS0 TRIPLE(0, 0, 0) "*-1\r\n*-1\r\n*-1\r\n*-1\r\n",
     COMMAND_CLASS_ANY_NODE, 0, 0, 0, 0, 0},
};

Test(commands_reply, facts_and_what_is_done_with_them)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct heard heard;
        char text[2048];

        snprintf(text, sizeof text, "*1\r\n%s", row->text);
        struct commands_heard result = hear(text, &heard);
        const struct command *facts = &heard.facts[0];
        cr_assert_eq(result.told, 1, "%s", row->name);
        cr_expect_eq(result.senseless, 0, "%s", row->name);
        cr_expect_str_eq(heard.names[0], "m.x");
        cr_expect_eq(facts->class, row->class, "%s: %s", row->name,
                     command_class_name(facts->class));
        cr_expect_eq(facts->only_key, row->only_key, "%s: %d", row->name, facts->only_key);
        cr_assert_eq(facts->key_spec_count, row->specs, "%s", row->name);
        if (row->specs > 0) {
            cr_expect_eq(facts->keys[0].index, row->first, "%s", row->name);
            cr_expect_eq(facts->keys[0].last, row->last, "%s", row->name);
            cr_expect_eq(facts->keys[0].step, row->step, "%s", row->name);
        }
    }
}

/* Whoever asks which keys a request has must know that there may be more. */
Test(commands_reply, keys_beside_those_that_only_the_server_finds_are_incomplete)
{
    struct heard heard;

    hear("*2\r\n" COMMAND_7("m.x", -2, FLAGS1("write"), TRIPLE(1, 1, 1), TIPS0,
                            SPECS2(KEY1, SPEC(UNKNOWN, UNKNOWN)), BELOW0)
             COMMAND_7("m.y", -2, FLAGS1("write"), TRIPLE(1, 1, 1), TIPS0, SPECS1(KEY1), BELOW0),
         &heard);
    cr_expect_neq(heard.facts[0].keys[0].flags & KEY_INCOMPLETE, 0);
    cr_expect_eq(heard.facts[1].keys[0].flags & KEY_INCOMPLETE, 0);
}

/* The one key is the name of an index; what is read is below others. */
Test(commands_reply, keys_of_a_search_are_incomplete)
{
    struct heard heard;

    hear("*4\r\n" COMMAND_5("FT.SEARCH", -3, FLAGS1("readonly"), TRIPLE(1, 1, 1))
             COMMAND_5("_FT.SEARCH", -3, FLAGS1("readonly"), TRIPLE(1, 1, 1))
                 COMMAND_5("FTA.SEARCH", -3, FLAGS1("readonly"), TRIPLE(1, 1, 1))
                     COMMAND_5("FT._LIST", 1, FLAGS1("readonly"), TRIPLE(0, 0, 0)),
         &heard);
    cr_expect_neq(heard.facts[0].keys[0].flags & KEY_INCOMPLETE, 0);
    cr_expect_neq(heard.facts[1].keys[0].flags & KEY_INCOMPLETE, 0);
    cr_expect_eq(heard.facts[2].keys[0].flags & KEY_INCOMPLETE, 0);
    cr_expect_eq(heard.facts[3].key_spec_count, 0);
}

Test(commands_reply, everything_else_that_is_told)
{
    struct heard heard;

    hear("*1\r\n" COMMAND_7("M.X", -3, FLAGS2("WRITE", "fast"), TRIPLE(0, 0, 0),
                            TIPS2("nondeterministic_output", "response_policy:agg_max"),
                            SPECS1(SPEC(KEYWORD(4, "KEYS", 1), RANGE(-1, 1, 2))), BELOW0),
         &heard);
    const struct command *facts = &heard.facts[0];
    cr_expect_str_eq(heard.names[0], "m.x");
    cr_expect_str_eq(heard.groups[0], "@read,@slow");
    cr_expect_str_eq(heard.keywords[0], "KEYS");
    cr_expect_eq(facts->arity, -3);
    cr_expect_eq(facts->flags, COMMAND_WRITE | COMMAND_FAST | COMMAND_NONDETERMINISTIC_OUTPUT);
    cr_expect_eq(facts->reply, REPLY_MAX);
    cr_expect_eq(facts->request, TO_DEFAULT);
    cr_expect_eq(facts->keys[0].limit, 2);
    cr_expect_eq(facts->keys[0].flags, KEY_RO | KEY_ACCESS);
}

Test(commands_reply, what_reads_and_writes_is_a_write)
{
    struct heard heard;

    hear("*1\r\n" COMMAND_5("m.x", 3, FLAGS2("readonly", "write"), TRIPLE(1, 2, 1)), &heard);
    cr_expect_eq(heard.facts[0].flags, COMMAND_WRITE);
}

#define SUB(name) ONE_KEY_COMMAND(name)

Test(commands_reply, subcommands_follow_their_container)
{
    struct heard heard;
    struct commands_heard result =
        hear("*2\r\n" COMMAND_7("m", -2, FLAGS0, TRIPLE(0, 0, 0), TIPS0, SPECS0,
                                "*4\r\n" SUB("m|one") SUB("other|two") SUB("m") SUB("M|Two"))
                 ONE_KEY_COMMAND("n"),
             &heard);

    cr_expect_eq(result.told, 4);
    cr_expect_eq(result.senseless, 2);
    cr_expect_str_eq(heard.names[0], "m");
    cr_expect_eq(heard.facts[0].class, COMMAND_CLASS_CONTAINER);
    cr_expect_str_eq(heard.names[1], "m one");
    cr_expect_str_eq(heard.names[2], "m two");
    cr_expect_str_eq(heard.names[3], "n");
}

#define LONG16 "xxxxxxxxxxxxxxxx"
#define LONG64 LONG16 LONG16 LONG16 LONG16

static const char *const senseless[] = {
    ":1\r\n",
    "$-1\r\n",
    "*0\r\n",
    "*1\r\n+m.x\r\n",
    "*2\r\n+m.x\r\n:1\r\n",
    "*3\r\n+m.x\r\n:1\r\n:0\r\n",
    "*3\r\n:7\r\n:1\r\n*0\r\n",
    "*3\r\n+\r\n:1\r\n*0\r\n",
    "*3\r\n$3\r\nm x\r\n:1\r\n*0\r\n",
    "*3\r\n$4\r\nm\r\nx\r\n:1\r\n*0\r\n",
    "*3\r\n$3\r\nm\xffx\r\n:1\r\n*0\r\n",
    "*3\r\n+m|x\r\n:1\r\n*0\r\n",
    "*3\r\n+" LONG64 "x\r\n:1\r\n*0\r\n",
    "*3\r\n+m.x\r\n:0\r\n*0\r\n",
    "*3\r\n+m.x\r\n:1001\r\n*0\r\n",
    "*3\r\n+m.x\r\n:-70000\r\n*0\r\n",
    "*3\r\n+m.x\r\n+1\r\n*0\r\n",
};

Test(commands_reply, what_makes_no_sense_is_left_out)
{
    for (size_t i = 0; i < ARRAY_LEN(senseless); i++) {
        struct heard heard;
        char text[2048];

        snprintf(text, sizeof text, "*2\r\n%s%s", senseless[i], "*3\r\n+last\r\n:1\r\n*0\r\n");
        struct commands_heard result = hear(text, &heard);
        cr_expect_eq(result.senseless, 1, "%zu", i);
        cr_assert_eq(result.told, 1, "%zu", i);
        cr_expect_str_eq(heard.names[0], "last");
    }
}

Test(commands_reply, a_name_with_a_zero_byte_makes_no_sense)
{
    static const char text[] = "*1\r\n*3\r\n$3\r\nm\0x\r\n:1\r\n*0\r\n";
    struct heard heard = {0};
    redisReply *reply = parse(text, sizeof text - 1);

    cr_assert_not_null(reply);
    cr_expect_eq(commands_from_reply(reply, keep, &heard).senseless, 1);
    cr_expect_eq(heard.count, 0);
    freeReplyObject(reply);
}

Test(commands_reply, a_reply_that_is_no_list_says_nothing)
{
    static const char *const texts[] = {"-NOPERM no\r\n", ":5\r\n", "$-1\r\n", "*-1\r\n", "*0\r\n"};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct heard heard;
        struct commands_heard result = hear(texts[i], &heard);
        cr_expect_eq(result.told + result.senseless, 0, "%s", texts[i]);
    }
}

Test(commands_reply, more_specs_than_there_is_room_for_are_not_told)
{
    struct heard heard;

    hear("*1\r\n" COMMAND_7("m.x", -5, FLAGS0, TRIPLE(0, 0, 0), TIPS0, "*4\r\n" KEY1 KEY1 KEY1 KEY1,
                            BELOW0),
         &heard);
    cr_expect_eq(heard.facts[0].key_spec_count, COMMAND_KEY_SPECS);
    cr_expect_eq(heard.facts[0].class, COMMAND_CLASS_SAME_SLOT);
}

Test(commands_reply, more_categories_than_there_is_room_for_are_left_out)
{
    struct heard heard;
    char text[8192];
    size_t used = (size_t)snprintf(text, sizeof text,
                                   "*1\r\n*7\r\n+m.x\r\n:1\r\n*0\r\n:0\r\n:0\r\n:0\r\n*100\r\n");

    for (int i = 0; i < 100; i++) {
        used += (size_t)snprintf(text + used, sizeof text - used, "+@" LONG16 "%d\r\n", i);
    }
    hear(text, &heard);
    cr_expect_leq(strlen(heard.groups[0]), COMMAND_GROUPS_MAX);
    cr_expect_gt(strlen(heard.groups[0]), COMMAND_GROUPS_MAX - 32);
    cr_expect_neq(heard.groups[0][strlen(heard.groups[0]) - 1], ',');
}
