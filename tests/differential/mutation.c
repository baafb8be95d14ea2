/* What clients should not say. */
#include <ctype.h>

#include "tests/differential/maker.h"

enum spoiling {
    SPOIL_DROP_LAST,
    SPOIL_DROP,
    SPOIL_ADD,
    SPOIL_REPLACE,
    SPOIL_DOUBLE,
    SPOIL_RENAME,
    SPOIL_OTHER_CASE,
    SPOIL_COUNT,
};

static void add_named(struct maker *maker, const char *name)
{
    maker_add_argument(maker, span_of(name));
}

/* Upper case becomes lower, and lower upper. */
static void other_case(struct maker *maker, size_t index)
{
    struct call *call = stream_last(maker->stream);
    struct span word = stream_word(maker->stream, call, index);
    char text[32];

    for (size_t i = 0; i < size_min(word.size, sizeof text); i++) {
        unsigned char byte = (unsigned char)word.at[i];
        text[i] = (char)(isupper(byte) ? tolower(byte) : toupper(byte));
    }
    stream_replace_word(maker->stream, index,
                        (struct span){text, size_min(word.size, sizeof text)});
}

/* Junk in the place of a word: it is added, and the word goes. */
static void replace(struct maker *maker, size_t index, const char *name)
{
    struct call *call = stream_last(maker->stream);

    add_named(maker, name);
    struct word *words = &maker->stream->words.items[call->first];
    words[index] = words[call->count - 1];
    stream_drop_word(maker->stream, call->count - 1);
}

void maker_spoil(struct maker *maker)
{
    struct call *call = stream_last(maker->stream);
    size_t index = dice_roll(&maker->dice, (uint32_t)call->count);

    call->was_changed = true;
    switch ((enum spoiling)dice_roll(&maker->dice, SPOIL_COUNT)) {
    case SPOIL_DROP_LAST:
        if (call->count > 1) {
            stream_drop_word(maker->stream, call->count - 1);
        }
        return;
    case SPOIL_DROP:
        /* An argument is never left alone in the place of the name: SYNC would be obeyed. */
        if (call->count > 1 && index > 0) {
            stream_drop_word(maker->stream, index);
        }
        return;
    case SPOIL_ADD: add_named(maker, "junk"); return;
    case SPOIL_REPLACE: replace(maker, index, "junk"); return;
    case SPOIL_DOUBLE: stream_double_word(maker->stream, index); return;
    case SPOIL_RENAME: replace(maker, 0, "unknown"); return;
    case SPOIL_OTHER_CASE: other_case(maker, maker_chance(maker, 2) ? 0 : index); return;
    case SPOIL_COUNT: return;
    }
}
