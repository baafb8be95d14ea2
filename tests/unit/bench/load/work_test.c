#include "bench/load/work.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_scan.h"
#include "proxy/cluster/slot.h"

static struct work work;

static void work_end(void)
{
    work_clear(&work);
}

TestSuite(work, .fini = work_end);

static void start(enum work_kind kind, uint64_t keys, uint32_t keys_per)
{
    work_init(&work, kind, 4, 1);
    work_set_keys(&work, keys, keys_per);
}

/* All parts of a unit; to be freed. */
static char *request_of(const struct unit *unit)
{
    struct sendq output;

    sendq_init(&output);
    for (uint32_t part = 0; part < work_parts(unit); part++) {
        work_request(&work, unit, part, &output);
    }

    struct block *bytes = sendq_flatten(&output);
    char *text = memory_copy(bytes->bytes, bytes->used);

    sendq_clear(&output);
    block_release(&bytes);
    return text;
}

/* The value of `number`, for printing with %.*s. */
#define VALUE(number) 4, value_of(&work.values, (number)).at

static void expect_request(enum work_kind kind, const char *expected)
{
    struct unit unit = {.kind = (uint8_t)kind, .number = 7, .start = 0};
    char *text = request_of(&unit);

    cr_expect_str_eq(text, expected, "%s", text);
    free(text);
}

#define GET7 "$3\r\nGET\r\n$16\r\nkey:000000000007\r\n"
#define A7   "$20\r\n{key:000000000007}:a\r\n"
#define B7   "$20\r\n{key:000000000007}:b\r\n"

Test(work, requests_of_one_key)
{
    char *set = NULL;

    start(WORK_GET, 100, 1);
    expect_request(WORK_GET, "*2\r\n" GET7);
    expect_request(WORK_PING, "*1\r\n$4\r\nPING\r\n");
    expect_request(WORK_EVAL, "*4\r\n$4\r\nEVAL\r\n$32\r\nreturn redis.call('GET',KEYS[1])\r\n"
                              "$1\r\n1\r\n$16\r\nkey:000000000007\r\n");
    expect_request(WORK_GETRANGE, "*4\r\n$8\r\nGETRANGE\r\n$16\r\nkey:000000000007\r\n"
                                  "$1\r\n0\r\n$1\r\n3\r\n");
    cr_assert_gt(
        asprintf(&set, "*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000007\r\n$4\r\n%.*s\r\n", VALUE(7)),
        0);
    expect_request(WORK_SET, set);
    free(set);
}

Test(work, requests_of_several_keys)
{
    char *mset = NULL;

    start(WORK_MGET, 10, 2);
    expect_request(WORK_MGET, "*3\r\n$4\r\nMGET\r\n$16\r\nkey:000000000007\r\n"
                              "$16\r\nkey:000000000008\r\n");
    expect_request(WORK_DEL, "*3\r\n$3\r\nDEL\r\n$16\r\nkey:000000000007\r\n"
                             "$16\r\nkey:000000000008\r\n");
    cr_assert_gt(asprintf(&mset,
                          "*5\r\n$4\r\nMSET\r\n$16\r\nkey:000000000007\r\n$4\r\n%.*s\r\n"
                          "$16\r\nkey:000000000008\r\n$4\r\n%.*s\r\n",
                          VALUE(7), VALUE(8)),
                 0);
    expect_request(WORK_MSET, mset);
    free(mset);
}

Test(work, a_transaction_is_the_same_in_one_part_and_in_seven)
{
    char *multi = NULL;

    start(WORK_MULTI, 100, 1);
    cr_assert_gt(asprintf(&multi,
                          "*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n" A7 "$4\r\n%.*s\r\n"
                          "*2\r\n$3\r\nGET\r\n" A7 "*3\r\n$3\r\nSET\r\n" B7 "$4\r\n%.*s\r\n"
                          "*2\r\n$3\r\nGET\r\n" B7 "*2\r\n$3\r\nGET\r\n" A7 "*1\r\n$4\r\nEXEC\r\n",
                          VALUE(7), VALUE(8)),
                 0);
    expect_request(WORK_MULTI, multi);
    expect_request(WORK_MULTI_STEPS, multi);
    free(multi);
}

Test(work, auth_has_a_name_only_if_there_is_one)
{
    start(WORK_GET, 1, 1);
    work.password = "secret";
    expect_request(WORK_AUTH, "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n");
    work.user = "me";
    expect_request(WORK_AUTH, "*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$6\r\nsecret\r\n");
}

