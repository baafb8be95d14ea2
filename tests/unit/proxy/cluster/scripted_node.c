#include "tests/unit/proxy/cluster/scripted_node.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/resp_scan.h"
#include "common/socket.h"

static struct span or_error(const char *reply)
{
    return span_of(reply == NULL ? "-NOPERM this user has no permissions\r\n" : reply);
}

static struct span server_answer_locked(struct scripted_node *node, const struct arguments *request)
{
    if (span_equal_nocase(request->items[0], SPAN("INFO"))) {
        node->locked.versions_asked++;
        return or_error(node->locked.server);
    }
    if (request->count == 2) {
        return or_error(node->locked.command_count);
    }
    node->locked.commands_asked++;
    return or_error(node->locked.commands);
}

static struct span node_answer_locked(struct scripted_node *node, const struct arguments *request,
                                      char *room, size_t size)
{
    if (span_equal_nocase(request->items[0], SPAN("AUTH"))) {
        node->locked.auth[0] = '\0';
        for (uint32_t at = 1; at < request->count; at++) {
            strncat(node->locked.auth, request->items[at].at, request->items[at].size);
            strcat(node->locked.auth, " ");
        }
        return SPAN("+OK\r\n");
    }
    if (!span_equal_nocase(request->items[0], SPAN("CLUSTER"))) {
        return server_answer_locked(node, request);
    }
    if (span_equal_nocase(request->items[1], SPAN("SLOTS"))) {
        node->locked.asked_at[node->locked.questions++ % SCRIPTED_QUESTIONS_MAX] = clock_now();
        return node->locked.wants_auth && node->locked.auth[0] == '\0'
                   ? SPAN("-NOAUTH Authentication required.\r\n")
                   : span_of(node->locked.slots);
    }
    char text[128];
    int length =
        snprintf(text, sizeof text, "cluster_state:%s\r\ncluster_current_epoch:%llu\r\n",
                 node->locked.is_down ? "fail" : "ok", (unsigned long long)node->locked.epoch);
    snprintf(room, size, "$%d\r\n%s\r\n", length, text);
    return span_of(room);
}

static void send_all(int fd, struct span bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = send(fd, bytes.at, bytes.size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) {
            return;
        }
        size_t gone = sent < 0 ? 0 : (size_t)sent;
        bytes = (struct span){bytes.at + gone, bytes.size - gone};
    }
}

static void node_serve(struct scripted_node *node, struct scripted_connection *connection)
{
    struct scan_limits limits = {16, SCRIPTED_INPUT_SIZE, SCRIPTED_INPUT_SIZE, true};
    struct arguments request = {0};
    struct request_scan scan = {0};
    char room[256];
    size_t used;

    scripted_node_lock(node);
    while (!node->locked.hangs && connection->size > 0 &&
           request_scan_next(&scan, &limits, (struct span){connection->input, connection->size},
                             &request, &used) == SCAN_DONE) {
        send_all(connection->fd, node_answer_locked(node, &request, room, sizeof room));
        connection->size -= used;
        memmove(connection->input, connection->input + used, connection->size);
        request_scan_reset(&scan);
    }
    scripted_node_unlock(node);
    arguments_clear(&request);
}

static void node_read(struct scripted_node *node, struct scripted_connection *connection)
{
    size_t size;

    switch (socket_read(connection->fd, connection->input + connection->size,
                        SCRIPTED_INPUT_SIZE - connection->size, &size)) {
    case SOCKET_OK:
        connection->size += size;
        node_serve(node, connection);
        return;
    case SOCKET_AGAIN: return;
    case SOCKET_EOF:
    case SOCKET_ERROR:
        close(connection->fd);
        *connection = (struct scripted_connection){.fd = -1};
        return;
    }
}

static void node_accept(struct scripted_node *node)
{
    int fd = socket_accept(node->listener, NULL);

    if (fd < 0) {
        return;
    }
    scripted_node_lock(node);
    node->locked.accepted++;
    scripted_node_unlock(node);
    for (int at = 0; at < SCRIPTED_CONNECTIONS; at++) {
        if (node->connections[at].fd < 0) {
            node->connections[at] = (struct scripted_connection){.fd = fd};
            return;
        }
    }
    close(fd);
}

/* False when the node shall stop; else questions that were kept may be answered now. */
static bool node_is_woken(struct scripted_node *node)
{
    uint64_t ignored;
    ssize_t size = read(node->wake_fd, &ignored, sizeof ignored);

    scripted_node_lock(node);
    bool must_stop = node->locked.must_stop;
    scripted_node_unlock(node);
    for (int at = 0; at < SCRIPTED_CONNECTIONS && size > 0; at++) {
        node_serve(node, &node->connections[at]);
    }
    return !must_stop;
}

