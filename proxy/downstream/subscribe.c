#include "proxy/downstream/subscribe.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/local_call.h"
#include "proxy/downstream/requests.h"

enum {
    /* Redis has no such limits. What is beyond them, no program means. */
    NAME_MAX = 64 * 1024,
    PATTERNS_MAX = 16 * 1024,   /* each of which is compared with every message */
    CHANNELS_MAX = 1024 * 1024, /* of either kind */
};

struct errand_item {
    struct hub_wait wait;
    struct errand *errand;
    struct topic topic;
    bool is_nothing; /* the end of all subscriptions where there is none */
    char *error;     /* a line; NULL: none */
    uint32_t left;   /* ENDS: how many subscriptions are left behind it */
};

enum errand_kind { ERRAND_BEGINS, ERRAND_ENDS };

struct errand {
    struct client *client;
    struct request *request;
    struct reactor_timer deadline;
    enum errand_kind kind;
    enum topic_kind topics;
    uint32_t pending; /* items that wait */
    uint32_t count;
    struct errand_item items[];
};

/* Between two replies: only whole ones are ever in the output. */
static void deliver(struct subscriber *subscriber, struct block *block, struct span bytes)
{
    struct client *client = container_of(subscriber, struct subscriptions, subscriber)->client;

    if (client_is_open(client)) {
        sendq_lend(&client->output, block, bytes);
        reactor_flush_later(client->clients->reactor, &client->flush);
    }
}

static struct subscriptions *subscriptions_of(struct client *client)
{
    if (client_subscriptions(client) == NULL) {
        struct subscriptions *subscriptions = memory_new(1, sizeof *subscriptions);

        subscriber_init(&subscriptions->subscriber, client->clients->hub,
                        &client->session.protocol);
        subscriptions->subscriber.deliver = deliver;
        subscriptions->client = client;
        session_extras(&client->session)->subscriptions = subscriptions;
        client->session.has_subscribed = true;
    }
    return client_subscriptions(client);
}

static struct subscriber *subscriber_of(struct client *client)
{
    return &subscriptions_of(client)->subscriber;
}

static struct errand *errand_new(const struct local_call *call, enum errand_kind kind,
                                 enum topic_kind topics, uint32_t count)
{
    struct errand *errand = memory_new(1, sizeof *errand + count * sizeof errand->items[0]);

    errand->client = call->client;
    errand->kind = kind;
    errand->topics = topics;
    errand->count = count;
    errand->request =
        client_request_begin(call->client, call->command, call->block, (struct span){"", 0});
    errand->request->muted = false; /* Redis: what concerns subscriptions is always said */
    metric_add(&call->client->clients->metrics->downstream_local_total, 1);
    for (uint32_t i = 0; i < count; i++) {
        errand->items[i].errand = errand;
    }
    subscriptions_of(call->client)->errand = errand;
    return errand;
}

static void errand_free(struct errand *errand)
{
    struct hub *hub = errand->client->clients->hub;

    for (uint32_t i = 0; i < errand->count; i++) {
        struct errand_item *item = &errand->items[i];

        if (item->wait.demand != NULL) {
            hub_forget(hub, &item->wait);
        }
        free((char *)item->topic.name.at);
        free(item->error);
    }
    reactor_timer_stop(&errand->deadline);
    client_subscriptions(errand->client)->errand = NULL;
    free(errand);
}

void subscribe_drop(struct client *client)
{
    struct subscriptions *subscriptions = client_subscriptions(client);

    if (subscriptions == NULL) {
        return;
    }
    if (subscriptions->errand != NULL) {
        errand_free(subscriptions->errand);
    }
    subscriber_clear(&subscriptions->subscriber);
}

/* Redis counts channels and patterns together, and shards' channels apart. */
static uint32_t subscription_count(const struct subscriber *subscriber, enum topic_kind kind)
{
    const uint32_t *counts = subscriber->active_count;

    return kind == TOPIC_SHARD ? counts[TOPIC_SHARD]
                               : counts[TOPIC_CHANNEL] + counts[TOPIC_PATTERN];
}

static void write_ack(struct sendq *to, const struct errand_item *item, const char *verb,
                      uint32_t count)
{
    int protocol = item->errand->client->session.protocol;

    sendq_append(to, protocol == 3 ? SPAN(">3\r\n") : SPAN("*3\r\n"));
    resp_write_text(to, verb);
    if (!item->is_nothing) {
        resp_write_bulk(to, item->topic.name);
    } else if (protocol == 3) {
        sendq_append(to, SPAN("_\r\n"));
    } else {
        resp_write_null(to);
    }
    resp_write_integer(to, count);
}

