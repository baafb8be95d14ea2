#include "proxy/routing/split.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "proxy/cluster/slot.h"
#include "tests/unit/proxy/peer.h"

enum {
    GROUPS_SHOWN = 3,
    WIRE_MAX = 4096,
};

/* A request as it came, and what was found in it. */
struct asked {
    char wire[WIRE_MAX];
    struct span bytes;
    struct arguments arguments;
    struct keys keys;
    const struct command *command;
};

static void asked_scan(struct asked *asked, struct span bytes)
{
    static const struct scan_limits limits = {1000, WIRE_MAX, WIRE_MAX, true};
    struct request_scan scan = {0};
    size_t used = 0;

    *asked = (struct asked){.bytes = {asked->wire, bytes.size}};
    memcpy(asked->wire, bytes.at, bytes.size);
    cr_assert_eq(request_scan_next(&scan, &limits, asked->bytes, &asked->arguments, &used),
                 SCAN_DONE);
    cr_assert_eq(command_find(&asked->arguments, &asked->command), COMMAND_FOUND);
    cr_assert_eq(keys_find(asked->command, &asked->arguments, &asked->keys), KEYS_FOUND);
}

static void asked_clear(struct asked *asked)
{
    arguments_clear(&asked->arguments);
    keys_clear(&asked->keys);
}

static const struct {
    const char *request;
    const char *parts[GROUPS_SHOWN];
} rows[] = {
    {"MGET a b c", {"MGET a", "MGET b", "MGET c"}},
    {"mget {x}1 y {x}2", {"mget {x}1 {x}2", "mget y"}},
    {"DEL a {a}0123456789", {"DEL a {a}0123456789"}},
    {"MSET a 1 b 22 {a}c 333", {"MSET a 1 {a}c 333", "MSET b 22"}},
    {"MSETEX 3 a 1 b 2 {a}c 3 EX 100", {"MSETEX 2 a 1 {a}c 3 EX 100", "MSETEX 1 b 2 EX 100"}},
    {"XREAD COUNT 2 STREAMS a b {a}c 1 2-0 $",
     {"XREAD COUNT 2 STREAMS a {a}c 1 $", "XREAD COUNT 2 STREAMS b 2-0"}},
};

Test(split, has_a_request_for_each_slot)
{
    static struct asked asked;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char wire[WIRE_MAX], expected[WIRE_MAX];
        struct block *block = NULL;
        struct split split;

        asked_scan(&asked, (struct span){wire, peer_wire(rows[i].request, wire, sizeof wire)});
        split_init(&split, asked.command, &asked.arguments, &asked.keys);
        for (uint32_t k = 0; k < split.group_count; k++) {
            cr_assert_not_null(rows[i].parts[k], "%s has too many parts", rows[i].request);

            size_t size = peer_wire(rows[i].parts[k], expected, sizeof expected);
            struct span bytes = split_compose(&split, &split.groups[k], &block);

            cr_expect(span_equal(bytes, (struct span){expected, size}), "%s is %.*s",
                      rows[i].parts[k], (int)bytes.size, bytes.at);
        }
        cr_expect(split.group_count == GROUPS_SHOWN || rows[i].parts[split.group_count] == NULL,
                  "%s", rows[i].request);
        block_release(&block);
        split_clear(&split);
        asked_clear(&asked);
    }
}

Test(split, by_key_has_a_request_for_each_key_of_a_slot)
{
    static const char *const parts[] = {"TOUCH {x}1", "TOUCH {x}2", "TOUCH {x}1"};
    static struct asked asked;
    char wire[WIRE_MAX], expected[WIRE_MAX];
    struct block *block = NULL;
    struct split split;

    asked_scan(&asked, (struct span){wire, peer_wire("TOUCH {x}1 {x}2 {x}1", wire, sizeof wire)});
    split_init_by_key(&split, asked.command, &asked.arguments, &asked.keys);
    cr_assert_eq(split.group_count, ARRAY_LEN(parts));
    for (uint32_t k = 0; k < split.group_count; k++) {
        size_t size = peer_wire(parts[k], expected, sizeof expected);
        struct span bytes = split_compose(&split, &split.groups[k], &block);

        cr_expect(span_equal(bytes, (struct span){expected, size}), "%.*s", (int)bytes.size,
                  bytes.at);
        cr_expect_eq(split.groups[k].slot, slot_of(SPAN("x")));
    }
    block_release(&block);
    split_clear(&split);
    asked_clear(&asked);
}

