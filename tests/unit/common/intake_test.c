#include "common/intake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

enum {
    PAIRS = 2,
    LONG = 1024 * 1024,
    SHARED = BLOCK_LARGE, /* capacity of the block that all connections read to */
};

/* A connection: what the peer writes to `far` is read from `near`. */
static struct connection {
    int near;
    int far;
    struct inbound inbound;
} pairs[PAIRS];

static struct intake intake;
static size_t blocks_before;

static void open_pairs(void)
{
    blocks_before = block_bytes_in_use();
    intake = (struct intake){0};
    for (size_t i = 0; i < PAIRS; i++) {
        int ends[2];

        cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
        pairs[i] = (struct connection){.near = ends[0], .far = ends[1]};
    }
}

static void close_pairs(void)
{
    for (size_t i = 0; i < PAIRS; i++) {
        inbound_clear(&pairs[i].inbound);
        close(pairs[i].near);
        if (pairs[i].far >= 0) {
            close(pairs[i].far);
        }
    }
    intake_clear(&intake);
    CHECK(block_bytes_in_use() == blocks_before);
}

TestSuite(intake, .init = open_pairs, .fini = close_pairs, .timeout = 20);

static void peer_writes(struct connection *connection, const char *text)
{
    cr_assert_eq(write(connection->far, text, strlen(text)), (ssize_t)strlen(text));
}

static enum socket_result read_once(struct connection *connection, size_t need, size_t *received)
{
    return intake_read(&intake, &connection->inbound, connection->near, need, received);
}

static void reads(struct connection *connection, const char *text)
{
    size_t received = 0;

    peer_writes(connection, text);
    cr_assert_eq(read_once(connection, 0, &received), SOCKET_OK);
    cr_assert_eq(received, strlen(text));
}

static void assert_holds(const struct connection *connection, const char *text)
{
    struct span bytes = inbound_bytes(&connection->inbound);

    cr_assert(span_equal(bytes, span_of(text)), "holds '%.*s'", (int)bytes.size, bytes.at);
}

/* Bytes that tell their place. */
static char *pattern_of(size_t size)
{
    char *bytes = malloc(size);

    for (size_t i = 0; i < size; i++) {
        bytes[i] = (char)(i * 2654435761u >> 13);
    }
    return bytes;
}

/* Reads `size` bytes with a need of `ahead` more than is there each time. Returns the number of
 * reads. */
static size_t read_all(struct connection *connection, const char *bytes, size_t size, size_t ahead)
{
    size_t written = 0;
    size_t count = 0;

    while (connection->inbound.size < size) {
        ssize_t more = write(connection->far, bytes + written, size - written);
        size_t received = 0;

        written += more > 0 ? (size_t)more : 0;
        cr_assert_eq(read_once(connection, connection->inbound.size + ahead, &received), SOCKET_OK);
        count++;
    }
    return count;
}

Test(intake, a_connection_with_nothing_to_say_holds_no_memory)
{
    size_t received = 1;

    cr_assert_eq(read_once(&pairs[0], 0, &received), SOCKET_AGAIN);
    cr_assert_eq(received, 0);
    cr_assert_null(pairs[0].inbound.block);
    cr_assert_eq(inbound_bytes(&pairs[0].inbound).size, 0);
}

Test(intake, the_end_is_told_once_everything_has_been_read)
{
    size_t received = 0;

    reads(&pairs[0], "last words");
    close(pairs[0].far);
    pairs[0].far = -1;
    cr_assert_eq(read_once(&pairs[0], 0, &received), SOCKET_EOF);
    cr_assert_eq(received, 0);
    assert_holds(&pairs[0], "last words");
}

Test(intake, an_error_leaves_what_was_read_before)
{
    size_t received = 0;
    int none = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    reads(&pairs[0], "before");
    cr_assert_eq(intake_read(&intake, &pairs[0].inbound, none, 0, &received), SOCKET_ERROR);
    cr_assert_eq(errno, ENOTSOCK);
    close(none);
    assert_holds(&pairs[0], "before");
}

Test(intake, connections_share_one_block)
{
    reads(&pairs[0], "one");
    reads(&pairs[1], "two");
    cr_assert_eq(pairs[0].inbound.block, pairs[1].inbound.block);
    assert_holds(&pairs[0], "one");
    assert_holds(&pairs[1], "two");
}

