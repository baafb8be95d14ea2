#include "bench/load/check.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"

enum { TEXT_MAX = 400 };

static struct work work;

static void work_start(void)
{
    work_init(&work, WORK_GET, 4, 1);
    work_set_keys(&work, 10, 3);
}

static void work_end(void)
{
    work_clear(&work);
}

TestSuite(check, .init = work_start, .fini = work_end);

/* Copies `form` with the value of number 7 for each @, that of 8 for each # and that of 9 for &. */
static size_t print_reply(const char *form, char *text)
{
    static const char marks[] = "@#&";
    size_t size = 0;

    for (; *form != '\0'; form++) {
        const char *mark = strchr(marks, *form);

        if (mark == NULL) {
            text[size++] = *form;
            continue;
        }

        struct span value = value_of(&work.values, (uint64_t)(7 + mark - marks));

        memcpy(text + size, value.at, value.size);
        size += value.size;
    }
    return size;
}

/* What feeding came to. */
struct fed {
    enum check_result result;
    size_t used;
    struct check check;
};

/* Feeds bytes in two pieces, each in memory of its own and of exactly that size. */
static struct fed feed(const struct unit *unit, struct span bytes, size_t cut)
{
    struct fed fed = {.result = CHECK_MORE};
    const struct span pieces[] = {{bytes.at, cut}, {bytes.at + cut, bytes.size - cut}};
    bool is_over = false;

    check_begin(&fed.check, &work, unit);
    for (size_t i = 0; i < ARRAY_LEN(pieces) && !is_over; i++) {
        char *copy = memory_copy(pieces[i].at, pieces[i].size);
        struct span rest = {copy, pieces[i].size};

        while (rest.size > 0 && !is_over) {
            fed.result = check_feed(&fed.check, &work, unit, &rest);
            is_over = fed.result == CHECK_UNIT || fed.result == CHECK_BROKEN;
        }
        fed.used += pieces[i].size - rest.size;
        free(copy);
    }
    return fed;
}

