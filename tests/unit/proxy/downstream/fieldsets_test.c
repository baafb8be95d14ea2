#include "proxy/downstream/fieldsets.h"

#include <stdio.h>

#include <criterion/criterion.h>

#define DISCARDALL "*2\r\n$7\r\nHIMPORT\r\n$10\r\nDISCARDALL\r\n"

static struct fieldsets fieldsets;

static void begin(void)
{
    fieldsets_init(&fieldsets);
}

static void end(void)
{
    fieldsets_clear(&fieldsets);
    cr_expect_eq(fieldsets.bytes, 0);
}

TestSuite(fieldsets, .init = begin, .fini = end);

static bool has(const char *name, const char *preface)
{
    const struct block *block = fieldsets_preface(&fieldsets, span_of(name));

    return block != NULL && span_equal((struct span){block->bytes, block->used}, span_of(preface));
}

Test(fieldsets, are_found_by_their_names_and_prepare_a_connection)
{
    fieldsets_keep(&fieldsets, SPAN("a"), SPAN("one"));
    fieldsets_keep(&fieldsets, SPAN(""), SPAN("nameless"));
    fieldsets_keep(&fieldsets, SPAN("b"), SPAN("two"));
    cr_expect(has("a", DISCARDALL "one"));
    cr_expect(has("b", DISCARDALL "two"));
    cr_expect(has("", DISCARDALL "nameless"));
    cr_expect_null(fieldsets_preface(&fieldsets, SPAN("A")));
}

Test(fieldsets, the_last_of_a_name_counts)
{
    fieldsets_keep(&fieldsets, SPAN("a"), SPAN("one"));
    fieldsets_keep(&fieldsets, SPAN("a"), SPAN("other"));
    cr_expect(has("a", DISCARDALL "other"));
    cr_expect_eq(fieldsets_clear(&fieldsets), 1);
}

Test(fieldsets, small_ones_count_with_all_the_memory_that_they_take)
{
    enum { COUNT = 100 };
    size_t before = block_bytes_in_use();
    char name[16];

    for (int i = 0; i < COUNT; i++) {
        snprintf(name, sizeof name, "%d", i);
        fieldsets_keep(&fieldsets, span_of(name), SPAN("one"));
    }
    cr_expect_geq(fieldsets.bytes, block_bytes_in_use() - before);
    fieldsets_keep(&fieldsets, SPAN("0"), SPAN("other"));
    cr_expect_geq(fieldsets.bytes, block_bytes_in_use() - before);
    cr_expect_lt(fieldsets.bytes, 2 * (block_bytes_in_use() - before));
}

Test(fieldsets, are_forgotten_one_by_one_or_all)
{
    fieldsets_keep(&fieldsets, SPAN("a"), SPAN("one"));
    fieldsets_keep(&fieldsets, SPAN("b"), SPAN("two"));
    fieldsets_keep(&fieldsets, SPAN("c"), SPAN("three"));
    cr_expect(fieldsets_drop(&fieldsets, SPAN("b")));
    cr_expect_not(fieldsets_drop(&fieldsets, SPAN("b")));
    cr_expect_null(fieldsets_preface(&fieldsets, SPAN("b")));
    cr_expect(has("c", DISCARDALL "three"));
    cr_expect_eq(fieldsets_clear(&fieldsets), 2);
    cr_expect_eq(fieldsets_clear(&fieldsets), 0);
    cr_expect_null(fieldsets_preface(&fieldsets, SPAN("a")));
}
