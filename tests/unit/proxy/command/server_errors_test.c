/* What slotway says to a request that is no command is what a real redis-server 7.0 says. */
#include "tests/unit/proxy/command/real_redis.h"
#include "tests/unit/proxy/command/words.h"

#include "proxy/command/command.h"

#define TEN     "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

static const char *const requests[] = {
    "foo",
    "foo a b",
    "FOO A B",
    "foo ''",
    "'' a",
    "foo '' ''",
    "foo\rbar\nx a\r\nb",
    "config|get a",
    "get|x",
    "config",
    "config nosuch",
    "CONFIG nosuch x y",
    "Config ''",
    "config get",
    "COMMAND nosuch",
    "command count x",
    "get",
    "GET a b",
    "xgroup create a",
    "mset a",
    "mset a 1 b",
    "msetnx a 1 b",
    "zunionstore d 1",
    "slaveof",
    "restore-asking a",
    "getx a",
    "ge a",
    HUNDRED HUNDRED,
    HUNDRED HUNDRED " a b",
    "foo " HUNDRED HUNDRED,
    "foo " HUNDRED " 0123456789012345678901234567 b",
    "foo " HUNDRED "0123456789012345678901234567",
    "foo " HUNDRED "012345678901234567890123456 b",
    "foo " HUNDRED "01234567890123456789012345 b",
    "foo " HUNDRED "0123456789012345678901234 b",
    "foo " HUNDRED "012345678901234567890123 b",
    "foo " HUNDRED "0123456789012345678901 b c d",
    "foo a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a",
    "config " HUNDRED HUNDRED,
};

static void expect_same_error(struct real_redis *redis, const char *request)
{
    const char *argv[WORDS_MAX];
    size_t sizes[WORDS_MAX];
    struct words words;
    const struct command *command;
    char text[1024];

    words_init(&words, request);
    for (uint32_t i = 0; i < words.arguments.count; i++) {
        argv[i] = words.items[i].at;
        sizes[i] = words.items[i].size;
    }
    redisReply *reply = redisCommandArgv(redis->context, (int)words.arguments.count, argv, sizes);
    cr_assert_eq(reply->type, REDIS_REPLY_ERROR, "the server likes: %s", request);

    enum command_result result = command_find(&words.arguments, &command);
    cr_assert_neq(result, COMMAND_FOUND, "slotway likes: %s", request);
    cr_expect_str_eq(command_error(result, command, &words.arguments, text, sizeof text),
                     reply->str, "%s", request);
    freeReplyObject(reply);
}

Test(server_errors, a_request_that_is_no_command_gets_the_words_of_the_server)
{
    struct real_redis redis;

    real_redis_start(&redis);
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        expect_same_error(&redis, requests[i]);
    }
    real_redis_stop(&redis);
}