Test(work, a_mix_has_ten_gets_for_each_set)
{
    int gets = 0, sets = 0;

    start(WORK_MIX, 100, 1);
    for (int i = 0; i < 1100; i++) {
        struct unit unit = work_choose(&work, 0);

        gets += unit.kind == WORK_GET;
        sets += unit.kind == WORK_SET;
    }
    cr_expect_eq(gets, 1000);
    cr_expect_eq(sets, 100);
}

Test(work, all_keys_are_chosen_and_no_others)
{
    bool is_chosen[37] = {false};

    start(WORK_GET, ARRAY_LEN(is_chosen), 1);
    for (int i = 0; i < 5000; i++) {
        struct unit unit = work_choose(&work, 11);

        cr_assert_lt(unit.number, ARRAY_LEN(is_chosen));
        cr_assert_eq(unit.due, 11);
        is_chosen[unit.number] = true;
    }
    for (size_t i = 0; i < ARRAY_LEN(is_chosen); i++) {
        cr_expect(is_chosen[i], "key %zu", i);
    }
}

Test(work, a_seed_chooses_the_same_keys_again_and_another_does_not)
{
    struct work other;
    int same = 0;

    start(WORK_GET, 1000000, 1);
    work_init(&other, WORK_GET, 4, 2);
    work_set_keys(&other, 1000000, 1);
    uint64_t first = work_choose(&work, 0).number;
    for (int i = 0; i < 1000; i++) {
        same += work_choose(&other, 0).number == work_choose(&work, 0).number;
    }
    cr_expect_lt(same, 10);
    work_clear(&work);
    start(WORK_GET, 1000000, 1);
    cr_expect_eq(work_choose(&work, 0).number, first);
    work_clear(&other);
}

static const struct {
    uint64_t keys;
    uint32_t keys_per;
} spreads[] = {{10, 10}, {19, 10}, {100, 10}, {100, 100}, {100000, 10}, {123456, 1000}, {7, 1}};

Test(work, keys_of_one_unit_are_in_different_slots)
{
    for (size_t row = 0; row < ARRAY_LEN(spreads); row++) {
        start(WORK_MGET, spreads[row].keys, spreads[row].keys_per);
        for (int i = 0; i < 100; i++) {
            struct unit unit = work_choose(&work, 0);
            bool is_taken[SLOT_COUNT] = {false};

            for (uint32_t k = 0; k < work.keys_per; k++) {
                struct unit key = {.number = work_key(&work, &unit, k)};
                uint16_t slot = work_slot(&key);

                cr_assert_lt(key.number, work.keys);
                cr_assert_not(is_taken[slot], "row %zu", row);
                is_taken[slot] = true;
            }
        }
        if (row + 1 < ARRAY_LEN(spreads)) {
            work_clear(&work);
        }
    }
}

Test(work, the_keys_of_a_transaction_share_the_slot_of_its_number)
{
    struct unit unit = {.number = 7};

    start(WORK_MULTI, 100, 1);
    cr_expect_eq(work_slot(&unit), slot_of(SPAN("{key:000000000007}:a")));
    cr_expect_eq(work_slot(&unit), slot_of(SPAN("{key:000000000007}:b")));
}

Test(work, a_piece_lies_inside_the_value)
{
    bool is_first = false, is_last = false;

    work_init(&work, WORK_GETRANGE, 70, 1);
    for (int i = 0; i < 1000; i++) {
        struct unit unit = work_choose(&work, 0);

        cr_assert_leq(unit.start + work.piece, 70);
        is_first |= unit.start == 0;
        is_last |= unit.start + work.piece == 70;
    }
    cr_expect(is_first && is_last);
}

Test(work, a_unit_is_told_by_name_and_key)
{
    char text[64];
    struct unit get = {.kind = WORK_GET, .number = 42};
    struct unit ping = {.kind = WORK_PING, .number = 42};

    start(WORK_GET, 1, 1);
    cr_expect_str_eq(work_print(&get, text, sizeof text), "get key:000000000042");
    cr_expect_str_eq(work_print(&ping, text, sizeof text), "ping");
}

Test(work, large_values_are_lent_and_not_copied)
{
    struct unit unit = work_fill(3, 0);
    struct sendq output;

    work_init(&work, WORK_SET, 1024 * 1024, 1);
    sendq_init(&output);
    work_request(&work, &unit, 0, &output);
    cr_expect_eq(work.values.pattern->references, 2);
    sendq_clear(&output);
    cr_expect_eq(work.values.pattern->references, 1);
}
