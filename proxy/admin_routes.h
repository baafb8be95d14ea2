/* admin_routes.h - what the admin port of a server serves: one row for each thing. */
#ifndef PROXY_ADMIN_ROUTES_H
#define PROXY_ADMIN_ROUTES_H

#include "proxy/admin.h"

struct server;

/* Borrows `server` for as long as the page lives. */
struct admin_site admin_routes_of(struct server *server);

#endif
