/* router.h - what is to be done with a request. Pure: command and arguments in, a decision out. */
#ifndef PROXY_ROUTING_ROUTER_H
#define PROXY_ROUTING_ROUTER_H

#include "proxy/command/keys.h"
#include "proxy/request/error_reply.h"

enum route_kind {
    ROUTE_SLOT,      /* to the primary of `slot` */
    ROUTE_SPLIT,     /* one part per slot of its keys */
    ROUTE_PRIMARIES, /* to every primary */
    ROUTE_NODES,     /* to every primary, and to the replicas as far as they can be reached */
    ROUTE_WRITTEN,   /* to every primary that its client wrote to */
    ROUTE_ANY,       /* to one primary */
    ROUTE_LOCAL,     /* answered by slotway */
    ROUTE_REFUSE,    /* with `error` and the detail of route_refusal() */
};

struct route {
    enum route_kind kind;
    uint16_t slot;
    enum error_symbol error;
};

/* `arguments` have been through command_find. `keys` is scratch of the caller; after ROUTE_SPLIT it
 * holds the keys. */
struct route route_request(const struct command *command, const struct arguments *arguments,
                           struct keys *keys);

/* The detail of a refusal: for CROSS_SLOT the command's name, for UNSUPPORTED why. Terminated. */
const char *route_refusal(const struct command *command, enum error_symbol error, char *text,
                          size_t size);

#endif