static void *node_thread(void *context)
{
    struct scripted_node *node = context;
    struct pollfd watched[SCRIPTED_CONNECTIONS + 2];

    for (;;) {
        watched[SCRIPTED_CONNECTIONS] = (struct pollfd){.fd = node->listener, .events = POLLIN};
        watched[SCRIPTED_CONNECTIONS + 1] = (struct pollfd){.fd = node->wake_fd, .events = POLLIN};
        for (int at = 0; at < SCRIPTED_CONNECTIONS; at++) {
            watched[at] = (struct pollfd){.fd = node->connections[at].fd, .events = POLLIN};
        }
        poll(watched, ARRAY_LEN(watched), -1);
        if (watched[SCRIPTED_CONNECTIONS + 1].revents != 0 && !node_is_woken(node)) {
            return NULL;
        }
        for (int at = 0; at < SCRIPTED_CONNECTIONS; at++) {
            if (watched[at].revents != 0) {
                node_read(node, &node->connections[at]);
            }
        }
        if (watched[SCRIPTED_CONNECTIONS].revents != 0) {
            node_accept(node);
        }
    }
}

struct address local_address(uint16_t port)
{
    struct address address;

    cr_assert_eq(address_set(&address, SPAN("127.0.0.1"), port), ADDRESS_OK);
    return address;
}

void scripted_node_start(struct scripted_node *node)
{
    struct address address = local_address(0);

    *node = (struct scripted_node){.wake_fd = eventfd(0, EFD_CLOEXEC)};
    node->listener = socket_listen(&address, 16);
    cr_assert_geq(node->listener, 0);
    node->port = socket_port(node->listener);
    node->locked.slots = strdup("*0\r\n");
    pthread_mutex_init(&node->mutex, NULL);
    for (int at = 0; at < SCRIPTED_CONNECTIONS; at++) {
        node->connections[at].fd = -1;
    }
    node->is_running = true;
    pthread_create(&node->thread, NULL, node_thread, node);
}

void scripted_node_wake(struct scripted_node *node)
{
    uint64_t one = 1;

    scripted_node_lock(node);
    node->locked.hangs = false;
    scripted_node_unlock(node);
    cr_assert_eq(write(node->wake_fd, &one, sizeof one), (ssize_t)sizeof one);
}

void scripted_node_stop(struct scripted_node *node)
{
    if (!node->is_running) {
        return;
    }
    scripted_node_lock(node);
    node->locked.must_stop = true;
    scripted_node_unlock(node);
    scripted_node_wake(node);
    pthread_join(node->thread, NULL);
    for (int at = 0; at < SCRIPTED_CONNECTIONS; at++) {
        if (node->connections[at].fd >= 0) {
            close(node->connections[at].fd);
        }
    }
    close(node->listener);
    close(node->wake_fd);
    free(node->locked.slots);
    node->locked.slots = NULL;
    node->is_running = false;
}

uint32_t scripted_node_questions(struct scripted_node *node)
{
    scripted_node_lock(node);
    uint32_t questions = node->locked.questions;
    scripted_node_unlock(node);
    return questions;
}

uint64_t scripted_node_asked_at(struct scripted_node *node, uint32_t question)
{
    scripted_node_lock(node);
    uint64_t at = node->locked.asked_at[question % SCRIPTED_QUESTIONS_MAX];
    scripted_node_unlock(node);
    return at;
}

static char *picture(const struct piece *pieces, size_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);

    fprintf(stream, "*%zu\r\n", count);
    for (size_t at = 0; at < count; at++) {
        const char *host = pieces[at].host == NULL ? "127.0.0.1" : pieces[at].host;
        fprintf(stream, "*3\r\n:%u\r\n:%u\r\n*3\r\n$%zu\r\n%s\r\n:%u\r\n$10\r\nnode-%05u\r\n",
                pieces[at].start, pieces[at].end, strlen(host), host, pieces[at].port,
                pieces[at].port);
    }
    fclose(stream);
    return text;
}

void scripted_node_says(struct scripted_node *node, uint64_t epoch, const struct piece *pieces,
                        size_t count)
{
    scripted_node_lock(node);
    free(node->locked.slots);
    node->locked.slots = picture(pieces, count);
    node->locked.epoch = epoch;
    scripted_node_unlock(node);
}

void scripted_node_says_text(struct scripted_node *node, const char *slots)
{
    scripted_node_lock(node);
    free(node->locked.slots);
    node->locked.slots = strdup(slots);
    scripted_node_unlock(node);
}
