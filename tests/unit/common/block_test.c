#include "common/block.h"
#include "common/budget.h"

#include <criterion/criterion.h>

TestSuite(block, .fini = block_trim);

Test(block, has_the_room_that_was_asked_for)
{
    static const size_t sizes[] = {
        0, 1, 103, 104, 105, 1000, BLOCK_SMALL, BLOCK_MEDIUM, BLOCK_LARGE, 65513, 1000000};

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct block *block = block_new(sizes[i]);

        cr_expect_geq(block->capacity, sizes[i]);
        cr_expect_eq(block_room(block), block->capacity);
        memset(block_tail(block), 'x', block_room(block));
        block_release(&block);
        cr_expect_null(block);
    }
    cr_expect_eq(block_bytes_in_use(), 0);
}

Test(block, named_sizes_fill_their_class_exactly)
{
    static const size_t sizes[] = {BLOCK_SMALL, BLOCK_MEDIUM, BLOCK_LARGE};

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct block *block = block_new(sizes[i]);

        cr_expect_eq(block->capacity, sizes[i]);
        block_release(&block);
    }
}

Test(block, larger_than_any_class_is_exact)
{
    struct block *block = block_new(BLOCK_LARGE + 1);

    cr_expect_eq(block->capacity, BLOCK_LARGE + 1);
    block_release(&block);
}

Test(block, lives_until_the_last_reference_goes)
{
    struct block *first = block_copy(SPAN("hello"));
    struct block *second = block_take(first);

    block_release(&first);
    cr_expect_gt(block_bytes_in_use(), 0);
    cr_expect(span_equal((struct span){second->bytes, second->used}, SPAN("hello")));
    block_release(&second);
    cr_expect_eq(block_bytes_in_use(), 0);
    block_release(&second);
}

Test(block, copy_takes_the_smallest_class)
{
    struct block *small = block_copy(SPAN("x"));
    struct block *empty = block_copy((struct span){NULL, 0});

    cr_expect_eq(small->capacity, 128 - sizeof(struct block));
    cr_expect_eq(empty->used, 0);
    block_release(&small);
    block_release(&empty);
}

Test(block, bytes_in_use_counts_headers_and_rounding)
{
    struct block *small = block_new(BLOCK_SMALL);
    struct block *large = block_new(100000);

    cr_expect_eq(block_bytes_in_use(), 1024 + 100000 + sizeof(struct block));
    block_release(&large);
    cr_expect_eq(block_bytes_in_use(), 1024);
    block_release(&small);
}

#if !defined(__SANITIZE_ADDRESS__)
Test(block, is_used_again)
{
    struct block *block = block_new(BLOCK_MEDIUM);
    const struct block *before = block;

    block_release(&block);
    block = block_new(BLOCK_MEDIUM);
    cr_expect_eq(block, before);
    block_release(&block);
}
#endif

Test(block, many_at_once_are_all_different)
{
    enum { MANY = 3000 };
    static struct block *blocks[MANY];

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MANY; i++) {
            blocks[i] = block_new(sizeof i);
            memcpy(blocks[i]->bytes, &i, sizeof i);
        }
        for (int i = 0; i < MANY; i++) {
            cr_expect_eq(memcmp(blocks[i]->bytes, &i, sizeof i), 0);
            block_release(&blocks[i]);
        }
    }
    cr_expect_eq(block_bytes_in_use(), 0);
    block_trim();
}

Test(block, grows_with_its_bytes)
{
    static const size_t sizes[] = {100, BLOCK_LARGE, 1000000, 3 << 20, 5 << 20, 40 << 20};
    struct block *block = block_copy(SPAN("hello"));

    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        block = block_grow(block, size_max(sizes[i], block->capacity), 0);
        cr_assert_geq(block->capacity, sizes[i]);
        cr_assert(span_equal((struct span){block->bytes, block->used}, SPAN("hello")));
        block->bytes[sizes[i] - 1] = 'x';
        cr_assert_eq(block_bytes_in_use(), sizeof *block + block->capacity);
    }
    block_release(&block);
    cr_expect_eq(block_bytes_in_use(), 0);
}

Test(block, tells_the_budget_what_is_in_use)
{
    block_publish();
    uint64_t before = budget_used(&budget_of_process);
    struct block *large = block_new(10 << 20);
    struct block *small = block_new(BLOCK_SMALL);

    cr_expect_geq(budget_used(&budget_of_process) - before, 10 << 20);
    block_publish();
    cr_expect_eq(budget_used(&budget_of_process) - before, block_bytes_in_use());
    block_release(&large);
    cr_expect_leq(budget_used(&budget_of_process) - before, 256 * 1024);
    block_release(&small);
    block_publish();
    cr_expect_eq(budget_used(&budget_of_process), before);
}

