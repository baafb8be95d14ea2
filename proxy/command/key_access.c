#include "proxy/command/key_access.h"

#include "common/resp_write.h"

static bool word_is(const struct arguments *arguments, uint32_t index, const char *word)
{
    return span_equal_nocase(arguments->items[index], span_of(word));
}

/* A key behind a word belongs to the spec with that word, any other to the spec that begins last
 * before it. A key that only SORT's own parser finds stands behind STORE. */
static uint32_t spec_of(const struct command *command, const struct arguments *arguments,
                        uint32_t index)
{
    uint32_t best = 0;

    for (uint32_t i = 0; i < command->key_spec_count; i++) {
        const struct key_spec *spec = &command->keys[i];

        switch (spec->begin) {
        case KEY_BEGIN_INDEX:
            if (spec->index >= 0 && (uint32_t)spec->index <= index) {
                best = i;
            }
            break;
        case KEY_BEGIN_KEYWORD:
            if (word_is(arguments, index - 1, spec->keyword)) {
                return i;
            }
            break;
        case KEY_BEGIN_UNKNOWN:
            if ((spec->flags & KEY_OW) != 0 && word_is(arguments, index - 1, "store")) {
                return i;
            }
            break;
        case KEY_BEGIN_NONE: break;
        }
    }
    return best;
}

static bool has_word(const struct arguments *arguments, uint32_t from, const char *word)
{
    for (uint32_t i = from; i < arguments->count; i++) {
        if (word_is(arguments, i, word)) {
            return true;
        }
    }
    return false;
}

/* Nothing but GET and OVERFLOW, each whole: as Redis has it, what makes no sense may write. */
static bool bitfield_only_reads(const struct arguments *arguments)
{
    for (uint32_t i = 2; i < arguments->count; i++) {
        uint32_t left = arguments->count - i - 1;

        if (left >= 2 && word_is(arguments, i, "get")) {
            i += 2;
        } else if (left >= 1 && word_is(arguments, i, "overflow")) {
            i += 1;
        } else {
            return false;
        }
    }
    return true;
}

/* Of these commands the options say what becomes of the key. */
static uint32_t access_by_options(const struct command *command, const struct arguments *arguments,
                                  uint32_t access)
{
    if (command->id == COMMAND_ID_SET && !has_word(arguments, 3, "get")) {
        return KEY_OW | KEY_UPDATE;
    }
    if (command->id == COMMAND_ID_BITFIELD && bitfield_only_reads(arguments)) {
        return KEY_RO | KEY_ACCESS;
    }
    return access;
}

uint32_t key_access_of(const struct command *command, const struct arguments *arguments,
                       uint32_t index)
{
    uint32_t access = command->keys[spec_of(command, arguments, index)].flags;

    if ((access & KEY_VARIABLE_FLAGS) != 0) {
        access = access_by_options(command, arguments, access);
    }
    return access & ~(uint32_t)(KEY_VARIABLE_FLAGS | KEY_INCOMPLETE);
}

static const struct {
    uint32_t bit;
    const char *name;
} access_names[] = {
    {KEY_RO, "RO"},         {KEY_RW, "RW"},         {KEY_OW, "OW"},
    {KEY_RM, "RM"},         {KEY_ACCESS, "access"}, {KEY_UPDATE, "update"},
    {KEY_INSERT, "insert"}, {KEY_DELETE, "delete"}, {KEY_NOT_KEY, "not_key"},
};

void key_access_write(struct sendq *to, uint32_t access)
{
    resp_write_set(to, (size_t)__builtin_popcount(access));
    for (size_t i = 0; i < ARRAY_LEN(access_names); i++) {
        if ((access & access_names[i].bit) != 0) {
            resp_write_status(to, access_names[i].name);
        }
    }
}
