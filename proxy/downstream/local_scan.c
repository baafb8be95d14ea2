/* SCAN and CLUSTERSCAN. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "common/memory.h"
#include "proxy/downstream/inquiry.h"
#include "proxy/downstream/local_call.h"
#include "proxy/routing/key_scan.h"

enum {
    COUNT_DEFAULT = 10,
    COUNT_MAX = 1000 * 1000, /* it is a hint */
};

/* As Redis reads it: with strtoul, to the end or to a zero byte. */
static bool cursor_of(struct span word, uint64_t *cursor)
{
    char *text = memory_copy(word.at, word.size);
    char *end;

    errno = 0;
    *cursor = strtoull(text, &end, 10);

    bool is_valid = !isspace((unsigned char)text[0]) && *end == '\0' && errno != ERANGE;

    free(text);
    return is_valid;
}

static bool word_is(const struct local_call *call, uint32_t index, struct span word)
{
    return span_equal_nocase(call_word(call, index), word);
}

/* Refuses the call and returns false when argument `index` is no COUNT. */
static bool call_scan_count(const struct local_call *call, uint32_t index, uint32_t *count)
{
    int64_t number;

    if (!span_to_int64(call_word(call, index), &number)) {
        call_error(call, "ERR value is not an integer or out of range");
        return false;
    }
    if (number < 1) {
        call_syntax_error(call);
        return false;
    }
    *count = number > COUNT_MAX ? COUNT_MAX : (uint32_t)number;
    return true;
}

/* A pattern for one slot only: nothing else need be looked at. */
static void options_narrow(struct key_scan_options *options)
{
    uint16_t slot;

    if (options->match.at == NULL || !slot_of_pattern(options->match, &slot)) {
        return;
    }
    options->slot_end = slot + 1u;
    if (options->cursor.slot < slot) {
        options->cursor = (struct scan_cursor){.slot = slot};
    }
}

/* As with a server, which does not look at keys for "*", so that it has the empty one, too. */
static struct span scan_match(struct span pattern)
{
    return span_equal(pattern, SPAN("*")) ? (struct span){NULL, 0} : pattern;
}

/* Refuses the call and returns false when its options are wrong. */
static bool call_scan_options(const struct local_call *call, struct key_scan_options *options)
{
    for (uint32_t i = 2; i < call_count(call); i += 2) {
        bool has_value = i + 1 < call_count(call);

        if (has_value && word_is(call, i, SPAN("COUNT"))) {
            if (!call_scan_count(call, i + 1, &options->count)) {
                return false;
            }
        } else if (has_value && word_is(call, i, SPAN("MATCH"))) {
            options->match = scan_match(call_word(call, i + 1));
        } else if (has_value && word_is(call, i, SPAN("TYPE"))) {
            options->type = call_word(call, i + 1);
        } else {
            call_syntax_error(call);
            return false;
        }
    }
    return true;
}

/* What it asks the nodes is not what the client asks, so that its own user, who has been let in to
 * it, need not be allowed to. */
static void call_scan(const struct local_call *call, const struct key_scan_options *options)
{
    struct client *client = call->client;
    struct request *request = client_request_begin(client, call->command, call->block, call->bytes);

    if (unlikely(client->clients->identities.is_on)) {
        request->lane = inquiry_house_lane(client);
    }
    key_scan_start(client->clients->dispatcher, request, options);
}

void local_scan(const struct local_call *call)
{
    struct key_scan_options options = {.slot_end = SLOT_COUNT, .count = COUNT_DEFAULT};
    uint64_t cursor;

    if (!cursor_of(call_word(call, 1), &cursor)) {
        call_error(call, "ERR invalid cursor");
        return;
    }
    if (!call_scan_options(call, &options)) {
        return;
    }
    options.cursor = scan_cursor_unpack(cursor);
    options_narrow(&options);
    call_scan(call, &options);
}

/* The slot that a server's own scan of the cluster goes on with: the tag in the cursor hashes to
 * it, unless a pattern leads to a later one. Returns false where any server knows what to say. */
static bool cluster_scan_slot(const struct local_call *call, uint16_t *slot)
{
    struct span cursor = call_word(call, 1);
    bool is_known = cursor.size > 0 && memchr(cursor.at, '{', cursor.size) != NULL;
    uint16_t wanted;

    *slot = slot_of(cursor);
    for (uint32_t i = 2; is_known && i + 1 < call_count(call); i += 2) {
        if (word_is(call, i, SPAN("MATCH")) && slot_of_pattern(call_word(call, i + 1), &wanted) &&
            wanted > *slot) {
            *slot = wanted;
        }
    }
    return is_known;
}

void local_clusterscan(const struct local_call *call)
{
    struct request *request =
        client_request_begin(call->client, call->command, call->block, call->bytes);

    request->target = cluster_scan_slot(call, &request->slot) ? TARGET_SLOT : TARGET_PRIMARY;
    if (request->target == TARGET_PRIMARY) {
        request->slot = SLOT_NONE;
    }
    dispatcher_send(client_dispatcher(call->client), request);
}
