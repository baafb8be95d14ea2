#include "tests/support/fake_connection.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/memory.h"

enum {
    READ_SIZE = 1024 * 1024,
    SHOWN_ARGUMENT = 64,
};

struct fake_connection *fake_connection_new(int fd, int number)
{
    struct fake_connection *connection = memory_new(1, sizeof *connection);

    connection->fd = fd;
    connection->number = number;
    list_init(&connection->received);
    return connection;
}

void fake_received_free(struct fake_received **received)
{
    list_remove(&(*received)->link);
    free((*received)->arguments);
    free((*received)->raw);
    free(*received);
    *received = NULL;
}

void fake_connection_free(struct fake_connection **connection)
{
    struct fake_received *received = NULL;

    while ((received = fake_connection_head(*connection)) != NULL) {
        fake_received_free(&received);
    }
    close((*connection)->fd);
    bytes_clear(&(*connection)->input);
    bytes_clear(&(*connection)->output);
    resp_request_clear(&(*connection)->scan);
    free(*connection);
    *connection = NULL;
}

struct fake_received *fake_connection_head(const struct fake_connection *connection)
{
    struct list_link *first = list_first(&connection->received);

    return first == NULL ? NULL : container_of(first, struct fake_received, link);
}

/* Takes the request that was just scanned, of `size` bytes at `at`, over into memory of its own. */
static struct fake_received *received_new(const struct resp_request *scan, const char *at,
                                          size_t size)
{
    struct fake_received *received = memory_new(1, sizeof *received);

    received->raw = memory_copy(at, size);
    received->count = scan->count;
    received->arguments = memory_new(scan->count, sizeof *received->arguments);
    for (size_t i = 0; i < scan->count; i++) {
        size_t offset = (size_t)(scan->arguments[i].at - at);
        received->arguments[i] = (struct span){received->raw + offset, scan->arguments[i].size};
    }
    return received;
}

static void connection_scan(struct fake_connection *connection, uint64_t *arrivals)
{
    size_t used = 0;

    for (;;) {
        struct span rest = {connection->input.at + used, connection->input.size - used};
        size_t size = resp_request_size(&connection->scan, rest);
        if (size == 0 || size == SIZE_MAX) {
            connection->closed |= size == SIZE_MAX;
            break;
        }
        struct fake_received *received = received_new(&connection->scan, rest.at, size);
        received->arrival = ++*arrivals;
        list_append(&connection->received, &received->link);
        resp_request_clear(&connection->scan);
        used += size;
    }
    bytes_drop(&connection->input, used);
}

void fake_connection_read(struct fake_connection *connection, uint64_t *arrivals)
{
    char *room = bytes_room(&connection->input, READ_SIZE);
    ssize_t count = recv(connection->fd, room, READ_SIZE, MSG_DONTWAIT);

    if (count > 0) {
        bytes_added(&connection->input, (size_t)count);
        connection_scan(connection, arrivals);
    } else if (count == 0 || errno != EAGAIN) {
        connection->closed = true;
    }
}

void fake_connection_write(struct fake_connection *connection)
{
    struct bytes *output = &connection->output;
    size_t wanted = connection->in_pieces ? size_min(1, output->size) : output->size;

    if (wanted == 0 || connection->closed) {
        return;
    }
    ssize_t count = send(connection->fd, output->at, wanted, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count > 0) {
        bytes_drop(output, (size_t)count);
        connection->in_pieces &= output->size > 0;
    } else if (errno != EAGAIN) {
        connection->closed = true;
    }
}

void fake_received_print(const struct fake_received *received, struct bytes *text)
{
    bytes_room(text, 0);
    for (size_t i = 0; i < received->count; i++) {
        struct span argument = received->arguments[i];
        bytes_print(text, i == 0 ? "" : " ");
        bytes_add_escaped(text,
                          (struct span){argument.at, size_min(argument.size, SHOWN_ARGUMENT)});
        if (argument.size > SHOWN_ARGUMENT) {
            bytes_print(text, "...(%zu bytes)", argument.size);
        }
    }
}
