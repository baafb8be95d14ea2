/* MONITOR, answered when all workers show what they execute. */
#include "common/resp_write.h"
#include "proxy/downstream/roundup.h"

static void listen_up(struct visit *visit UNUSED, struct clients *clients)
{
    clients->monitor.is_on = true;
}

static void answer(const struct roundup *roundup, struct sendq *to)
{
    resp_write_status(to, "OK");
    monitor_begin(roundup->request->owner);
}

/* Redis: who monitors already gets no reply. */
void local_monitor(const struct local_call *call)
{
    if (call->client->is_monitor) {
        return;
    }
    monitor_expect(call->client);
    roundup_start_tour(call, (struct roundup_terms){0}, listen_up, answer);
}
