#include "proxy/metrics/top_keys.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { DISTINCT = 10000, USES = 200000, PARTS = 3 };

static struct top_keys parts[PARTS];
static uint64_t truth[DISTINCT];
static uint64_t total;

/* As hashes are: far apart. */
static uint64_t hash_of(size_t number)
{
    return (number + 1) * UINT64_C(0x9E3779B97F4A7C15);
}

static size_t number_of(uint64_t hash)
{
    size_t number = 0;

    while (hash_of(number) != hash) {
        number++;
    }
    return number;
}

static void use(struct top_keys *keys, size_t number, uint64_t weight)
{
    top_keys_note(keys, &(struct key_use){.hash = hash_of(number), .weight = weight});
    truth[number] += weight;
    total += weight;
}

/* Zipf with exponent 1: the n-th key is asked for in proportion to 1/n. The order is mixed by a
 * fixed generator. */
static void use_zipf(size_t part_count)
{
    static double bounds[DISTINCT];
    uint64_t dice = 88172645463325252;
    double sum = 0;

    for (size_t i = 0; i < DISTINCT; i++) {
        sum += 1.0 / (double)(i + 1);
        bounds[i] = sum;
    }
    for (size_t i = 0; i < USES; i++) {
        size_t low = 0;
        size_t high = DISTINCT - 1;

        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        double at = (double)(dice >> 11) / (double)(UINT64_C(1) << 53) * sum;

        while (low < high) {
            size_t middle = (low + high) / 2;

            if (bounds[middle] < at) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        use(&parts[i % part_count], low, 1 + i % 3);
    }
}

static const struct top_keys *const all[PARTS] = {&parts[0], &parts[1], &parts[2]};

Test(top_keys, no_count_is_too_low_or_too_high_by_more_than_its_error)
{
    size_t count;

    use_zipf(1);
    struct ranked_key *ranked = top_keys_rank(all, 1, TOP_KEYS, &count);

    cr_assert_eq(count, TOP_KEYS);
    for (size_t i = 0; i < count; i++) {
        const struct top_key *key = &ranked[i].key;
        uint64_t true_count = truth[number_of(ranked[i].hash)];

        cr_expect_geq(key->count, true_count);
        cr_expect_leq(key->count - key->error, true_count);
        cr_expect_leq(key->error, total / TOP_KEYS);
    }
    free(ranked);
}

Test(top_keys, each_key_with_its_part_of_all_is_there_and_in_its_place)
{
    size_t count;
    size_t heavy = 0;

    use_zipf(1);
    struct ranked_key *ranked = top_keys_rank(all, 1, TOP_KEYS, &count);

    while (heavy < DISTINCT && truth[heavy] > total / TOP_KEYS) {
        heavy++;
    }
    cr_assert_gt(heavy, 5);
    for (size_t i = 0; i < heavy; i++) {
        cr_expect_eq(number_of(ranked[i].hash), i, "%zu is the key number %zu", i,
                     number_of(ranked[i].hash));
    }
    free(ranked);
}

/* Clients are spread over the workers, and so are the uses of each key. */
Test(top_keys, several_together_find_the_same_keys)
{
    size_t count;

    use_zipf(PARTS);
    struct ranked_key *ranked = top_keys_rank(all, PARTS, 8, &count);

    cr_assert_eq(count, 8);
    for (size_t i = 0; i < count; i++) {
        size_t number = number_of(ranked[i].hash);

        cr_expect_eq(number, i);
        cr_expect_leq(ranked[i].key.count - ranked[i].key.error, truth[number]);
        cr_expect_geq(ranked[i].key.count, truth[number]);
    }
    free(ranked);
}

Test(top_keys, where_there_is_room_counts_are_exact)
{
    size_t count;

    for (size_t i = 0; i < TOP_KEYS; i++) {
        use(&parts[0], i, i + 1);
        use(&parts[0], i, 1);
    }
    struct ranked_key *ranked = top_keys_rank(all, 1, 3, &count);

    cr_assert_eq(count, 3);
    cr_expect_eq(ranked[0].hash, hash_of(TOP_KEYS - 1));
    cr_expect_eq(ranked[0].key.count, TOP_KEYS + 1);
    cr_expect_eq(ranked[0].key.error, 0);
    cr_expect_eq(ranked[2].key.count, TOP_KEYS - 1);
    free(ranked);
}

/* A hash of zero is one like any other, also where places are empty. */
Test(top_keys, hashes_that_are_alike_are_told_apart)
{
    static const uint64_t hashes[] = {0, UINT64_C(1) << 32, UINT64_C(2) << 32, 1};
    size_t count;

    for (size_t i = 0; i < ARRAY_LEN(hashes); i++) {
        top_keys_note(&parts[0], &(struct key_use){.hash = hashes[i], .weight = i + 1});
    }
    struct ranked_key *ranked = top_keys_rank(all, 1, TOP_KEYS, &count);

    cr_assert_eq(count, ARRAY_LEN(hashes));
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(ranked[i].hash, hashes[ARRAY_LEN(hashes) - 1 - i]);
    }
    free(ranked);
}

