/* admin_guard.h - may this request be answered, may it change something?
 *
 * An operator's browser sends what any page that it shows makes it send, also to ports of this
 * machine and its network that nobody else reaches. Such a request is told by what a page cannot
 * take away, or cannot add without asking us first, which we never answer:
 *
 *      Host               an address, localhost or a name that we were told: any other may be one
 *                         that its owner has come to mean this machine. Where a token is wanted
 *                         it may be any, as no such page knows that
 *      X-Slotway          any value: a form or an image of another site cannot send it
 *      Sec-Fetch-Site     where a browser says it: same-origin, or none
 *      Origin             where a browser says it: the same as Host
 *
 * Who only reads needs a good Host, who is no browser and orders something X-Slotway, too. Pure.
 */
#ifndef PROXY_ADMIN_GUARD_H
#define PROXY_ADMIN_GUARD_H

#include "common/base.h"

#define ADMIN_GUARD_HEADER "X-Slotway"

/* What the request's headers say of who sent it; NULL: nothing. */
struct admin_sender {
    const char *mark; /* ADMIN_GUARD_HEADER */
    const char *fetch_site;
    const char *origin;
    const char *host;
};

/* NULL when it may be answered; else why not, for people. `names` is admin.hosts. */
const char *admin_guard_host_objection(const char *host, const char *names);

/* Likewise, may it change something? */
const char *admin_guard_order_objection(const struct admin_sender *sender);

#endif
