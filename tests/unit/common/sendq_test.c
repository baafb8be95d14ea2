#include "common/sendq.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

enum { WIRE_MAX = 64 * 1024 * 1024 };

/* A queue, both ends of a socket, and what has to come out at the other end. */
struct bench {
    struct sendq queue;
    int near;
    int far;
    char *expected;
    size_t expected_size;
    size_t received;
};

static void open_sockets(struct bench *bench, int buffer_size)
{
    int ends[2];

    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &buffer_size, sizeof buffer_size);
    sendq_init(&bench->queue);
    bench->near = ends[0];
    bench->far = ends[1];
    bench->expected = malloc(WIRE_MAX);
    bench->expected_size = 0;
    bench->received = 0;
}

static void close_sockets(struct bench *bench)
{
    sendq_clear(&bench->queue);
    close(bench->near);
    close(bench->far);
    free(bench->expected);
    cr_expect_eq(block_bytes_in_use(), 0);
    block_trim();
}

static void expect_later(struct bench *bench, struct span bytes)
{
    cr_assert_leq(bench->expected_size + bytes.size, WIRE_MAX);
    memcpy(bench->expected + bench->expected_size, bytes.at, bytes.size);
    bench->expected_size += bytes.size;
}

/* Reads at most `limit` bytes and compares them with what was appended. */
static size_t drain(struct bench *bench, size_t limit)
{
    static char bytes[256 * 1024];
    ssize_t size = read(bench->far, bytes, size_min(limit, sizeof bytes));

    if (size <= 0) {
        return 0;
    }
    cr_assert_leq(bench->received + (size_t)size, bench->expected_size);
    cr_assert_eq(memcmp(bytes, bench->expected + bench->received, (size_t)size), 0);
    bench->received += (size_t)size;
    return (size_t)size;
}

static void send_all(struct bench *bench)
{
    size_t before = bench->expected_size - bench->queue.size;

    while (!sendq_is_empty(&bench->queue)) {
        size_t sent;
        size_t size = bench->queue.size;
        enum sendq_result result = sendq_write(&bench->queue, bench->near, &sent);

        cr_assert_eq(size - bench->queue.size, sent);
        cr_assert_eq(result, sendq_is_empty(&bench->queue) ? SENDQ_OK : SENDQ_PARTLY);
        before += sent;
        while (drain(bench, SIZE_MAX) > 0) {
        }
        cr_assert_eq(bench->received, before);
    }
}

static struct block *random_block(size_t size)
{
    struct block *block = block_new(size);

    for (size_t i = 0; i < size; i++) {
        block->bytes[i] = (char)rand();
    }
    block->used = size;
    return block;
}

static struct span whole(const struct block *block)
{
    return (struct span){block->bytes, block->used};
}

Test(sendq, empty_queue_sends_nothing_and_holds_nothing)
{
    struct sendq queue;
    size_t sent = 7;

    sendq_init(&queue);
    sendq_append(&queue, (struct span){NULL, 0});
    cr_expect(sendq_is_empty(&queue));
    cr_expect_eq(sendq_write(&queue, -1, &sent), SENDQ_OK);
    cr_expect_eq(sent, 0);
    cr_expect_eq(block_bytes_in_use(), 0);
}

Test(sendq, holds_no_memory_once_all_is_sent)
{
    struct bench bench;

    open_sockets(&bench, 65536);
    sendq_append(&bench.queue, SPAN("hello"));
    expect_later(&bench, SPAN("hello"));
    cr_expect_eq(block_bytes_in_use(), 1024);
    send_all(&bench);
    cr_expect_eq(block_bytes_in_use(), 0);
    close_sockets(&bench);
}

Test(sendq, many_small_appends_stay_in_one_piece)
{
    struct bench bench;

    open_sockets(&bench, 65536);
    for (int i = 0; i < 1000; i++) {
        sendq_append(&bench.queue, SPAN("+OK\r\n"));
        expect_later(&bench, SPAN("+OK\r\n"));
    }
    cr_expect_eq(sendq_chunks(&bench.queue), 1);
    send_all(&bench);
    close_sockets(&bench);
}

Test(sendq, large_slices_are_lent_and_small_ones_copied)
{
    struct sendq queue;
    struct block *block = random_block(SENDQ_COPY_MAX * 2);

    sendq_init(&queue);
    sendq_lend(&queue, block, (struct span){block->bytes, SENDQ_COPY_MAX - 1});
    cr_expect_eq(block->references, 1);
    sendq_lend(&queue, block, (struct span){block->bytes + 5, SENDQ_COPY_MAX});
    cr_expect_eq(block->references, 2);
    sendq_lend(&queue, block, (struct span){block->bytes + 5 + SENDQ_COPY_MAX, 9});
    cr_expect_eq(block->references, 2, "a neighbour needs no reference of its own");
    cr_expect_eq(sendq_chunks(&queue), 2, "and no chunk");
    cr_expect_eq(queue.size, 2 * SENDQ_COPY_MAX + 8);
    sendq_clear(&queue);
    cr_expect_eq(block->references, 1);
    block_release(&block);
    cr_expect_eq(block_bytes_in_use(), 0);
    block_trim();
}

