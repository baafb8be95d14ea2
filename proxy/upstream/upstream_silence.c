/* How long a node says nothing on a connection, and whether the network is to blame; and a question
 * for where nobody has one. */
#include "proxy/upstream/pool.h"

uint64_t upstream_silence(const struct upstream *upstream)
{
    if (list_is_empty(&upstream->in_flight) || upstream->state != UPSTREAM_READY) {
        return 0;
    }

    uint64_t now = reactor_now(upstream->pool->site->reactor);
    uint64_t since =
        upstream->last_read > upstream->owes_since ? upstream->last_read : upstream->owes_since;

    return now > since ? now - since : 0;
}

bool upstream_is_cut_off(const struct upstream *upstream)
{
    const struct pool_config *config = upstream->pool->site->config;

    return upstream_silence(upstream) >= config->silent_after &&
           upstream_silence(upstream) >= config->timeout_connect &&
           socket_unacknowledged_us(upstream->socket.fd) >= config->timeout_connect;
}

void upstream_ping(struct upstream *upstream)
{
    static const struct span text = {"*1\r\n$4\r\nPING\r\n", 14};
    struct request *orphan = request_new(command_by_id(COMMAND_ID_PING), NULL, text);

    orphan->muted = true;
    orphan->deadline = UINT64_MAX;
    upstream_send(upstream, orphan);
}
