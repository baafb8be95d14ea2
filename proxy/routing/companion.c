#include "proxy/routing/companion.h"

#include "proxy/routing/obey.h"

static struct dispatcher *companion_at(struct list_link *link)
{
    return container_of(link, struct dispatcher, in_companions);
}

struct dispatcher *companion_new(struct dispatcher *chief, const struct credentials *credentials)
{
    const struct pool_site *site = &chief->site;
    struct dispatcher *companion =
        dispatcher_new(site->reactor, site->intake, site->config, site->metrics, chief->discovery);

    CHECK(chief->chief == NULL);
    companion->chief = chief;
    companion->site.door = site->door;
    companion->site.credentials = credentials;
    companion->scripts = chief->scripts;
    companion->made_at = chief->made_at;
    companion->worker = chief->worker;
    list_append(&chief->companions, &companion->in_companions);
    if (chief->table.topology != NULL) {
        dispatcher_take_over(companion, topology_take(chief->table.topology));
    }
    obey_look(chief);
    return companion;
}

void companions_take_over(struct dispatcher *chief, struct topology *topology)
{
    LIST_EACH (link, &chief->companions) {
        dispatcher_take_over(companion_at(link), topology_take(topology));
    }
}

bool companions_have_gates(const struct dispatcher *chief)
{
    bool has_any = chief->gates.count > 0;

    LIST_EACH (link, &chief->companions) {
        has_any = has_any || companion_at(link)->gates.count > 0;
    }
    return has_any;
}
