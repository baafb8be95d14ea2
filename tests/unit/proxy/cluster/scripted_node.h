/* scripted_node.h - a node of a cluster that says what the test tells it, in a thread of its own.
 *
 * It answers AUTH, CLUSTER SLOTS, CLUSTER INFO, and what it is taught of INFO and COMMAND.
 * Functions are the test's; fields of `locked` are read and written between scripted_node_lock and
 * scripted_node_unlock once the node runs.
 */
#ifndef TESTS_UNIT_PROXY_CLUSTER_SCRIPTED_NODE_H
#define TESTS_UNIT_PROXY_CLUSTER_SCRIPTED_NODE_H

#include <pthread.h>

#include "common/address.h"

enum {
    SCRIPTED_CONNECTIONS = 8,
    SCRIPTED_INPUT_SIZE = 4096,
    SCRIPTED_QUESTIONS_MAX = 4096,
};

struct scripted_connection {
    int fd;
    char input[SCRIPTED_INPUT_SIZE];
    size_t size;
};

struct scripted_node {
    int listener;
    int wake_fd;
    uint16_t port;
    pthread_t thread;
    bool is_running;
    struct scripted_connection connections[SCRIPTED_CONNECTIONS];

    pthread_mutex_t mutex;
    struct {
        bool must_stop;
        bool hangs; /* keeps questions until scripted_node_wake() */
        bool wants_auth;
        bool is_down; /* says cluster_state:fail */
        char *slots;  /* the whole reply to CLUSTER SLOTS */
        uint64_t epoch;
        uint32_t accepted;
        uint32_t questions;
        uint64_t asked_at[SCRIPTED_QUESTIONS_MAX]; /* in a ring */
        const char *server;        /* the whole reply to INFO server; NULL: an error, likewise */
        const char *command_count; /* COMMAND COUNT */
        const char *commands;      /* COMMAND */
        uint32_t versions_asked;
        uint32_t commands_asked; /* how often that was asked for; and INFO server before it */
        char auth[128];          /* arguments of the last AUTH, each followed by a blank */
    } locked;
};

/* Slots from `start` to `end` on the node at that port, whose id is "node-PORT". */
struct piece {
    uint16_t start;
    uint16_t end;
    uint16_t port;
    const char *host; /* NULL: 127.0.0.1 */
};

/* 127.0.0.1 and that port. */
struct address local_address(uint16_t port);

/* Listens at a free port of 127.0.0.1 and knows of no slot. */
void scripted_node_start(struct scripted_node *node);

/* Its port refuses from now on. Does nothing the second time. */
void scripted_node_stop(struct scripted_node *node);

/* Answers what came in while the node hung. */
void scripted_node_wake(struct scripted_node *node);

/* What it says from now on. */
void scripted_node_says(struct scripted_node *node, uint64_t epoch, const struct piece *pieces,
                        size_t count);
void scripted_node_says_text(struct scripted_node *node, const char *slots);

/* How often it was asked for its slots, and when for the n-th time. */
uint32_t scripted_node_questions(struct scripted_node *node);
uint64_t scripted_node_asked_at(struct scripted_node *node, uint32_t question);

static inline void scripted_node_lock(struct scripted_node *node)
{
    pthread_mutex_lock(&node->mutex);
}

static inline void scripted_node_unlock(struct scripted_node *node)
{
    pthread_mutex_unlock(&node->mutex);
}

#endif