/* Redis takes any byte behind a CR for the LF, and any two behind an argument. */
Test(split, passes_on_what_it_was_sent)
{
    static struct asked asked;
    struct block *block = NULL;
    struct split split;

    asked_scan(&asked, SPAN("*3\rx$4\r\nMGET..$10\r\r0123456789\r\n$1\r\nb$$"));
    split_init(&split, asked.command, &asked.arguments, &asked.keys);
    cr_assert_eq(split.group_count, 2);
    cr_expect(span_equal(split_compose(&split, &split.groups[0], &block),
                         SPAN("*2\r\n$4\r\nMGET..$10\r\r0123456789\r\n")));
    cr_expect(span_equal(split_compose(&split, &split.groups[1], &block),
                         SPAN("*2\r\n$4\r\nMGET..$1\r\nb$$")));
    block_release(&block);
    split_clear(&split);
    asked_clear(&asked);
}

/* The second key's value fits in no block of the first's size. */
Test(split, puts_small_requests_into_one_block_and_others_into_their_own)
{
    static struct asked asked;
    static char wire[WIRE_MAX];
    char text[WIRE_MAX] = "MSET a 1 b ";
    struct block *first = NULL;
    struct split split;

    memset(text + strlen(text), 'x', 900);
    strcat(text, " c 3");
    asked_scan(&asked, (struct span){wire, peer_wire(text, wire, sizeof wire)});
    split_init(&split, asked.command, &asked.arguments, &asked.keys);
    cr_assert_eq(split.group_count, 3);

    struct span a = split_compose(&split, &split.groups[0], &first);
    struct block *last = block_take(first);
    struct span b = split_compose(&split, &split.groups[1], &last);
    struct span c = split_compose(&split, &split.groups[2], &last);

    cr_expect_neq(first, last);
    cr_expect_eq(first->references, 1);
    cr_expect(span_lies_in(a, (struct span){first->bytes, first->used}));
    cr_expect(span_lies_in(b, (struct span){last->bytes, last->used}));
    cr_expect(span_lies_in(c, (struct span){last->bytes, last->used}));
    cr_expect_eq(c.at, b.at + b.size);
    block_release(&first);
    block_release(&last);
    split_clear(&split);
    asked_clear(&asked);
}

/* MSETEX of `keys` with an option of that size; values of that size as well. */
static const struct {
    int keys;
    int option;
    int value;
    bool repeats_too_much;
} repetitions[] = {
    {100, 100, 1, false},                             /* 10 kB */
    {100, 600, 1, false},                             /* 60 kB: no matter */
    {100, 1000, 1, true},                             /* 100 kB of 2 kB */
    {100, 1000, 100, false},                          /* of 12 kB */
    {16, 10000, 1, false},                            /* 160 kB of 10 kB */
    {18, 10000, 1, true},                             /* 180 kB of 10 kB */
    {300, 60000, 5000, true},                         /* 18 MB of 1.5 MB */
    {270, 60000, 5000, false}, {5000, 100, 1, false}, /* 500 kB of 70 kB */
};

static void put_bulk(struct block *block, int size)
{
    char line[32];

    block_append(block, (struct span){line, (size_t)snprintf(line, sizeof line, "$%d\r\n", size)});
    memset(block_tail(block), 'x', (size_t)size);
    block->used += (uint32_t)size;
    block_append(block, SPAN("\r\n"));
}

Test(split, knows_when_its_parts_are_far_more_than_the_request)
{
    enum { LINE_MAX = 64 };

    for (size_t i = 0; i < ARRAY_LEN(repetitions); i++) {
        size_t size = (size_t)repetitions[i].option + LINE_MAX +
                      (size_t)repetitions[i].keys * ((size_t)repetitions[i].value + LINE_MAX);
        struct block *block = block_new(size);
        char line[LINE_MAX];
        struct scan_limits limits = {INT64_MAX, INT64_MAX, SIZE_MAX, true};
        struct request_scan scan = {0};
        struct asked asked = {.command = NULL};
        struct split split;

        size = (size_t)snprintf(line, sizeof line, "*%d\r\n$6\r\nMSETEX\r\n$5\r\n%05d\r\n",
                                2 * repetitions[i].keys + 3, repetitions[i].keys);
        block_append(block, (struct span){line, size});
        for (int key = 0; key < repetitions[i].keys; key++) {
            size = (size_t)snprintf(line, sizeof line, "$5\r\n%05d\r\n", key);
            block_append(block, (struct span){line, size});
            put_bulk(block, repetitions[i].value);
        }
        put_bulk(block, repetitions[i].option);
        cr_assert_eq(request_scan_next(&scan, &limits, (struct span){block->bytes, block->used},
                                       &asked.arguments, &size),
                     SCAN_DONE);
        cr_assert_eq(command_find(&asked.arguments, &asked.command), COMMAND_FOUND);
        cr_assert_eq(keys_find(asked.command, &asked.arguments, &asked.keys), KEYS_FOUND);
        split_init(&split, asked.command, &asked.arguments, &asked.keys);
        cr_expect_eq(split_repeats_too_much(&split), repetitions[i].repeats_too_much, "row %zu", i);
        split_clear(&split);
        asked_clear(&asked);
        block_release(&block);
    }
}
