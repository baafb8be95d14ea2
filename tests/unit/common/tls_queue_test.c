#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "common/intake.h"
#include "common/sendq.h"
#include "tests/unit/common/tls_pair.h"

enum { LARGE = 1000 * 1000 };

TestSuite(tls_queue, .init = tls_pair_set_up, .fini = tls_pair_clean_up, .timeout = 60);

/* Bytes through a queue and an intake, to the end, against a socket that is soon full. */
static void transfer(struct sendq *queue, struct inbound *inbound, size_t total)
{
    struct intake intake = {.block = NULL};
    size_t most_turns = TURNS_MAX;

    while (inbound->size < total && most_turns-- > 0) {
        size_t count = 0;

        cr_assert_neq(sendq_write_tls(queue, pair.server, &count), SENDQ_ERROR, "%s",
                      tls_problem(pair.server));
        cr_assert_neq(intake_read_tls(&intake, inbound, pair.client, total, &count), SOCKET_ERROR,
                      "%s", tls_problem(pair.client));
    }
    cr_expect_eq(inbound->size, total);
    cr_expect(sendq_is_empty(queue));
    intake_clear(&intake);
}

Test(tls_queue, a_queue_of_many_small_and_large_chunks_arrives_as_it_is)
{
    struct block *large = block_new(LARGE);
    struct inbound inbound = {.block = NULL};
    struct sendq queue;
    size_t sent;

    for (size_t i = 0; i < LARGE; i++) {
        large->bytes[i] = (char)(i * 7 + i / 251);
    }
    large->used = LARGE;
    connect_usual();
    sendq_init(&queue);
    for (size_t i = 0; i < 300; i++) {
        sendq_print(&queue, "reply %zu\r\n", i);
        sendq_lend(&queue, large, (struct span){large->bytes + i * 1000, i % 3 == 0 ? 40000 : i});
    }

    struct block *expected = sendq_flatten(&queue);

    cr_expect_eq(sendq_write_tls(&queue, pair.server, &sent), SENDQ_PARTLY);
    cr_expect_eq(tls_write_awaits(pair.server), TLS_AWAITS_WRITABLE);
    cr_expect_gt(sent, 0);
    cr_expect_eq(sent + queue.size, expected->used);
    transfer(&queue, &inbound, expected->used);
    cr_assert_eq(inbound.size, expected->used);
    cr_expect_arr_eq(inbound_bytes(&inbound).at, expected->bytes, expected->used);
    inbound_clear(&inbound);
    block_release(&expected);
    block_release(&large);
    block_trim();
}

Test(tls_queue, what_waits_may_be_followed_by_more)
{
    struct inbound inbound = {.block = NULL};
    struct sendq queue;
    size_t sent;
    static char text[1024];

    memset(text, 'x', sizeof text);
    connect_usual();
    sendq_init(&queue);
    while (sendq_write_tls(&queue, pair.server, &sent) == SENDQ_OK) {
        sendq_append(&queue, (struct span){text, sizeof text});
    }
    cr_assert_gt(queue.size, 0);
    sendq_append(&queue, SPAN("the end"));
    cr_expect_eq(sendq_write_tls(&queue, pair.server, &sent), SENDQ_PARTLY);

    struct intake intake = {.block = NULL};

    for (int i = 0; i < TURNS_MAX && !sendq_is_empty(&queue); i++) {
        inbound_clear(&inbound);
        cr_assert_neq(intake_read_tls(&intake, &inbound, pair.client, 0, &sent), SOCKET_ERROR);
        cr_assert_neq(sendq_write_tls(&queue, pair.server, &sent), SENDQ_ERROR, "%s",
                      tls_problem(pair.server));
    }
    while (intake_read_tls(&intake, &inbound, pair.client, 0, &sent) == SOCKET_OK) {
    }

    struct span heard = inbound_bytes(&inbound);

    cr_assert_geq(heard.size, 7);
    cr_expect_arr_eq(heard.at + heard.size - 7, "the end", 7);
    inbound_clear(&inbound);
    intake_clear(&intake);
    block_trim();
}

Test(tls_queue, small_chunks_leave_in_one_record)
{
    struct sendq queue;
    size_t sent;
    char sealed[32 * 1024];

    connect_usual();
    sendq_init(&queue);
    for (int i = 0; i < 8; i++) {
        struct block *block = block_copy(SPAN("0123456789"));

        sendq_keep(&queue, NULL, (struct span){block->bytes, block->used});
        block_release(&block);
    }
    cr_expect_eq(sendq_write_tls(&queue, pair.server, &sent), SENDQ_OK);
    cr_expect_eq(sent, 80);
    /* The tickets were sent before; the last record has the 80 bytes and what seals them. */
    cr_assert_gt(read(pair.fds[0], sealed, sizeof sealed), 80);
    cr_expect_eq(socket_unread(pair.fds[0]), 0);
}
