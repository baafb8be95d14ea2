#include "proxy/command/command.h"

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

/* MSET a 1 b: the last name has no value. */
static bool comes_in_pairs(const struct command *command)
{
    const struct key_spec *spec = &command->keys[0];

    return spec->find == KEY_FIND_RANGE && spec->step == 2;
}

static void row_prepare(struct command *row)
{
    const char *blank = strchr(row->name, ' ');
    const struct command *container = NULL;
    struct span name = span_of(row->name);

    if (blank != NULL) {
        container = command_named((struct span){name.at, (size_t)(blank - name.at)}, NULL);
        CHECK(container != NULL);
        rows[container->id].has_subcommands = true;
        name = span_of(blank + 1);
    }
    row->only_key = command_only_key(row);
    row->has_pairs = comes_in_pairs(row);
    command_names_add(name, container, row);
}

/* Before main(), so that no lookup ever has to ask whether the names are there. Those of one word
 * come first: then most of them are where they are looked for first. */
__attribute__((constructor)) static void command_prepare(void)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strchr(rows[i].name, ' ') == NULL) {
            row_prepare(&rows[i]);
        }
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strchr(rows[i].name, ' ') != NULL) {
            row_prepare(&rows[i]);
        }
    }
}

enum command_result command_find_below(const struct arguments *arguments,
                                       const struct command **command)
{
    const struct command *subcommand = command_named(arguments->items[1], *command);

    if (subcommand == NULL) {
        return COMMAND_UNKNOWN_SUBCOMMAND;
    }
    *command = subcommand;
    return command_arity_fits(subcommand, arguments->count) ? COMMAND_FOUND : COMMAND_BAD_ARITY;
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
    const struct command *command = command_named((struct span){name.at, first}, NULL);

    if (command == NULL || first == name.size) {
        return command;
    }
    return command_named((struct span){name.at + first + 1, name.size - first - 1}, command);
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
