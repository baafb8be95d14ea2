/* Every row can be said, and the same dice say the same. */
#include <criterion/criterion.h>

#include "tests/differential/maker.h"
#include "tests/support/resp.h"

static struct bytes said(const struct stream *stream)
{
    struct bytes text = {0};

    for (size_t i = 0; i < stream->count; i++) {
        stream_encode(stream, &stream->calls[i], &text);
    }
    return text;
}

static void say(struct stream *stream, uint64_t seed, unsigned groups, size_t count)
{
    struct maker maker = maker_of(dice_of(seed, 0), stream, groups);

    while (stream->count < count) {
        maker_add(&maker);
    }
}

Test(maker, the_same_seed_says_the_same)
{
    struct stream first = {0};
    struct stream second = {0};
    struct stream third = {0};

    say(&first, 7, GROUPS_ALL, 2000);
    say(&second, 7, GROUPS_ALL, 2000);
    say(&third, 8, GROUPS_ALL, 2000);
    struct bytes a = said(&first);
    struct bytes b = said(&second);
    struct bytes c = said(&third);
    cr_assert_gt(a.size, 2000);
    cr_expect(span_equal((struct span){a.at, a.size}, (struct span){b.at, b.size}));
    cr_expect_not(span_equal((struct span){a.at, a.size}, (struct span){c.at, c.size}));
    bytes_clear(&a);
    bytes_clear(&b);
    bytes_clear(&c);
    stream_clear(&first);
    stream_clear(&second);
    stream_clear(&third);
}

/* A name that is misspelt, or a bracket that is missing, ends the program. */
Test(maker, each_shape_can_be_said_in_all_its_forms)
{
    size_t count;
    const struct shape *shapes = shapes_all(&count);

    for (size_t i = 0; i < count; i++) {
        struct stream stream = {0};
        struct maker maker = maker_of(dice_of(i, 0), &stream, GROUPS_ALL);
        for (int times = 0; times < 200; times++) {
            stream_empty(&stream);
            maker_expand(&maker, &shapes[i]);
            cr_expect_gt(stream_last(&stream)->count, 0, "%s", shapes[i].text);
            cr_expect_not(stream_last(&stream)->goes_on, "%s", shapes[i].text);
        }
        stream_clear(&stream);
    }
}

Test(maker, each_group_has_shapes)
{
    for (enum group_id group = 0; group < GROUP_COUNT; group++) {
        struct stream stream = {0};
        say(&stream, 1, 1u << group, 1);
        cr_expect_eq(stream.calls[0].shape->group, group);
        stream_clear(&stream);
    }
}

static struct stream expand(const char *text)
{
    static struct shape shape;
    struct stream stream = {0};

    shape = (struct shape){GROUP_STRINGS, text};
    struct maker maker = maker_of(dice_of(3, 0), &stream, GROUPS_ALL);
    maker_expand(&maker, &shape);
    return stream;
}

Test(maker, a_key_is_remembered_for_the_commands_behind_it)
{
    struct stream stream = expand("SET string 1 ; GET = ; DEL =");

    cr_assert_eq(stream.count, 3);
    struct span key = stream_word(&stream, &stream.calls[0], 1);
    cr_expect(span_equal(stream_word(&stream, &stream.calls[1], 1), key));
    cr_expect(span_equal(stream_word(&stream, &stream.calls[2], 1), key));
    cr_expect(stream.calls[0].goes_on && stream.calls[1].goes_on);
    stream_clear(&stream);
}

Test(maker, a_group_is_counted)
{
    struct stream stream = expand("SINTERCARD # ( A B )! 'end");

    cr_expect(stream_call_is(&stream, stream.calls, "SINTERCARD 600 A B"));
    cr_expect_eq(stream.calls[0].count, 2 + 1200 + 1);
    stream_clear(&stream);
}

Test(maker, what_stands_between_multi_and_exec_is_of_one_slot)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct stream stream = {0};
        struct shape shape = {GROUP_TRANSACTIONS, "MULTI ; ... ; GET string ; ... ; GET string"};
        struct maker maker = maker_of(dice_of(seed, 0), &stream, GROUPS_ALL);
        maker_expand(&maker, &shape);
        struct span last = stream_word(&stream, stream_last(&stream), 1);
        for (size_t i = 0; i < stream.count; i++) {
            if (stream_call_is(&stream, &stream.calls[i], "GET")) {
                cr_expect_eq(resp_slot(stream_word(&stream, &stream.calls[i], 1)), resp_slot(last));
            }
        }
        stream_clear(&stream);
    }
}

Test(stream, words_of_the_last_call_can_be_changed)
{
    struct stream stream = expand("SET A B C");

    stream_drop_word(&stream, 1);
    stream_double_word(&stream, 1);
    stream_replace_word(&stream, 2, SPAN("D"));
    cr_expect(stream_call_is(&stream, stream.calls, "set b d c"));
    cr_expect_eq(stream.calls[0].count, 4);
    stream_clear(&stream);
}

Test(stream, is_sent_as_an_array_or_as_a_line)
{
    struct stream stream = expand("SET A");
    struct bytes bytes = {0};

    stream_add_word(&stream, SPAN("b c\0\r\n\"\\"));
    stream_encode(&stream, stream.calls, &bytes);
    cr_expect(span_equal((struct span){bytes.at, bytes.size},
                         SPAN("*3\r\n$3\r\nSET\r\n$1\r\nA\r\n$8\r\nb c\0\r\n\"\\\r\n")));
    bytes.size = 0;
    stream.calls[0].form = CALL_INLINE;
    stream_encode(&stream, stream.calls, &bytes);
    cr_expect_str_eq(bytes.at, "SET A \"b c\\x00\\x0d\\x0a\\\"\\\\\"\r\n");
    bytes_clear(&bytes);
    stream_clear(&stream);
}
