#include "tests/support/fake_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/check.h"
#include "common/memory.h"
#include "tests/support/fake_loop.h"
#include "tests/support/wait.h"

static void node_wake(struct fake_node *node)
{
    uint64_t one = 1;
    ssize_t written = write(node->wake, &one, sizeof one);

    CHECK(written == sizeof one);
}

#define NODE_LOCKED(node, ...)                                                                     \
    do {                                                                                           \
        pthread_mutex_lock(&(node)->lock);                                                         \
        __VA_ARGS__;                                                                               \
        pthread_mutex_unlock(&(node)->lock);                                                       \
        node_wake(node);                                                                           \
    } while (0)

/* A look at the node, under its lock. */
#define NODE_READ(node, expression)                                                                \
    ({                                                                                             \
        pthread_mutex_lock(&(node)->lock);                                                         \
        typeof(expression) node_read = (expression);                                               \
        pthread_mutex_unlock(&(node)->lock);                                                       \
        node_read;                                                                                 \
    })

void fake_always(void *context, const struct fake_command *command UNUSED, struct bytes *answer)
{
    bytes_print(answer, "%s\r\n", (const char *)context);
}

struct fake_node *fake_node_new(struct fake_cluster *cluster, int index)
{
    struct fake_node *node = memory_new(1, sizeof *node);

    node->index = index;
    node->port = port_reserve();
    snprintf(node->address, sizeof node->address, "127.0.0.1:%u", node->port.number);
    node->wake = eventfd(0, EFD_CLOEXEC);
    node->locked.greeter = (struct fake_greeter){.cluster = cluster, .index = index};
    pthread_mutex_init(&node->lock, NULL);
    int failed = pthread_create(&node->thread, NULL, fake_loop_run, node);
    CHECK(failed == 0 && node->wake >= 0);
    bool listening = WAIT_FOR(NODE_READ(node, node->locked.listening));
    CHECK(listening);
    return node;
}

void fake_node_free(struct fake_node **node)
{
    if (*node == NULL) {
        return;
    }
    NODE_LOCKED(*node, (*node)->locked.ended = true);
    pthread_join((*node)->thread, NULL);
    for (size_t i = 0; i < (*node)->locked.record_count; i++) {
        free((*node)->locked.records[i].text);
    }
    free((*node)->locked.records);
    fake_script_clear(&(*node)->locked.script);
    tls_context_release(&(*node)->locked.tls);
    port_release(&(*node)->port);
    close((*node)->wake);
    pthread_mutex_destroy(&(*node)->lock);
    free(*node);
    *node = NULL;
}

uint16_t fake_node_port(const struct fake_node *node)
{
    return node->port.number;
}

const char *fake_node_address(const struct fake_node *node)
{
    return node->address;
}

void fake_node_add_steps(struct fake_node *node, const struct step *steps, size_t count)
{
    NODE_LOCKED(node, fake_script_add(&node->locked.script, steps, count));
}

void fake_node_handle(struct fake_node *node, fake_handler *handler, void *context)
{
    NODE_LOCKED(node, node->locked.handler = handler; node->locked.context = context);
}

void fake_node_set_password(struct fake_node *node, const char *password)
{
    NODE_LOCKED(node, node->locked.greeter.password = password);
}

void fake_node_refuse_user(struct fake_node *node, const char *name)
{
    NODE_LOCKED(node, node->locked.greeter.stranger = name);
}

void fake_node_set_full(struct fake_node *node, bool full)
{
    NODE_LOCKED(node, node->locked.full = full);
}

void fake_node_use_tls(struct fake_node *node, struct tls_context *context)
{
    struct tls_context *old = NULL;

    NODE_LOCKED(node, old = node->locked.tls; node->locked.tls = context);
    tls_context_release(&old);
}

void fake_node_tell_slots(struct fake_node *node, const char *reply)
{
    NODE_LOCKED(node, node->locked.greeter.slots = reply);
}

bool fake_node_has_stalled(struct fake_node *node)
{
    return WAIT_FOR(NODE_READ(node, node->locked.script.stalled));
}