Test(intake, a_message_goes_on_behind_another_connections_bytes)
{
    reads(&pairs[0], "be");
    reads(&pairs[1], "noise");
    reads(&pairs[0], "gin");
    reads(&pairs[1], " and more");
    assert_holds(&pairs[0], "begin");
    assert_holds(&pairs[1], "noise and more");
}

Test(intake, bytes_that_somebody_refers_to_are_not_overwritten)
{
    reads(&pairs[0], "kept");

    struct block *block = block_take(pairs[0].inbound.block);
    struct span kept = inbound_bytes(&pairs[0].inbound);

    inbound_use(&pairs[0].inbound, kept.size);
    cr_assert_null(pairs[0].inbound.block);
    reads(&pairs[0], "next");
    cr_assert(span_equal(kept, SPAN("kept")));
    assert_holds(&pairs[0], "next");
    block_release(&block);
}

Test(intake, a_block_that_nobody_refers_to_is_filled_from_its_start_again)
{
    reads(&pairs[0], "first");

    const char *start = inbound_bytes(&pairs[0].inbound).at;

    inbound_clear(&pairs[0].inbound);
    reads(&pairs[1], "second");
    cr_assert_eq(inbound_bytes(&pairs[1].inbound).at, start);
}

Test(intake, the_front_is_dropped_as_it_is_used)
{
    reads(&pairs[0], "abc");
    inbound_use(&pairs[0].inbound, 1);
    assert_holds(&pairs[0], "bc");
    reads(&pairs[0], "d");
    assert_holds(&pairs[0], "bcd");
    inbound_use(&pairs[0].inbound, 3);
    cr_assert_null(pairs[0].inbound.block);
}

Test(intake, a_short_rest_leaves_the_shared_block)
{
    reads(&pairs[0], "a whole message, and a rest");
    inbound_use(&pairs[0].inbound, strlen("a whole message, and "));
    inbound_keep(&pairs[0].inbound);
    assert_holds(&pairs[0], "a rest");
    cr_assert_neq(pairs[0].inbound.block, intake.block);
    cr_assert_eq(intake.block->references, 1);
    cr_assert_leq(pairs[0].inbound.block->capacity, 128);
    reads(&pairs[0], " that grows");
    assert_holds(&pairs[0], "a rest that grows");
}

Test(intake, keeping_nothing_is_nothing)
{
    inbound_keep(&pairs[0].inbound);
    cr_assert_null(pairs[0].inbound.block);
}

Test(intake, a_long_message_is_whole_whatever_is_known_of_its_length)
{
    static const size_t aheads[] = {1, 7, 1000, LONG};
    char *bytes = pattern_of(LONG);

    for (size_t i = 0; i < ARRAY_LEN(aheads); i++) {
        read_all(&pairs[0], bytes, LONG, aheads[i]);
        cr_assert(span_equal(inbound_bytes(&pairs[0].inbound), (struct span){bytes, LONG}));
        inbound_clear(&pairs[0].inbound);
    }
    free(bytes);
}

Test(intake, a_long_message_of_small_parts_takes_few_reads)
{
    static const size_t aheads[] = {1, 7, 100, 5000};
    char *bytes = pattern_of(LONG);

    for (size_t i = 0; i < ARRAY_LEN(aheads); i++) {
        size_t count = read_all(&pairs[0], bytes, LONG, aheads[i]);

        cr_assert_leq(count, 64, "%zu reads when %zu more bytes are known of", count, aheads[i]);
        inbound_clear(&pairs[0].inbound);
    }
    free(bytes);
}

Test(intake, memory_grows_with_what_came_and_not_with_what_was_announced)
{
    static const size_t announced = (size_t)512 * 1024 * 1024;
    char *bytes = pattern_of(SHARED);
    size_t received = 0;

    cr_assert_eq(write(pairs[0].far, bytes, SHARED), SHARED);
    cr_assert_eq(read_once(&pairs[0], announced, &received), SOCKET_OK);
    peer_writes(&pairs[0], "more");
    cr_assert_eq(read_once(&pairs[0], announced, &received), SOCKET_OK);
    cr_assert_eq(pairs[0].inbound.size, SHARED + strlen("more"));
    cr_assert_leq(block_bytes_in_use() - blocks_before, 8 * SHARED);
    free(bytes);
}

