/* sendq.c - what it costs to gather bytes for a socket and to write them. */
#include "common/sendq.h"

#include <sys/socket.h>
#include <unistd.h>

#include "bench/micro/support/cases.h"

enum {
    MESSAGES = 16,
    SMALL = 32,
    MEDIUM = 1024,
    LARGE = 64 * 1024,
    ROOM = 1024 * 1024, /* of the socket's buffers */
};

static struct block *block;
static struct sendq queue;
static struct sendq kept;
static int ends[2];

/* Takes from the other end what was written. */
static void take(size_t size)
{
    static char bytes[LARGE];

    while (size > 0) {
        ssize_t got = recv(ends[1], bytes, sizeof bytes, 0);

        CHECK(got > 0);
        size -= (size_t)got;
    }
}

static void write_all(void)
{
    size_t size = queue.size;
    size_t sent;

    CHECK(sendq_write(&queue, ends[0], &sent) == SENDQ_OK && sent == size);
    take(sent);
}

static void append(const void *argument)
{
    const size_t *size = argument;

    for (size_t i = 0; i < MESSAGES; i++) {
        sendq_append(&queue, (struct span){block->bytes, *size});
    }
    write_all();
}

static void lend(const void *argument)
{
    const size_t *size = argument;

    sendq_append(&queue, SPAN("$65536\r\n"));
    sendq_lend(&queue, block, (struct span){block->bytes, *size});
    sendq_append(&queue, SPAN("\r\n"));
    write_all();
}

static void keep_and_move(const void *argument)
{
    const size_t *size = argument;

    for (size_t i = 0; i < MESSAGES; i++) {
        sendq_keep(&kept, block, (struct span){block->bytes, *size});
        sendq_move(&queue, &kept);
    }
    write_all();
}

static const size_t small = SMALL;
static const size_t medium = MEDIUM;
static const size_t large = LARGE;

static const struct bench_case cases[] = {
    {"append 16 times 32 bytes, write", append, &small, CASE_CALLS},
    {"append 16 times 1 KiB, write", append, &medium, CASE_CALLS},
    {"lend 64 KiB, write", lend, &large, CASE_CALLS},
    {"keep and move 16 times 32 bytes, write", keep_and_move, &small, CASE_CALLS},
};

int main(int argc, char **argv)
{
    const int room = ROOM;

    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    CHECK(setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0);
    block = block_new(LARGE);
    memset(block->bytes, 'v', LARGE);
    block->used = LARGE;
    sendq_init(&queue);
    sendq_init(&kept);

    int status = cases_main(argc, argv, cases, ARRAY_LEN(cases));

    block_release(&block);
    close(ends[0]);
    close(ends[1]);
    return status;
}
