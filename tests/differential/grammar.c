/* How the text of a shape becomes calls: as it is read, from left to right. */
#include <ctype.h>
#include <stdio.h>

#include "common/check.h"
#include "tests/differential/maker.h"

enum { FEW = 4, MANY = 600, SOME = 4 };

struct reader {
    struct maker *maker;
    const struct shape *shape;
    const char *at;
};

static struct span next_token(struct reader *reader)
{
    while (*reader->at == ' ') {
        reader->at++;
    }
    struct span token = {reader->at, (size_t)(strchrnul(reader->at, ' ') - reader->at)};
    reader->at += token.size;
    return token;
}

static bool token_is(struct span token, const char *text)
{
    return span_equal(token, span_of(text));
}

static bool opens(struct span token)
{
    return token_is(token, "(") || token_is(token, "[");
}

/* The token that closes a group: it may say how often the group is there. */
static bool closes(struct span token)
{
    return token.size > 0 && (token.at[0] == ')' || token.at[0] == ']');
}

/* From behind the token that opens a group: where its alternatives start. Returns how many there
 * are, and leaves the reader behind the token that closes it, which is *close. */
static uint32_t read_group(struct reader *reader, const char **alternatives, uint32_t most,
                           struct span *close)
{
    uint32_t count = 1;
    int depth = 0;

    alternatives[0] = reader->at;
    for (*close = next_token(reader); depth > 0 || !closes(*close); *close = next_token(reader)) {
        CHECK(close->size > 0);
        depth += opens(*close) - closes(*close);
        if (depth == 0 && token_is(*close, "|")) {
            CHECK(count < most);
            alternatives[count++] = reader->at;
        }
    }
    return count;
}

static uint32_t repetitions(struct maker *maker, struct span close)
{
    if (close.at[0] == ']') {
        return dice_roll(&maker->dice, 2);
    }
    switch (close.at[close.size - 1]) {
    case '+': return dice_between(&maker->dice, 1, FEW);
    case '*': return dice_roll(&maker->dice, FEW);
    case '!': return MANY;
    default: return 1;
    }
}

static void expand(struct reader *reader);

/* The group behind the token that opens it; returns how often it was there. */
static uint32_t expand_group(struct reader *reader)
{
    const char *alternatives[16];
    struct span close;
    uint32_t count = read_group(reader, alternatives, ARRAY_LEN(alternatives), &close);
    const char *behind = reader->at;
    uint32_t times = repetitions(reader->maker, close);

    for (uint32_t i = 0; i < times; i++) {
        reader->at = alternatives[dice_roll(&reader->maker->dice, count)];
        expand(reader);
    }
    reader->at = behind;
    return times;
}

/* A number, and the group that is there so often. */
static void expand_counted(struct reader *reader)
{
    struct stream *stream = reader->maker->stream;
    size_t index = stream_last(stream)->count;
    char number[12];

    stream_add_word(stream, SPAN("0"));
    struct span open = next_token(reader);
    CHECK(token_is(open, "("));
    uint32_t times = expand_group(reader);
    /* Now and then the number is wrong, and then other words are taken for keys. */
    if (!reader->maker->is_of_one_slot && maker_chance(reader->maker, 40)) {
        times += dice_roll(&reader->maker->dice, 3);
        times -= times > 0;
    }
    stream_replace_word(
        stream, index, (struct span){number, (size_t)snprintf(number, sizeof number, "%u", times)});
}

/* Other commands, each of one call, on keys of the same slot. */
static void expand_others(struct reader *reader)
{
    size_t count;
    const struct shape *shapes = shapes_all(&count);

    for (uint32_t left = dice_roll(&reader->maker->dice, SOME); left > 0;) {
        const struct shape *shape = &shapes[dice_roll(&reader->maker->dice, (uint32_t)count)];
        if (group_of(shape->group)->kind == GROUP_KIND_DATA && strchr(shape->text, ';') == NULL) {
            stream_add_call(reader->maker->stream, reader->shape);
            stream_last(reader->maker->stream)->goes_on = true;
            expand(&(struct reader){reader->maker, shape, shape->text});
            left--;
        }
    }
}

static void expand_token(struct reader *reader, struct span token)
{
    struct maker *maker = reader->maker;

    if (opens(token)) {
        expand_group(reader);
    } else if (token_is(token, "#")) {
        expand_counted(reader);
    } else if (token_is(token, "=")) {
        CHECK(maker->has_key);
        stream_add_again(maker->stream, maker->key);
    } else if (token.at[0] == '\'') {
        stream_add_word(maker->stream, (struct span){token.at + 1, token.size - 1});
    } else if (islower((unsigned char)token.at[0])) {
        bool is_known = maker_add_argument(maker, token);
        CHECK(is_known);
    } else {
        stream_add_word(maker->stream, token);
    }
}

/* Up to the end of the command, or of the alternative. */
static void expand(struct reader *reader)
{
    for (;;) {
        const char *before = reader->at;
        struct span token = next_token(reader);
        if (token.size == 0 || closes(token) || token_is(token, "|") || token_is(token, ";")) {
            reader->at = before;
            return;
        }
        expand_token(reader, token);
    }
}

void maker_expand(struct maker *maker, const struct shape *shape)
{
    struct reader reader = {maker, shape, shape->text};

    maker->is_of_one_slot = strstr(shape->text, "...") != NULL;
    maker->has_key = false;
    maker->tag = dice_roll(&maker->dice, maker->is_of_one_slot ? TAGS : TAGS + 1);
    while (*reader.at != '\0') {
        struct reader ahead = reader;
        if (token_is(next_token(&ahead), "...")) {
            reader.at = ahead.at;
            expand_others(&reader);
        } else {
            stream_add_call(maker->stream, shape);
            expand(&reader);
            stream_last(maker->stream)->goes_on = true;
        }
        next_token(&reader); /* ; */
    }
    if (maker->stream->count > 0) {
        stream_last(maker->stream)->goes_on = false;
    }
}
