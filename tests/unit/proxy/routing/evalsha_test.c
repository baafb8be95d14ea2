#include "proxy/routing/evalsha.h"

#include <criterion/criterion.h>

static const struct {
    enum command_id id;
    struct span before;
    struct span body;
    struct span after;
} rows[] = {
    {COMMAND_ID_EVALSHA, SPAN("*3\r\n$7\r\nEVALSHA\r\n$3\r\nabc\r\n$1\r\n0\r\n"), SPAN("return 1"),
     SPAN("*3\r\n$4\r\neval\r\n$8\r\nreturn 1\r\n$1\r\n0\r\n")},
    {COMMAND_ID_EVALSHA_RO, SPAN("*3\r\n$10\r\nevalsha_ro\r\n$3\r\nabc\r\n$1\r\n0\r\n"),
     SPAN("return 1"), SPAN("*3\r\n$7\r\neval_ro\r\n$8\r\nreturn 1\r\n$1\r\n0\r\n")},
    {COMMAND_ID_EVALSHA,
     SPAN("*5\r\n$7\r\nevalsha\r\n$3\r\nabc\r\n$1\r\n1\r\n$4\r\n\r\n\0\xff\r\n$0\r\n\r\n"),
     SPAN("a\r\n\0b"),
     SPAN("*5\r\n$4\r\neval\r\n$5\r\na\r\n\0b\r\n$1\r\n1\r\n$4\r\n\r\n\0\xff\r\n$0\r\n\r\n")},
};

Test(evalsha, becomes_an_eval_with_the_same_keys_and_arguments)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct block *block =
            evalsha_write_out(command_by_id(rows[i].id), rows[i].before, rows[i].body);

        cr_expect(span_equal((struct span){block->bytes, block->used}, rows[i].after), "row %zu",
                  i);
        cr_expect(
            span_equal(evalsha_script((struct span){block->bytes, block->used}), rows[i].body));
        cr_expect(span_equal(evalsha_script(rows[i].before), SPAN("abc")));
        block_release(&block);
    }
}

Test(evalsha, has_counterparts_that_write_as_little)
{
    cr_expect_eq(evalsha_counterpart(command_by_name(SPAN("evalsha"))),
                 command_by_name(SPAN("eval")));
    cr_expect_eq(evalsha_counterpart(command_by_name(SPAN("evalsha_ro"))),
                 command_by_name(SPAN("eval_ro")));
    cr_expect_not(command_is_by_sha1(command_by_name(SPAN("fcall"))));
    cr_expect_not(command_is_by_body(command_by_name(SPAN("fcall_ro"))));
}
