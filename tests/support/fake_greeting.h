/* fake_greeting.h - what a fake node answers by itself: greetings and questions about the cluster.
 *
 * The fake node's own; under its lock.
 */
#ifndef TESTS_SUPPORT_FAKE_GREETING_H
#define TESTS_SUPPORT_FAKE_GREETING_H

#include "tests/support/fake_connection.h"
#include "tests/support/fake_node.h"

struct fake_greeter {
    struct fake_cluster *cluster;
    int index;
    const char *password; /* NULL: none */
    const char *stranger; /* a user whom the node does not know; NULL: it knows all */
    const char *slots;    /* NULL: as the cluster's map says */
};

/* Is `received`, on `connection`, a command that the node answers by itself? Everything is, as long
 * as the password has not been given. */
bool fake_greeter_knows(const struct fake_greeter *greeter,
                        const struct fake_connection *connection,
                        const struct fake_received *received);

/* Appends the answer to the connection's output. */
void fake_greeter_answer(const struct fake_greeter *greeter, struct fake_connection *connection,
                         const struct fake_received *received);

#endif
