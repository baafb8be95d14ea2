#include "proxy/cluster/scan_cursor.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(scan_cursor, packs_to_a_number_and_back)
{
    static const struct {
        struct scan_cursor cursor;
        uint64_t number;
    } rows[] = {
        {{0, 0}, 0},
        {{1, 0}, 1},
        {{SLOT_COUNT - 1, 0}, 16383},
        {{0, 1}, 16384},
        {{5, 2}, 32773},
        {{SLOT_COUNT - 1, SCAN_POSITIONS - 1}, (UINT64_C(1) << 53) - 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct scan_cursor back = scan_cursor_unpack(rows[i].number);

        cr_expect_eq(scan_cursor_pack(rows[i].cursor), rows[i].number, "row %zu", i);
        cr_expect_eq(back.slot, rows[i].cursor.slot, "row %zu", i);
        cr_expect_eq(back.position, rows[i].cursor.position, "row %zu", i);
    }
}

Test(scan_cursor, behind_the_last_slot_is_zero)
{
    cr_expect_eq(scan_cursor_pack((struct scan_cursor){.slot = SLOT_COUNT}), 0);
}

Test(scan_cursor, that_nobody_gave_is_behind_the_last_slot)
{
    static const uint64_t numbers[] = {UINT64_C(1) << 53, UINT64_C(1) << 63, UINT64_MAX};

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        cr_expect_eq(scan_cursor_unpack(numbers[i]).slot, SLOT_COUNT, "row %zu", i);
    }
}

/* Another slotway, of another version, may go on with a cursor. */
Test(scan_cursor, positions_never_change)
{
    cr_expect_eq(scan_position(SPAN("")), UINT64_C(514994450525));
    cr_expect_eq(scan_position(SPAN("a")), UINT64_C(280537377876));
    cr_expect_eq(scan_position(SPAN("user:1000")), UINT64_C(244780886048));
    cr_expect_eq(scan_position(SPAN("\0\377")), UINT64_C(370896520297));
}

Test(scan_cursor, positions_of_similar_names_are_spread)
{
    enum { KEYS = 1600, PARTS = 16 };
    int counts[PARTS] = {0};

    for (int i = 0; i < KEYS; i++) {
        char name[32];
        int size = snprintf(name, sizeof name, "{tag}:%d", i);
        uint64_t position = scan_position((struct span){name, (size_t)size});

        cr_assert_lt(position, SCAN_POSITIONS);
        counts[position / (SCAN_POSITIONS / PARTS)]++;
    }
    for (int i = 0; i < PARTS; i++) {
        cr_expect(counts[i] > 60 && counts[i] < 140, "part %d: %d", i, counts[i]);
    }
}