/* What was refused leaves no member behind, but for one that was there before. */
static void errand_begin_item(struct errand *errand, struct errand_item *item, struct sendq *to)
{
    struct subscriber *subscriber = subscriber_of(errand->client);
    struct member *member = hub_find(subscriber, &item->topic);

    if (item->error != NULL) {
        if (member != NULL && !member->is_active) {
            hub_leave(&member, NULL);
        }
        sendq_print(to, "%s\r\n", item->error);
        return;
    }
    CHECK(member != NULL);
    hub_activate(member);
    write_ack(to, item, topic_verb(errand->topics), subscription_count(subscriber, errand->topics));
}

static void errand_finish(struct errand *errand)
{
    struct request *request = errand->request;

    for (uint32_t i = 0; i < errand->count; i++) {
        struct errand_item *item = &errand->items[i];

        if (errand->kind == ERRAND_BEGINS) {
            errand_begin_item(errand, item, &request->reply);
        } else {
            write_ack(&request->reply, item, topic_end_verb(errand->topics), item->left);
        }
    }
    errand_free(errand);
    request_settle(request, NULL, (struct span){"", 0});
}

static void errand_on_over(struct hub_wait *wait, const char *error)
{
    struct errand_item *item = container_of(wait, struct errand_item, wait);
    struct errand *errand = item->errand;

    if (error != NULL && errand->kind == ERRAND_BEGINS) {
        item->error = memory_copy(error, strlen(error));
    }
    errand->pending--;
    if (errand->pending == 0) {
        errand_finish(errand);
    }
}

/* No node takes the subscription, and the client is told; or none acknowledges its end, which
 * changes nothing for the client. */
static void errand_on_deadline(struct reactor_timer *timer)
{
    struct errand *errand = container_of(timer, struct errand, deadline);
    struct clients *clients = errand->client->clients;
    char line[ERROR_REPLY_MAX];

    block_bill(clients->intake->account);
    for (uint32_t i = 0; i < errand->count; i++) {
        struct errand_item *item = &errand->items[i];

        if (item->wait.demand == NULL) {
            continue;
        }
        hub_forget(clients->hub, &item->wait);
        if (errand->kind == ERRAND_BEGINS) {
            struct span reply = error_reply(ERROR_NOT_SUBSCRIBED, NULL, clients->metrics, line);

            item->error = memory_copy(reply.at, reply.size - 2);
        }
    }
    errand_finish(errand);
}

static void errand_start(struct errand *errand)
{
    const struct clients *clients = errand->client->clients;

    reactor_timer_init(&errand->deadline, clients->reactor, errand_on_deadline);
    if (errand->pending == 0) {
        errand_finish(errand);
        return;
    }
    reactor_timer_start(&errand->deadline, clients->config->timeout_request);
}

static void errand_await_begin(struct errand *errand, struct errand_item *item)
{
    struct member *member = hub_join(subscriber_of(errand->client), &item->topic);

    item->wait.over = errand_on_over;
    errand->pending += hub_await(member, &item->wait);
}

static void errand_await_end(struct errand *errand, struct errand_item *item)
{
    struct subscriber *subscriber = subscriber_of(errand->client);
    struct member *member = hub_find(subscriber, &item->topic);

    item->wait.over = errand_on_over;
    if (member != NULL) {
        errand->pending += hub_leave(&member, &item->wait);
    }
    item->left = subscription_count(subscriber, errand->topics);
}

static bool is_cross_slot(const struct local_call *call, enum topic_kind topics)
{
    uint32_t count = call_count(call);

    for (uint32_t i = 2; topics == TOPIC_SHARD && i < count; i++) {
        if (slot_of(call_word(call, i)) != slot_of(call_word(call, 1))) {
            client_refuse(call->client, call->command, ERROR_CROSS_SLOT, call->command->name);
            return true;
        }
    }
    return false;
}

/* How many of the topics would be new to the client; those that are said twice count twice. */
static uint32_t count_new(const struct local_call *call, enum topic_kind topics)
{
    struct subscriber *subscriber = subscriber_of(call->client);
    uint32_t count = 0;

    for (uint32_t i = 1; i < call_count(call); i++) {
        struct topic topic = topic_of(topics, call_word(call, i));

        count += hub_find(subscriber, &topic) == NULL;
    }
    return count;
}

static bool are_too_many(const struct local_call *call, enum topic_kind topics)
{
    bool are_patterns = topics == TOPIC_PATTERN;
    uint32_t most = are_patterns ? PATTERNS_MAX : CHANNELS_MAX;
    uint32_t active = subscriber_of(call->client)->active_count[topics];

    if (active + call_count(call) - 1 <= most || active + count_new(call, topics) <= most) {
        return false;
    }
    call_error(call, "ERR proxy: a client may be subscribed to %u %s at most", most,
               are_patterns ? "patterns" : "channels of a kind");
    return true;
}

