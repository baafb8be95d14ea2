/* PUBSUB: of the whole cluster, slotway's own subscriptions replaced by those of its clients. */
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/facade.h"

/* A name that is in the answer. */
struct found {
    struct table_link link;
    struct list_link in_order;
    struct span name; /* its own memory */
};

/* Names, each once. */
struct names {
    struct table table;
    struct list order;
    struct span pattern; /* that all must match */
};

static void names_add(void *context, struct span name)
{
    struct names *names = context;
    uint64_t hash = table_hash_bytes(name);
    struct table_link *link = table_first(&names->table, hash);
    struct found *found;

    while (link != NULL && !span_equal(container_of(link, struct found, link)->name, name)) {
        link = table_next(link);
    }
    if (link != NULL || !span_glob(names->pattern, name)) {
        return;
    }
    found = memory_new(1, sizeof *found);
    found->name = (struct span){memory_copy(name.at, name.size), name.size};
    table_add(&names->table, &found->link, hash);
    list_append(&names->order, &found->in_order);
}

static void names_clear(struct names *names)
{
    struct list_link *link;

    while ((link = list_take_first(&names->order)) != NULL) {
        struct found *found = container_of(link, struct found, in_order);

        free((char *)found->name.at);
        free(found);
    }
    table_clear(&names->table);
}

/* Calls `each` for every element of an array. */
typedef void element_visit(void *context, int64_t index, struct span element);

static void each_element(struct span reply, element_visit *visit, void *context)
{
    int64_t count;
    size_t at;

    if (!reply_array_open(reply, &count, &at)) {
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        struct reply_scan scan = {0};
        struct span rest = {reply.at + at, reply.size - at};
        size_t used;

        if (reply_scan_next(&scan, rest.size, rest, &used) != SCAN_DONE) {
            return;
        }
        visit(context, i, (struct span){rest.at, used});
        at += used;
    }
}

static void add_element(void *context, int64_t index UNUSED, struct span element)
{
    struct span name;

    if (reply_string(element, &name)) {
        names_add(context, name);
    }
}

static struct tally *tally_of_fanout(const struct fanout *fanout)
{
    const struct client *client = fanout->parent->owner;

    return client->clients->house->exchange->tally;
}

/* The request as it was sent to the nodes. */
static void arguments_of(const struct fanout *fanout, struct arguments *arguments)
{
    bool is_read = request_read(fanout->parent, arguments);

    CHECK(is_read);
}

static enum topic_kind kind_of(const struct fanout *fanout)
{
    switch (fanout->parent->command->id) {
    case COMMAND_ID_PUBSUB_SHARDCHANNELS:
    case COMMAND_ID_PUBSUB_SHARDNUMSUB: return TOPIC_SHARD;
    case COMMAND_ID_PUBSUB_NUMPAT: return TOPIC_PATTERN;
    default: return TOPIC_CHANNEL;
    }
}

/* A node that does not answer may know of something that the others do not. */
static bool has_failed(const struct fanout *fanout, struct sendq *to)
{
    struct span error = fanout_error(fanout);

    sendq_append(to, error);
    return error.size > 0;
}

static void channels_join(struct fanout *fanout, struct sendq *to)
{
    struct arguments arguments = {0};
    struct names names = {.pattern = SPAN("*")};

    if (has_failed(fanout, to)) {
        return;
    }
    arguments_of(fanout, &arguments);
    if (arguments.count > 2) {
        names.pattern = arguments.items[2];
    }
    list_init(&names.order);
    tally_list(tally_of_fanout(fanout), kind_of(fanout), names_add, &names);
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        each_element(fanout->parts[i].reply, add_element, &names);
    }
    resp_write_array(to, names.table.count);
    LIST_EACH (link, &names.order) {
        resp_write_bulk(to, container_of(link, struct found, in_order)->name);
    }
    names_clear(&names);
    arguments_clear(&arguments);
}

/* name, count, name, count, … in the order they were asked for. */
static void add_count(void *context, int64_t index, struct span element)
{
    int64_t *sums = context;
    int64_t count;

    if (index % 2 == 1 && reply_integer(element, &count)) {
        sums[index / 2] += count;
    }
}

static int64_t put_right(int64_t sum, struct tally_count count)
{
    int64_t others = sum - (int64_t)count.upstream;

    return (others < 0 ? 0 : others) + (int64_t)count.clients;
}

static void counts_join(struct fanout *fanout, struct sendq *to)
{
    struct arguments arguments = {0};
    int64_t *sums;

    if (has_failed(fanout, to)) {
        return;
    }
    arguments_of(fanout, &arguments);
    /* As many counts as were asked for; a node that says more is not to be believed. */
    sums = memory_new(arguments.count, sizeof *sums);
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        int64_t count;
        size_t first;

        if (reply_array_open(fanout->parts[i].reply, &count, &first) &&
            count == 2 * ((int64_t)arguments.count - 2)) {
            each_element(fanout->parts[i].reply, add_count, sums);
        }
    }
    resp_write_array(to, 2 * (arguments.count - 2));
    for (uint32_t i = 2; i < arguments.count; i++) {
        struct topic topic = topic_of(kind_of(fanout), arguments.items[i]);

        resp_write_bulk(to, topic.name);
        resp_write_integer(to, put_right(sums[i - 2], tally_of(tally_of_fanout(fanout), &topic)));
    }
    free(sums);
    arguments_clear(&arguments);
}

static void patterns_join(struct fanout *fanout, struct sendq *to)
{
    int64_t sum = 0;

    if (has_failed(fanout, to)) {
        return;
    }
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        int64_t count;

        if (fanout->parts[i].reply.at[0] == ':' && reply_integer(fanout->parts[i].reply, &count)) {
            sum += count;
        }
    }
    resp_write_integer(to, put_right(sum, tally_topics(tally_of_fanout(fanout), TOPIC_PATTERN)));
}

static void ask_all(const struct local_call *call, fanout_join *join)
{
    struct request *request =
        client_request_begin(call->client, call->command, call->block, call->bytes);
    uint64_t patience = request->arrived + FACADE_PATIENCE_US;

    request->deadline = patience < request->deadline ? patience : request->deadline;
    fanout_broadcast(client_dispatcher(call->client), request, ROUTE_NODES, join, NULL);
}

void local_pubsub_channels(const struct local_call *call)
{
    if (call_count(call) > 3) {
        call_bad_subcommand(call);
        return;
    }
    ask_all(call, channels_join);
}

void local_pubsub_numsub(const struct local_call *call)
{
    ask_all(call, counts_join);
}

void local_pubsub_numpat(const struct local_call *call)
{
    ask_all(call, patterns_join);
}
