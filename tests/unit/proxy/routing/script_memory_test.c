#include "proxy/routing/script_memory.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "proxy/routing/script_view.h"

static struct script_memory *memory;

static void forget_all(void)
{
    script_memory_free(&memory);
}

TestSuite(script_memory, .fini = forget_all, .timeout = 30);

static struct sha1 name_of(int index)
{
    char text[32];

    snprintf(text, sizeof text, "return %d", index);
    return sha1_of(span_of(text));
}

/* The number of the script "return INDEX". */
static uint64_t keep(int index)
{
    char text[32];
    struct sha1 sha1 = name_of(index);

    snprintf(text, sizeof text, "return %d", index);

    struct script *script = script_memory_keep(memory, &sha1, span_of(text));
    uint64_t number = script->number;

    cr_expect(span_equal(script_body(script), span_of(text)));
    script_release(&script);
    return number;
}

static bool has(int index)
{
    struct sha1 sha1 = name_of(index);
    struct script *script = script_memory_take(memory, &sha1);
    bool is_there = script != NULL;

    script_release(&script);
    return is_there;
}

Test(script_memory, gives_back_what_it_was_given_under_its_name)
{
    struct sha1 name = name_of(1);

    memory = script_memory_new(10, 1000);
    cr_expect_not(has(1));
    keep(1);

    struct script *script = script_memory_take(memory, &name);

    cr_assert_not_null(script);
    cr_expect(span_equal(script_body(script), SPAN("return 1")));
    script_release(&script);
}

Test(script_memory, has_a_script_once_and_numbers_are_never_used_again)
{
    struct sha1 name = name_of(1);

    memory = script_memory_new(10, 1000);

    uint64_t first = keep(1);

    cr_expect_neq(first, 0);
    cr_expect_eq(keep(1), first);
    cr_expect_neq(keep(2), first);
    script_memory_forget(memory, &name);
    cr_expect_not(has(1));
    cr_expect_neq(keep(1), first);
}

Test(script_memory, lets_the_oldest_go_that_was_not_used)
{
    memory = script_memory_new(3, 1000);
    keep(1);
    keep(2);
    keep(3);
    keep(4);
    cr_expect_not(has(1), "none was asked for again: the oldest goes");
    cr_expect(has(2));
    keep(5);
    cr_expect_not(has(3), "nobody has asked for it since");
    cr_expect(has(2));
    cr_expect(has(4));
    cr_expect(has(5));
}

Test(script_memory, is_bounded_in_bytes)
{
    struct sha1 name = sha1_of(SPAN("123456789012345"));
    struct script *script;

    memory = script_memory_new(100, 20);
    keep(1);
    keep(2);
    keep(3);
    cr_expect_not(has(1));
    cr_expect(has(2));
    cr_expect(has(3));
    script = script_memory_keep(memory, &name, SPAN("123456789012345"));
    cr_expect_not_null(script);
    cr_expect_not(has(2));
    cr_expect_not(has(3));
    script_release(&script);
    cr_expect_null(script_memory_keep(memory, &name, SPAN("123456789012345678901")));
}

Test(script_memory, takes_no_script_that_is_too_large)
{
    char *body = memory_new(1, SCRIPT_BODY_MAX + 1);
    struct sha1 name = {{0}};

    memory = script_memory_new(100, 10 * (size_t)SCRIPT_BODY_MAX);
    cr_expect_null(script_memory_keep(memory, &name, (struct span){body, SCRIPT_BODY_MAX + 1}));

    struct script *script = script_memory_keep(memory, &name, (struct span){body, SCRIPT_BODY_MAX});

    cr_expect_not_null(script);
    script_release(&script);
    free(body);
}

Test(script_memory, that_is_flushed_has_nothing_and_those_in_use_stay_alive)
{
    struct sha1 name = name_of(1);

    memory = script_memory_new(3, 1000);
    keep(1);

    struct script *script = script_memory_take(memory, &name);

    script_memory_flush(memory);
    cr_expect_not(has(1));
    cr_expect_not(script_is_kept(script));
    cr_expect(span_equal(script_body(script), SPAN("return 1")));
    script_release(&script);
    keep(1);
    cr_expect(has(1));
}

Test(script_view, sees_what_others_keep_and_forget)
{
    struct script_view one;
    struct script_view other;
    struct sha1 name = name_of(1);

    memory = script_memory_new(3, 1000);
    script_view_init(&one, memory);
    script_view_init(&other, memory);
    cr_expect_eq(script_view_find(&one, &name), 0);

    uint64_t number = script_view_see(&other, SPAN("return 1"));

    cr_expect_neq(number, 0);
    cr_expect_eq(script_view_find(&one, &name), number);
    cr_expect_eq(script_view_find(&one, &name), number);
    cr_expect_eq(script_view_see(&one, SPAN("return 1")), number);
    script_memory_flush(memory);
    cr_expect_eq(script_view_find(&one, &name), 0);
    cr_expect_neq(script_view_see(&one, SPAN("return 1")), number, "it is remembered anew");
    cr_expect(has(1));
    script_view_clear(&one);
    script_view_clear(&other);
    script_memory_free(&memory);
}

Test(script_view, tells_bodies_apart_that_share_a_place)
{
    struct script_view view;
    char bodies[2][100];

    memory = script_memory_new(3, 1000);
    script_view_init(&view, memory);
    memset(bodies, 'x', sizeof bodies);
    bodies[1][50] = 'y';

    uint64_t first = script_view_see(&view, (struct span){bodies[0], sizeof bodies[0]});
    uint64_t second = script_view_see(&view, (struct span){bodies[1], sizeof bodies[1]});

    cr_expect_neq(first, second);
    cr_expect_eq(script_view_see(&view, (struct span){bodies[0], sizeof bodies[0]}), first);
    script_view_clear(&view);
    script_memory_free(&memory);
}

Test(script_view, a_script_that_is_called_by_name_is_not_the_next_to_go)
{
    struct script_view view;
    struct sha1 name = name_of(1);

    memory = script_memory_new(2, 1000);
    script_view_init(&view, memory);
    keep(1);
    for (int i = 2; i < 50; i++) {
        cr_expect_neq(script_view_find(&view, &name), 0, "after %d others", i);
        keep(i);
    }
    script_view_clear(&view);
    script_memory_free(&memory);
}
