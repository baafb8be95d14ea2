#include "proxy/cluster/node_link.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/memory.h"
#include "common/resp_scan.h"
#include "common/resp_write.h"
#include "common/socket.h"
#include "proxy/cluster/info_lines.h"
#include "proxy/cluster/topology_reply.h"

enum { INPUT_FIRST = 64 * 1024 };

void node_link_init(struct node_link *link, const struct pool_config *pool, int stop_fd)
{
    *link = (struct node_link){.pool = pool, .stop_fd = stop_fd, .fd = -1};
}

void node_link_close(struct node_link *link)
{
    if (link->fd >= 0) {
        close(link->fd);
    }
    link->fd = -1;
    link->is_greeted = false;
    link->input_size = 0;
}

void node_link_clear(struct node_link *link)
{
    node_link_close(link);
    free(link->input);
    link->input = NULL;
    link->input_room = 0;
}

PRINTF(2, 3)
static enum node_link_result link_fail(struct node_link *link, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(link->error, sizeof link->error, format, arguments);
    va_end(arguments);
    return NODE_LINK_FAILED;
}

static enum node_link_result link_time_out(struct node_link *link, const char *doing)
{
    (void)link_fail(link, "%s took longer than %llu ms", doing,
                    (unsigned long long)(link->pool->timeout_connect / US_PER_MS));
    return NODE_LINK_TIMEOUT;
}

/* Until the socket is ready for `events`; stopping comes first. */
static enum node_link_result link_wait(struct node_link *link, short events, uint64_t deadline,
                                       const char *doing)
{
    struct pollfd watched[] = {{.fd = link->fd, .events = events},
                               {.fd = link->stop_fd, .events = POLLIN}};

    for (;;) {
        uint64_t now = clock_now();
        /* Once the time is over, one more look: the answer may be there, and we may be late. */
        uint64_t left = now < deadline ? deadline - now : 0;
        struct timespec timeout = {.tv_sec = (time_t)(left / US_PER_SECOND),
                                   .tv_nsec = (long)(left % US_PER_SECOND) * 1000};
        int ready = ppoll(watched, ARRAY_LEN(watched), &timeout, NULL);
        if (ready < 0 && errno != EINTR) {
            return link_fail(link, "poll: %s", strerror(errno));
        }
        if (ready > 0) {
            return watched[1].revents != 0 ? NODE_LINK_STOPPED : NODE_LINK_OK;
        }
        if (ready == 0 && left == 0) {
            return link_time_out(link, doing);
        }
    }
}

static enum node_link_result link_connect(struct node_link *link, uint64_t deadline)
{
    link->fd = socket_connect(&link->endpoint);
    if (link->fd < 0) {
        return link_fail(link, "connect: %s", strerror(errno));
    }
    enum node_link_result result = link_wait(link, POLLOUT, deadline, "connecting");
    if (result != NODE_LINK_OK) {
        return result;
    }
    int error = socket_connect_error(link->fd);
    return error == 0 ? NODE_LINK_OK : link_fail(link, "connect: %s", strerror(error));
}

enum node_link_result node_link_open(struct node_link *link, const struct endpoint *endpoint)
{
    CHECK(link->fd < 0);
    link->endpoint = *endpoint;
    enum node_link_result result = link_connect(link, clock_now() + link->pool->timeout_connect);
    if (result != NODE_LINK_OK) {
        node_link_close(link);
    }
    return result;
}

static void compose_auth(struct sendq *queue, const struct pool_config *pool)
{
    struct span password = span_of(pool->backend_password);
    struct span username = span_of(pool->backend_username);

    /* Servers before 6.0 know no users and take the password alone. */
    if (span_equal(username, SPAN("default"))) {
        struct span alone[] = {SPAN("AUTH"), password};
        resp_write_request(queue, alone, ARRAY_LEN(alone));
        return;
    }
    struct span full[] = {SPAN("AUTH"), username, password};
    resp_write_request(queue, full, ARRAY_LEN(full));
}

static bool link_must_greet(const struct node_link *link)
{
    return !link->is_greeted && link->pool->backend_password != NULL;
}

static void compose_question(struct sendq *queue, const struct node_link *link)
{
    static const struct span slots[] = {{"CLUSTER", 7}, {"SLOTS", 5}};
    static const struct span state[] = {{"CLUSTER", 7}, {"INFO", 4}};

    if (link_must_greet(link)) {
        compose_auth(queue, link->pool);
    }
    resp_write_request(queue, slots, ARRAY_LEN(slots));
    resp_write_request(queue, state, ARRAY_LEN(state));
}

