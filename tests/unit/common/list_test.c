#include "common/list.h"

#include <criterion/criterion.h>

struct item {
    struct list_link link;
    char name;
};

static struct list list;
static struct item a = {.name = 'a'};
static struct item b = {.name = 'b'};
static struct item c = {.name = 'c'};

static void clear(void)
{
    list_init(&list);
}

TestSuite(list, .init = clear);

/* The names in order, followed by the names backwards. */
static const char *names(const struct list *of)
{
    static char text[32];
    size_t size = 0;

    LIST_EACH (link, of) {
        text[size++] = container_of(link, struct item, link)->name;
    }
    text[size++] = '|';
    for (struct list_link *link = of->anchor.previous; link != &of->anchor; link = link->previous) {
        text[size++] = container_of(link, struct item, link)->name;
    }
    text[size] = '\0';
    return text;
}

static void fill(void)
{
    list_append(&list, &a.link);
    list_append(&list, &b.link);
    list_append(&list, &c.link);
}

Test(list, keeps_the_order_of_appending)
{
    fill();
    cr_expect_str_eq(names(&list), "abc|cba");
}

Test(list, prepend_and_insert_find_their_place)
{
    list_prepend(&list, &c.link);
    list_prepend(&list, &a.link);
    list_insert_before(&c.link, &b.link);
    cr_expect_str_eq(names(&list), "abc|cba");
}

Test(list, removed_links_know_that_they_are_on_no_list)
{
    fill();
    cr_expect(list_link_is_on(&b.link));
    list_remove(&b.link);
    cr_expect_not(list_link_is_on(&b.link));
    cr_expect_str_eq(names(&list), "ac|ca");
    list_remove(&b.link);
    cr_expect_str_eq(names(&list), "ac|ca");
}

Test(list, take_first_empties_from_the_front)
{
    fill();
    cr_expect_eq(list_first(&list), &a.link);
    cr_expect_eq(list_take_first(&list), &a.link);
    cr_expect_eq(list_take_first(&list), &b.link);
    cr_expect_not(list_is_empty(&list));
    cr_expect_eq(list_take_first(&list), &c.link);
    cr_expect(list_is_empty(&list));
    cr_expect_null(list_take_first(&list));
    cr_expect_null(list_first(&list));
}

Test(list, move_goes_to_the_end_of_any_list)
{
    struct list other;

    list_init(&other);
    fill();
    list_move(&list, &a.link);
    cr_expect_str_eq(names(&list), "bca|acb");
    list_move(&other, &c.link);
    cr_expect_str_eq(names(&list), "ba|ab");
    cr_expect_str_eq(names(&other), "c|c");
}

Test(list, splice_moves_all_and_leaves_nothing)
{
    struct list other;

    list_init(&other);
    list_splice(&list, &other);
    cr_expect(list_is_empty(&list));
    list_append(&list, &a.link);
    list_append(&other, &b.link);
    list_append(&other, &c.link);
    list_splice(&list, &other);
    cr_expect_str_eq(names(&list), "abc|cba");
    cr_expect(list_is_empty(&other));
    cr_expect_str_eq(names(&other), "|");
}

Test(list, safe_walk_survives_removal)
{
    fill();
    LIST_EACH_SAFE (link, &list) {
        if (link != &b.link) {
            list_remove(link);
        }
    }
    cr_expect_str_eq(names(&list), "b|b");
}
