#include "proxy/routing/scan_page.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/resp_write.h"

enum { LISTINGS = 2 };

static struct scan_page page;
static struct block *listings[LISTINGS];

static void clear(void)
{
    scan_page_clear(&page);
    for (int i = 0; i < LISTINGS; i++) {
        block_release(&listings[i]);
    }
}

TestSuite(scan_page, .fini = clear);

/* Adds the list that a node makes of so many keys. */
static void list_keys(int listing, int first, int count)
{
    struct sendq text;

    sendq_init(&text);
    resp_write_array(&text, (size_t)count);
    for (int i = first; i < first + count; i++) {
        resp_write_format(&text, "{tag}:%d", i);
    }
    block_release(&listings[listing]);
    listings[listing] = sendq_flatten(&text);
    sendq_clear(&text);
    cr_assert(
        scan_page_add(&page, (struct span){listings[listing]->bytes, listings[listing]->used}));
}

static void expect_order(void)
{
    for (size_t i = 1; i < page.count; i++) {
        cr_expect_leq(page.keys[i - 1].position, page.keys[i].position);
    }
}

Test(scan_page, of_few_keys_has_all)
{
    list_keys(0, 0, 100);
    cr_expect_eq(scan_page_cut(&page, 0, 100, 10), SCAN_POSITIONS);
    cr_expect_eq(page.count, 100);
    expect_order();
}

Test(scan_page, of_no_keys_has_none)
{
    cr_expect(scan_page_add(&page, SPAN("*0\r\n")));
    cr_expect_eq(scan_page_cut(&page, 0, 100, 10), SCAN_POSITIONS);
    cr_expect_eq(page.count, 0);
}

Test(scan_page, has_a_key_that_was_listed_twice_once)
{
    list_keys(0, 0, 10);
    list_keys(1, 5, 10);
    cr_expect_eq(scan_page_cut(&page, 0, 100, 10), SCAN_POSITIONS);
    cr_expect_eq(page.count, 15);
    expect_order();
}

/* Each page is cut from a list of the whole slot, as one call after the other does. */
static size_t walk(int keys, size_t whole, size_t least, size_t *pages)
{
    uint64_t from = 0;
    size_t total = 0;

    for (*pages = 0; from < SCAN_POSITIONS; ++*pages) {
        scan_page_clear(&page);
        list_keys(0, 0, keys);

        uint64_t next = scan_page_cut(&page, from, whole, least);

        cr_assert_gt(next, from);
        for (size_t i = 0; i < page.count; i++) {
            cr_expect(page.keys[i].position >= from && page.keys[i].position < next);
        }
        expect_order();
        total += page.count;
        from = next;
    }
    return total;
}

Test(scan_page, after_page_has_every_key_once)
{
    static const struct {
        int keys;
        size_t whole;
        size_t least;
        size_t pages_min;
        size_t pages_max;
    } rows[] = {
        {1000, 1000, 10, 1, 1},    {1001, 1000, 10, 8, 16}, {20000, 1000, 10, 8, 16},
        {20000, 1000, 5000, 2, 4}, {20000, 20000, 1, 1, 1}, {300, 0, 1, 8, 18},
        {17, 0, 1, 8, 17},         {1, 0, 1, 1, 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        size_t pages = 0;

        cr_expect_eq(walk(rows[i].keys, rows[i].whole, rows[i].least, &pages), (size_t)rows[i].keys,
                     "row %zu", i);
        cr_expect(pages >= rows[i].pages_min && pages <= rows[i].pages_max, "row %zu: %zu pages", i,
                  pages);
    }
}

/* The keys of one position cannot be told apart by a cursor. */
Test(scan_page, keeps_keys_of_one_position_together)
{
    struct scan_key keys[] = {
        {7, SPAN("a")}, {3, SPAN("b")}, {7, SPAN("c")}, {7, SPAN("d")}, {9, SPAN("e")},
    };

    page.keys = malloc(sizeof keys);
    memcpy(page.keys, keys, sizeof keys);
    page.count = page.capacity = ARRAY_LEN(keys);
    uint64_t next = scan_page_cut(&page, 0, 0, 2);

    cr_expect(next > 7 && next <= 9, "%llu", (unsigned long long)next);
    cr_expect_eq(page.count, 4);
}

Test(scan_page, refuses_what_is_no_list_of_names)
{
    static const char *const replies[] = {
        "+OK\r\n", ":1\r\n", "*-1\r\n", "*1\r\n:5\r\n", "*1\r\n*1\r\n$1\r\na\r\n", "*1\r\n$-1\r\n"};

    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        cr_expect_not(scan_page_add(&page, span_of(replies[i])), "row %zu", i);
    }
}
