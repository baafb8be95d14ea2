/* admin_door.h - who may ask at an admin port that wants a token.
 *
 *      Authorization: Bearer TOKEN           programs
 *      Authorization: Basic USER:TOKEN       browsers, which ask people for it; any USER
 *
 * /healthz and /readyz are for everybody, so that probes need no secret: they say no more than
 * whether slotway works. So is /metrics where admin.open_metrics says so. Pure.
 */
#ifndef PROXY_ADMIN_DOOR_H
#define PROXY_ADMIN_DOOR_H

#include "common/base.h"

/* What a request has shown; each may be NULL. */
struct admin_visitor {
    const char *authorization; /* the header */
    const char *password;      /* of Basic, decoded */
};

/* Is what is at that path for everybody? */
bool admin_door_is_open(const char *path, bool has_open_metrics);

/* `token` NULL: nobody needs one. Takes as long for a nearly right token as for any other. */
bool admin_door_admits(const char *token, const struct admin_visitor *visitor);

#endif
