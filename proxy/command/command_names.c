#include "proxy/command/command_names.h"

#include "common/check.h"
#include "proxy/command/command.h"

_Static_assert(COMMAND_COUNT < NAME_SLOTS / 2, "the hash of names is too full");

struct command_name command_names[NAME_SLOTS];

/* What is looked for: words as they came. */
struct wanted_name {
    uint64_t words[NAME_WORDS];
    uint64_t owner;
};

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static uint64_t container_number(const struct command *container)
{
    return container == NULL ? 0 : (uint64_t)container->id + 1;
}

static struct wanted_name want(struct span name, const struct command *container)
{
    struct wanted_name wanted = {.owner = container_number(container) << 8 | name.size};

    if (name.size <= 8) {
        wanted.words[0] = word_load(name.at, name.size);
        return wanted;
    }

    uint64_t last = word_load8(name.at + name.size - 8);
    wanted.words[0] = word_load8(name.at);
    if (name.size <= 16) {
        wanted.words[1] = last >> (16 - name.size) * 8;
    } else {
        wanted.words[1] = word_load8(name.at + 8);
        wanted.words[2] = last >> (24 - name.size) * 8;
    }
    return wanted;
}

/* That of command_named_short for what it looks for. */
static uint32_t hash_of(const struct wanted_name *name)
{
    return name_hash(name->words[0] ^ rotate(name->words[1] & ~NAME_CASES, 23) ^
                     rotate(name->words[2] & ~NAME_CASES, 41) ^ rotate(name->owner >> 8, 29));
}

static bool is_in(const struct command_name *slot, const struct wanted_name *name)
{
    return (name->words[0] | slot->letters[0]) == slot->words[0] && name->owner == slot->owner &&
           (name->words[1] | slot->letters[1]) == slot->words[1] &&
           (name->words[2] | slot->letters[2]) == slot->words[2];
}

/* Where the name is, or the free slot where it would be. */
static struct command_name *slot_for(const struct wanted_name *name)
{
    uint32_t at = hash_of(name);

    while (command_names[at].command != NULL && !is_in(&command_names[at], name)) {
        at = (at + 1) % NAME_SLOTS;
    }
    return &command_names[at];
}

const struct command *command_named(struct span name, const struct command *container)
{
    if (name.size > sizeof(uint64_t) * NAME_WORDS) {
        return NULL;
    }

    struct wanted_name wanted = want(name, container);
    return slot_for(&wanted)->command;
}

static uint64_t letters_of(struct span name, size_t from)
{
    uint64_t letters = 0;

    for (size_t i = from; i < size_min(name.size, from + 8); i++) {
        CHECK(name.at[i] < 'A' || name.at[i] > 'Z');
        if (name.at[i] >= 'a' && name.at[i] <= 'z') {
            letters |= (uint64_t)0x20 << (i - from) * 8;
        }
    }
    return letters;
}

void command_names_add(struct span name, const struct command *container,
                       const struct command *command)
{
    CHECK(name.size > 0 && name.size <= sizeof(uint64_t) * NAME_WORDS);

    struct wanted_name wanted = want(name, container);
    struct command_name *slot = slot_for(&wanted);

    CHECK(slot->command == NULL);
    slot->owner = wanted.owner;
    slot->command = command;
    for (size_t i = 0; i < NAME_WORDS; i++) {
        slot->words[i] = wanted.words[i];
        slot->letters[i] = letters_of(name, i * 8);
    }
}