Test(sendq, its_last_bytes_may_be_had_alone)
{
    struct sendq queue;
    struct block *large = random_block(SENDQ_COPY_MAX);
    struct span bytes = whole(large);

    sendq_init(&queue);
    sendq_append(&queue, SPAN("front"));
    sendq_lend(&queue, large, bytes);
    sendq_append(&queue, SPAN("end"));
    for (size_t size = 0; size <= queue.size; size += size < 6 ? 1 : 1000) {
        struct block *all = sendq_flatten(&queue);
        char *last = malloc(size + 1);
        sendq_copy_last(&queue, size, last);
        cr_expect_arr_eq(last, all->bytes + all->used - size, size);
        free(last);
        block_release(&all);
    }
    sendq_clear(&queue);
    block_release(&large);
}

Test(sendq, print_formats_short_and_long_texts)
{
    struct sendq queue;

    sendq_init(&queue);
    sendq_print(&queue, "$%d\r\n", 42);
    sendq_print(&queue, "%0600d", 7);

    struct block *all = sendq_flatten(&queue);

    cr_expect_eq(all->used, 605);
    cr_expect_eq(memcmp(all->bytes, "$42\r\n000", 8), 0);
    cr_expect_eq(all->bytes[604], '7');
    block_release(&all);
    sendq_clear(&queue);
    block_trim();
}

Test(sendq, move_appends_and_leaves_the_other_empty)
{
    struct bench bench;
    struct sendq from;
    struct block *large = random_block(SENDQ_COPY_MAX);

    open_sockets(&bench, 65536);
    sendq_init(&from);
    sendq_append(&bench.queue, SPAN("first "));
    sendq_append(&from, SPAN("second "));
    sendq_lend(&from, large, whole(large));
    sendq_append(&from, SPAN(" third"));
    sendq_move(&bench.queue, &from);
    expect_later(&bench, SPAN("first second "));
    expect_later(&bench, whole(large));
    expect_later(&bench, SPAN(" third"));

    cr_expect(sendq_is_empty(&from));
    cr_expect_eq(sendq_chunks(&from), 0);
    cr_expect_eq(sendq_chunks(&bench.queue), 3);
    send_all(&bench);
    block_release(&large);
    close_sockets(&bench);
}

Test(sendq, full_socket_keeps_the_rest_in_order)
{
    struct bench bench;
    struct block *large = random_block(3000000);
    size_t sent;

    open_sockets(&bench, 4096);
    sendq_append(&bench.queue, SPAN("head"));
    sendq_lend(&bench.queue, large, whole(large));
    expect_later(&bench, SPAN("head"));
    expect_later(&bench, whole(large));
    cr_expect_eq(sendq_write(&bench.queue, bench.near, &sent), SENDQ_PARTLY);
    cr_expect_gt(sent, 0);
    cr_expect_eq(bench.queue.size, large->used + 4 - sent);
    send_all(&bench);
    cr_expect_eq(bench.received, large->used + 4);
    block_release(&large);
    close_sockets(&bench);
}

Test(sendq, more_chunks_than_one_call_takes_all_arrive)
{
    enum { CHUNKS = 150 };
    struct bench bench;
    struct block *block = random_block(SENDQ_COPY_MAX);

    open_sockets(&bench, 200000);
    for (int i = 0; i < CHUNKS; i++) {
        sendq_lend(&bench.queue, block, whole(block));
        expect_later(&bench, whole(block));
    }
    cr_expect_eq(sendq_chunks(&bench.queue), CHUNKS);
    send_all(&bench);
    cr_expect_eq(bench.received, CHUNKS * SENDQ_COPY_MAX);
    block_release(&block);
    close_sockets(&bench);
}

Test(sendq, gone_peer_is_an_error_and_no_signal)
{
    struct bench bench;
    size_t sent = 7;

    open_sockets(&bench, 4096);
    sendq_append(&bench.queue, SPAN("hello"));
    close(bench.far);
    cr_expect_eq(sendq_write(&bench.queue, bench.near, &sent), SENDQ_ERROR);
    cr_expect_eq(errno, EPIPE);
    cr_expect_eq(sent, 0);
    cr_expect_eq(bench.queue.size, 5);
    bench.far = dup(bench.near);
    close_sockets(&bench);
}

