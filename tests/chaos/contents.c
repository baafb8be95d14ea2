#include "tests/chaos/contents.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

void contents_init(struct contents *contents, size_t histories)
{
    *contents = (struct contents){.histories = histories};
    contents->own = memory_new(histories * OWN_KEYS, sizeof *contents->own);
}

void contents_clear(struct contents *contents)
{
    for (size_t i = 0; i < contents->histories * OWN_KEYS; i++) {
        free(contents->own[i].tokens);
    }
    for (size_t i = 0; i < SHARED_KEYS; i++) {
        free(contents->shared[i].tokens);
    }
    free(contents->own);
    *contents = (struct contents){0};
}

struct content *contents_of(const struct contents *contents, size_t history, uint16_t key)
{
    CHECK(history < contents->histories && key < KEYS);
    if (key_is_shared(key)) {
        return (struct content *)&contents->shared[key - OWN_KEYS];
    }
    return &contents->own[history * OWN_KEYS + key];
}

static void content_add_token(struct content *content, struct token token)
{
    /* Grows at each power of two. */
    if ((content->count & (content->count - 1)) == 0) {
        content->tokens = memory_resize(content->tokens, size_max(1, 2 * content->count),
                                        sizeof *content->tokens);
    }
    content->tokens[content->count++] = token;
}

void content_add(struct content *content, struct span text)
{
    for (size_t at = 0; at < text.size; at += TOKEN_SIZE) {
        struct token token;
        struct span piece = {text.at + at, size_min(TOKEN_SIZE, text.size - at)};
        if (!token_parse(piece, &token)) {
            content->is_torn = true;
            return;
        }
        content_add_token(content, token);
    }
}

void content_add_value(struct content *content, struct span text)
{
    struct token token;

    content->is_torn = !token_parse_value(text, &token);
    if (!content->is_torn) {
        content_add_token(content, token);
    }
}

void content_count(struct content *content, struct span text)
{
    int64_t number = 0;

    if (!span_to_int64(text, &number) || number < 1 || number > UINT32_MAX) {
        content->is_torn = true;
        return;
    }
    content->number = (uint32_t)number;
}
