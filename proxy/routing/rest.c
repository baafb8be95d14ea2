#include "proxy/routing/rest.h"

#include "proxy/routing/obey.h"
#include "proxy/routing/watch.h"

static struct dispatcher *companion_at(struct list_link *link)
{
    return container_of(link, struct dispatcher, in_companions);
}

static void forget(struct dispatcher *dispatcher)
{
    slot_table_forget(&dispatcher->table);
    watch_begin(dispatcher);
}

void rest_begin(struct dispatcher *dispatcher)
{
    CHECK(dispatcher->chief == NULL);
    LIST_EACH (link, &dispatcher->companions) {
        forget(companion_at(link));
    }
    forget(dispatcher);
    atomic_store_explicit(&dispatcher->site.metrics->topology_version, 0, memory_order_relaxed);
    obey_look(dispatcher);
}

void rest_end(struct dispatcher *dispatcher)
{
    dispatcher->made_at = reactor_now(dispatcher->site.reactor);
    LIST_EACH (link, &dispatcher->companions) {
        companion_at(link)->made_at = dispatcher->made_at;
    }
}
