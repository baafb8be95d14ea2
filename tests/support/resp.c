#include "tests/support/resp.h"

#include <hiredis/hiredis.h>
#include <stdlib.h>

#include "common/memory.h"

/* Where the line at `from` ends, CR LF included, or 0. */
static size_t line_end(struct span input, size_t from)
{
    const char *found =
        from >= input.size ? NULL : memmem(input.at + from, input.size - from, "\r\n", 2);

    return found == NULL ? 0 : (size_t)(found - input.at) + 2;
}

size_t resp_reply_size(struct span input)
{
    size_t at = 0;

    for (long long left = 1; left > 0; left--) {
        size_t end = line_end(input, at);
        if (end == 0) {
            return 0;
        }
        long long number = strtoll(input.at + at + 1, NULL, 10);
        char type = input.at[at];
        at = end;
        if ((type == '$' || type == '=' || type == '!') && number >= 0) {
            at += (size_t)number + 2;
        } else if ((type == '*' || type == '~' || type == '>') && number > 0) {
            left += number;
        } else if (type == '%') {
            left += 2 * number;
        } else if (type == '|') {
            left += 2 * number + 1; /* it belongs to the value behind it */
        }
        if (at > input.size) {
            return 0;
        }
    }
    return at;
}

static void request_add_argument(struct resp_request *request, size_t offset, size_t size)
{
    if (request->seen == request->capacity) {
        request->capacity = size_max(16, 2 * request->capacity);
        request->arguments =
            memory_resize(request->arguments, request->capacity, sizeof *request->arguments);
        request->offsets =
            memory_resize(request->offsets, request->capacity, sizeof *request->offsets);
    }
    request->arguments[request->seen].size = size;
    request->offsets[request->seen++] = offset;
}

/* One "$<size>\r\n<bytes>\r\n"; false when it is not all there. */
static bool request_scan_argument(struct resp_request *request, struct span input)
{
    size_t end = line_end(input, request->at);
    if (end == 0) {
        return false;
    }
    size_t size = strtoul(input.at + request->at + 1, NULL, 10);
    if (end + size + 2 > input.size) {
        return false;
    }
    request_add_argument(request, end, size);
    request->at = end + size + 2;
    return true;
}

size_t resp_request_size(struct resp_request *request, struct span input)
{
    if (request->at == 0) {
        size_t end = line_end(input, 0);
        if (end == 0) {
            return 0;
        }
        if (input.at[0] != '*') {
            return SIZE_MAX;
        }
        request->expected = strtoul(input.at + 1, NULL, 10);
        request->at = end;
    }
    while (request->seen < request->expected) {
        if (request->at < input.size && input.at[request->at] != '$') {
            return SIZE_MAX;
        }
        if (!request_scan_argument(request, input)) {
            return 0;
        }
    }
    for (size_t i = 0; i < request->seen; i++) {
        request->arguments[i].at = input.at + request->offsets[i];
    }
    request->count = request->seen;
    return request->at;
}

void resp_request_clear(struct resp_request *request)
{
    free(request->arguments);
    free(request->offsets);
    *request = (struct resp_request){0};
}

static void text_add(struct bytes *text, const redisReply *reply)
{
    switch (reply->type) {
    case REDIS_REPLY_INTEGER: bytes_print(text, "%lld", reply->integer); return;
    case REDIS_REPLY_NIL: bytes_print(text, "(nil)"); return;
    case REDIS_REPLY_ERROR: bytes_print(text, "-%s", reply->str); return;
    case REDIS_REPLY_ARRAY:
        bytes_print(text, "[");
        for (size_t i = 0; i < reply->elements; i++) {
            bytes_print(text, i == 0 ? "" : " ");
            text_add(text, reply->element[i]);
        }
        bytes_print(text, "]");
        return;
    default: bytes_add(text, reply->str, (size_t)reply->len); return;
    }
}

char *resp_text(struct span reply)
{
    struct bytes text = {0};
    void *tree = NULL;
    redisReader *reader = redisReaderCreate();

    bytes_room(&text, 0);
    redisReaderFeed(reader, reply.at, reply.size);
    if (redisReaderGetReply(reader, &tree) == REDIS_OK && tree != NULL) {
        text_add(&text, tree);
        freeReplyObject(tree);
    } else {
        bytes_print(&text, "(not a reply) ");
        bytes_add_escaped(&text, reply);
    }
    redisReaderFree(reader);
    return text.at;
}

static struct span hash_tag(struct span key)
{
    const char *open = key.size == 0 ? NULL : memchr(key.at, '{', key.size);
    if (open == NULL) {
        return key;
    }
    const char *close = memchr(open, '}', key.size - (size_t)(open - key.at));
    if (close == NULL || close == open + 1) {
        return key;
    }
    return (struct span){open + 1, (size_t)(close - open) - 1};
}

uint16_t resp_slot(struct span key)
{
    struct span tag = hash_tag(key);
    uint32_t crc = 0;

    for (size_t i = 0; i < tag.size; i++) {
        crc ^= (uint32_t)(unsigned char)tag.at[i] << 8;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1;
        }
    }
    return (uint16_t)(crc & 16383);
}