Test(block, counts_other_memory_as_its_own)
{
    struct budget budget = {.limit = 0};
    struct block_account account = {.budget = &budget};
    size_t before = block_bytes_in_use();

    block_charge(&account, 1000);
    block_charge(NULL, 10);
    cr_expect_eq(block_bytes_in_use(), before + 1010);
    cr_expect_eq(account.in_use, 1000);
    block_charge(&account, 1000 * 1000);
    cr_expect_eq(budget_used(&budget), 1001 * 1000);
    block_discharge(&account, 1001 * 1000);
    block_discharge(NULL, 10);
    cr_expect_eq(block_bytes_in_use(), before);
    cr_expect_eq(budget_used(&budget), 0);
}

Test(block, counts_for_the_account_on_which_it_was_made_whoever_is_billed_when_it_goes)
{
    struct budget budgets[2] = {{.pool = "a"}, {.pool = "b"}};
    struct block_account accounts[2] = {{.budget = &budgets[0]}, {.budget = &budgets[1]}};

    block_bill(&accounts[0]);
    struct block *first = block_new(BLOCK_SMALL);
    struct block *large = block_new(3 << 20);
    block_bill(&accounts[1]);
    struct block *second = block_new(BLOCK_MEDIUM);
    cr_expect_geq(budget_used(&budgets[0]), 3 << 20, "large changes are told at once");
    large = block_grow(large, 5 << 20, 0);
    cr_expect_geq(budget_used(&budgets[0]), 5 << 20);
    block_release(&large);
    block_release(&first);
    block_publish();
    block_account_publish(&accounts[0]);
    cr_expect_eq(budget_used(&budgets[0]), 0);
    cr_expect_eq(budget_used(&budgets[1]), 16 * 1024);
    block_bill(NULL);
    struct block *third = block_new(BLOCK_SMALL);
    cr_expect_eq(accounts[0].in_use + accounts[1].in_use, 16 * 1024);
    block_release(&second);
    block_release(&third);
    cr_expect_eq(accounts[1].in_use, 0);
    cr_expect_eq(block_bytes_in_use(), 0);
}

#if !defined(__SANITIZE_ADDRESS__)
Test(block, tidying_gives_back_what_nobody_needs)
{
    enum { MANY = 16 };
    struct block *blocks[MANY];
    struct block *again;

    for (int i = 0; i < MANY; i++) {
        blocks[i] = block_new(BLOCK_LARGE);
    }
    for (int i = 0; i < MANY; i++) {
        block_release(&blocks[i]);
    }
    cr_expect_eq(block_bytes_kept(), MANY * 64 * 1024);
    block_tidy();
    cr_expect_eq(block_bytes_kept(), MANY * 64 * 1024, "all were in use since the last time");
    again = block_new(BLOCK_LARGE);
    block_release(&again);
    block_tidy();
    cr_expect_lt(block_bytes_kept(), MANY * 64 * 1024);
    for (int i = 0; i < 10; i++) {
        block_tidy();
    }
    cr_expect_eq(block_bytes_kept(), 0);
}

Test(block, of_megabytes_counts_all_that_it_has_and_its_memory_serves_the_next)
{
    struct block *block = block_new(8 << 20);
    const struct block *before = block;

    block_release(&block);
    cr_expect_eq(block_bytes_in_use(), 0);
    cr_expect_eq(block_bytes_kept(), sizeof *block + (8 << 20));
    block = block_copy(SPAN("hello"));
    block = block_grow(block, 3 << 20, 7 << 20);
    cr_expect_eq(block, before);
    cr_expect_eq(block->capacity, 8 << 20);
    cr_expect_eq(block_bytes_in_use(), sizeof *block + (8 << 20));
    cr_expect(span_equal((struct span){block->bytes, block->used}, SPAN("hello")));
    block_release(&block);
    block_tidy();
    block_tidy();
    cr_expect_lt(block_bytes_kept(), 8 << 20);
}

Test(block, trimming_keeps_nothing)
{
    struct block *small = block_new(BLOCK_SMALL);
    struct block *large = block_new(8 << 20);

    block_release(&small);
    block_release(&large);
    block_trim();
    cr_expect_eq(block_bytes_kept(), 0);
}
#endif