void fake_node_release(struct fake_node *node)
{
    bool stalled = fake_node_has_stalled(node);

    CHECK(stalled);
    NODE_LOCKED(node, node->locked.script.stalled = false; node->locked.script.at++);
}

bool fake_node_is_done(struct fake_node *node, uint64_t timeout_ms)
{
    return WAIT_FOR_MS(timeout_ms, NODE_READ(node, fake_script_next(&node->locked.script) == NULL));
}

void fake_node_die(struct fake_node *node)
{
    NODE_LOCKED(node, node->locked.dead = true);
    bool dead =
        WAIT_FOR(NODE_READ(node, !node->locked.listening && node->locked.connection_count == 0));
    CHECK(dead);
}

void fake_node_return(struct fake_node *node)
{
    NODE_LOCKED(node, node->locked.dead = false);
    bool listening = WAIT_FOR(NODE_READ(node, node->locked.listening));
    CHECK(listening);
}

void fake_node_move(struct fake_node *node)
{
    struct port old = node->port;

    fake_node_die(node);
    pthread_mutex_lock(&node->lock);
    node->port = port_reserve();
    snprintf(node->address, sizeof node->address, "127.0.0.1:%u", node->port.number);
    pthread_mutex_unlock(&node->lock);
    port_release(&old);
    fake_cluster_announce_port(node->locked.greeter.cluster, node->index, node->port.number);
    fake_node_return(node);
}

void fake_node_drop_connections(struct fake_node *node)
{
    NODE_LOCKED(node, node->locked.dropping = true);
    bool dropped = WAIT_FOR(NODE_READ(node, !node->locked.dropping));
    CHECK(dropped);
}

void fake_node_pause(struct fake_node *node)
{
    NODE_LOCKED(node, node->locked.paused = true);
}

void fake_node_resume(struct fake_node *node)
{
    NODE_LOCKED(node, node->locked.paused = false);
}

static bool record_starts_with(const struct record *record, const char *prefix)
{
    size_t size = strlen(prefix);

    return strncmp(record->text, prefix, size) == 0 &&
           (record->text[size] == '\0' || record->text[size] == ' ');
}

size_t fake_node_count(struct fake_node *node, const char *prefix)
{
    size_t count = 0;

    pthread_mutex_lock(&node->lock);
    for (size_t i = 0; i < node->locked.record_count; i++) {
        count += record_starts_with(&node->locked.records[i], prefix);
    }
    pthread_mutex_unlock(&node->lock);
    return count;
}

char *fake_node_log(struct fake_node *node, int connection)
{
    struct bytes log = {0};

    bytes_room(&log, 0);
    pthread_mutex_lock(&node->lock);
    for (size_t i = 0; i < node->locked.record_count; i++) {
        const struct record *record = &node->locked.records[i];
        if (!record->automatic && (connection == 0 || connection == record->connection)) {
            bytes_print(&log, log.size == 0 ? "%s" : " | %s", record->text);
        }
    }
    pthread_mutex_unlock(&node->lock);
    return log.at;
}

size_t fake_node_accepted(struct fake_node *node)
{
    return NODE_READ(node, (size_t)node->locked.accepted);
}

size_t fake_node_connected(struct fake_node *node)
{
    return NODE_READ(node, node->locked.connection_count);
}

char *fake_node_complaint(struct fake_node *node)
{
    struct bytes complaint = {0};

    pthread_mutex_lock(&node->lock);
    const struct fake_script *script = &node->locked.script;
    const struct step *next = fake_script_next(script);
    if (script->complaint.size > 0) {
        bytes_print(&complaint, "node %d %s", node->index, script->complaint.at);
    } else if (next != NULL) {
        bytes_print(&complaint, "node %d did only %zu of %zu steps, next: ", node->index,
                    script->at, script->count);
        fake_script_print_want(next, &complaint);
    }
    pthread_mutex_unlock(&node->lock);
    if (complaint.size > 0) {
        char *log = fake_node_log(node, 0);
        bytes_print(&complaint, "; received in all: %.2000s", log);
        free(log);
    }
    return complaint.at;
}
