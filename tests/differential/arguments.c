#include <stdio.h>

#include "tests/differential/maker.h"

enum {
    ODD_WORD = 12, /* one time in so many */
    ODD_KEY = 40,
    OTHER_TYPE = 16,
    NUMBERS = 4, /* keys of a type with the same hash tag */
    LONG = 24000,
};

typedef void make_fn(struct maker *maker);

struct argument {
    const char *name;
    char letter; /* of a key */
    make_fn *make;
    const char *const *usual;
    uint32_t usual_count;
    const char *const *odd;
    uint32_t odd_count;
};

/* Timelines, whose entries are different on each side, stay where they are. So do lexica: by what
 * is between two members is found only if all scores are equal. */
static const char own_letters[] = "wy";

/* All other types. */
static const char letters[] = "snbhlmzgpxq";
static const char *const tags[TAGS] = {"a", "b", "c", "user:1", "x", "7"};

static void add(struct maker *maker, const char *text)
{
    stream_add_word(maker->stream, span_of(text));
}

static const char *one_of(struct maker *maker, const char *const *texts, uint32_t count)
{
    return texts[dice_roll(&maker->dice, count)];
}

/* Keys that look like nothing that people would call one; %s is the hash tag in its braces. */
static void add_odd_key(struct maker *maker, const char *tag)
{
    static const struct span forms[] = {
        SPAN(""),      SPAN("\0\xff\x80"),  SPAN("with blank\r\n"),
        SPAN("'\"\\"), SPAN("}back{wards"), SPAN("\xf0\x9f\x98\x80"),
        SPAN("*"),
    };
    const struct span *form = &forms[dice_roll(&maker->dice, ARRAY_LEN(forms))];
    struct bytes key = {0};

    bytes_room(&key, 1);
    bytes_print(&key, "%s", tag);
    bytes_add(&key, form->at, form->size);
    stream_add_word(maker->stream, (struct span){key.at, key.size});
    bytes_clear(&key);
}

static void add_key(struct maker *maker, char letter)
{
    bool stays = strchr(own_letters, letter) != NULL;
    char tag[16] = "";
    char key[32];

    if (!stays && maker_chance(maker, OTHER_TYPE)) {
        letter = letters[dice_roll(&maker->dice, sizeof letters - 1)];
    }
    if (maker->tag != TAG_NONE) {
        snprintf(tag, sizeof tag, "{%s}", tags[maker->tag]);
    }
    if (!stays && maker_chance(maker, ODD_KEY)) {
        add_odd_key(maker, tag);
    } else {
        snprintf(key, sizeof key, "%c%u%s", letter, dice_roll(&maker->dice, NUMBERS), tag);
        add(maker, key);
    }
    if (!maker->has_key) {
        maker->has_key = true;
        maker->key = maker->stream->words.items[maker->stream->words.count - 1];
    }
}

static void make_any(struct maker *maker)
{
    add_key(maker, letters[dice_roll(&maker->dice, sizeof letters - 1)]);
}

static void make_value(struct maker *maker)
{
    static const char *const texts[] = {
        "v",
        "value",
        "",
        "0",
        "12",
        "-5",
        "3.14",
        "a b c",
        "9223372036854775807",
        "10\r\n+OK\r\n",
        "ohmytext",
        "mynewtext",
        "VALUE",
        "1e3",
        "\x7f\x01",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };

    if (maker_chance(maker, 20)) {
        stream_add_word(maker->stream, SPAN("\0binary\0\xff\xfe\r\n"));
    } else {
        add(maker, one_of(maker, texts, ARRAY_LEN(texts)));
    }
}

static void make_long_value(struct maker *maker)
{
    struct bytes text = {0};
    uint32_t size = 1 + dice_roll(&maker->dice, LONG);

    while (text.size < size) {
        bytes_print(&text, "%u,", dice_roll(&maker->dice, 100000));
    }
    stream_add_word(maker->stream, (struct span){text.at, text.size});
    bytes_clear(&text);
}

/* A letter and a number below `sides`. */
static void add_numbered(struct maker *maker, const char *letter, uint32_t sides)
{
    char text[24];

    snprintf(text, sizeof text, "%s%u", letter, dice_roll(&maker->dice, sides));
    add(maker, text);
}

