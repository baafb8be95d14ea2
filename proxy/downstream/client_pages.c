#include "proxy/downstream/client_pages.h"

#include "proxy/downstream/client.h"

static bool is_behind(const struct list_link *link, uint64_t after)
{
    return container_of(link, struct client, in_clients)->session.id > after;
}

struct list_link *client_pages_begin(struct clients *clients, uint64_t after)
{
    struct list_link *end = &clients->open.anchor;
    struct list_link *link = clients->paged;

    if (link == NULL || is_behind(link, after)) {
        link = end;
    }
    while (link->next != end && !is_behind(link->next, after)) {
        link = link->next;
    }
    clients->paged = link == end ? NULL : link;
    return link->next;
}

void client_pages_on_close(struct clients *clients, const struct list_link *link)
{
    if (clients->paged == link) {
        clients->paged = link->previous == &clients->open.anchor ? NULL : link->previous;
    }
}
