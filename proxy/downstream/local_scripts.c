/* SCRIPT LOAD, EXISTS and FLUSH: sent to the nodes, and noted here, where scripts are remembered.
 */
#include "common/clock.h"
#include "common/resp_write.h"
#include "proxy/downstream/local_call.h"
#include "proxy/routing/join.h"
#include "proxy/routing/mending.h"

static struct script_memory *memory_of(const struct client *client)
{
    const struct script_view *view = client_dispatcher(client)->scripts;

    return view == NULL ? NULL : view->memory;
}

static void call_ask_nodes(const struct local_call *call, fanout_join *join)
{
    enum route_kind kind = call->command->request == TO_ALL_NODES ? ROUTE_NODES : ROUTE_PRIMARIES;
    struct request *request =
        client_request_begin(call->client, call->command, call->block, call->bytes);

    fanout_broadcast(client_dispatcher(call->client), request, kind, join, memory_of(call->client));
}

/* The caller clears `arguments`. */
static void read_parent(const struct fanout *fanout, struct arguments *arguments)
{
    bool is_read = request_read(fanout->parent, arguments);

    CHECK(is_read);
}

static void join_load(struct fanout *fanout, struct sendq *to)
{
    struct arguments arguments = {0};

    if (fanout->context != NULL && fanout_failed(fanout) == NULL) {
        read_parent(fanout, &arguments);

        struct span body = arguments.items[2];
        struct sha1 sha1 = sha1_of(body);
        struct script *script = script_memory_keep(fanout->context, &sha1, body);

        script_release(&script);
        arguments_clear(&arguments);
    }
    join_by_policy(fanout, to);
}

void local_script_load(const struct local_call *call)
{
    call_ask_nodes(call, join_load);
}

static bool is_remembered(struct script_memory *memory, struct span digits)
{
    struct sha1 sha1;
    struct script *script;

    if (memory == NULL || !sha1_read(digits, &sha1)) {
        return false;
    }
    script = script_memory_take(memory, &sha1);

    bool is_there = script != NULL;

    script_release(&script);
    return is_there;
}

/* What the nodes say in common, with a 1 for each script that would be brought to those without. */
static void write_existing(struct fanout *fanout, struct span reply, size_t first, struct sendq *to)
{
    struct arguments arguments = {0};
    size_t at = first;

    read_parent(fanout, &arguments);
    resp_write_array(to, arguments.count - 2);
    for (uint32_t i = 2; i < arguments.count; i++) {
        struct reply_scan scan = {0};
        struct span rest = {reply.at + at, reply.size - at};
        int64_t there = 0;
        size_t used = 0;
        enum scan_result scanned = reply_scan_next(&scan, SIZE_MAX, rest, &used);
        bool is_number = reply_integer((struct span){rest.at, used}, &there);

        CHECK(scanned == SCAN_DONE && is_number);
        resp_write_integer(to, is_remembered(fanout->context, arguments.items[i]) ? 1 : there);
        at += used;
    }
    arguments_clear(&arguments);
}

static int64_t asked_count(const struct fanout *fanout)
{
    struct arguments arguments = {0};

    read_parent(fanout, &arguments);

    int64_t count = (int64_t)arguments.count - 2;

    arguments_clear(&arguments);
    return count;
}

static void join_exists(struct fanout *fanout, struct sendq *to)
{
    struct sendq joined;
    int64_t count;
    size_t first;

    sendq_init(&joined);
    join_by_policy(fanout, &joined);

    struct block *block = sendq_flatten(&joined);
    struct span reply = {block->bytes, block->used};

    if (!reply_array_open(reply, &count, &first)) {
        sendq_append(to, reply);
    } else if (count == asked_count(fanout)) {
        write_existing(fanout, reply, first, to);
    } else {
        join_strange(fanout, to);
    }
    sendq_clear(&joined);
    block_release(&block);
}

void local_script_exists(const struct local_call *call)
{
    call_ask_nodes(call, join_exists);
}

static bool flushes(const struct local_call *call)
{
    return call_count(call) == 2 ||
           (call_count(call) == 3 && (span_equal_nocase(call_word(call, 2), SPAN("SYNC")) ||
                                      span_equal_nocase(call_word(call, 2), SPAN("ASYNC"))));
}

/* Forgotten before the nodes are asked: what the client sends next must not bring one back. */
void local_script_flush(const struct local_call *call)
{
    struct script_memory *memory = memory_of(call->client);

    if (memory != NULL && flushes(call)) {
        script_memory_flush(memory);
    }
    call_ask_nodes(call, NULL);
}

/* FUNCTION DELETE and FLUSH, and RESTORE, which may flush: while some nodes have done so and others
 * have not, none may be given what others have. */
void local_function_delete(const struct local_call *call)
{
    mending_note_gone(call->client->clients->house->mendings, clock_now());
    call_ask_nodes(call, NULL);
}