static void make_field(struct maker *maker)
{
    if (maker_chance(maker, 12)) {
        make_value(maker);
    } else {
        add_numbered(maker, "f", 8);
    }
}

static void make_member(struct maker *maker)
{
    if (maker_chance(maker, 8)) {
        make_value(maker);
    } else {
        add_numbered(maker, "m", 10);
    }
}

static void make_entry(struct maker *maker)
{
    add_numbered(maker, "e", 5000);
}

static void make_number(struct maker *maker)
{
    add_numbered(maker, maker_chance(maker, 3) ? "-" : "", 100000);
}

/* What an entry of a stream gets, always later than the ones before. */
static void make_next_id(struct maker *maker)
{
    char text[24];

    maker->next_id += dice_roll(&maker->dice, 3);
    snprintf(text, sizeof text, "%u-%u", maker->next_id / 4, maker->next_id % 4 + 1);
    maker->next_id++;
    add(maker, text);
}

static void make_junk(struct maker *maker)
{
    static const char *const texts[] = {
        "",
        "junk",
        "-1",
        "9223372036854775808",
        "99999999999999999999999999",
        "nan",
        "1.5.5",
        "WITHSCORES",
        "LIMIT",
        "\xff\xfe",
        "STORE",
        "m1",
    };

    add(maker, one_of(maker, texts, ARRAY_LEN(texts)));
}

/* What DUMP of Redis 7.0 gives for a string, a list and a hash; and what it never gives. */
static void make_dump(struct maker *maker)
{
    static const struct span dumps[] = {
        SPAN("\x00\x03\x61\x62\x63\x0a\x00\xd9\xac\x30\x3d\x41\x72\xa2\xe2"),
        SPAN("\x12\x01\x02\x0e\x0e\x00\x00\x00\x03\x00\x01\x01\x02\x01\x81\x78\x02\xff\x0a\x00\x14"
             "\xcd\x14\xc5\x63\x0a\x86\xf2"),
        SPAN("\x10\x13\x13\x00\x00\x00\x04\x00\x81\x66\x02\x81\x76\x02\x81\x67\x02\x81\x77\x02\xff"
             "\x0a\x00\xd9\xde\xc5\xc9\x16\x0f\xb2\x35"),
        SPAN("\x00\x03\x61\x62\x63\x0a\x00\xd9\xac\x30\x3d\x41\x72\xa2\xe3"),
        SPAN("abc"),
        SPAN(""),
    };

    stream_add_word(maker->stream, dumps[dice_roll(&maker->dice, ARRAY_LEN(dumps))]);
}

#define LIST_OF(...)                                                                               \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define USUAL(...)                                                                                 \
    .usual = LIST_OF(__VA_ARGS__), .usual_count = sizeof(LIST_OF(__VA_ARGS__)) / sizeof(char *)
#define ODD(...)                                                                                   \
    .odd = LIST_OF(__VA_ARGS__), .odd_count = sizeof(LIST_OF(__VA_ARGS__)) / sizeof(char *)

static const struct argument arguments[] = {
#define KEY(text, type)         {.name = (text), .letter = (type)},
#define MADE(symbol)            {.name = #symbol, .make = make_##symbol},
#define WORDS(text, usual, odd) {.name = (text), usual, odd},
#include "tests/differential/arguments.def"
};

static void add_word(struct maker *maker, const struct argument *argument)
{
    if (maker_chance(maker, ODD_WORD)) {
        add(maker, one_of(maker, argument->odd, argument->odd_count));
    } else {
        add(maker, one_of(maker, argument->usual, argument->usual_count));
    }
}

bool maker_add_argument(struct maker *maker, struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(arguments); i++) {
        const struct argument *argument = &arguments[i];
        if (!span_equal(span_of(argument->name), name)) {
            continue;
        }
        if (argument->letter != '\0') {
            add_key(maker, argument->letter);
        } else if (argument->make != NULL) {
            argument->make(maker);
        } else {
            add_word(maker, argument);
        }
        return true;
    }
    return false;
}
