#include "proxy/pubsub/exchange.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"
#include "proxy/pubsub/carrier.h"
#include "proxy/pubsub/hub.h"

struct exchange *exchange_new(size_t worker_count, const char *run_id)
{
    struct exchange *exchange =
        memory_new(1, sizeof *exchange + worker_count * sizeof exchange->places[0]);

    CHECK(worker_count > 0);
    exchange->tally = tally_new();
    exchange->worker_count = worker_count;
    exchange->bus_slot = slot_of(span_of(run_id));
    return exchange;
}

void exchange_open(struct exchange *exchange, const struct exchange_site *site)
{
    struct exchange_place *place = &exchange->places[site->worker];

    CHECK(site->worker < exchange->worker_count && place->hub == NULL);
    place->mailbox = site->mailbox;
    place->hub = hub_new(exchange, site);
    place->carrier = carrier_new(exchange, site);
}

void exchange_adopt(struct exchange *exchange, size_t worker, struct topology *topology)
{
    carrier_adopt(exchange->places[worker].carrier, topology);
}

void exchange_rest(struct exchange *exchange, size_t worker)
{
    carrier_rest(exchange->places[worker].carrier);
}

void exchange_close(struct exchange *exchange, size_t worker)
{
    hub_free(&exchange->places[worker].hub);
    carrier_free(&exchange->places[worker].carrier);
}

void exchange_free(struct exchange **exchange)
{
    struct exchange *gone = *exchange;

    *exchange = NULL;
    if (gone != NULL) {
        tally_free(&gone->tally);
        free(gone);
    }
}
