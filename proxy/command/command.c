#include "proxy/command/command.h"

#include "common/check.h"

/* The words of commands.def. The short names of flags exist in this file only. */
enum {
#define ROW(symbol, text) symbol = COMMAND_##symbol,
    COMMAND_FLAGS(ROW)
#undef ROW
#define ROW(symbol, bit, text) symbol = COMMAND_##symbol,
        COMMAND_TIPS(ROW)
#undef ROW
#define ROW(symbol, bit, text) symbol = KEY_##symbol,
            KEY_FLAGS(ROW)
#undef ROW
};

#define NO_KEYS .key_spec_count = 0
#define KEYS(...)                                                                                  \
    .keys = {__VA_ARGS__},                                                                         \
    .key_spec_count = sizeof((struct key_spec[]){__VA_ARGS__}) / sizeof(struct key_spec)

#define SPEC(begin_, word, at, find_, last_, step_, limit_, flags_)                                \
    {                                                                                              \
        .begin = KEY_BEGIN_##begin_, .keyword = word, .index = at, .find = KEY_FIND_##find_,       \
        .last = last_, .step = step_, .limit = limit_, .flags = flags_                             \
    }
#define KEY(at, flags_)                    SPEC(INDEX, NULL, at, RANGE, 0, 1, 0, flags_)
#define RANGE(first, last_, step_, flags_) SPEC(INDEX, NULL, first, RANGE, last_, step_, 0, flags_)
#define COUNTED(at, step_, flags_)         SPEC(INDEX, NULL, at, COUNT, 0, step_, 1, flags_)
#define KEY_AFTER(word, from, flags_)      SPEC(KEYWORD, word, from, RANGE, 0, 1, 0, flags_)
#define REST_AFTER(word, from, flags_)     SPEC(KEYWORD, word, from, RANGE, -1, 1, 0, flags_)
#define HALF_AFTER(word, from, flags_)     SPEC(KEYWORD, word, from, RANGE, -1, 1, 2, flags_)
#define ANYWHERE(flags_)                   SPEC(UNKNOWN, NULL, 0, UNKNOWN, 0, 0, 0, flags_)

#define COMMAND(symbol, name_, arity_, class_, flags_, keys_, request_, reply_, since_, groups_)   \
    [COMMAND_ID_##symbol] = {                                                                      \
        .name = name_,                                                                             \
        .since = since_,                                                                           \
        .groups = groups_,                                                                         \
        .id = COMMAND_ID_##symbol,                                                                 \
        .arity = arity_,                                                                           \
        .class = COMMAND_CLASS_##class_,                                                           \
        .flags = flags_,                                                                           \
        .request = request_,                                                                       \
        .reply = reply_,                                                                           \
        keys_,                                                                                     \
    },

/* Written once, by command_prepare before main(), for what is derived from a row. */
static struct command rows[COMMAND_COUNT] = {
#include "proxy/command/commands.def"
};

/* Names are found by open addressing: a key holds the lower-case name, padded with zero bytes, and
 * in its last word the size and the container, so that "get" and "config get" are different keys
 * and "config|get" is none. Words of their own rather than an array, because compilers keep them in
 * registers: half the time of a lookup. The size is a power of two, less than half full. */
enum {
    NAME_BYTES = 3 * 8,
    HASH_BITS = 10,
    HASH_SIZE = 1 << HASH_BITS,
};

struct name_key {
    uint64_t head;
    uint64_t middle;
    uint64_t tail;
    uint64_t owner;
};

struct name_slot {
    struct name_key key;
    const struct command *command;
};

_Static_assert(COMMAND_COUNT < HASH_SIZE / 2, "the hash of names is too full");

static struct name_slot slots[HASH_SIZE];
static bool has_subcommands[COMMAND_COUNT];

/* Adds 0x20 to each byte that is an ASCII capital, eight bytes at a time. */
static uint64_t fold_case(uint64_t word)
{
    const uint64_t ones = 0x0101010101010101;
    uint64_t low = word & (ones * 0x7f);
    uint64_t from_a = low + ones * (0x80 - 'A');
    uint64_t after_z = low + ones * (0x80 - 'Z' - 1);

    return word | ((from_a & ~after_z & ~word & (ones * 0x80)) >> 2);
}

/* The first bytes of `at`, at most eight, the rest zero; without a loop because it runs for every
 * request. The two loads of a branch may overlap, and then agree. */
static uint64_t load_word(const char *at, size_t size)
{
    if (size >= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        return word;
    }
    if (size >= 4) {
        uint32_t head, tail;
        memcpy(&head, at, sizeof head);
        memcpy(&tail, at + size - 4, sizeof tail);
        return head | (uint64_t)tail << ((size - 4) * 8);
    }
    if (size >= 2) {
        uint16_t head, tail;
        memcpy(&head, at, sizeof head);
        memcpy(&tail, at + size - 2, sizeof tail);
        return head | (uint64_t)tail << ((size - 2) * 8);
    }
    return size == 1 ? (unsigned char)at[0] : 0;
}

static struct name_key key_of(struct span name, const struct command *container)
{
    uint64_t above = container == NULL ? 0 : (uint64_t)container->id + 1;
    struct name_key key = {
        .head = fold_case(load_word(name.at, name.size)),
        .owner = above << 8 | name.size,
    };

    if (name.size > 8) {
        key.middle = fold_case(load_word(name.at + 8, name.size - 8));
    }
    if (name.size > 16) {
        key.tail = fold_case(load_word(name.at + 16, name.size - 16));
    }
    return key;
}

