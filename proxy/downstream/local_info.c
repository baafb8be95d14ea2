/* INFO: asks the primaries where a section needs them. */
#include <stdlib.h>

#include "common/memory.h"
#include "proxy/downstream/facade.h"
#include "proxy/downstream/info.h"

/* A primary that does not answer is missing from the sums, and from cluster_primaries_answered. */
static void info_join(struct fanout *fanout, struct sendq *to)
{
    uint32_t sections = (uint32_t)(uintptr_t)fanout->context;
    struct info_totals *totals = memory_new(1, sizeof *totals);

    for (uint32_t i = 0; i < fanout->part_count; i++) {
        struct span text;

        if (fanout->parts[i].reply.at[0] != '+' && reply_string(fanout->parts[i].reply, &text)) {
            info_totals_add(totals, text);
        }
    }
    totals->begun = info_blocked(fanout->parent->owner);
    info_write(fanout->parent->owner, sections, totals, to);
    info_totals_clear(totals);
    free(totals);
}

void local_info(const struct local_call *call)
{
    struct client *client = call->client;
    uint32_t sections = info_sections_of(call->arguments);
    uint64_t blocked = info_blocked(client);

    if (info_asks_nodes(sections, blocked) && facade_has_primaries(client)) {
        facade_ask_primaries(call, info_join, (void *)(uintptr_t)sections);
        return;
    }

    struct info_totals *totals = memory_new(1, sizeof *totals);

    totals->begun = blocked; /* as it was: a client of another worker may block since */
    info_write(client, sections, totals, call_begin(call));
    call_end(call);
    free(totals);
}
