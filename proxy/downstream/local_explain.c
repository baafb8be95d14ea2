/* PROXY EXPLAIN: what would become of a request, without any of it. */
#include <stdio.h>

#include "common/resp_write.h"
#include "proxy/downstream/local.h"
#include "proxy/downstream/local_call.h"
#include "proxy/downstream/node_view.h"
#include "proxy/routing/router.h"

enum { ERROR_SIZE = 512, PAIRS = 10 };

struct explanation {
    const struct local_call *call;
    const struct command *command;
    struct arguments arguments; /* of the request that is explained */
    struct keys *keys;
    struct route route;
    char error[ERROR_SIZE]; /* what its client would be told; "": nothing that is known now */
};

static void explain_refusal(struct explanation *explanation)
{
    enum error_symbol symbol = explanation->route.error;
    char detail[ERROR_SIZE];
    char line[ERROR_REPLY_MAX];
    struct span reply = error_reply(
        symbol, route_refusal(explanation->command, symbol, detail, sizeof detail), NULL, line);

    snprintf(explanation->error, sizeof explanation->error, "%.*s", (int)reply.size - 3,
             reply.at + 1);
}

static void explain_route(struct explanation *explanation)
{
    const struct command *command = explanation->command;
    struct keys *keys = explanation->keys;

    explanation->route = route_request(command, &explanation->arguments, keys);
    if (local_has(command) && !local_sends(command)) {
        explanation->route.kind = ROUTE_LOCAL;
    }
    if (explanation->route.kind == ROUTE_REFUSE) {
        explain_refusal(explanation);
    }
    if (keys_find(command, &explanation->arguments, keys) != KEYS_FOUND) {
        keys->count = 0;
    }
}

static const char *route_text(enum route_kind kind)
{
    switch (kind) {
    case ROUTE_SLOT: return "to the primary of its slot";
    case ROUTE_ANY: return "to one primary";
    case ROUTE_SPLIT: return "split by slot";
    case ROUTE_PRIMARIES: return "to every primary";
    case ROUTE_NODES: return "to every node";
    case ROUTE_WRITTEN: return "to every primary that the client wrote to";
    case ROUTE_LOCAL: return "answered by slotway";
    case ROUTE_REFUSE: return "refused";
    }
    return "";
}

static const char *retry_text(const struct explanation *explanation)
{
    if (explanation->route.kind == ROUTE_LOCAL || explanation->route.kind == ROUTE_REFUSE) {
        return "none: no node sees it";
    }
    if ((explanation->command->flags & COMMAND_READONLY) != 0) {
        return "read: sent again when its answer is lost";
    }
    return "write: never sent again once a node may have executed it";
}

static void write_pair(struct sendq *to, const char *name, const char *text)
{
    resp_write_text(to, name);
    if (text == NULL) {
        resp_write_null(to);
    } else {
        resp_write_text(to, text);
    }
}

/* Of one slot there is one node to name; of several, the keys tell. */
static void write_destination(const struct explanation *explanation, struct sendq *to)
{
    const struct local_call *call = explanation->call;
    bool has_slot = explanation->route.kind == ROUTE_SLOT;
    const struct pool *pool =
        has_slot ? node_view_owner(call->client, explanation->route.slot) : NULL;

    resp_write_text(to, "slot");
    if (has_slot) {
        resp_write_integer(to, explanation->route.slot);
    } else {
        resp_write_null(to);
    }
    write_pair(to, "node", pool == NULL ? NULL : pool->id);
    write_pair(to, "address", pool == NULL ? NULL : pool->name);
    write_pair(to, "health", has_slot ? node_view_health(pool) : NULL);
}

static void write_keys(const struct explanation *explanation, struct sendq *to)
{
    const struct local_call *call = explanation->call;
    const struct keys *keys = explanation->keys;

    resp_write_text(to, "keys");
    resp_write_array(to, keys->count);
    for (uint32_t i = 0; i < keys->count; i++) {
        struct span key = explanation->arguments.items[keys->index[i]];
        const struct pool *pool = node_view_owner(call->client, slot_of(key));

        resp_write_array(to, 3);
        resp_write_bulk(to, key);
        resp_write_integer(to, slot_of(key));
        if (pool == NULL) {
            resp_write_null(to);
        } else {
            resp_write_text(to, pool->name);
        }
    }
}

static void explanation_write(const struct explanation *explanation)
{
    const struct local_call *call = explanation->call;
    const struct command *command = explanation->command;
    struct sendq *to = call_begin(call);

    CHECK(command != NULL);
    resp_write_map(to, PAIRS);
    write_pair(to, "command", command->name);
    write_pair(to, "class", command_class_text(command->class));
    write_pair(to, "way", route_text(explanation->route.kind));
    write_destination(explanation, to);
    write_keys(explanation, to);
    write_pair(to, "retry", retry_text(explanation));
    write_pair(to, "error", explanation->error[0] == '\0' ? NULL : explanation->error);
    call_end(call);
}

void local_proxy_explain(const struct local_call *call)
{
    struct explanation explanation = {
        .call = call,
        .arguments = call_inner(call, 2),
        .keys = &call->client->clients->keys,
    };
    enum command_result result = command_table_find(call->client->clients->commands,
                                                    &explanation.arguments, &explanation.command);

    if (result != COMMAND_FOUND) {
        call_error(call, "%s",
                   command_error(result, explanation.command, &explanation.arguments,
                                 explanation.error, sizeof explanation.error));
        return;
    }
    explain_route(&explanation);
    explanation_write(&explanation);
}
