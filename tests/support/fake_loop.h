/* fake_loop.h - the inside of a fake node: its thread, its connections, its record.
 *
 * Only fake_node.c and fake_loop.c look in here.
 */
#ifndef TESTS_SUPPORT_FAKE_LOOP_H
#define TESTS_SUPPORT_FAKE_LOOP_H

#include <pthread.h>

#include "tests/support/fake_greeting.h"
#include "tests/support/fake_script.h"
#include "tests/support/ports.h"

enum { FAKE_CONNECTIONS_MAX = 512 };

struct record {
    int connection;
    bool automatic;
    char *text;
};

struct fake_node {
    int index;
    char address[32];
    struct port port;
    int wake; /* eventfd: a test changed something */
    pthread_t thread;
    pthread_mutex_t lock;
    struct { /* all of it behind the lock */
        bool ended;
        bool paused;
        bool dead;
        bool dropping;
        bool full;
        struct tls_context *tls; /* for connections that are made; NULL: plain */
        bool listening;
        struct fake_greeter greeter;
        struct fake_script script;
        fake_handler *handler;
        void *context;
        struct fake_connection *connections[FAKE_CONNECTIONS_MAX];
        size_t connection_count;
        int accepted;
        uint64_t arrivals;
        uint64_t recorded;
        struct record *records;
        size_t record_count;
        size_t record_capacity;
    } locked;
};

/* The node's thread, until locked.ended; takes the struct fake_node. */
void *fake_loop_run(void *node);

#endif
