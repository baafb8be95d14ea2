/* fuzz_reply_scan.c - replies are the same whole and in pieces, and what hiredis says: where it
 * takes one, so do we, with the same end and the same parts; where we refuse, so does it, or the
 * reason is one of those that reply_reference.h names.
 *
 *      [ steps of the pieces ][ a stream of replies ]
 */
#include <hiredis/hiredis.h>
#include <string.h>

#include "common/check.h"
#include "common/resp_scan.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/pieces.h"
#include "tests/fuzz/reply_reference.h"

enum {
    LIMIT_BYTES = 1 << 20,
    WITNESS_DIGITS = 5, /* hiredis allocates an array as soon as it is announced */
};

static void check_in_pieces(struct pieces pieces, enum scan_result whole, size_t whole_used)
{
    struct reply_scan scan = {0};
    enum scan_result result = SCAN_MORE;
    size_t used = 0;

    while (result == SCAN_MORE && pieces_next(&pieces)) {
        struct span input = pieces_copy(&pieces);
        result = reply_scan_next(&scan, LIMIT_BYTES, input, &used);
        CHECK(result != SCAN_MORE || scan.need > input.size);
        free((char *)input.at);
    }
    CHECK(result == whole);
    CHECK(result != SCAN_DONE || used == whole_used);
}

/* Does a '*' with many digits stand anywhere? */
static bool announces_much(struct span payload)
{
    size_t digits = WITNESS_DIGITS + 1;
    for (size_t i = 0; i < payload.size; i++) {
        char byte = payload.at[i];
        digits = byte == '*' ? 0 : byte >= '0' && byte <= '9' ? digits + 1 : WITNESS_DIGITS + 2;
        if (digits == WITNESS_DIGITS + 1) {
            return true;
        }
    }
    return false;
}

/* Every part of a reply is what hiredis says, at every depth. */
static void check_tree(struct span reply, const redisReply *tree)
{
    struct span content = {0};
    int64_t number = 0;
    size_t at = 0;

    switch (tree->type) {
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        CHECK(reply_string(reply, &content));
        CHECK(span_equal(content, (struct span){tree->str, tree->len}));
        return;
    case REDIS_REPLY_INTEGER:
        CHECK(reply_integer(reply, &number) && number == tree->integer);
        return;
    case REDIS_REPLY_ERROR:
        CHECK(reply.at[0] == '-' && reply.size == tree->len + 3);
        CHECK(memcmp(reply.at + 1, tree->str, tree->len) == 0);
        return;
    case REDIS_REPLY_NIL:
        CHECK(!reply_string(reply, &content) && !reply_array_open(reply, &number, &at));
        return;
    default: break;
    }
    CHECK(reply_array_open(reply, &number, &at) && (size_t)number == tree->elements);
    for (size_t i = 0; i < tree->elements; i++) {
        struct reply_scan scan = {0};
        struct span rest = {reply.at + at, reply.size - at};
        size_t used = 0;

        CHECK(reply_scan_next(&scan, LIMIT_BYTES, rest, &used) == SCAN_DONE);
        check_tree((struct span){rest.at, used}, tree->element[i]);
        at += used;
    }
    CHECK(at == reply.size);
}

static void check_reference(struct span payload, enum scan_result result, size_t used, bool failed)
{
    struct reply_reference reference = reply_reference_read(payload, LIMIT_BYTES);

    CHECK(result == reference.result);
    CHECK(result != SCAN_DONE || used == reference.used);
    CHECK(!failed || result == SCAN_BAD || reference.is_beyond_witness);
    CHECK(failed || result != SCAN_BAD || reference.is_strict);
}

static void check_witness(struct span payload, enum scan_result result, size_t used)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;

    CHECK(redisReaderFeed(reader, payload.at, payload.size) == REDIS_OK);
    bool failed = redisReaderGetReply(reader, &reply) != REDIS_OK;

    check_reference(payload, result, used, failed);
    if (!failed && result != SCAN_BAD) {
        CHECK((reply != NULL) == (result == SCAN_DONE));
    }
    if (reply != NULL && result == SCAN_DONE) {
        CHECK(used == payload.size - (reader->len - reader->pos));
        check_tree((struct span){payload.at, used}, reply);
    }
    if (reply != NULL) {
        freeReplyObject(reply);
    }
    redisReaderFree(reader);
}

static void check_parts(struct span reply)
{
    struct span content = {0};
    int64_t number = 0;
    size_t first = 0;

    if (reply_string(reply, &content)) {
        CHECK(content.at > reply.at && content.size <= reply.size - 3);
        CHECK(content.at + content.size + 2 == reply.at + reply.size);
    }
    if (reply_array_open(reply, &number, &first)) {
        CHECK(number >= 0 && first <= reply.size);
    }
    CHECK(reply_integer(reply, &number) == (reply.at[0] == ':'));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < PIECES_STEPS) {
        return 0;
    }

    struct span payload = {(const char *)bytes + PIECES_STEPS, size - PIECES_STEPS};
    enum scan_result result = SCAN_DONE;
    while (result == SCAN_DONE && payload.size > 0) {
        struct reply_scan scan = {0};
        size_t used = 0;
        result = reply_scan_next(&scan, LIMIT_BYTES, payload, &used);
        CHECK(result != SCAN_DONE || (used > 0 && used <= payload.size));

        check_in_pieces((struct pieces){.steps = bytes, .payload = payload}, result, used);
        if (!announces_much(payload)) {
            check_witness(payload, result, used);
        }
        if (result == SCAN_DONE) {
            check_parts((struct span){payload.at, used});
        }
        payload = (struct span){payload.at + used, payload.size - used};
    }
    return 0;
}
