#include "common/table.h"

#include <criterion/criterion.h>

enum { MANY = 1000 };

struct thing {
    struct table_link link;
    int number;
};

static struct thing things[MANY];

static struct thing *find(const struct table *table, uint64_t hash, int number)
{
    struct table_link *link = table_first(table, hash);

    while (link != NULL && container_of(link, struct thing, link)->number != number) {
        link = table_next(link);
    }
    return link == NULL ? NULL : container_of(link, struct thing, link);
}

/* Ten of them share each hash, and hundreds each place. */
static uint64_t hash_of(int number)
{
    return (uint64_t)(number / 10) << 32 | 7;
}

static void fill(struct table *table)
{
    for (int i = 0; i < MANY; i++) {
        things[i].number = i;
        table_add(table, &things[i].link, hash_of(i));
    }
}

Test(table, an_empty_one_has_nothing)
{
    struct table table = {0};

    cr_expect_null(table_first(&table, 0));
    table_clear(&table);
}

Test(table, finds_each_among_those_of_the_same_hash)
{
    struct table table = {0};

    fill(&table);
    cr_expect_eq(table.count, MANY);
    for (int i = 0; i < MANY; i++) {
        cr_expect_eq(find(&table, hash_of(i), i), &things[i]);
    }
    cr_expect_null(find(&table, hash_of(3), 13));
    table_clear(&table);
}

Test(table, what_was_removed_is_gone_and_the_others_are_not)
{
    struct table table = {0};

    fill(&table);
    for (int i = 0; i < MANY; i += 2) {
        table_remove(&table, &things[i].link);
    }
    cr_expect_eq(table.count, MANY / 2);
    for (int i = 0; i < MANY; i++) {
        cr_expect_eq(find(&table, hash_of(i), i), i % 2 == 0 ? NULL : &things[i]);
    }
    table_clear(&table);
}

Test(table, hashes_of_bytes_see_every_byte_and_the_size)
{
    static const char text[] = "abcdefghijklmnopqrstuvwx";

    for (size_t size = 0; size < sizeof text; size++) {
        uint64_t hash = table_hash_bytes((struct span){text, size});

        cr_expect_eq(hash, table_hash_bytes((struct span){text, size}));
        for (size_t i = 0; i < size; i++) {
            char other[sizeof text];

            memcpy(other, text, sizeof text);
            other[i] ^= 1;
            cr_expect_neq(hash, table_hash_bytes((struct span){other, size}), "%zu of %zu", i,
                          size);
        }
        cr_expect_neq(hash, table_hash_bytes((struct span){text, size + 1}));
    }
}
