/* stream.h - commands, in the order in which they are sent. One thread.
 *
 *     calls   ──first, count──> words   ──at, size──> bytes
 *
 * A call is a command with its arguments. Words of the last call may still be changed.
 */
#ifndef TESTS_DIFFERENTIAL_STREAM_H
#define TESTS_DIFFERENTIAL_STREAM_H

#include "tests/differential/shape.h"
#include "tests/support/bytes.h"

struct word {
    size_t at;
    size_t size;
};

struct words {
    struct word *items;
    size_t count;
    size_t capacity;
};

/* Appends a word to a list of words. */
void words_add(struct words *words, struct word word);

enum call_form { CALL_ARRAY, CALL_INLINE };

struct call {
    size_t first; /* of the stream's words */
    size_t count;
    size_t first_key; /* of the stream's keys */
    size_t key_count;
    uint32_t batch; /* calls of the same one are sent at once */
    enum call_form form;
    const struct shape *shape;
    bool goes_on;     /* the call behind it belongs to it, as in MULTI and EXEC */
    bool was_changed; /* by mutation: it may mean anything */
};

struct stream {
    struct bytes bytes;
    struct words words;
    struct words keys; /* as the twin tells them */
    struct call *calls;
    size_t count;
    size_t capacity;
};

/* Appends a call without words, and a word to the last call. */
void stream_add_call(struct stream *stream, const struct shape *shape);
void stream_add_word(struct stream *stream, struct span word);

/* Appends a word that the stream has already. */
void stream_add_again(struct stream *stream, struct word word);

/* Words of the last call: one goes, one is there twice, one is replaced. */
void stream_drop_word(struct stream *stream, size_t index);
void stream_double_word(struct stream *stream, size_t index);
void stream_replace_word(struct stream *stream, size_t index, struct span word);

/* A key of call `index`; calls are given their keys in order. */
void stream_add_key(struct stream *stream, size_t index, struct span key);

/* Appends a copy of a call of another stream, without its keys. */
void stream_copy_call(struct stream *stream, const struct stream *from, size_t index);

/* The last call. */
struct call *stream_last(const struct stream *stream);

/* The `index`-th word, the name being the first, and the `index`-th key. */
struct span stream_word(const struct stream *stream, const struct call *call, size_t index);
struct span stream_key(const struct stream *stream, const struct call *call, size_t index);

/* Does the call start with these words, "OBJECT ENCODING", in any case? */
bool stream_call_is(const struct stream *stream, const struct call *call, const char *words);

/* Have the two a key in common? */
bool stream_share_key(const struct stream *stream, const struct call *a, const struct call *b);

/* Adds the bytes that a client sends for it. */
void stream_encode(const struct stream *stream, const struct call *call, struct bytes *bytes);

/* Adds a line for people. */
void stream_print(const struct stream *stream, const struct call *call, struct bytes *text);

/* Forgets all calls. */
void stream_empty(struct stream *stream);

void stream_clear(struct stream *stream);

#endif