/* Each by itself, or all together for the memory that is left. */
static bool are_too_large(const struct local_call *call)
{
    size_t bytes = 0;

    for (uint32_t i = 1; i < call_count(call); i++) {
        struct span name = call_word(call, i);

        if (name.size > NAME_MAX) {
            call_error(call, "ERR proxy: what is subscribed to has a name of %d bytes at most",
                       (int)NAME_MAX);
            return true;
        }
        bytes += hub_topic_bytes(name);
    }
    if (bytes <= clients_memory_left(call->client->clients)) {
        return false;
    }
    client_refuse(call->client, call->command, ERROR_NO_MEMORY, NULL);
    clients_hurry(call->client->clients);
    return true;
}

static void subscribe_begin(const struct local_call *call, enum topic_kind topics)
{
    uint32_t count = call_count(call) - 1;

    if (is_cross_slot(call, topics) || requests_shed(call->client, call->command) ||
        are_too_large(call) || are_too_many(call, topics)) {
        return;
    }

    struct errand *errand = errand_new(call, ERRAND_BEGINS, topics, count);

    for (uint32_t i = 0; i < count; i++) {
        struct topic topic = topic_of(topics, call_word(call, i + 1));

        errand->items[i].topic = topic_keep(&topic);
        errand_await_begin(errand, &errand->items[i]);
    }
    errand_start(errand);
}

static void subscribe_end_named(const struct local_call *call, enum topic_kind topics)
{
    uint32_t count = call_count(call) - 1;
    struct errand *errand = errand_new(call, ERRAND_ENDS, topics, count);

    for (uint32_t i = 0; i < count; i++) {
        struct topic topic = topic_of(topics, call_word(call, i + 1));

        errand->items[i].topic = topic_keep(&topic);
        errand_await_end(errand, &errand->items[i]);
    }
    errand_start(errand);
}

static void subscribe_end_nothing(const struct local_call *call, enum topic_kind topics)
{
    struct errand *errand = errand_new(call, ERRAND_ENDS, topics, 1);

    errand->items[0].is_nothing = true;
    errand->items[0].left = subscription_count(subscriber_of(call->client), topics);
    errand_start(errand);
}

static void subscribe_end_all(const struct local_call *call, enum topic_kind topics)
{
    struct subscriber *subscriber = subscriber_of(call->client);
    uint32_t count = subscriber->active_count[topics];

    if (count == 0) {
        subscribe_end_nothing(call, topics);
        return;
    }

    struct errand *errand = errand_new(call, ERRAND_ENDS, topics, count);

    for (uint32_t i = 0; i < count; i++) {
        struct list_link *link = list_first(&subscriber->members[topics]);

        errand->items[i].topic =
            topic_keep(&container_of(link, struct member, in_subscriber)->demand->topic);
        errand_await_end(errand, &errand->items[i]);
    }
    errand_start(errand);
}

static void subscribe_end(const struct local_call *call, enum topic_kind topics)
{
    if (call_count(call) == 1) {
        subscribe_end_all(call, topics);
    } else if (!is_cross_slot(call, topics)) {
        subscribe_end_named(call, topics);
    }
}

void local_subscribe(const struct local_call *call)
{
    subscribe_begin(call, TOPIC_CHANNEL);
}

void local_psubscribe(const struct local_call *call)
{
    subscribe_begin(call, TOPIC_PATTERN);
}

void local_ssubscribe(const struct local_call *call)
{
    subscribe_begin(call, TOPIC_SHARD);
}

void local_unsubscribe(const struct local_call *call)
{
    subscribe_end(call, TOPIC_CHANNEL);
}

void local_punsubscribe(const struct local_call *call)
{
    subscribe_end(call, TOPIC_PATTERN);
}

void local_sunsubscribe(const struct local_call *call)
{
    subscribe_end(call, TOPIC_SHARD);
}

bool subscribe_is_restricted(const struct client *client)
{
    return client->session.protocol == 2 && client_is_subscribed(client);
}

static bool is_always_allowed(const struct command *command)
{
    switch (command->id) {
    case COMMAND_ID_SUBSCRIBE:
    case COMMAND_ID_PSUBSCRIBE:
    case COMMAND_ID_SSUBSCRIBE:
    case COMMAND_ID_UNSUBSCRIBE:
    case COMMAND_ID_PUNSUBSCRIBE:
    case COMMAND_ID_SUNSUBSCRIBE:
    case COMMAND_ID_PING:
    case COMMAND_ID_QUIT:
    case COMMAND_ID_RESET: return true;
    default: return false;
    }
}

bool subscribe_forbids(struct client *client, const struct command *command)
{
    char name[COMMAND_NAME_MAX + 1];
    char text[256];

    if (!subscribe_is_restricted(client) || is_always_allowed(command)) {
        return false;
    }
    snprintf(text, sizeof text,
             "ERR Can't execute '%s': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET "
             "are allowed in this context",
             command_wire_name(command, name));
    client_refuse(client, command, ERROR_COMMAND, text);
    return true;
}
