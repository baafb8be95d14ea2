#include "tests/support/fake_loop.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/check.h"
#include "common/memory.h"

static void node_record_locked(struct fake_node *node, const struct fake_connection *connection,
                               const struct fake_received *received)
{
    struct bytes text = {0};

    if (node->locked.record_count == node->locked.record_capacity) {
        node->locked.record_capacity = 2 * node->locked.record_capacity + 64;
        node->locked.records = memory_resize(node->locked.records, node->locked.record_capacity,
                                             sizeof *node->locked.records);
    }
    fake_received_print(received, &text);
    node->locked.records[node->locked.record_count++] =
        (struct record){connection->number, received->automatic, text.at};
}

static void node_read_locked(struct fake_node *node, struct fake_connection *connection)
{
    uint64_t before = node->locked.arrivals;

    fake_connection_read(connection, &node->locked.arrivals);
    LIST_EACH (link, &connection->received) {
        struct fake_received *received = container_of(link, struct fake_received, link);
        if (received->arrival > before) {
            received->automatic = fake_greeter_knows(&node->locked.greeter, connection, received);
            node_record_locked(node, connection, received);
        }
    }
}

static void node_accept_locked(struct fake_node *node)
{
    static const char full[] = "-ERR max number of clients reached\r\n";
    int yes = 1;
    int fd = accept4(node->port.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        return;
    }
    if (node->locked.full) {
        ssize_t said = write(fd, full, sizeof full - 1);
        CHECK(said == sizeof full - 1);
        close(fd);
        return;
    }
    CHECK(node->locked.connection_count < FAKE_CONNECTIONS_MAX);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);

    struct fake_connection *connection =
        fake_connection_new(fd, ++node->locked.accepted, node->locked.tls);

    connection->authenticated = node->locked.greeter.password == NULL;
    node->locked.connections[node->locked.connection_count++] = connection;
}

static struct fake_connection *node_connection_locked(struct fake_node *node, int number)
{
    for (size_t i = 0; i < node->locked.connection_count; i++) {
        if (node->locked.connections[i]->number == number) {
            return node->locked.connections[i];
        }
    }
    return NULL;
}

static void node_answer_locked(struct fake_node *node, struct fake_connection *connection)
{
    struct fake_received *received = fake_connection_head(connection);

    /* The password may have been given since the command was read. */
    if (fake_greeter_knows(&node->locked.greeter, connection, received)) {
        fake_greeter_answer(&node->locked.greeter, connection, received);
    } else if (node->locked.handler != NULL) {
        struct fake_command command = {node,
                                       node->locked.greeter.cluster,
                                       node->index,
                                       connection->number,
                                       connection->asking,
                                       received->arguments,
                                       received->count};
        connection->asking = span_equal_nocase(received->arguments[0], SPAN("asking"));
        node->locked.handler(node->locked.context, &command, &connection->output);
    } else {
        fake_script_complain(&node->locked.script, received, connection->number);
        bytes_print(&connection->output, "-ERR fake node: not in the script\r\n");
    }
    fake_received_free(&received);
}

/* Answers what the script has no say in; true when there was something. */
static bool node_answer_some_locked(struct fake_node *node)
{
    const struct step *step = fake_script_next(&node->locked.script);
    bool wanting = step == NULL || step->kind == STEP_WANT;
    bool answered = false;

    for (size_t i = 0; i < node->locked.connection_count; i++) {
        struct fake_connection *connection = node->locked.connections[i];
        struct fake_received *head = fake_connection_head(connection);
        if (head == NULL || connection->unanswered > 0 ||
            fake_script_wants(&node->locked.script, head)) {
            continue;
        }
        if (head->automatic || node->locked.handler != NULL || wanting) {
            node_answer_locked(node, connection);
            answered = true;
        }
    }
    return answered;
}

/* The connection whose oldest command fulfils the WANT that is next. */
static struct fake_connection *node_find_wanted_locked(struct fake_node *node)
{
    for (size_t i = 0; i < node->locked.connection_count; i++) {
        struct fake_received *head = fake_connection_head(node->locked.connections[i]);
        if (head != NULL && fake_script_wants(&node->locked.script, head)) {
            return node->locked.connections[i];
        }
    }
    return NULL;
}

static bool node_take_wanted_locked(struct fake_node *node)
{
    struct fake_connection *connection = node_find_wanted_locked(node);

    if (connection == NULL) {
        return false;
    }
    struct fake_received *received = fake_connection_head(connection);
    fake_received_free(&received);
    connection->unanswered++;
    node->locked.script.connection = connection->number;
    return true;
}

static void node_say_locked(struct fake_node *node, const struct step *step)
{
    struct fake_connection *connection =
        node_connection_locked(node, node->locked.script.connection);

    if (connection == NULL) {
        return;
    }
    bytes_add(&connection->output, step->said.at, step->said.size);
    connection->in_pieces |= step->kind == STEP_SAY_IN_PIECES;
    connection->unanswered -= size_min(1, connection->unanswered);
}