static const struct {
    enum work_kind kind;
    bool allow_missing;
    const char *reply;
    enum verdict verdict;
    const char *remark; /* a part of it */
} replies[] = {
    {WORK_GET, false, "$4\r\n@\r\n", VERDICT_RIGHT, ""},
    {WORK_EVAL, false, "$4\r\n@\r\n", VERDICT_RIGHT, ""},
    {WORK_SET, false, "+OK\r\n", VERDICT_RIGHT, ""},
    {WORK_MSET, false, "+OK\r\n", VERDICT_RIGHT, ""},
    {WORK_PING, false, "+PONG\r\n", VERDICT_RIGHT, ""},
    {WORK_GETRANGE, false, "$4\r\n@\r\n", VERDICT_RIGHT, ""},
    {WORK_DEL, false, ":0\r\n", VERDICT_RIGHT, ""},
    {WORK_DEL, false, ":3\r\n", VERDICT_RIGHT, ""},
    {WORK_MGET, false, "*3\r\n$4\r\n@\r\n$4\r\n#\r\n$4\r\n&\r\n", VERDICT_RIGHT, ""},
    {WORK_MULTI, false,
     "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n"
     "*5\r\n+OK\r\n$4\r\n@\r\n+OK\r\n$4\r\n#\r\n$4\r\n@\r\n",
     VERDICT_RIGHT, ""},

    {WORK_GET, true, "$-1\r\n", VERDICT_RIGHT, ""},
    {WORK_GET, true, "$4\r\n@\r\n", VERDICT_RIGHT, ""},
    {WORK_MGET, true, "*3\r\n$4\r\n@\r\n$-1\r\n$4\r\n&\r\n", VERDICT_RIGHT, ""},
    {WORK_GETRANGE, true, "$0\r\n\r\n", VERDICT_RIGHT, ""},
    {WORK_GET, false, "$-1\r\n", VERDICT_WRONG, "got '$-1' where '$4' was due"},
    {WORK_GETRANGE, false, "$0\r\n\r\n", VERDICT_WRONG, "got '$0'"},

    {WORK_GET, false, "$4\r\n#\r\n", VERDICT_WRONG, "byte "},
    {WORK_GET, false, "$5\r\n@x\r\n", VERDICT_WRONG, "got '$5'"},
    {WORK_GET, false, "$3\r\nabc\r\n", VERDICT_WRONG, "got '$3'"},
    {WORK_GET, false, ":4\r\n", VERDICT_WRONG, "got ':4'"},
    {WORK_GET, false, "+@\r\n", VERDICT_WRONG, "got '+"},
    {WORK_GET, true, "*0\r\n", VERDICT_WRONG, "got '*0'"},
    {WORK_GET, false, "*-1\r\n", VERDICT_WRONG, "got '*-1'"},
    {WORK_GET, false, "*2\r\n*1\r\n$1\r\na\r\n:1\r\n", VERDICT_WRONG, "got '*2'"},
    {WORK_SET, false, "+KO\r\n", VERDICT_WRONG, "got '+KO' where '+OK' was due"},
    {WORK_SET, false, "$2\r\nOK\r\n", VERDICT_WRONG, "got '$2'"},
    {WORK_DEL, false, ":4\r\n", VERDICT_WRONG, "got ':4' where ':<count>' was due"},
    {WORK_DEL, false, ":-1\r\n", VERDICT_WRONG, "got ':-1'"},
    {WORK_MGET, false, "*3\r\n$4\r\n@\r\n$4\r\n&\r\n$4\r\n#\r\n", VERDICT_WRONG, "byte "},
    {WORK_MGET, false, "*3\r\n$4\r\n@\r\n$9\r\nx\r\nx\r\nx\r\n\r\n$4\r\n&\r\n", VERDICT_WRONG,
     "got '$9'"},
    {WORK_MGET, false, "*2\r\n$4\r\n@\r\n$4\r\n#\r\n", VERDICT_WRONG, "got '*2'"},
    {WORK_MGET, false, "*-1\r\n", VERDICT_WRONG, "got '*-1'"},

    {WORK_GET, false, "-ERR no\r\n", VERDICT_ERROR, "-ERR no"},
    {WORK_GET, false, "-MOVED 1 127.0.0.1:7000\r\n", VERDICT_MOVED, "-MOVED 1 127.0.0.1:7000"},
    {WORK_GET, false, "-ASK 1 127.0.0.1:7000\r\n", VERDICT_ERROR, "-ASK 1"},
    {WORK_MGET, false, "-CROSSSLOT no\r\n", VERDICT_ERROR, "-CROSSSLOT"},
    {WORK_MGET, false, "*3\r\n$4\r\n@\r\n-ERR no\r\n$4\r\n&\r\n", VERDICT_ERROR, "-ERR no"},
    {WORK_MULTI, false,
     "+OK\r\n-MOVED 1 a:1\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n"
     "-EXECABORT Transaction discarded\r\n",
     VERDICT_MOVED, "-MOVED"},
};

static void expect_reply(size_t row, size_t cut, const char *text, size_t size)
{
    const struct unit unit = {.kind = (uint8_t)replies[row].kind, .number = 7};
    /* What follows belongs to the next unit, and is left alone. */
    char bytes[TEXT_MAX];

    memcpy(bytes, text, size);
    memcpy(bytes + size, "+OK\r\n", 5);

    struct fed fed = feed(&unit, (struct span){bytes, size + 5}, cut);

    cr_expect_eq(fed.result, CHECK_UNIT, "row %zu cut at %zu", row, cut);
    cr_expect_eq(fed.used, size, "row %zu cut at %zu: %zu", row, cut, fed.used);
    cr_expect_eq(fed.check.verdict, replies[row].verdict, "row %zu cut at %zu: %s", row, cut,
                 fed.check.remark);
    cr_expect_not_null(strstr(fed.check.remark, replies[row].remark), "row %zu cut at %zu: %s", row,
                       cut, fed.check.remark);
}

Test(check, replies_are_judged_the_same_wherever_they_are_cut)
{
    for (size_t row = 0; row < ARRAY_LEN(replies); row++) {
        char text[TEXT_MAX];
        size_t size = print_reply(replies[row].reply, text);

        work.allow_missing = replies[row].allow_missing;
        for (size_t cut = 0; cut <= size; cut++) {
            expect_reply(row, cut, text, size);
        }
    }
}

static const struct {
    enum work_kind kind;
    const char *reply;
} broken[] = {
    {WORK_GET, "$4\r\n@xy"}, /* no end behind the value */
    {WORK_GET, "$4\r\n@\rx"}, {WORK_GET, "hello\r\n"},   {WORK_GET, "\r\n"},
    {WORK_GET, "\n"},         {WORK_SET, "+OK\n"},       {WORK_GET, "$abc\r\n"},
    {WORK_GET, "$-2\r\n"},    {WORK_GET, "*x\r\n"},      {WORK_GET, "$\r\n"},
    {WORK_DEL, ":x\r\n"},     {WORK_GET, "*1\r\n!\r\n"},
};

