/* admin_guard.h - may this request change something?
 *
 * An operator's browser sends what any page that it shows makes it send, also to ports of this
 * machine that nobody else reaches. Such a request is told by what a page cannot take away, or
 * cannot add without asking us first, which we never answer:
 *
 *      X-Slotway          any value: a form or an image of another site cannot send it
 *      Sec-Fetch-Site     where a browser says it: same-origin, or none
 *      Origin, Host       where a browser says them: the same, and by address or as localhost, for
 *                         a name may be one that its owner has come to mean this machine
 *
 * Who is no browser only has to say X-Slotway, and to read nothing. Pure.
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

/* NULL when it may; else why not, for people. */
const char *admin_guard_objection(const struct admin_sender *sender);

/* Likewise for one that only reads, at a port that only this machine reaches and that wants no
 * token: a browser must have called it by address or as localhost, for another site's name may have
 * come to mean this machine. `agent` and `host` are headers; NULL: not there. */
const char *admin_guard_reader_objection(const char *agent, const char *host);

#endif
