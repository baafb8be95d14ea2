#include "proxy/routing/sift.h"

#include <criterion/criterion.h>

static struct sift sift;

static void clear(void)
{
    sift_clear(&sift);
}

TestSuite(sift, .fini = clear);

/* Keys "a", "b", … of one slot. */
static void add_keys(uint16_t slot, int count, bool is_moving)
{
    static const char names[] = "abcdefghij";
    size_t first = sift.key_count;

    for (int i = 0; i < count; i++) {
        sift_add(&sift, slot, (struct span){names + i, 1});
    }
    sift_close_slot(&sift, first, is_moving);
}

static void expect_question(size_t index, uint16_t slot, const char *bytes)
{
    const struct command *command = NULL;
    struct block *block = sift_compose(&sift, index, &command);

    cr_expect(span_equal((struct span){block->bytes, block->used}, span_of(bytes)), "%.*s",
              (int)block->used, block->bytes);
    cr_expect_eq(command->id, strstr(bytes, "TYPE") == NULL ? COMMAND_ID_EXISTS : COMMAND_ID_TYPE);
    cr_expect_eq(sift_slot(&sift, index), slot);
    block_release(&block);
}

Test(sift, asks_once_for_the_keys_of_a_slot)
{
    add_keys(5, 2, false);
    add_keys(9, 1, false);
    cr_assert_eq(sift.question_count, 2);
    expect_question(0, 5, "*3\r\n$6\r\nEXISTS\r\n$1\r\na\r\n$1\r\nb\r\n");
    expect_question(1, 9, "*2\r\n$6\r\nEXISTS\r\n$1\r\na\r\n");
    cr_expect(sift_hear(&sift, 0, SPAN(":2\r\n")));
    cr_expect(sift_hear(&sift, 1, SPAN(":0\r\n")));
    cr_expect_eq(sift.question_count, 2);
    cr_expect_eq(sift_left(&sift), 2);
    cr_expect(sift.keys[2].is_gone);
}

Test(sift, asks_one_by_one_where_some_are_gone)
{
    add_keys(5, 3, false);
    cr_expect(sift_hear(&sift, 0, SPAN(":1\r\n")));
    cr_assert_eq(sift.question_count, 4);
    expect_question(2, 5, "*2\r\n$4\r\nTYPE\r\n$1\r\nb\r\n");
    cr_expect(sift_hear(&sift, 1, SPAN("+none\r\n")));
    cr_expect(sift_hear(&sift, 2, SPAN("+string\r\n")));
    cr_expect(sift_hear(&sift, 3, SPAN("+none\r\n")));
    cr_expect_eq(sift_left(&sift), 1);
    cr_expect_not(sift.keys[1].is_gone);
}

Test(sift, asks_one_by_one_in_a_moving_slot)
{
    add_keys(5, 2, true);
    cr_assert_eq(sift.question_count, 2);
    expect_question(0, 5, "*2\r\n$4\r\nTYPE\r\n$1\r\na\r\n");
}

Test(sift, leaves_keys_of_the_type_only)
{
    sift.type = SPAN("String");
    add_keys(5, 3, false);
    cr_assert_eq(sift.question_count, 3);
    cr_expect(sift_hear(&sift, 0, SPAN("+string\r\n")));
    cr_expect(sift_hear(&sift, 1, SPAN("+list\r\n")));
    cr_expect(sift_hear(&sift, 2, SPAN("+none\r\n")));
    cr_expect_eq(sift_left(&sift), 1);
    cr_expect_not(sift.keys[0].is_gone);
}

Test(sift, parts_a_question_that_is_too_long)
{
    for (int i = 0; i < 1000; i++) {
        sift_add(&sift, 5, SPAN("k"));
    }
    sift_close_slot(&sift, 0, false);
    cr_assert_eq(sift.question_count, 2);
    cr_expect_eq(sift.questions[0].count + sift.questions[1].count, 1000);
    cr_expect_eq(sift.questions[1].first, sift.questions[0].count);
}

Test(sift, of_a_slot_without_keys_asks_nothing)
{
    sift_close_slot(&sift, 0, false);
    cr_expect_eq(sift.question_count, 0);
}

Test(sift, does_not_believe_nonsense)
{
    static const char *const replies[] = {"+OK\r\n", ":3\r\n", ":-1\r\n", "$1\r\n2\r\n"};

    add_keys(5, 2, false);
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        cr_expect_not(sift_hear(&sift, 0, span_of(replies[i])), "row %zu", i);
    }
    sift_close_slot(&sift, 0, true);
    cr_expect_not(sift_hear(&sift, 1, SPAN(":1\r\n")));
}