static size_t random_size(void)
{
    switch (rand() % 8) {
    case 0: return (size_t)rand() % 100000;
    case 1: return SENDQ_COPY_MAX - 2 + (size_t)rand() % 4;
    case 2: return BLOCK_SMALL - 50 + (size_t)rand() % 20;
    case 3: return (size_t)rand() % 5000;
    default: return (size_t)rand() % 60;
    }
}

static void random_append(struct sendq *queue, struct bench *bench)
{
    struct block *block = random_block(random_size());
    struct span bytes = whole(block);

    switch (rand() % 3) {
    case 0: sendq_append(queue, bytes); break;
    case 1: sendq_lend(queue, block, bytes); break;
    case 2: sendq_lend(queue, NULL, bytes); break;
    }
    expect_later(bench, bytes);
    block_release(&block);
}

static void random_step(struct bench *bench)
{
    struct sendq other;
    size_t sent;

    switch (rand() % 6) {
    case 0:
    case 1: random_append(&bench->queue, bench); return;
    case 2:
        sendq_init(&other);
        for (int i = rand() % 5; i > 0; i--) {
            random_append(&other, bench);
        }
        sendq_move(&bench->queue, &other);
        cr_assert(sendq_is_empty(&other));
        return;
    case 3: cr_assert_neq(sendq_write(&bench->queue, bench->near, &sent), SENDQ_ERROR); return;
    default: drain(bench, (size_t)rand() % 30000 + 1); return;
    }
}

Test(sendq, random_operations_deliver_every_byte_in_order)
{
    for (unsigned seed = 1; seed <= 6; seed++) {
        struct bench bench;

        srand(seed);
        open_sockets(&bench, seed % 2 == 0 ? 2048 : 200000);
        for (int i = 0; i < 2000; i++) {
            random_step(&bench);
        }

        struct block *rest = sendq_flatten(&bench.queue);
        size_t in_kernel = bench.expected_size - rest->used;

        cr_assert_eq(memcmp(rest->bytes, bench.expected + in_kernel, rest->used), 0);
        block_release(&rest);
        while (drain(&bench, SIZE_MAX) > 0) {
        }
        send_all(&bench);
        cr_expect_eq(bench.received, bench.expected_size);
        close_sockets(&bench);
    }
}

static const struct span secret = {"password", 8};

static bool has_secret(const struct block *block)
{
    return memmem(block->bytes, block->capacity, secret.at, secret.size) != NULL;
}

/* The block of the queue's last bytes, which the test looks at when the queue is done with it. */
static struct block *home_of_last(const struct sendq *queue)
{
    struct block *home = block_take(sendq_chunk_home(queue->tail));

    cr_assert(has_secret(home));
    return home;
}

static void expect_wiped(struct block **home)
{
    cr_expect_not(has_secret(*home));
    block_release(home);
}

Test(sendq, overwrites_a_secret_that_was_sent)
{
    struct bench bench;

    open_sockets(&bench, 65536);
    sendq_keep_secret(&bench.queue);
    sendq_append(&bench.queue, secret);
    expect_later(&bench, secret);

    struct block *home = home_of_last(&bench.queue);

    send_all(&bench);
    expect_wiped(&home);
    cr_expect_not(bench.queue.is_secret, "what comes next is no secret");
    close_sockets(&bench);
}

Test(sendq, overwrites_a_secret_that_is_dropped_or_has_moved)
{
    struct sendq queue;
    struct sendq other;
    struct block *large = random_block(BLOCK_SMALL);

    sendq_init(&queue);
    sendq_init(&other);
    sendq_keep_secret(&queue);
    sendq_append(&queue, secret);

    struct block *first = home_of_last(&queue);

    sendq_append(&queue, whole(large));
    expect_wiped(&first);
    cr_expect(queue.is_secret);
    sendq_append(&queue, secret);
    first = home_of_last(&queue);
    sendq_move(&other, &queue);
    cr_expect_not(queue.is_secret);
    cr_expect(other.is_secret);
    sendq_clear(&other);
    expect_wiped(&first);
    cr_expect_not(other.is_secret);
    block_release(&large);
}

Test(sendq, leaves_a_block_alone_of_which_it_lends_a_secret)
{
    struct sendq queue;
    struct block *block = random_block(2 * SENDQ_COPY_MAX);

    sendq_init(&queue);
    memcpy(block->bytes, secret.at, secret.size);
    sendq_keep_secret(&queue);
    sendq_lend(&queue, block, whole(block));
    sendq_clear(&queue);
    cr_expect(has_secret(block));
    block_release(&block);
}
