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

struct fake_connection *fake_connection_new(int fd, int number, struct tls_context *tls)
{
    struct fake_connection *connection = memory_new(1, sizeof *connection);

    connection->fd = fd;
    connection->tls = tls == NULL ? NULL : tls_accept(tls, fd);
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
    if ((*connection)->tls != NULL) {
        tls_free(&(*connection)->tls);
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

static enum socket_result connection_take(struct fake_connection *connection, char *room,
                                          size_t *size)
{
    return connection->tls == NULL ? socket_read(connection->fd, room, READ_SIZE, size)
                                   : tls_read(connection->tls, room, READ_SIZE, size);
}

void fake_connection_read(struct fake_connection *connection, uint64_t *arrivals)
{
    size_t size = 0;

    do {
        switch (connection_take(connection, bytes_room(&connection->input, READ_SIZE), &size)) {
        case SOCKET_OK:
            bytes_added(&connection->input, size);
            connection_scan(connection, arrivals);
            break;
        case SOCKET_AGAIN: return;
        case SOCKET_EOF:
        case SOCKET_ERROR: connection->closed = true; return;
        }
    } while (connection->tls != NULL && tls_has_more(connection->tls));
}

static enum socket_result connection_give_records(struct tls *tls, struct span bytes, size_t *size)
{
    enum socket_result result = SOCKET_OK;
    size_t sent = 0;

    *size = 0;
    while (*size < bytes.size && result == SOCKET_OK) {
        result = tls_write(tls, bytes.at + *size, bytes.size - *size, &sent);
        *size += sent;
    }
    return *size > 0 ? SOCKET_OK : result;
}

static enum socket_result connection_give(struct fake_connection *connection, struct span bytes,
                                          size_t *size)
{
    if (connection->tls != NULL) {
        return connection_give_records(connection->tls, bytes, size);
    }

    ssize_t count = send(connection->fd, bytes.at, bytes.size, MSG_DONTWAIT | MSG_NOSIGNAL);

    *size = count > 0 ? (size_t)count : 0;
    if (count > 0) {
        return SOCKET_OK;
    }
    return errno == EAGAIN ? SOCKET_AGAIN : SOCKET_ERROR;
}

void fake_connection_write(struct fake_connection *connection)
{
    struct bytes *output = &connection->output;
    size_t wanted = connection->in_pieces ? size_min(1, output->size) : output->size;
    size_t count = 0;

    if (wanted == 0 || connection->closed) {
        return;
    }
    switch (connection_give(connection, (struct span){output->at, wanted}, &count)) {
    case SOCKET_OK:
        bytes_drop(output, count);
        connection->in_pieces &= output->size > 0;
        return;
    case SOCKET_AGAIN: return;
    case SOCKET_EOF:
    case SOCKET_ERROR: connection->closed = true; return;
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