/* A goodbye must not overtake what was said before it. */
static bool node_hang_up_locked(struct fake_node *node)
{
    struct fake_connection *connection =
        node_connection_locked(node, node->locked.script.connection);

    if (connection != NULL && connection->output.size > 0) {
        fake_connection_write(connection);
        if (connection->output.size > 0 && !connection->closed) {
            return false;
        }
    }
    if (connection != NULL) {
        connection->closed = true;
    }
    return true;
}

/* Does the next step if it can be done now. */
static bool node_step_locked(struct fake_node *node)
{
    struct fake_script *script = &node->locked.script;
    const struct step *step = fake_script_next(script);
    bool done = false;

    if (step == NULL) {
        return false;
    }
    switch (step->kind) {
    case STEP_WANT: done = node_take_wanted_locked(node); break;
    case STEP_SAY:
    case STEP_SAY_IN_PIECES:
        node_say_locked(node, step);
        done = true;
        break;
    case STEP_CLOSE: done = node_hang_up_locked(node); break;
    case STEP_STALL: script->stalled = true; break;
    }
    script->at += done;
    return done;
}

static void node_sweep_locked(struct fake_node *node)
{
    size_t kept = 0;

    for (size_t i = 0; i < node->locked.connection_count; i++) {
        struct fake_connection *connection = node->locked.connections[i];
        connection->closed |= node->locked.dropping || node->locked.dead || node->locked.ended;
        if (connection->closed) {
            fake_connection_free(&connection);
        } else {
            node->locked.connections[kept++] = connection;
        }
    }
    node->locked.connection_count = kept;
    node->locked.dropping = false;
}

static void node_listen_locked(struct fake_node *node)
{
    bool wanted = !node->locked.dead && !node->locked.ended;

    if (wanted && !node->locked.listening) {
        port_listen(&node->port);
    } else if (!wanted && node->locked.listening) {
        port_stop_listening(&node->port);
    }
    node->locked.listening = wanted;
}

static void node_work_locked(struct fake_node *node)
{
    node_listen_locked(node);
    node_sweep_locked(node);
    if (node->locked.paused) {
        return;
    }
    while (node_step_locked(node) || node_answer_some_locked(node)) {
    }
    for (size_t i = 0; i < node->locked.connection_count; i++) {
        fake_connection_write(node->locked.connections[i]);
    }
    node_sweep_locked(node);
}

/* Returns how many pollers there are: wake-up, listener, connections. */
static nfds_t node_pollers_locked(struct fake_node *node, struct pollfd *pollers, int *timeout)
{
    nfds_t count = 0;

    *timeout = -1;
    pollers[count++] = (struct pollfd){.fd = node->wake, .events = POLLIN};
    if (node->locked.paused) {
        return count;
    }
    pollers[count++] =
        (struct pollfd){.fd = node->locked.listening ? node->port.fd : -1, .events = POLLIN};
    for (size_t i = 0; i < node->locked.connection_count; i++) {
        const struct fake_connection *connection = node->locked.connections[i];
        short events = POLLIN;
        if (connection->in_pieces) {
            *timeout = 1;
        } else if (connection->output.size > 0) {
            events |= POLLOUT;
        }
        pollers[count++] = (struct pollfd){.fd = connection->fd, .events = events};
    }
    return count;
}

static void node_receive_locked(struct fake_node *node, const struct pollfd *pollers, nfds_t count)
{
    if (node->locked.paused) {
        return;
    }
    for (nfds_t i = 2; i < count; i++) {
        if (pollers[i].revents != 0) {
            node_read_locked(node, node->locked.connections[i - 2]);
        }
    }
    if (count > 1 && pollers[1].revents != 0) {
        node_accept_locked(node);
    }
}

/* A library for TLS writes without MSG_NOSIGNAL: who reads no longer must not end the test. */
static void thread_block_broken_pipes(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    int failed = pthread_sigmask(SIG_BLOCK, &signals, NULL);

    CHECK(failed == 0);
}

void *fake_loop_run(void *argument)
{
    struct fake_node *node = argument;
    struct pollfd *pollers = memory_new(FAKE_CONNECTIONS_MAX + 2, sizeof *pollers);
    uint64_t ignored = 0;
    int timeout = 0;

    thread_block_broken_pipes();
    pthread_mutex_lock(&node->lock);
    while (!node->locked.ended) {
        node_work_locked(node);
        nfds_t count = node_pollers_locked(node, pollers, &timeout);
        pthread_mutex_unlock(&node->lock);
        poll(pollers, count, timeout);
        pthread_mutex_lock(&node->lock);
        if (pollers[0].revents != 0) {
            ssize_t got = read(node->wake, &ignored, sizeof ignored);
            CHECK(got == sizeof ignored);
        }
        node_receive_locked(node, pollers, count);
    }
    node_sweep_locked(node);
    pthread_mutex_unlock(&node->lock);
    free(pollers);
    return NULL;
}
