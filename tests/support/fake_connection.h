/* fake_connection.h - one connection to a fake node: bytes in, commands out, bytes back.
 *
 * The fake node's own; under its lock.
 */
#ifndef TESTS_SUPPORT_FAKE_CONNECTION_H
#define TESTS_SUPPORT_FAKE_CONNECTION_H

#include "common/list.h"
#include "common/tls.h"
#include "tests/support/resp.h"

/* A command that was read and not yet looked at. */
struct fake_received {
    struct list_link link;
    uint64_t arrival;
    bool automatic; /* the node answers it by itself */
    struct span *arguments;
    size_t count;
    char *raw;
};

struct fake_connection {
    int fd;
    struct tls *tls; /* NULL: plain */
    int number;
    bool closed;
    bool authenticated;
    bool asking;
    bool in_pieces;    /* output leaves one byte at a time */
    size_t unanswered; /* commands taken by a WANT that no SAY has answered */
    struct list received;
    struct bytes input;
    struct bytes output;
    struct resp_request scan;
};

/* With TLS by `tls`, which may be NULL. */
struct fake_connection *fake_connection_new(int fd, int number, struct tls_context *tls);
void fake_connection_free(struct fake_connection **connection);

/* Reads what is there into `received`, each numbered by ++*arrivals. */
void fake_connection_read(struct fake_connection *connection, uint64_t *arrivals);

/* Writes what the kernel takes. */
void fake_connection_write(struct fake_connection *connection);

/* The oldest command that nobody took, or NULL. */
struct fake_received *fake_connection_head(const struct fake_connection *connection);
void fake_received_free(struct fake_received **received);

/* "SET k v"; long arguments are cut. */
void fake_received_print(const struct fake_received *received, struct bytes *text);

#endif
