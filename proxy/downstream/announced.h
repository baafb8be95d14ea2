/* announced.h - slotway as clients of the cluster protocol see it: one node, or one of several.
 *
 *      announce.nodes: [a:6379, b:6379, c:6379]     a: 0-5460    b: 5461-10921    c: 10922-16383
 *
 * Every slotway serves every slot; the ranges only spread clients over them. Ids come from the
 * addresses, so that all slotways say the same. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_ANNOUNCED_H
#define PROXY_DOWNSTREAM_ANNOUNCED_H

#include "proxy/downstream/facade.h"

enum { ANNOUNCED_ID_SIZE = 40 };

/* One slotway. */
struct announced {
    const char *host;
    uint16_t port;
    char id[ANNOUNCED_ID_SIZE + 1];
    uint16_t first; /* its slots */
    uint16_t last;
    bool is_self;
    struct facade_address reached; /* behind `host` where nothing is announced */
};

/* How many there are. */
uint32_t announced_count(const struct client *client);

/* Number `index` of them, as `client` shall see it. */
void announced_get(const struct client *client, uint32_t index, struct announced *announced);

/* The one that `client` talks to. */
void announced_get_self(const struct client *client, struct announced *announced);

#endif
