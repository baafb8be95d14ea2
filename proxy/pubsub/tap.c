#include "proxy/pubsub/tap.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"
#include "proxy/pubsub/supply.h"

static const struct {
    const char *text;
    unsigned next;
} tap_states[] = {
#define TO(symbol)                 (1u << TAP_##symbol)
#define STATE(symbol, name, after) {name, after},
    TAP_STATES(STATE)
#undef STATE
#undef TO
};

struct tap *tap_new(struct supply *supply, const char *node)
{
    struct tap *tap = memory_new(1, sizeof *tap);

    tap->supply = supply;
    tap->begin.kind = ASK_BEGIN;
    tap->end.kind = ASK_END;
    tap->is_due = true;
    snprintf(tap->node, sizeof tap->node, "%s", node);
    list_append(&supply->taps, &tap->in_supply);
    return tap;
}

void tap_free(struct tap **tap)
{
    struct tap *gone = *tap;

    *tap = NULL;
    CHECK(gone->feed == NULL && gone->supply->home != gone && gone->supply->heir != gone);
    list_remove(&gone->in_supply);
    list_remove(&gone->in_list);
    list_remove(&gone->begin.in_feed);
    list_remove(&gone->end.in_feed);
    free(gone);
}

void tap_become(struct tap *tap, enum tap_state next)
{
    CHECK(tap_states[tap->state].next & (1u << next));
    tap->state = next;
}
