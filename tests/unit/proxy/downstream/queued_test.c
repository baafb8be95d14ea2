#include "proxy/downstream/queued.h"

#include <criterion/criterion.h>

#include "proxy/cluster/slot.h"

static struct queued queued;

static void open_queue(void)
{
    queued_init(&queued);
    queued_open(&queued);
}

static void close_queue(void)
{
    queued_close(&queued);
}

TestSuite(queued, .init = open_queue, .fini = close_queue);

enum { ENOUGH = 1 << 20 };

static bool add(enum command_id id, uint16_t slot, const char *bytes, size_t limit)
{
    struct queued_command added = {command_by_id(id), slot, NULL, span_of(bytes)};

    return queued_add(&queued, &added, limit);
}

static void expect_burst(const char *wanted)
{
    struct block *block = queued_burst(&queued);
    struct span bytes = {block->bytes, block->used};

    cr_expect(span_equal(bytes, span_of(wanted)), "%.*s", (int)bytes.size, bytes.at);
    block_release(&block);
}

Test(queued, an_empty_burst)
{
    expect_burst("*1\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nEXEC\r\n");
}

Test(queued, commands_stand_in_their_order_between_multi_and_exec)
{
    cr_expect(add(COMMAND_ID_SET, 5, "(set)", ENOUGH));
    cr_expect(add(COMMAND_ID_PING, SLOT_NONE, "(ping)", ENOUGH));
    cr_expect_eq(queued.count, 2);
    cr_expect_eq(queued.slot, 5);
    cr_expect_eq(queued_bytes(&queued), strlen("(set)(ping)"));
    expect_burst("*1\r\n$5\r\nMULTI\r\n(set)(ping)*1\r\n$4\r\nEXEC\r\n");
}

static void expect_bytes(struct block *block, const char *wanted)
{
    struct span bytes = {block->bytes, block->used};

    cr_expect(span_equal(bytes, span_of(wanted)), "%.*s", (int)bytes.size, bytes.at);
    block_release(&block);
}

Test(queued, what_a_node_has_queued_is_not_sent_again_but_in_the_whole)
{
    cr_expect(add(COMMAND_ID_SET, 5, "(set)", ENOUGH));
    cr_expect_eq(queued_rest_count(&queued), 1);
    expect_bytes(queued_rest(&queued), "*1\r\n$5\r\nMULTI\r\n(set)");
    queued_accept(&queued);
    cr_expect_eq(queued_rest_count(&queued), 0);
    expect_bytes(queued_rest(&queued), "");
    expect_bytes(queued_rest_with_exec(&queued), "*1\r\n$4\r\nEXEC\r\n");
    cr_expect(add(COMMAND_ID_GET, 5, "(get)", ENOUGH));
    cr_expect(add(COMMAND_ID_GET, 5, "(gets)", ENOUGH));
    cr_expect_eq(queued_rest_count(&queued), 2);
    expect_bytes(queued_rest_with_exec(&queued), "(get)(gets)*1\r\n$4\r\nEXEC\r\n");
    expect_burst("*1\r\n$5\r\nMULTI\r\n(set)(get)(gets)*1\r\n$4\r\nEXEC\r\n");
}

Test(queued, what_a_node_refuses_does_not_count)
{
    cr_expect(add(COMMAND_ID_SET, 5, "(set)", ENOUGH));
    cr_expect(add(COMMAND_ID_GET, 5, "(get)", ENOUGH));
    queued_refuse(&queued);
    cr_expect(queued.is_spoiled && queued.is_refused);
    cr_expect_eq(queued.count, 1);
    cr_expect_eq(queued_rest_count(&queued), 0);
    expect_bytes(queued_rest(&queued), "");
    cr_expect(add(COMMAND_ID_GET, 5, "(get)", ENOUGH));
    cr_expect_eq(queued_rest_count(&queued), 1);
}

Test(queued, large_commands_keep_their_bytes)
{
    struct block *block = block_new(ENOUGH);
    memset(block->bytes, 'x', ENOUGH);
    block->used = ENOUGH;
    struct queued_command added = {
        command_by_id(COMMAND_ID_SET), 5, block, {block->bytes, block->used}};

    cr_expect(queued_add(&queued, &added, (size_t)4 * ENOUGH));
    cr_expect(queued_add(&queued, &added, (size_t)4 * ENOUGH));
    block_release(&block);
    struct block *burst = queued_burst(&queued);
    cr_expect_eq(burst->used, (size_t)2 * ENOUGH + 15 + 14);
    cr_expect_eq(burst->bytes[15], 'x');
    cr_expect_eq(burst->bytes[14 + 2 * ENOUGH], 'x');
    block_release(&burst);
}

Test(queued, of_reads_only_may_be_repeated)
{
    cr_expect(add(COMMAND_ID_GET, 5, "x", ENOUGH));
    cr_expect(queued.only_reads);
    cr_expect(add(COMMAND_ID_PING, SLOT_NONE, "x", ENOUGH));
    cr_expect_not(queued.only_reads);
    cr_expect(add(COMMAND_ID_GET, 5, "x", ENOUGH));
    cr_expect_not(queued.only_reads);
}

Test(queued, has_a_limit_in_bytes)
{
    size_t multi = queued.bytes.size;

    cr_expect(add(COMMAND_ID_GET, 5, "1234", multi + 4));
    cr_expect_not(add(COMMAND_ID_GET, 5, "5", multi + 4));
    cr_expect_eq(queued.count, 1);
    cr_expect_eq(queued.bytes.size, multi + 4);
}

Test(queued, has_a_limit_in_commands)
{
    uint32_t added = 0;

    while (added < 2 * ENOUGH && add(COMMAND_ID_GET, 5, "x", (size_t)4 * ENOUGH)) {
        added++;
    }
    cr_expect_eq(added, 1024 * 1024);
    cr_expect_eq(queued.count, added);
}

Test(queued, is_as_new_when_it_was_closed)
{
    cr_expect(add(COMMAND_ID_SET, 5, "x", ENOUGH));
    queued.writes = queued.is_given_up = true;
    queued_refuse(&queued);
    queued_close(&queued);
    cr_expect_not(queued.is_open || queued.is_spoiled || queued.writes);
    cr_expect_not(queued.is_refused || queued.is_given_up);
    cr_expect_eq(queued.sent_bytes + queued.sent_count, 0);
    cr_expect(queued.only_reads);
    cr_expect_eq(queued.count, 0);
    cr_expect_eq(queued.slot, SLOT_NONE);
    cr_expect_eq(queued.bytes.size, 0);
}
