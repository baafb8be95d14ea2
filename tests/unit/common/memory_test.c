#include "common/memory.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/redirect.h>

Test(memory, new_is_zeroed)
{
    char *memory = memory_new(100, 10);

    for (int i = 0; i < 1000; i++) {
        cr_expect_eq(memory[i], 0);
    }
    free(memory);
}

Test(memory, nothing_is_still_a_pointer)
{
    void *zeroed = memory_new(0, 8);
    void *raw = memory_raw(0);
    void *resized = memory_resize(NULL, 0, 8);

    cr_expect_not_null(zeroed);
    cr_expect_not_null(raw);
    cr_expect_not_null(resized);
    free(zeroed);
    free(raw);
    free(resized);
}

Test(memory, resize_keeps_what_was_there)
{
    int *numbers = memory_resize(NULL, 2, sizeof *numbers);

    numbers[0] = 1;
    numbers[1] = 2;
    numbers = memory_resize(numbers, 1000, sizeof *numbers);
    cr_expect_eq(numbers[0], 1);
    cr_expect_eq(numbers[1], 2);
    free(numbers);
}

Test(memory, copy_ends_with_a_zero_byte)
{
    char *copy = memory_copy("ab\0cd", 5);
    char *empty = memory_copy(NULL, 0);

    cr_expect_eq(memcmp(copy, "ab\0cd", 6), 0);
    cr_expect_str_eq(empty, "");
    free(copy);
    free(empty);
}

Test(memory, print_formats)
{
    char *text = memory_print("%s:%d", "host", 42);

    cr_expect_str_eq(text, "host:42");
    free(text);
}

/* The address sanitizer has its own last words about such sizes. */
#if !defined(__SANITIZE_ADDRESS__)
static void muted(void)
{
    cr_redirect_stderr();
}

Test(memory, ends_the_process_when_there_is_none, .signal = SIGABRT, .init = muted)
{
    memory_raw(SIZE_MAX / 2);
}

Test(memory, ends_the_process_when_a_product_overflows, .signal = SIGABRT, .init = muted)
{
    volatile size_t count = SIZE_MAX / 2; /* or the compiler sees it coming */

    free(memory_resize(NULL, count, 4));
}
#endif