static bool key_equal(const struct name_key *a, const struct name_key *b)
{
    return a->head == b->head && a->owner == b->owner && a->middle == b->middle &&
           a->tail == b->tail;
}

static uint64_t rotate(uint64_t word, unsigned bits)
{
    return word << bits | word >> (64 - bits);
}

static uint32_t hash_of(const struct name_key *key)
{
    uint64_t mix =
        key->head ^ rotate(key->middle, 23) ^ rotate(key->tail, 41) ^ rotate(key->owner, 29);

    return (uint32_t)((mix ^ mix >> 32) * 0x9e3779b97f4a7c15 >> (64 - HASH_BITS));
}

/* Where the key is, or the free slot where it would be. */
static struct name_slot *slot_for(const struct name_key *key)
{
    uint32_t at = hash_of(key);

    while (slots[at].command != NULL && !key_equal(&slots[at].key, key)) {
        at = (at + 1) % HASH_SIZE;
    }
    return &slots[at];
}

static const struct command *look_up(struct span name, const struct command *container)
{
    if (unlikely(name.size > NAME_BYTES)) {
        return NULL;
    }

    struct name_key key = key_of(name, container);
    return slot_for(&key)->command;
}

uint8_t command_only_key(const struct command *facts)
{
    const struct key_spec *spec = &facts->keys[0];
    int least = facts->arity < 0 ? -facts->arity : facts->arity;

    if (facts->key_spec_count != 1 || spec->begin != KEY_BEGIN_INDEX ||
        spec->find != KEY_FIND_RANGE || spec->last != 0) {
        return 0;
    }
    return spec->index > 0 && spec->index < least && spec->index <= UINT8_MAX ? (uint8_t)spec->index
                                                                              : 0;
}

static void slot_fill(const struct command *command)
{
    const struct command *container = NULL;
    struct span name = span_of(command->name);
    const char *blank = strchr(command->name, ' ');

    if (blank != NULL) {
        /* Rows are sorted, so that the container stands before its subcommands. */
        container = look_up((struct span){name.at, (size_t)(blank - name.at)}, NULL);
        CHECK(container != NULL);
        has_subcommands[container->id] = true;
        name = span_of(blank + 1);
    }
    CHECK(name.size <= NAME_BYTES);

    struct name_key key = key_of(name, container);
    struct name_slot *slot = slot_for(&key);
    CHECK(slot->command == NULL);
    *slot = (struct name_slot){key, command};
}

/* Before main(), so that no lookup ever has to ask whether the hash is there. */
__attribute__((constructor)) static void command_prepare(void)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        rows[i].only_key = command_only_key(&rows[i]);
        slot_fill(&rows[i]);
    }
}

/* MSET k v k: the last name has no value. What stands behind the keys of a command of which only
 * its node knows is that node's business. */
static bool pairs_are_complete(const struct command *command, int64_t count)
{
    const struct key_spec *spec = &command->keys[0];

    return command->id == COMMAND_ID_LEARNED || spec->find != KEY_FIND_RANGE || spec->step != 2 ||
           (count - spec->index) % 2 == 0;
}

bool command_arity_fits(const struct command *command, int64_t count)
{
    if (command->arity >= 0) {
        return count == command->arity;
    }
    return count >= -command->arity && pairs_are_complete(command, count);
}

enum command_result command_find(const struct arguments *arguments, const struct command **command)
{
    CHECK(arguments->count > 0);
    *command = look_up(arguments->items[0], NULL);
    if (*command == NULL) {
        return COMMAND_UNKNOWN;
    }

    if (has_subcommands[(*command)->id] && arguments->count > 1) {
        const struct command *subcommand = look_up(arguments->items[1], *command);
        if (subcommand == NULL) {
            return COMMAND_UNKNOWN_SUBCOMMAND;
        }
        *command = subcommand;
    }
    return command_arity_fits(*command, arguments->count) ? COMMAND_FOUND : COMMAND_BAD_ARITY;
}

bool command_has_subcommands(const struct command *command)
{
    return command->id < COMMAND_COUNT && has_subcommands[command->id];
}

static size_t first_word_size(struct span name)
{
    size_t size = 0;

    while (size < name.size && name.at[size] != ' ' && name.at[size] != '|') {
        size++;
    }
    return size;
}

const struct command *command_by_name(struct span name)
{
    size_t first = first_word_size(name);
    const struct command *command = look_up((struct span){name.at, first}, NULL);

    if (command == NULL || first == name.size) {
        return command;
    }
    return look_up((struct span){name.at + first + 1, name.size - first - 1}, command);
}

const struct command *command_by_id(enum command_id id)
{
    CHECK(id < COMMAND_COUNT);
    return &rows[id];
}

const char *command_wire_name(const struct command *command, char text[COMMAND_NAME_MAX + 1])
{
    size_t size = strlen(command->name);

    CHECK(size <= COMMAND_NAME_MAX);
    for (size_t i = 0; i <= size; i++) {
        text[i] = command->name[i] == ' ' ? '|' : command->name[i];
    }
    return text;
}

const char *command_class_text(enum command_class class)
{
    static const char *const texts[] = {
#define ROW(symbol, text) [COMMAND_CLASS_##symbol] = text,
        COMMAND_CLASSES(ROW)
#undef ROW
    };

    CHECK(class < ARRAY_LEN(texts));
    return texts[class];
}

const char *command_class_name(enum command_class class)
{
    static const char *const names[] = {
#define ROW(symbol, text) [COMMAND_CLASS_##symbol] = #symbol,
        COMMAND_CLASSES(ROW)
#undef ROW
    };

    CHECK(class < ARRAY_LEN(names));
    return names[class];
}
