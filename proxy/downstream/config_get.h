/* config_get.h - CONFIG GET: what the nodes say, without secrets, with slotway's own values. Pure.
 */
#ifndef PROXY_DOWNSTREAM_CONFIG_GET_H
#define PROXY_DOWNSTREAM_CONFIG_GET_H

#include "common/resp_scan.h"
#include "common/sendq.h"

struct config_pair {
    struct span name;
    struct span value;
};

/* What has slotway's own value whatever a node says; names in lower case. */
struct config_own {
    const struct config_pair *pairs;
    size_t count;
};

/* Composes the reply to `arguments`, CONFIG GET pattern…, from a node's whole reply, which may be
 * empty or anything else: what does not fit is left out. */
void config_get_write(struct sendq *to, const struct arguments *arguments, struct span reply,
                      const struct config_own *own);

#endif
