#include "proxy/command/timeout.h"

#include <criterion/criterion.h>

#include "common/resp_write.h"
#include "tests/unit/proxy/command/words.h"

static const struct {
    const char *words;
    enum timeout_result result;
    uint64_t us;
    const char *with_1234_ms; /* left, as words */
} rows[] = {
    {"GET k", TIMEOUT_NONE, 0, NULL},
    {"BLPOP k 2", TIMEOUT_FOUND, 2000000, "BLPOP k 1.234"},
    {"brpop k j 0.5", TIMEOUT_FOUND, 500000, "brpop k j 1.234"},
    {"BZPOPMIN 3 1e1", TIMEOUT_FOUND, 10000000, "BZPOPMIN 3 1.234"},
    {"BZPOPMAX k 0x10", TIMEOUT_FOUND, 16000000, "BZPOPMAX k 1.234"},
    {"BLMOVE a b LEFT RIGHT 7", TIMEOUT_FOUND, 7000000, "BLMOVE a b LEFT RIGHT 1.234"},
    {"BLMOVEM a b LEFT RIGHT 7 COUNT 5 BULK", TIMEOUT_FOUND, 7000000,
     "BLMOVEM a b LEFT RIGHT 1.234 COUNT 5 BULK"},
    {"BRPOPLPUSH a b 7", TIMEOUT_FOUND, 7000000, "BRPOPLPUSH a b 1.234"},
    {"BLMPOP 7 1 k LEFT COUNT 9", TIMEOUT_FOUND, 7000000, "BLMPOP 1.234 1 k LEFT COUNT 9"},
    {"BZMPOP 7 1 k MIN", TIMEOUT_FOUND, 7000000, "BZMPOP 1.234 1 k MIN"},
    {"XREAD STREAMS BLOCK 0", TIMEOUT_NONE, 0, NULL},
    {"XREAD COUNT 2 STREAMS k 0", TIMEOUT_NONE, 0, NULL},
    {"XREAD COUNT 2 block 500 STREAMS k $", TIMEOUT_FOUND, 500000,
     "XREAD COUNT 2 block 1234 STREAMS k $"},
    {"XREAD BLOCK 1 COUNT 2 BLOCK 500 STREAMS k $", TIMEOUT_FOUND, 500000,
     "XREAD BLOCK 1 COUNT 2 BLOCK 1234 STREAMS k $"},
    {"XREADGROUP GROUP block block COUNT 1 STREAMS k >", TIMEOUT_NONE, 0, NULL},
    {"XREADGROUP GROUP g streams NOACK BLOCK 0 STREAMS k >", TIMEOUT_FOUND, UINT64_MAX, NULL},
    {"XREADGROUP BLOCK 9 GROUP g c CLAIM 5 STREAMS k >", TIMEOUT_FOUND, 9000,
     "XREADGROUP BLOCK 1234 GROUP g c CLAIM 5 STREAMS k >"},
    {"WAIT 1 100", TIMEOUT_FOUND, 100000, "WAIT 1 1234"},
    {"WAITAOF 1 1 0", TIMEOUT_FOUND, UINT64_MAX, NULL},
    {"BLPOP k 0", TIMEOUT_FOUND, UINT64_MAX, NULL},
    {"BLPOP k 0.0", TIMEOUT_FOUND, UINT64_MAX, NULL},
    {"BLPOP k 0.0001", TIMEOUT_FOUND, 1000, "BLPOP k 1.234"},
    {"BLPOP k 99999999999999999999", TIMEOUT_FOUND, UINT64_MAX, NULL},
    {"XREAD BLOCK 9223372036854775807 STREAMS k $", TIMEOUT_FOUND, UINT64_MAX, NULL},
    {"BLPOP k -1", TIMEOUT_BAD, 0, NULL},
    {"BLPOP k x", TIMEOUT_BAD, 0, NULL},
    {"BLPOP k 1x", TIMEOUT_BAD, 0, NULL},
    {"BLPOP k nan", TIMEOUT_BAD, 0, NULL},
    {"BLPOP k 1e99999", TIMEOUT_BAD, 0, NULL},
    {"XREAD BLOCK 1.5 STREAMS k $", TIMEOUT_BAD, 0, NULL},
    {"XREAD BLOCK 007 STREAMS k $", TIMEOUT_BAD, 0, NULL},
    {"XREAD BLOCK -5 STREAMS k $", TIMEOUT_BAD, 0, NULL},
    {"XREAD STREAMS k BLOCK", TIMEOUT_NONE, 0, NULL},
};

static const struct command *read_row(struct words *words, const char *text)
{
    const struct command *command = NULL;

    words_init(words, text);
    cr_assert_eq(command_find(&words->arguments, &command), COMMAND_FOUND, "%s", text);
    return command;
}

Test(timeout, is_found_where_the_command_has_it)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct words words;
        const struct command *command = read_row(&words, rows[i].words);
        struct timeout timeout = {.us = 0};

        cr_expect_eq(timeout_find(command, &words.arguments, &timeout), rows[i].result, "%s",
                     rows[i].words);
        cr_expect_eq(timeout.us, rows[i].us, "%s: %llu", rows[i].words,
                     (unsigned long long)timeout.us);
    }
}

static struct block *compose(const char *text)
{
    struct words words;
    struct sendq queue;

    words_init(&words, text);
    sendq_init(&queue);
    resp_write_request(&queue, words.items, words.arguments.count);

    struct block *block = sendq_flatten(&queue);

    sendq_clear(&queue);
    return block;
}

static void expect_left(const char *before, uint64_t left_us, const char *after)
{
    struct words words;
    const struct command *command = read_row(&words, before);
    struct block *from = compose(before);
    struct block *wanted = compose(after);
    struct block *replaced =
        timeout_replace(command, (struct span){from->bytes, from->used}, left_us);

    cr_expect(span_equal((struct span){replaced->bytes, replaced->used},
                         (struct span){wanted->bytes, wanted->used}),
              "%s: %.*s", before, (int)replaced->used, replaced->bytes);
    block_release(&from);
    block_release(&wanted);
    block_release(&replaced);
}

Test(timeout, is_replaced_where_it_was_found)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].with_1234_ms != NULL) {
            expect_left(rows[i].words, 1234567, rows[i].with_1234_ms);
        }
    }
}

Test(timeout, never_becomes_for_ever)
{
    expect_left("BLPOP k 5", 0, "BLPOP k 0.010");
    expect_left("BLPOP k 5", 999, "BLPOP k 0.010");
    expect_left("XREAD BLOCK 5 STREAMS k $", 999, "XREAD BLOCK 10 STREAMS k $");
    expect_left("BLPOP k 86400", UINT64_C(86399999999), "BLPOP k 86399.999");
}
