#include "bench/load/work.h"

#include <stdio.h>

#include "proxy/cluster/slot.h"

enum {
    GETS_PER_SET = 10,
    PIECE_MAX = 64,
    /* Keys that share all digits but the last three have different slots: CRC16 tells apart what
     * differs in so few neighbouring bits, and the fourteen of them that make a slot still do. */
    SPREAD_MAX = 1000,
};

enum key_use { NONE, ONE, SPREAD };

static const struct {
    const char *name;
    enum key_use keys;
    const char *help;
} rows[] = {
#define WORK(symbol, name, keys, help) {name, keys, help},
#include "bench/load/works.def"
};

bool work_find(const char *name, enum work_kind *kind)
{
    for (uint32_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].name, name) == 0) {
            *kind = (enum work_kind)i;
            return true;
        }
    }
    return false;
}

const char *work_name(enum work_kind kind)
{
    CHECK(kind < WORK_KINDS);
    return rows[kind].name;
}

const char *work_help(enum work_kind kind)
{
    CHECK(kind < WORK_KINDS);
    return rows[kind].help;
}

bool work_is_spread(enum work_kind kind)
{
    CHECK(kind < WORK_KINDS);
    return rows[kind].keys == SPREAD;
}

uint64_t work_most_keys_per(uint64_t keys)
{
    uint64_t most = SPREAD_MAX;

    while (most > keys && most > 1) {
        most /= 10;
    }
    return most;
}

void work_set_keys(struct work *work, uint64_t keys, uint32_t keys_per)
{
    CHECK(keys_per > 0 && keys_per <= work_most_keys_per(keys));
    work->keys = keys;
    work->keys_per = keys_per;
    snprintf(work->array_line, WORK_LINE_MAX, "*%u\r\n", keys_per);
}

void work_init(struct work *work, enum work_kind kind, size_t value_size, uint64_t seed)
{
    *work = (struct work){.kind = kind, .random = seed};
    work_set_keys(work, 1, 1);
    work->piece = size_min(value_size, PIECE_MAX);
    values_init(&work->values, value_size);
    snprintf(work->value_line, WORK_LINE_MAX, "$%zu\r\n", value_size);
    snprintf(work->piece_line, WORK_LINE_MAX, "$%zu\r\n", work->piece);
}

void work_clear(struct work *work)
{
    values_clear(&work->values);
}

/* Steele's splitmix64: one multiplication less would show in the low bits. */
static uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* A number below `bound`, by multiplication instead of division. */
static uint64_t random_below(uint64_t *state, uint64_t bound)
{
    return (uint64_t)(((unsigned __int128)random_next(state) * bound) >> 64);
}

static enum work_kind next_of_mix(struct work *work)
{
    work->turn = work->turn == GETS_PER_SET ? 0 : work->turn + 1;
    return work->turn == 0 ? WORK_SET : WORK_GET;
}

struct unit work_choose(struct work *work, uint64_t due)
{
    enum work_kind kind = work->kind == WORK_MIX ? next_of_mix(work) : work->kind;
    struct unit unit = {.due = due, .kind = (uint8_t)kind};

    if (rows[kind].keys == SPREAD) {
        uint64_t block = work_most_keys_per(work->keys);

        unit.number = random_below(&work->random, work->keys / block * block);
    } else {
        unit.number = random_below(&work->random, work->keys);
    }
    if (kind == WORK_GETRANGE) {
        size_t starts = work->values.size - work->piece + 1;

        unit.start = (uint32_t)random_below(&work->random, starts);
    }
    return unit;
}

struct unit work_fill(uint64_t number, uint64_t due)
{
    return (struct unit){.due = due, .kind = WORK_SET, .number = number};
}

uint64_t work_key(const struct work *work, const struct unit *unit, uint32_t index)
{
    if (index == 0) {
        return unit->number;
    }

    uint64_t block = work_most_keys_per(work->keys);
    uint64_t place = unit->number % block;

    return unit->number - place + (place + index) % block;
}

uint16_t work_slot(const struct unit *unit)
{
    char key[KEY_BYTES];

    /* The key of a MULTI is a tag, so it is hashed as it is for all others. */
    key_write(unit->number, key);
    return slot_of((struct span){key, sizeof key});
}

const char *work_print(const struct unit *unit, char *text, size_t size)
{
    char key[KEY_BYTES];
    const char *name = unit->kind == WORK_AUTH ? "auth" : work_name(unit->kind);

    if (unit->kind == WORK_AUTH || rows[unit->kind].keys == NONE) {
        snprintf(text, size, "%s", name);
        return text;
    }
    key_write(unit->number, key);
    snprintf(text, size, "%s %.*s", name, (int)sizeof key, key);
    return text;
}