static enum node_link_result link_send(struct node_link *link, struct sendq *queue,
                                       uint64_t deadline)
{
    for (;;) {
        size_t sent;
        switch (sendq_write(queue, link->fd, &sent)) {
        case SENDQ_OK: return NODE_LINK_OK;
        case SENDQ_ERROR: return link_fail(link, "write: %s", strerror(errno));
        case SENDQ_PARTLY: break;
        }
        enum node_link_result result = link_wait(link, POLLOUT, deadline, "sending the question");
        if (result != NODE_LINK_OK) {
            return result;
        }
    }
}

static void link_make_room(struct node_link *link)
{
    if (link->input_size == link->input_room) {
        link->input_room = link->input_room == 0 ? INPUT_FIRST : link->input_room * 2;
        link->input = memory_resize(link->input, link->input_room, 1);
    }
}

static enum node_link_result link_read(struct node_link *link, uint64_t deadline)
{
    size_t size = 0;

    link_make_room(link);
    for (;;) {
        switch (socket_read(link->fd, link->input + link->input_size,
                            link->input_room - link->input_size, &size)) {
        case SOCKET_OK: link->input_size += size; return NODE_LINK_OK;
        case SOCKET_EOF: return link_fail(link, "the node closed the connection");
        case SOCKET_ERROR: return link_fail(link, "read: %s", strerror(errno));
        case SOCKET_AGAIN: break;
        }
        enum node_link_result result = link_wait(link, POLLIN, deadline, "the answer");
        if (result != NODE_LINK_OK) {
            return result;
        }
    }
}

/* A tree of the first `size` bytes of the input, which are one whole reply; NULL when hiredis
 * does not take it: RESP3, or nested deeper than any reply we ask for. */
static redisReply *build_tree(const struct node_link *link, size_t size)
{
    void *tree = NULL;
    redisReader *reader = redisReaderCreate();

    if (reader == NULL) {
        return NULL;
    }
    if (redisReaderFeed(reader, link->input, size) == REDIS_OK &&
        redisReaderGetReply(reader, &tree) != REDIS_OK) {
        tree = NULL;
    }
    redisReaderFree(reader);
    return tree;
}

/* The next reply, for freeReplyObject. */
static enum node_link_result link_receive_within(struct node_link *link, uint64_t deadline,
                                                 size_t bytes_max, redisReply **reply)
{
    struct reply_scan scan = {0};
    size_t used = 0;

    for (;;) {
        struct span input = {link->input, link->input_size};
        enum scan_result found =
            link->input_size == 0 ? SCAN_MORE : reply_scan_next(&scan, bytes_max, input, &used);
        if (found == SCAN_DONE) {
            break;
        }
        if (found == SCAN_BAD) {
            return link_fail(link, "the answer is not RESP, or too long");
        }
        enum node_link_result result = link_read(link, deadline);
        if (result != NODE_LINK_OK) {
            return result;
        }
    }

    *reply = build_tree(link, used);
    link->input_size -= used;
    memmove(link->input, link->input + used, link->input_size);
    return *reply == NULL ? link_fail(link, "the answer is no RESP2 reply") : NODE_LINK_OK;
}

static enum node_link_result link_receive(struct node_link *link, uint64_t deadline,
                                          redisReply **reply)
{
    return link_receive_within(link, deadline, NODE_LINK_REPLY_MAX, reply);
}

static enum node_link_result link_receive_greeting(struct node_link *link, uint64_t deadline)
{
    redisReply *reply = NULL;
    enum node_link_result result = link_receive(link, deadline, &reply);

    if (result != NODE_LINK_OK) {
        return result;
    }
    CHECK(reply != NULL);
    if (reply->type == REDIS_REPLY_ERROR) {
        result = link_fail(link, "AUTH: %.120s", reply->str);
    }
    link->is_greeted = true;
    freeReplyObject(reply);
    return result;
}

/* The address that stands in for a host which the node does not tell. */
static struct address link_peer(const struct node_link *link)
{
    char text[sizeof(struct address)];
    struct address address;

    endpoint_print(&link->endpoint, text, sizeof text);
    if (address_parse(span_of(text), &address) != ADDRESS_OK) {
        address = (struct address){.kind = ADDRESS_UNIX};
    }
    return address;
}

