/* fuzz_reply_scan.c - replies are the same whole and in pieces, and end where hiredis says.
 *
 *      [ steps of the pieces ][ a stream of replies ]
 */
#include <hiredis/hiredis.h>
#include <string.h>

#include "common/check.h"
#include "common/resp_scan.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/pieces.h"

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

/* hiredis looks less closely (a bulk's CR LF, the limit), so what it takes we may refuse, but we
 * must not see another end, nor an end where it sees none. */
static void check_witness(struct span payload, enum scan_result result, size_t used)
{
    redisReader *reader = redisReaderCreate();
    void *reply = NULL;
    CHECK(redisReaderFeed(reader, payload.at, payload.size) == REDIS_OK);

    if (redisReaderGetReply(reader, &reply) == REDIS_OK && result != SCAN_BAD) {
        CHECK((reply != NULL) == (result == SCAN_DONE));
        CHECK(reply == NULL || used == payload.size - (reader->len - reader->pos));
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
