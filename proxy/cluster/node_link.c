#include "proxy/cluster/node_link.h"

#include <hiredis/hiredis.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/resp_scan.h"
#include "common/resp_write.h"
#include "proxy/cluster/info_lines.h"
#include "proxy/cluster/node_link_parts.h"
#include "proxy/cluster/topology_reply.h"

static bool link_has_other_login(const struct node_link *link)
{
    return link->pool->backend_password != NULL && link->pool->backend_password_next != NULL;
}

static void compose_auth(struct sendq *queue, const struct node_link *link)
{
    const struct pool_config *pool = link->pool;
    bool is_next = link->login == 1 && link_has_other_login(link);
    struct span password = span_of(is_next ? pool->backend_password_next : pool->backend_password);
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
        compose_auth(queue, link);
    }
    resp_write_request(queue, slots, ARRAY_LEN(slots));
    resp_write_request(queue, state, ARRAY_LEN(state));
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
        link->is_refused = true;
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

static enum node_link_result link_ask(struct node_link *link, struct node_answer *answer)
{
    struct sendq question;

    *answer = (struct node_answer){0};
    link->is_refused = false;
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

enum node_link_result node_link_ask(struct node_link *link, struct node_answer *answer)
{
    CHECK(link->fd >= 0);
    enum node_link_result result = link_ask(link, answer);
    if (result != NODE_LINK_FAILED || !link->is_refused || !link_has_other_login(link)) {
        return result;
    }
    link->login = link->login == 0 ? 1 : 0;
    result = link_dial(link);
    return result == NODE_LINK_OK ? link_ask(link, answer) : result;
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
