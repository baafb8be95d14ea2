#include "tests/fuzz/proxy/verdict.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <string.h>

#include "common/check.h"
#include "tests/fuzz/proxy/nodes.h"

enum { SHOWN_MAX = 200 };

static bool any_part(const struct asked *asked, struct ledger *ledger, bool blurred)
{
    for (uint8_t i = 0; i < asked->tag_count; i++) {
        const struct deed *deed = ledger_deed(ledger, asked->uid, asked->tags[i]);

        if (blurred ? deed->is_blurred : deed->is_loose) {
            return true;
        }
    }
    return false;
}

/* "r17." stands for request 17 wherever a node says something of its own. */
static bool names_it(const struct asked *asked, const char *text)
{
    char word[16];

    snprintf(word, sizeof word, "r%u.", asked->uid);
    return strstr(text, word) != NULL;
}

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_redirection(const char *text)
{
    return starts_with(text, "MOVED ") || starts_with(text, "ASK ") ||
           starts_with(text, "TRYAGAIN");
}

static bool is_fair_error(const struct asked *asked, const char *text, struct ledger *ledger)
{
    if (is_redirection(text) && !any_part(asked, ledger, false)) {
        return false;
    }
    if (asked->tag_count == 0 && asked->kind != ASKED_DBSIZE && asked->kind != ASKED_UNKNOWN) {
        return false;
    }
    return starts_with(text, "ERR proxy: ") || starts_with(text, "CLUSTERDOWN ") ||
           (asked->uid > 0 && names_it(asked, text)) ||
           (asked->kind == ASKED_DBSIZE && starts_with(text, "WRONGTYPE "));
}

/* A value holds the number of its request somewhere. */
static bool is_value(const struct asked *asked, const redisReply *reply)
{
    switch (reply->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS: return names_it(asked, reply->str);
    case REDIS_REPLY_ARRAY:
        return reply->elements == 2 && is_value(asked, reply->element[0]) &&
               reply->element[1]->elements == 2 &&
               reply->element[1]->element[0]->integer == asked->uid;
    default: return false;
    }
}

/* One a slot, or one a key where it came key by key. */
static unsigned count_answers(const struct asked *asked, struct ledger *ledger)
{
    unsigned seen = 0;
    unsigned count = 0;

    for (uint8_t i = 0; i < asked->tag_count; i++) {
        const struct deed *deed = ledger_deed(ledger, asked->uid, asked->tags[i]);
        bool is_new = (seen & 1u << asked->tags[i]) == 0;

        count += is_new || deed->is_parted;
        seen |= 1u << asked->tags[i];
    }
    return count;
}

static bool is_keys(const struct asked *asked, const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != asked->tag_count) {
        return false;
    }
    for (uint8_t i = 0; i < asked->tag_count; i++) {
        uint8_t tag = LEDGER_TAGS;
        uint16_t uid = 0;
        const redisReply *element = reply->element[i];

        if (element->type != REDIS_REPLY_STRING || !key_read(span_of(element->str), &tag, &uid) ||
            uid != asked->uid || tag != asked->tags[i]) {
            return false;
        }
    }
    return true;
}

static bool is_status(const redisReply *reply, const char *text)
{
    return reply->type == REDIS_REPLY_STATUS && strcmp(reply->str, text) == 0;
}

static bool is_right(const struct asked *asked, const redisReply *reply, struct ledger *ledger)
{
    switch (asked->kind) {
    case ASKED_GET:
    case ASKED_SET:
    case ASKED_SET_LARGE:
    case ASKED_EVAL:
    case ASKED_PUBLISH:
    case ASKED_ECHO: return is_value(asked, reply);
    case ASKED_DEL:
        return reply->type == REDIS_REPLY_INTEGER &&
               reply->integer == asked->uid * count_answers(asked, ledger);
    case ASKED_MGET: return is_keys(asked, reply);
    case ASKED_DBSIZE:
        return reply->type == REDIS_REPLY_INTEGER && reply->integer > 0 && reply->integer <= NODES;
    case ASKED_PING: return is_status(reply, "PONG");
    case ASKED_MSET:
    case ASKED_REPLY_ON:
    case ASKED_QUIT: return is_status(reply, "OK");
    case ASKED_RESET: return is_status(reply, "RESET");
    case ASKED_UNKNOWN:
    case ASKED_REPLY_OFF:
    case ASKED_REPLY_SKIP:
    case ASKED_COUNT: return false;
    }
    return false;
}

/* What a reader that is not ours makes of it. */
static redisReply *reply_read(struct span text)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    CHECK(reader != NULL && redisReaderFeed(reader, text.at, text.size) == REDIS_OK);
    if (redisReaderGetReply(reader, &reply) != REDIS_OK || reply == NULL) {
        ledger_fail("a client was told what is no reply", 0, 0);
    }
    CHECK(reader->pos == reader->len);
    redisReaderFree(reader);
    return reply;
}

static bool is_fair(const struct asked *asked, struct span text, struct ledger *ledger)
{
    redisReply *reply = reply_read(text);
    bool is_fair = reply->type == REDIS_REPLY_ERROR ? is_fair_error(asked, reply->str, ledger)
                                                    : is_right(asked, reply, ledger);

    freeReplyObject(reply);
    return is_fair;
}

void verdict(const struct asked *asked, struct span reply, struct ledger *ledger)
{
    bool is_open =
        any_part(asked, ledger, true) || (asked->kind == ASKED_DBSIZE && ledger->has_blurred);

    if (is_open || is_fair(asked, reply, ledger)) {
        return;
    }
    fprintf(stderr, "kind %d was told %.*s\n", (int)asked->kind,
            (int)size_min(reply.size, SHOWN_MAX), reply.at);
    ledger_fail("a client was told what cannot be the answer", asked->uid, 0);
}
