#include "proxy/cluster/slot.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"

/* What CLUSTER KEYSLOT of redis-server 7.0.15 answers. */
static const struct {
    struct span key;
    uint16_t slot;
} rows[] = {
    {SPAN("foo"), 12182},
    {SPAN("bar"), 5061},
    {SPAN(""), 0},
    {SPAN("a"), 15495},
    {SPAN("123456789"), 12739},
    {SPAN("{user1000}.following"), 3443},
    {SPAN("{user1000}.followers"), 3443},
    {SPAN("user1000"), 3443},
    {SPAN("foo{}{bar}"), 8363},
    {SPAN("foo{{bar}}zap"), 4015},
    {SPAN("foo{bar}{zap}"), 5061},
    {SPAN("{}"), 15257},
    {SPAN("{"), 4092},
    {SPAN("}{"), 12793},
    {SPAN("foo}{bar"), 7624},
    {SPAN("foo{bar"), 15278},
    {SPAN("{a}"), 15495},
    {SPAN("key:000000012345"), 12533},
    {SPAN("key:__rand_int__"), 13782},
    {SPAN("\000"), 0},
    {SPAN("\377\376{\000}\001"), 0},
    {SPAN("a{b}c{d}e"), 3300},
    {SPAN("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef!"), 14664},
    {SPAN("{}{x}"), 3257},
    {SPAN("x}{y}"), 12222},
};

Test(slot, is_what_the_server_says)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_assert_eq(slot_of(rows[i].key), rows[i].slot, "key %zu: %s", i, rows[i].key.at);
    }
}

Test(slot, keys_with_one_tag_share_a_slot)
{
    uint16_t slot = slot_of(SPAN("user1000"));
    cr_assert_eq(slot_of(SPAN("{user1000}.following")), slot);
    cr_assert_eq(slot_of(SPAN("{user1000}.followers")), slot);
    cr_assert_eq(slot_of(SPAN("x{user1000}{other}")), slot);
}

Test(slot, an_empty_or_open_tag_is_no_tag)
{
    cr_assert_neq(slot_of(SPAN("foo{}{bar}")), slot_of(SPAN("bar")));
    cr_assert_neq(slot_of(SPAN("foo{bar")), slot_of(SPAN("bar")));
    cr_assert_neq(slot_of(SPAN("foo}{bar")), slot_of(SPAN("foo")));
}

static uint16_t bit_by_bit(struct span bytes)
{
    unsigned crc = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        crc ^= (unsigned)(unsigned char)bytes.at[i] << 8;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc << 1 ^ ((crc & 0x8000) != 0 ? 0x1021 : 0)) & 0xffff;
        }
    }
    return crc % 16384;
}

Test(slot, many_keys_hash_as_bit_by_bit_and_reach_every_slot)
{
    static bool seen[SLOT_COUNT];
    size_t count = 0;
    for (int i = 0; i < 300000; i++) {
        char key[32];
        struct span span = {key, (size_t)snprintf(key, sizeof key, "key:%d", i)};
        uint16_t slot = slot_of(span);
        cr_assert_eq(slot, bit_by_bit(span), "%s", key);
        count += !seen[slot];
        seen[slot] = true;
    }
    cr_assert_eq(count, (size_t)SLOT_COUNT);
}

/* By the words of the Redis Cluster specification. */
static uint16_t slot_by_the_book(struct span key)
{
    for (size_t open = 0; open < key.size; open++) {
        if (key.at[open] != '{') {
            continue;
        }
        for (size_t close = open + 1; close < key.size; close++) {
            if (key.at[close] == '}') {
                struct span tag = {key.at + open + 1, close - open - 1};
                return bit_by_bit(tag.size > 0 ? tag : key);
            }
        }
        break;
    }
    return bit_by_bit(key);
}

/* In memory of exactly that size, so that a look around it is found out. */
static void assert_by_the_book(struct span key)
{
    char *exact = memory_raw(key.size > 0 ? key.size : 1);
    memcpy(exact, key.at, key.size);
    cr_assert_eq(slot_of((struct span){exact, key.size}), slot_by_the_book(key), "%zu bytes: %.*s",
                 key.size, (int)key.size, key.at);
    free(exact);
}

enum { KEY_MOST = 70 };

static void fill_randomly(char *key, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        key[i] = (char)random();
    }
}

Test(slot, of_a_key_of_any_size_is_by_the_book)
{
    char key[KEY_MOST];

    srandom(16384);
    for (size_t size = 0; size <= KEY_MOST; size++) {
        for (int round = 0; round < 100; round++) {
            fill_randomly(key, size);
            assert_by_the_book((struct span){key, size});
        }
    }
}

/* '{' at each place, and elsewhere bytes that are nearly that. */
Test(slot, of_a_tag_at_any_place_is_by_the_book)
{
    char key[KEY_MOST];

    srandom(16383);
    for (size_t size = 1; size <= KEY_MOST; size++) {
        for (size_t open = 0; open < size; open++) {
            for (size_t i = 0; i < size; i++) {
                key[i] = "z|[\xfb"[random() % 4];
            }
            key[open] = '{';
            assert_by_the_book((struct span){key, size});
            key[(size_t)random() % size] = '}';
            assert_by_the_book((struct span){key, size});
            key[(size_t)random() % size] = "{}"[random() % 2];
            assert_by_the_book((struct span){key, size});
        }
    }
}

/* -1: not of one slot. */
static const struct {
    struct span pattern;
    int slot;
} patterns[] = {
    {SPAN("*"), -1},
    {SPAN(""), 0},
    {SPAN("foo"), 12182},
    {SPAN("foo*"), -1},
    {SPAN("{user1000}*"), 3443},
    {SPAN("{user1000}.follow[a-z]ng"), 3443},
    {SPAN("x{user1000}?{y}"), 3443},
    {SPAN("user:{user1000}"), 3443},
    {SPAN("*{user1000}"), -1},
    {SPAN("?{user1000}"), -1},
    {SPAN("[a]{user1000}*"), -1},
    {SPAN("\\{user1000}*"), -1},
    {SPAN("{user*}"), -1},
    {SPAN("{user1000*"), -1},
    {SPAN("{user\\1000}"), -1},
    {SPAN("{}{x}"), 3257},
    {SPAN("{}{x}*"), -1},
    {SPAN("}{"), 12793},
    {SPAN("}{*"), -1},
};

Test(slot, of_a_pattern_is_said_only_where_it_is_spelled_out)
{
    for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
        uint16_t slot = SLOT_NONE;
        bool is_one = slot_of_pattern(patterns[i].pattern, &slot);

        cr_expect_eq(is_one ? slot : -1, patterns[i].slot, "%s: %d", patterns[i].pattern.at, slot);
    }
}