Test(intake, a_long_rest_moves_out_of_the_shared_block_when_told)
{
    enum { REST = 10 * 1024 };
    char *bytes = pattern_of(REST);
    size_t received = 0;

    cr_assert_eq(write(pairs[0].far, bytes, REST), REST);
    cr_assert_eq(read_once(&pairs[0], 0, &received), SOCKET_OK);
    inbound_keep(&pairs[0].inbound);
    cr_expect_eq(pairs[0].inbound.block, intake.block);
    inbound_shrink(&pairs[0].inbound);
    cr_expect_neq(pairs[0].inbound.block, intake.block);
    cr_expect_leq(inbound_capacity(&pairs[0].inbound), 16 * 1024);
    cr_expect(span_equal(inbound_bytes(&pairs[0].inbound), (struct span){bytes, REST}));
    const struct block *own = pairs[0].inbound.block;
    inbound_shrink(&pairs[0].inbound);
    cr_expect_eq(pairs[0].inbound.block, own);
    free(bytes);
}

Test(intake, the_block_of_a_message_whose_length_is_known_ends_with_it)
{
    static const size_t size = 3 * 1024 * 1024;
    char *bytes = pattern_of(size);

    read_all(&pairs[0], bytes, size, size);
    cr_expect_leq(inbound_capacity(&pairs[0].inbound), size + size / 2);
    free(bytes);
}

/* Each move copies all that is there. */
Test(intake, a_message_whose_length_is_known_moves_seldom)
{
    static const struct {
        size_t size;
        size_t moves;
    } rows[] = {{70 * 1024, 1}, {256 * 1024 + 47, 1}, {300 * 1024, 1}, {LONG + 47, 2}};
    char *bytes = pattern_of(LONG + 47);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct inbound *inbound = &pairs[0].inbound;
        const struct block *block = NULL;
        size_t moves = 0;
        size_t written = 0;
        size_t received = 0;

        while (inbound->size < rows[i].size) {
            ssize_t more = write(pairs[0].far, bytes + written, rows[i].size - written);

            written += more > 0 ? (size_t)more : 0;
            cr_assert_eq(read_once(&pairs[0], rows[i].size, &received), SOCKET_OK);
            moves += block != NULL && block != inbound->block;
            block = inbound->block;
        }
        cr_expect_eq(moves, rows[i].moves, "%zu bytes: %zu", rows[i].size, moves);
        cr_expect(span_equal(inbound_bytes(inbound), (struct span){bytes, rows[i].size}));
        inbound_clear(&pairs[0].inbound);
    }
    free(bytes);
}

/* The block is its own by then, and still has what another connection read behind it. */
Test(intake, a_message_grows_behind_itself_and_not_behind_what_another_connection_read)
{
    enum { FRONT = 40 * 1024, OTHERS = 12 * 1024, WHOLE = 80 * 1024 };
    char *bytes = pattern_of(WHOLE);
    char *others = calloc(1, OTHERS);
    size_t received = 0;

    cr_assert_eq(write(pairs[0].far, bytes, FRONT), FRONT);
    cr_assert_eq(read_once(&pairs[0], LONG, &received), SOCKET_OK);
    cr_assert_eq(write(pairs[1].far, others, OTHERS), OTHERS);
    cr_assert_eq(read_once(&pairs[1], 0, &received), SOCKET_OK);
    cr_assert_eq(pairs[1].inbound.block, pairs[0].inbound.block);
    inbound_clear(&pairs[1].inbound);
    reads(&pairs[1], "in the next block");
    cr_assert_eq(pairs[0].inbound.block->references, 1);
    cr_assert_eq(write(pairs[0].far, bytes + FRONT, WHOLE - FRONT), WHOLE - FRONT);
    while (pairs[0].inbound.size < WHOLE) {
        cr_assert_eq(read_once(&pairs[0], LONG, &received), SOCKET_OK);
    }
    cr_expect(span_equal(inbound_bytes(&pairs[0].inbound), (struct span){bytes, WHOLE}));
    free(others);
    free(bytes);
}

Test(intake, a_secret_that_is_kept_is_nowhere_else)
{
    reads(&pairs[1], "before");
    reads(&pairs[0], "password");
    reads(&pairs[1], " and behind");

    struct block *shared = block_take(pairs[0].inbound.block);

    inbound_keep_secret(&pairs[0].inbound);
    cr_assert_neq(pairs[0].inbound.block, shared);
    assert_holds(&pairs[0], "password");
    assert_holds(&pairs[1], "before and behind");
    cr_expect_null(memmem(shared->bytes, shared->used, "password", strlen("password")));
    block_release(&shared);
}
