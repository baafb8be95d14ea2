/* Bytes that claim to be a COMMAND reply, through the same scanner and reader as in discovery. What
 * is told must be within its limits, and keys must be found with it in whatever arguments a client
 * sends; the first byte is how many these are.
 */
#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/resp_scan.h"
#include "proxy/cluster/commands_reply.h"
#include "proxy/command/keys.h"
#include "tests/fuzz/fuzz.h"

enum { BYTES_MAX = 1024 * 1024, ARGUMENTS_MAX = 16 };

static void check_keys(const struct command *facts, uint32_t count)
{
    static const char *const words[] = {"1", "KEYS", "2", "keys", "-1", "", "1000000000"};
    struct span items[ARGUMENTS_MAX];
    struct arguments arguments = {.items = items, .count = count};
    struct keys keys = {0};

    for (uint32_t i = 0; i < count; i++) {
        items[i] = span_of(words[i % ARRAY_LEN(words)]);
    }
    if (keys_find(facts, &arguments, &keys) == KEYS_FOUND) {
        CHECK(keys.count > 0);
        for (uint32_t i = 0; i < keys.count; i++) {
            CHECK(keys.index[i] > 0 && keys.index[i] < count);
        }
    }
    keys_clear(&keys);
}

static void check_facts(void *context, const struct command *facts)
{
    const uint32_t *count = context;
    struct command row = *facts;

    CHECK(facts->name[0] != '\0' && strlen(facts->name) <= COMMAND_NAME_MAX);
    CHECK(strpbrk(facts->name, "|\r\n") == NULL);
    CHECK(strlen(facts->groups) <= COMMAND_GROUPS_MAX && strpbrk(facts->groups, "\r\n") == NULL);
    CHECK(facts->arity != 0 && abs(facts->arity) <= COMMAND_ARITY_MAX);
    CHECK(facts->key_spec_count <= COMMAND_KEY_SPECS);
    CHECK(command_class_text(facts->class)[0] != '\0');
    row.id = COMMAND_ID_LEARNED;
    if (command_arity_fits(&row, *count)) {
        check_keys(&row, *count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct reply_scan scan = {0};
    size_t used;

    if (size == 0) {
        return 0;
    }
    uint32_t count = 1 + bytes[0] % ARGUMENTS_MAX;
    struct span input = {(const char *)bytes + 1, size - 1};
    if (reply_scan_next(&scan, BYTES_MAX, input, &used) != SCAN_DONE) {
        return 0;
    }

    void *tree = NULL;
    redisReader *reader = redisReaderCreate();
    CHECK(reader != NULL && redisReaderFeed(reader, input.at, used) == REDIS_OK);
    if (redisReaderGetReply(reader, &tree) == REDIS_OK && tree != NULL) {
        (void)commands_from_reply(tree, check_facts, &count);
        freeReplyObject(tree);
    }
    redisReaderFree(reader);
    return 0;
}
