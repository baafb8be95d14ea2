#include "proxy/downstream/prefixes.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/support/dice.h"

enum { WORDS_MAX = 8, WORD_MAX = 4, ROUNDS = 20000 };

struct words {
    char bytes[WORDS_MAX][WORD_MAX];
    struct span all[WORDS_MAX];
    size_t count;
};

static bool do_overlap(struct span a, struct span b)
{
    return span_starts_with(a, b) || span_starts_with(b, a);
}

/* As a server looks for it: each with all that are kept, then with all that come behind it. */
static bool overlap_slowly(const struct words *kept, const struct words *said,
                           struct overlap *overlap)
{
    for (size_t i = 0; i < said->count; i++) {
        for (size_t j = 0; j < kept->count; j++) {
            if (do_overlap(said->all[i], kept->all[j])) {
                *overlap = (struct overlap){said->all[i], kept->all[j], true};
                return true;
            }
        }
        for (size_t j = i + 1; j < said->count; j++) {
            if (do_overlap(said->all[i], said->all[j])) {
                *overlap = (struct overlap){said->all[i], said->all[j], false};
                return true;
            }
        }
    }
    return false;
}

static void add_random(struct words *words, struct dice *dice)
{
    char *bytes = words->bytes[words->count];
    size_t size = 1 + dice_roll(dice, WORD_MAX - 1);

    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)('a' + dice_roll(dice, 3));
    }
    words->all[words->count++] = (struct span){bytes, size};
}

/* In order, and none the beginning of another. */
static void keep_random(struct words *kept, struct dice *dice)
{
    size_t tries = dice_roll(dice, WORDS_MAX);

    *kept = (struct words){.count = 0};
    for (size_t i = 0; i < tries; i++) {
        add_random(kept, dice);
        for (size_t j = 0; j + 1 < kept->count; j++) {
            if (do_overlap(kept->all[j], kept->all[kept->count - 1])) {
                kept->count--;
                break;
            }
        }
    }
    if (dice_roll(dice, 8) == 0 && kept->count < WORDS_MAX) {
        kept->all[kept->count++] = SPAN("");
    }
    qsort(kept->all, kept->count, sizeof kept->all[0], prefix_compare);
}

Test(prefixes, overlap_as_a_server_says)
{
    struct dice dice = dice_of(7, 0);
    struct words kept, said;
    size_t counts[3] = {0};

    for (int round = 0; round < ROUNDS; round++) {
        struct overlap overlap = {.is_kept = false}, expected = {.is_kept = false};

        keep_random(&kept, &dice);
        said = (struct words){.count = 0};
        for (size_t left = dice_roll(&dice, 5); left > 0; left--) {
            add_random(&said, &dice);
        }

        bool is_one = prefixes_overlap(kept.all, kept.count, said.all, said.count, &overlap);

        cr_assert_eq(is_one, overlap_slowly(&kept, &said, &expected));
        cr_assert_eq(overlap.prefix.at, expected.prefix.at);
        cr_assert_eq(overlap.other.at, expected.other.at);
        cr_assert_eq(overlap.is_kept, expected.is_kept);
        counts[is_one ? 1 + overlap.is_kept : 0]++;
    }
    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        cr_expect_gt(counts[i], ROUNDS / 20, "%zu times", counts[i]);
    }
}