Test(top_keys, counts_beyond_those_of_a_window_do_not_wrap)
{
    size_t count;

    for (size_t i = 0; i <= TOP_KEYS; i++) {
        use(&parts[0], i, UINT64_C(1) << 33);
    }
    struct ranked_key *ranked = top_keys_rank(all, 1, TOP_KEYS, &count);

    cr_expect_eq(ranked[0].key.count, UINT64_C(1) << 34);
    cr_expect_eq(ranked[0].hash, hash_of(TOP_KEYS));
    free(ranked);
}

Test(top_keys, of_a_key_so_much_is_kept_as_there_is_room_for)
{
    char name[KEY_SHOWN + 10];
    size_t count;

    memset(name, 'x', sizeof name);
    top_keys_note(&parts[0], &(struct key_use){.hash = 1, .weight = 1});
    top_keys_note(&parts[0], &(struct key_use){.hash = 1, .weight = 1, .key = {name, sizeof name}});
    struct ranked_key *ranked = top_keys_rank(all, 1, TOP_KEYS, &count);

    cr_assert_eq(count, 1);
    cr_expect_eq(ranked[0].key.text.size, sizeof name);
    cr_expect_eq(key_text_shown(&ranked[0].key.text).size, KEY_SHOWN);
    free(ranked);
}

/* A long key: so many times "x", then `tail`, then "x" again. */
static const struct {
    size_t filling;
    struct span tail;
    size_t shown;
} cuts[] = {
    {KEY_SHOWN, SPAN(""), KEY_SHOWN},
    {KEY_SHOWN - 1, SPAN("\xc3\xa9"), KEY_SHOWN - 1},
    {KEY_SHOWN - 2, SPAN("\xc3\xa9"), KEY_SHOWN},
    {KEY_SHOWN - 1, SPAN("\xe2\x82\xac"), KEY_SHOWN - 1},
    {KEY_SHOWN - 2, SPAN("\xe2\x82\xac"), KEY_SHOWN - 2},
    {KEY_SHOWN - 3, SPAN("\xe2\x82\xac"), KEY_SHOWN},
    {KEY_SHOWN - 3, SPAN("\xf0\x9f\x90\x8c"), KEY_SHOWN - 3},
    {KEY_SHOWN - 4, SPAN("\xf0\x9f\x90\x8c"), KEY_SHOWN},
    {KEY_SHOWN - 3, SPAN("\xf0\x9f\x90"), KEY_SHOWN - 3}, /* nobody knows what came then */
    {KEY_SHOWN - 4, SPAN("\xf0\x9f\x90"), KEY_SHOWN},     /* "x" did, so it is no UTF-8 */
    {KEY_SHOWN - 1, SPAN("\xff"), KEY_SHOWN},
    {KEY_SHOWN - 2, SPAN("\xe0\x80\x80"), KEY_SHOWN},
    {0, SPAN("\x80"), KEY_SHOWN},
};

Test(top_keys, of_a_long_key_whole_characters_are_shown)
{
    for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
        char name[KEY_SHOWN + 10];
        struct key_text text;

        memset(name, 'x', sizeof name);
        memcpy(name + cuts[i].filling, cuts[i].tail.at, cuts[i].tail.size);
        key_text_set(&text, (struct span){name, sizeof name});
        cr_expect_eq(key_text_shown(&text).size, cuts[i].shown, "row %zu", i);
        cr_expect_arr_eq(key_text_shown(&text).at, name, cuts[i].shown, "row %zu", i);
    }
}

/* What is no character at its end is the key's own. */
Test(top_keys, a_short_key_is_shown_as_it_is)
{
    char name[KEY_SHOWN];
    struct key_text text;

    memset(name, 'x', sizeof name);
    name[KEY_SHOWN - 1] = '\xc3';
    key_text_set(&text, (struct span){name, sizeof name});
    cr_expect_eq(key_text_shown(&text).size, KEY_SHOWN);
}

Test(top_keys, writes_are_told_apart)
{
    size_t count;

    top_keys_note(&parts[0], &(struct key_use){.hash = 1, .weight = 3, .is_write = true});
    top_keys_note(&parts[1], &(struct key_use){.hash = 1, .weight = 4});
    struct ranked_key *ranked = top_keys_rank(all, PARTS, TOP_KEYS, &count);

    cr_assert_eq(count, 1);
    cr_expect_eq(ranked[0].key.count, 7);
    cr_expect_eq(ranked[0].key.writes, 3);
    free(ranked);
}
