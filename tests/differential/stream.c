#include "tests/differential/stream.h"

#include <ctype.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

void words_add(struct words *words, struct word word)
{
    if (words->count == words->capacity) {
        words->capacity = size_max(64, 2 * words->capacity);
        words->items = memory_resize(words->items, words->capacity, sizeof *words->items);
    }
    words->items[words->count++] = word;
}

static struct word stream_keep(struct stream *stream, struct span span)
{
    struct word word = {stream->bytes.size, span.size};

    bytes_add(&stream->bytes, span.at, span.size);
    return word;
}

void stream_add_call(struct stream *stream, const struct shape *shape)
{
    if (stream->count == stream->capacity) {
        stream->capacity = size_max(64, 2 * stream->capacity);
        stream->calls = memory_resize(stream->calls, stream->capacity, sizeof *stream->calls);
    }
    stream->calls[stream->count++] = (struct call){.shape = shape, .first = stream->words.count};
}

void stream_add_word(struct stream *stream, struct span word)
{
    words_add(&stream->words, stream_keep(stream, word));
    stream_last(stream)->count++;
}

void stream_add_again(struct stream *stream, struct word word)
{
    words_add(&stream->words, word);
    stream_last(stream)->count++;
}

struct call *stream_last(const struct stream *stream)
{
    CHECK(stream->count > 0);
    return &stream->calls[stream->count - 1];
}

void stream_drop_word(struct stream *stream, size_t index)
{
    struct call *call = stream_last(stream);
    struct word *word = &stream->words.items[call->first + index];

    CHECK(index < call->count);
    memmove(word, word + 1, (call->count - index - 1) * sizeof *word);
    call->count--;
    stream->words.count--;
}

void stream_double_word(struct stream *stream, size_t index)
{
    struct call *call = stream_last(stream);

    CHECK(index < call->count);
    words_add(&stream->words, (struct word){0});
    struct word *word = &stream->words.items[call->first + index];
    memmove(word + 1, word, (call->count - index) * sizeof *word);
    call->count++;
}

void stream_replace_word(struct stream *stream, size_t index, struct span word)
{
    struct call *call = stream_last(stream);

    CHECK(index < call->count);
    stream->words.items[call->first + index] = stream_keep(stream, word);
}

void stream_add_key(struct stream *stream, size_t index, struct span key)
{
    struct call *call = &stream->calls[index];

    if (call->key_count == 0) {
        call->first_key = stream->keys.count;
    }
    CHECK(call->first_key + call->key_count == stream->keys.count);
    words_add(&stream->keys, stream_keep(stream, key));
    call->key_count++;
}

void stream_copy_call(struct stream *stream, const struct stream *from, size_t index)
{
    const struct call *call = &from->calls[index];

    stream_add_call(stream, call->shape);
    for (size_t i = 0; i < call->count; i++) {
        stream_add_word(stream, stream_word(from, call, i));
    }
    struct call *copy = stream_last(stream);
    copy->form = call->form;
    copy->batch = call->batch;
    copy->goes_on = call->goes_on;
    copy->was_changed = call->was_changed;
}

struct span stream_word(const struct stream *stream, const struct call *call, size_t index)
{
    const struct word *word = &stream->words.items[call->first + index];

    return (struct span){stream->bytes.at + word->at, word->size};
}

struct span stream_key(const struct stream *stream, const struct call *call, size_t index)
{
    const struct word *word = &stream->keys.items[call->first_key + index];

    return (struct span){stream->bytes.at + word->at, word->size};
}

bool stream_call_is(const struct stream *stream, const struct call *call, const char *words)
{
    for (size_t i = 0; *words != '\0'; i++) {
        struct span word = {words, (size_t)(strchrnul(words, ' ') - words)};
        if (i == call->count || !span_equal_nocase(word, stream_word(stream, call, i))) {
            return false;
        }
        words += word.size + (words[word.size] == ' ');
    }
    return true;
}

bool stream_share_key(const struct stream *stream, const struct call *a, const struct call *b)
{
    for (size_t i = 0; i < a->key_count; i++) {
        for (size_t j = 0; j < b->key_count; j++) {
            if (span_equal(stream_key(stream, a, i), stream_key(stream, b, j))) {
                return true;
            }
        }
    }
    return false;
}

/* In quotes, as both inline requests and people understand it. */
static void add_quoted(struct bytes *bytes, struct span word)
{
    bytes_add(bytes, "\"", 1);
    for (size_t i = 0; i < word.size; i++) {
        unsigned char byte = (unsigned char)word.at[i];
        if (byte == '"' || byte == '\\') {
            bytes_print(bytes, "\\%c", byte);
        } else if (isprint(byte)) {
            bytes_add(bytes, &word.at[i], 1);
        } else {
            bytes_print(bytes, "\\x%02x", (unsigned)byte);
        }
    }
    bytes_add(bytes, "\"", 1);
}

static bool is_plain(struct span word)
{
    for (size_t i = 0; i < word.size; i++) {
        if (!isalnum((unsigned char)word.at[i]) && memchr("{}-+._:*#", word.at[i], 9) == NULL) {
            return false;
        }
    }
    return word.size > 0;
}

static void add_words(const struct stream *stream, const struct call *call, struct bytes *bytes)
{
    for (size_t i = 0; i < call->count; i++) {
        struct span word = stream_word(stream, call, i);
        bytes_print(bytes, i == 0 ? "" : " ");
        if (is_plain(word)) {
            bytes_add(bytes, word.at, word.size);
        } else {
            add_quoted(bytes, word);
        }
    }
}

void stream_encode(const struct stream *stream, const struct call *call, struct bytes *bytes)
{
    switch (call->form) {
    case CALL_INLINE:
        add_words(stream, call, bytes);
        bytes_print(bytes, "\r\n");
        return;
    case CALL_ARRAY: break;
    }
    bytes_print(bytes, "*%zu\r\n", call->count);
    for (size_t i = 0; i < call->count; i++) {
        struct span word = stream_word(stream, call, i);
        bytes_print(bytes, "$%zu\r\n", word.size);
        bytes_add(bytes, word.at, word.size);
        bytes_print(bytes, "\r\n");
    }
}

void stream_print(const struct stream *stream, const struct call *call, struct bytes *text)
{
    enum { SHOWN = 2000 };
    struct bytes line = {0};

    add_words(stream, call, &line);
    bytes_add(text, line.at, size_min(line.size, SHOWN));
    bytes_print(text, "%s%s\n", line.size > SHOWN ? " (and so on)" : "",
                call->form == CALL_INLINE ? "   (inline)" : "");
    bytes_clear(&line);
}

void stream_empty(struct stream *stream)
{
    stream->bytes.size = 0;
    stream->words.count = 0;
    stream->keys.count = 0;
    stream->count = 0;
}

void stream_clear(struct stream *stream)
{
    bytes_clear(&stream->bytes);
    free(stream->words.items);
    free(stream->keys.items);
    free(stream->calls);
    *stream = (struct stream){0};
}