static enum node_link_result link_receive_slots(struct node_link *link, uint64_t deadline,
                                                struct topology **topology)
{
    struct address peer = link_peer(link);
    redisReply *reply = NULL;
    enum node_link_result result = link_receive(link, deadline, &reply);

    if (result != NODE_LINK_OK) {
        return result;
    }
    CHECK(reply != NULL);
    enum topology_reply_result read =
        topology_from_reply(reply, &peer, &link->pool->address_map, topology);
    if (read == TOPOLOGY_REPLY_ERROR) {
        result = link_fail(link, "CLUSTER SLOTS: %.120s", reply->str);
    } else if (read != TOPOLOGY_REPLY_OK) {
        result = link_fail(link, "CLUSTER SLOTS: %s", topology_reply_text(read));
    }
    freeReplyObject(reply);
    return result;
}

static enum cluster_state read_state(struct span text)
{
    if (text.size == 0) {
        return CLUSTER_STATE_UNKNOWN;
    }
    return span_equal(text, SPAN("ok")) ? CLUSTER_STATE_OK : CLUSTER_STATE_FAIL;
}

/* A node that tells no epoch (the user may lack the permission) counts as epoch 0. */
static enum node_link_result link_receive_state(struct node_link *link, uint64_t deadline,
                                                struct node_answer *answer)
{
    redisReply *reply = NULL;
    int64_t epoch = 0;
    enum node_link_result result = link_receive(link, deadline, &reply);

    if (result != NODE_LINK_OK) {
        return result;
    }
    CHECK(reply != NULL);
    if (reply->type == REDIS_REPLY_STRING) {
        struct span lines = {reply->str, reply->len};
        answer->state = read_state(info_value(lines, SPAN("cluster_state")));
        if (span_to_int64(info_value(lines, SPAN("cluster_current_epoch")), &epoch) && epoch > 0) {
            answer->topology->epoch = (uint64_t)epoch;
        }
    }
    freeReplyObject(reply);
    return NODE_LINK_OK;
}

static enum node_link_result link_end(struct node_link *link)
{
    return link->input_size == 0 ? NODE_LINK_OK
                                 : link_fail(link, "the node said more than it was asked");
}

static enum node_link_result link_converse(struct node_link *link, struct sendq *question,
                                           struct node_answer *answer)
{
    uint64_t deadline = clock_now() + link->pool->timeout_connect;
    enum node_link_result result = link_send(link, question, deadline);

    if (result == NODE_LINK_OK && link_must_greet(link)) {
        result = link_receive_greeting(link, deadline);
    }
    if (result == NODE_LINK_OK) {
        result = link_receive_slots(link, deadline, &answer->topology);
    }
    if (result == NODE_LINK_OK) {
        result = link_receive_state(link, deadline, answer);
    }
    return result == NODE_LINK_OK ? link_end(link) : result;
}

enum node_link_result node_link_ask(struct node_link *link, struct node_answer *answer)
{
    struct sendq question;

    CHECK(link->fd >= 0);
    *answer = (struct node_answer){0};
    sendq_init(&question);
    compose_question(&question, link);
    enum node_link_result result = link_converse(link, &question, answer);
    sendq_clear(&question);
    if (result != NODE_LINK_OK) {
        topology_release(&answer->topology);
        node_link_close(link);
    }
    return result;
}

void node_replies_clear(struct node_replies *replies)
{
    for (size_t i = 0; i < replies->wanted; i++) {
        if (replies->items[i] != NULL) {
            freeReplyObject(replies->items[i]);
        }
        replies->items[i] = NULL;
    }
}

enum node_link_result node_link_ask_else(struct node_link *link, struct sendq *question,
                                         struct node_replies *replies)
{
    uint64_t deadline = clock_now() + link->pool->timeout_connect;

    CHECK(link->fd >= 0 && !link_must_greet(link));
    CHECK(replies->wanted <= NODE_LINK_REPLIES_MAX);
    enum node_link_result result = link_send(link, question, deadline);
    for (size_t i = 0; i < replies->wanted && result == NODE_LINK_OK; i++) {
        result = link_receive_within(link, deadline, replies->bytes_max, &replies->items[i]);
    }
    result = result == NODE_LINK_OK ? link_end(link) : result;
    if (result != NODE_LINK_OK) {
        node_replies_clear(replies);
        node_link_close(link);
    }
    return result;
}
