#include "proxy/downstream/facade.h"

#include <netinet/in.h>
#include <stdio.h>

/* A socket that listens on IPv6 and IPv4 alike shows IPv4 as ::ffff:10.0.0.1. */
static const char *without_mapping(const char *host)
{
    static const char mapping[] = "::ffff:";
    const char *plain = host + sizeof mapping - 1;

    return strncmp(host, mapping, sizeof mapping - 1) == 0 && strchr(plain, '.') != NULL ? plain
                                                                                         : host;
}

/* A load balancer has told to which of its addresses the client came. */
static bool facade_is_behind(const struct client *client, struct facade_address *address)
{
    const char *text = session_text(&client->session, TEXT_LOCAL);
    struct address reached;

    if (text == NULL || address_parse(span_of(text), &reached) != ADDRESS_OK) {
        return false;
    }
    *address = (struct facade_address){.port = reached.port};
    snprintf(address->host, sizeof address->host, "%s", reached.host);
    return true;
}

void facade_address_of(const struct client *client, struct facade_address *address)
{
    struct endpoint endpoint;
    const struct sockaddr *name = (const struct sockaddr *)&endpoint.storage;
    char host[sizeof address->host];

    if (facade_is_behind(client, address)) {
        return;
    }
    *address = (struct facade_address){.port = 0};
    socket_local(client_fd(client), &endpoint);
    if ((name->sa_family != AF_INET && name->sa_family != AF_INET6) ||
        getnameinfo(name, endpoint.size, host, sizeof host, NULL, 0, NI_NUMERICHOST) != 0) {
        return;
    }
    snprintf(address->host, sizeof address->host, "%s", without_mapping(host));
    address->port = socket_port(client_fd(client));
}

bool facade_is_cluster(const struct client *client)
{
    return client->clients->config->announce_nodes.count > 0;
}

const char *facade_mode(const struct client *client)
{
    return facade_is_cluster(client) ? "cluster" : "standalone";
}

bool facade_has_primaries(const struct client *client)
{
    const struct slot_table *table = &client_dispatcher(client)->table;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        const struct pool *pool = table->pools[i];

        if (pool != NULL && pool->is_primary && !pool->is_leaving) {
            return true;
        }
    }
    return false;
}

void facade_ask_primaries(const struct local_call *call, fanout_join *join, void *context)
{
    struct request *request =
        client_request_begin(call->client, call->command, call->block, call->bytes);
    uint64_t patience = request->arrived + FACADE_PATIENCE_US;

    request->deadline = patience < request->deadline ? patience : request->deadline;
    special_of(request)->passes_halt = true;
    fanout_broadcast(client_dispatcher(call->client), request, ROUTE_PRIMARIES, join, context);
}
