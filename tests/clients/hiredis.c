/* hiredis, the library in C that many others stand on: commands, pipelines, binary values, RESP
 * errors, blocking and subscriptions, and another connection after slotway's restart.
 */
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PIPELINE = 100000,
};

static redisContext *connect_to_slotway(void)
{
    struct timeval patience = {.tv_sec = 20};
    int port = atoi(getenv("CLIENT_TEST_PORT"));
    redisContext *context = redisConnectWithTimeout(getenv("CLIENT_TEST_HOST"), port, patience);

    if (context == NULL || context->err != 0) {
        printf("failed connect: %s\n", context == NULL ? "no memory" : context->errstr);
        exit(1);
    }
    redisSetTimeout(context, patience);
    freeReplyObject(redisCommand(context, "AUTH %s", getenv("CLIENT_TEST_PASSWORD")));
    return context;
}

/* Writes a reply as words: "[a 1 (nil)]". */
static void describe(const redisReply *reply, char *text, size_t size)
{
    size_t length = 0;

    if (reply == NULL) {
        snprintf(text, size, "(no reply)");
        return;
    }
    switch (reply->type) {
    case REDIS_REPLY_INTEGER: snprintf(text, size, "%lld", reply->integer); return;
    case REDIS_REPLY_NIL: snprintf(text, size, "(nil)"); return;
    case REDIS_REPLY_ARRAY:
        length += (size_t)snprintf(text, size, "[");
        for (size_t i = 0; i < reply->elements && length + 2 < size; i++) {
            if (i > 0) {
                text[length++] = ' ';
            }
            describe(reply->element[i], text + length, size - length);
            length += strlen(text + length);
        }
        snprintf(text + length, size - length, "]");
        return;
    default: snprintf(text, size, "%s", reply->str); return;
    }
}

/* Is this the reply? Frees it. */
static bool reply_is(redisReply *reply, const char *expected)
{
    char text[512];

    describe(reply, text, sizeof text);
    bool same = strcmp(text, expected) == 0;
    if (!same) {
        fprintf(stderr, "'%s' is not '%s'\n", text, expected);
    }
    if (reply != NULL) {
        freeReplyObject(reply);
    }
    return same;
}

static bool says(redisContext *context, const char *expected, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    redisReply *reply = redisvCommand(context, format, arguments);
    va_end(arguments);
    return reply_is(reply, expected);
}

static redisReply *next_reply(redisContext *context)
{
    void *reply = NULL;

    return redisGetReply(context, &reply) == REDIS_OK ? reply : NULL;
}

static bool try_types(redisContext *context)
{
    return says(context, "OK", "SET %b %b", "bi\0nary", (size_t)7, "va\0lue", (size_t)6) &&
           says(context, "6", "STRLEN %b", "bi\0nary", (size_t)7) &&
           says(context, "2", "HSET hash a 1 b 2") &&
           says(context, "[1 (nil)]", "HMGET hash a none") &&
           says(context, "3", "RPUSH list x y z") && says(context, "[x y z]", "LRANGE list 0 -1") &&
           says(context, "1", "ZADD board 1.5 ann") &&
           says(context, "[ann 1.5]", "ZRANGE board 0 -1 WITHSCORES") &&
           says(context, "OK", "MSET a 1 b 2 c 3") &&
           says(context, "[1 2 3 (nil)]", "MGET a b c d") && says(context, "3", "DEL a b c") &&
           says(context, "(nil)", "GET a") &&
           says(context, "ERR value is not an integer or out of range", "INCR %b", "bi\0nary",
                (size_t)7);
}

static bool try_pipeline(redisContext *context)
{
    char expected[32];

    for (int i = 0; i < PIPELINE; i++) {
        redisAppendCommand(context, "INCRBY pipe:%d %d", i % 1000, 1);
    }
    for (int i = 0; i < PIPELINE; i++) {
        snprintf(expected, sizeof expected, "%d", i / 1000 + 1);
        if (!reply_is(next_reply(context), expected)) {
            return false;
        }
    }
    return true;
}

static bool try_transaction(redisContext *context)
{
    return says(context, "OK", "WATCH {t}a") && says(context, "OK", "MULTI") &&
           says(context, "QUEUED", "SET {t}a 1") && says(context, "QUEUED", "INCR {t}a") &&
           says(context, "[OK 2]", "EXEC") &&
           says(context, "5", "EVAL %s 1 k 5", "return tonumber(ARGV[1])");
}

static bool try_waiting(redisContext *context)
{
    redisContext *other = connect_to_slotway();
    bool good = says(context, "(nil)", "BLPOP none 0.1");

    redisAppendCommand(context, "BLPOP {q}a {q}b 20");
    redisBufferWrite(context, &(int){0});
    good =
        good && says(other, "1", "RPUSH {q}b job") && reply_is(next_reply(context), "[{q}b job]");
    good = good && says(context, "[subscribe news 1]", "SUBSCRIBE news") &&
           says(other, "1", "PUBLISH news extra") &&
           reply_is(next_reply(context), "[message news extra]") &&
           says(context, "[unsubscribe news 0]", "UNSUBSCRIBE news") &&
           says(context, "PONG", "PING");
    redisFree(other);
    return good;
}

static bool try_reconnect(redisContext *context)
{
    if (system(getenv("CLIENT_TEST_RESTART")) != 0) {
        return false;
    }
    /* hiredis does not connect again by itself. */
    bool good = redisCommand(context, "PING") == NULL && redisReconnect(context) == REDIS_OK;
    return good && says(context, "OK", "AUTH %s", getenv("CLIENT_TEST_PASSWORD")) &&
           says(context, "x", "LINDEX list 0");
}

static void step(const char *name, bool (*run)(redisContext *), redisContext *context)
{
    printf(run(context) ? "ok %s\n" : "failed %s: see the log\n", name);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("version %d.%d.%d\n", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
    redisContext *context = connect_to_slotway();
    step("types", try_types, context);
    step("pipeline", try_pipeline, context);
    step("transaction", try_transaction, context);
    step("blocking and pubsub", try_waiting, context);
    step("reconnect", try_reconnect, context);
    redisFree(context);
    return 0;
}