Test(check, what_is_no_resp_is_found_out)
{
    for (size_t row = 0; row < ARRAY_LEN(broken); row++) {
        const struct unit unit = {.kind = (uint8_t)broken[row].kind, .number = 7};
        char text[TEXT_MAX];
        size_t size = print_reply(broken[row].reply, text);

        for (size_t cut = 0; cut <= size; cut++) {
            struct fed fed = feed(&unit, (struct span){text, size}, cut);

            cr_expect_eq(fed.result, CHECK_BROKEN, "row %zu cut at %zu", row, cut);
            cr_expect_neq(fed.check.verdict, VERDICT_RIGHT, "row %zu cut at %zu", row, cut);
        }
    }
}

Test(check, each_reply_of_a_transaction_is_a_step)
{
    const struct unit unit = {.kind = WORK_MULTI_STEPS, .number = 7};
    struct check check;

    check_begin(&check, &work, &unit);
    for (uint32_t i = 0; i < work_parts(&unit) - 1; i++) {
        struct span reply = i == 0 ? SPAN("+OK\r\n") : SPAN("+QUEUED\r\n");

        cr_expect_eq(check_feed(&check, &work, &unit, &reply), CHECK_STEP);
        cr_expect_eq(check.step, i + 1);
        cr_expect_eq(reply.size, 0);
    }
}

Test(check, a_long_error_is_shown_from_its_beginning_and_skipped_to_its_end)
{
    enum { LONG = 5000 };
    const struct unit unit = {.kind = WORK_GET, .number = 7};
    char *text = memory_raw(LONG + 2);

    memset(text, 'x', LONG);
    memcpy(text, "-ERR ", 5);
    memcpy(text + LONG, "\r\n", 2);
    for (size_t cut = 0; cut < LONG; cut += 100) {
        struct fed fed = feed(&unit, (struct span){text, LONG + 2}, cut);

        cr_expect_eq(fed.result, CHECK_UNIT);
        cr_expect_eq(fed.used, LONG + 2);
        cr_expect_eq(fed.check.verdict, VERDICT_ERROR);
        cr_expect_eq(strncmp(fed.check.remark, "-ERR xxx", 8), 0);
    }
    free(text);
}

Test(check, a_large_value_is_looked_at_piece_by_piece)
{
    enum { SIZE = 1024 * 1024, PIECE = 1000 };
    const struct unit unit = {.kind = WORK_GET, .number = 7};
    struct check check;

    work_clear(&work);
    work_init(&work, WORK_GET, SIZE, 1);
    for (size_t bad = 0; bad <= SIZE; bad += SIZE / 4) {
        char *value = memory_copy(value_of(&work.values, 7).at, SIZE);
        struct span head = SPAN("$1048576\r\n"), end = SPAN("\r\n");

        value[bad % SIZE] = (char)(value[bad % SIZE] ^ (bad < SIZE));
        check_begin(&check, &work, &unit);
        cr_expect_eq(check_feed(&check, &work, &unit, &head), CHECK_MORE);
        for (size_t at = 0; at < SIZE; at += PIECE) {
            struct span piece = {value + at, size_min(PIECE, SIZE - at)};

            cr_assert_eq(check_feed(&check, &work, &unit, &piece), CHECK_MORE);
            cr_assert_eq(piece.size, 0);
        }
        cr_expect_eq(check_feed(&check, &work, &unit, &end), CHECK_UNIT);
        cr_expect_eq(check.verdict, bad < SIZE ? VERDICT_WRONG : VERDICT_RIGHT, "%s", check.remark);
        free(value);
    }
}

Test(check, a_wrong_byte_is_named)
{
    const struct unit unit = {.kind = WORK_GET, .number = 7};
    char text[TEXT_MAX], expected[64];
    size_t size = print_reply("$4\r\n@\r\n", text);

    snprintf(expected, sizeof expected, "byte 2 of 4 is 0x21 where 0x%02x was due", text[6]);
    text[6] = '!';
    for (size_t cut = 0; cut <= size; cut++) {
        struct fed fed = feed(&unit, (struct span){text, size}, cut);

        cr_expect_str_eq(fed.check.remark, expected);
    }
}
