/* fuzz_route.c - requests of all commands: keys are among the arguments, what is split is whole
 * together, and errors fit on their line.
 *
 *      [ the words of a request, as on a line of text ]
 */
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/inline_split.h"
#include "common/resp_write.h"
#include "proxy/routing/router.h"
#include "proxy/routing/split.h"
#include "tests/fuzz/fuzz.h"

enum { TEXT_MAX = 200 };

static const struct scan_limits limits = {1 << 20, 1 << 20, 1 << 24, true};
static const struct scan_limits no_limits = {INT64_MAX, INT64_MAX, SIZE_MAX, true};

static bool is_line(const char *text, size_t size)
{
    const char *end = memchr(text, '\0', size);

    return end != NULL && strpbrk(text, "\r\n") == NULL;
}

/* Each part is a request of the same command, with just the keys of its group. */
static void check_part(const struct split *split, const struct split_group *group,
                       const struct command *command)
{
    struct block *block = NULL;
    struct span bytes = split_compose(split, group, &block);
    struct request_scan scan = {0};
    struct arguments part = {0};
    struct keys keys = {0};
    const struct command *found = NULL;
    size_t used = 0;

    CHECK(request_scan_next(&scan, &limits, bytes, &part, &used) == SCAN_DONE);
    CHECK(used == bytes.size && command_find(&part, &found) == COMMAND_FOUND && found == command);
    CHECK(keys_find(found, &part, &keys) == KEYS_FOUND && keys.count == group->key_count);
    for (uint32_t i = 0; i < keys.count; i++) {
        uint32_t whole = split->keys->index[split->positions[group->first + i]];

        CHECK(span_equal(part.items[keys.index[i]], split->arguments->items[whole]));
        CHECK(slot_of(part.items[keys.index[i]]) == group->slot);
    }
    keys_clear(&keys);
    arguments_clear(&part);
    block_release(&block);
}

static void check_split(const struct command *command, const struct arguments *arguments,
                        const struct keys *keys)
{
    struct split split;
    uint32_t key_count = 0;

    split_init(&split, command, arguments, keys);
    CHECK(split.group_count > 1);
    for (uint32_t i = 0; i < split.group_count; i++) {
        check_part(&split, &split.groups[i], command);
        key_count += split.groups[i].key_count;
        for (uint32_t j = 0; j < i; j++) {
            CHECK(split.groups[j].slot != split.groups[i].slot);
        }
    }
    CHECK(key_count == keys->count);
    split_clear(&split);
}

/* What is to be parted lies as it is sent. */
static void check_split_as_sent(const struct command *command, const struct arguments *words,
                                const struct keys *keys)
{
    struct arguments arguments = {0};
    struct request_scan scan = {0};
    struct sendq composed;
    size_t used = 0;

    sendq_init(&composed);
    resp_write_request(&composed, words->items, words->count);

    struct block *block = sendq_flatten(&composed);
    struct span bytes = {block->bytes, block->used};

    CHECK(request_scan_next(&scan, &no_limits, bytes, &arguments, &used) == SCAN_DONE);
    check_split(command, &arguments, keys);
    arguments_clear(&arguments);
    block_release(&block);
    sendq_clear(&composed);
}

static void check_keys(const struct command *command, const struct arguments *arguments)
{
    struct keys keys = {0};

    if (keys_find(command, arguments, &keys) == KEYS_FOUND) {
        CHECK(keys.count > 0);
        for (uint32_t i = 0; i < keys.count; i++) {
            CHECK(keys.index[i] > 0 && keys.index[i] < arguments->count);
        }
    }
    keys_clear(&keys);
}

static void check_route(const struct command *command, const struct arguments *arguments)
{
    struct keys keys = {0};
    struct route route = route_request(command, arguments, &keys);
    char text[TEXT_MAX];

    check_keys(command, arguments);
    if (route.kind == ROUTE_SLOT) {
        CHECK(route.slot < SLOT_COUNT);
    } else if (route.kind == ROUTE_SPLIT) {
        check_split_as_sent(command, arguments, &keys);
    } else if (route.kind == ROUTE_REFUSE) {
        CHECK(is_line(route_refusal(command, route.error, text, sizeof text), sizeof text));
    }
    keys_clear(&keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arguments arguments = {0};
    const struct command *command = NULL;
    char text[TEXT_MAX];

    if (inline_split((struct span){(const char *)bytes, size}, &arguments) && arguments.count > 0) {
        enum command_result result = command_find(&arguments, &command);

        if (result == COMMAND_FOUND) {
            check_route(command, &arguments);
        } else {
            command_error(result, command, &arguments, text, sizeof text);
            CHECK(is_line(text, sizeof text));
        }
    }
    arguments_clear(&arguments);
    request_trim();
    block_trim();
    return 0;
}
