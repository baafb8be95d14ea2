/* Replies to COMMAND with a few bytes changed, cut or doubled: whatever is still a reply gives
 * facts within their limits, with which keys are found among any arguments. SLOTWAY_SEED repeats a
 * run.
 */
#include <criterion/criterion.h>
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "proxy/cluster/commands_reply.h"
#include "proxy/command/keys.h"
#include "tests/unit/proxy/cluster/command_replies.h"

enum { TRIES = 20000, ROOM = 4096, ARGUMENTS_MAX = 12 };

#define KEY1 SPEC(INDEX(1), RANGE(0, 1, 0))

static const char good[] = "*6\r\n" ONE_KEY_COMMAND("m.x")
    COMMAND_7("m.y", -3, FLAGS2("write", "movablekeys"), TRIPLE(1, -1, 1),
              TIPS2("request_policy:multi_shard", "response_policy:agg_sum"),
              SPECS2(KEY1, SPEC(INDEX(2), KEYNUM(0, 1, 1))), BELOW0)
        COMMAND_7("m.z", -3, FLAGS1("movablekeys"), TRIPLE(0, 0, 0), TIPS0,
                  SPECS2(SPEC(KEYWORD(4, "KEYS", -2), RANGE(-1, 1, 2)), SPEC(UNKNOWN, UNKNOWN)),
                  BELOW0) COMMAND_7("m", -2, FLAGS0, TRIPLE(0, 0, 0), TIPS0, SPECS0,
                                    "*2\r\n" ONE_KEY_COMMAND("m|a") ONE_KEY_COMMAND("m|b"))
            COMMAND_6("m.old", -2, FLAGS1("readonly"), TRIPLE(1, -1, 2))
                COMMAND_5("m.older", 3, FLAGS1("write"), TRIPLE(2, 2, 1));

static uint64_t random_state;
static size_t told_count;

static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 33) % limit;
}

static void seed_dice(void)
{
    const char *seed = getenv("SLOTWAY_SEED");
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    random_state = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)now.tv_nsec + 1;
    fprintf(stderr, "commands_reply_broken: SLOTWAY_SEED=%llu\n", (unsigned long long)random_state);
}

/* Numbers and marks matter most. */
static char random_byte(void)
{
    static const char likely_bytes[] = "0123456789-+:$*\r\nax|@ ";

    return random_below(4) > 0 ? likely_bytes[random_below(sizeof likely_bytes - 1)]
                               : (char)random_below(256);
}

static size_t spoil(char *text, size_t size)
{
    for (uint32_t changes = 1 + random_below(4); changes > 0; changes--) {
        uint32_t at = random_below((uint32_t)size);
        uint32_t count = 1 + random_below(8);
        switch (random_below(4)) {
        case 0:
        case 1: text[at] = random_byte(); break;
        case 2:
            count = (uint32_t)size_min(count, size - at);
            memmove(text + at, text + at + count, size - at - count);
            size -= count;
            break;
        default:
            if (size + count <= ROOM && at + count <= size) {
                memmove(text + at + count, text + at, size - at);
                size += count;
            }
            break;
        }
    }
    return size;
}

static void check_keys(const struct command *facts, uint32_t count)
{
    static const char *const words[] = {"keys", "1", "2", "-1", "1000000", "", "k", "KEYS"};
    struct span items[ARGUMENTS_MAX];
    struct arguments arguments = {.items = items, .count = count};
    struct keys keys = {0};

    for (uint32_t i = 0; i < count; i++) {
        items[i] = span_of(words[random_below(ARRAY_LEN(words))]);
    }
    if (keys_find(facts, &arguments, &keys) == KEYS_FOUND) {
        cr_assert_gt(keys.count, 0);
        for (uint32_t i = 0; i < keys.count; i++) {
            cr_assert(keys.index[i] > 0 && keys.index[i] < count, "%s: key %u of %u", facts->name,
                      keys.index[i], count);
        }
    }
    keys_clear(&keys);
}

static void check_facts(void *context UNUSED, const struct command *facts)
{
    struct command copy = *facts;

    told_count++;
    cr_assert(facts->name[0] != '\0' && strlen(facts->name) <= COMMAND_NAME_MAX);
    cr_assert_leq(strlen(facts->groups), COMMAND_GROUPS_MAX);
    cr_assert(facts->arity != 0 && abs(facts->arity) <= COMMAND_ARITY_MAX);
    cr_assert_leq(facts->key_spec_count, COMMAND_KEY_SPECS);
    copy.id = COMMAND_ID_LEARNED;
    for (uint32_t count = 1; count < ARGUMENTS_MAX; count++) {
        if (command_arity_fits(&copy, count)) {
            check_keys(&copy, count);
        }
    }
}

static void read_text(const char *text, size_t size)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    redisReaderFeed(reader, text, size);
    if (redisReaderGetReply(reader, &reply) == REDIS_OK && reply != NULL) {
        (void)commands_from_reply(reply, check_facts, NULL);
        freeReplyObject(reply);
    }
    redisReaderFree(reader);
}

Test(commands_reply_broken, gives_facts_within_their_limits_or_none)
{
    char text[ROOM];

    seed_dice();
    read_text(good, sizeof good - 1);
    cr_assert_eq(told_count, 8);
    for (int i = 0; i < TRIES; i++) {
        memcpy(text, good, sizeof good - 1);
        read_text(text, spoil(text, sizeof good - 1));
    }
    cr_expect_gt(told_count, TRIES / 10, "hardly any reply was still one");
}
