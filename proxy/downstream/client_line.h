/* client_line.h - a client as CLIENT LIST and CLIENT INFO show it. Worker's thread. */
#ifndef PROXY_DOWNSTREAM_CLIENT_LINE_H
#define PROXY_DOWNSTREAM_CLIENT_LINE_H

#include "proxy/downstream/client.h"

enum { CLIENT_END_SIZE = 128 };

/* Both ends of a client's connection as Redis writes them: ip:port, [v6]:port, or path:0 for both
 * ends of a unix socket. Behind a load balancer that tells it, the connection that the client made
 * there. */
struct client_ends {
    char peer[CLIENT_END_SIZE];
    char local[CLIENT_END_SIZE];
    bool is_unix;
};

/* Writes both ends of `client` into *ends. */
void client_ends_of(const struct client *client, struct client_ends *ends);

/* The name of the user that it has become; "" before it has. */
const char *client_user(const struct client *client);

/* One line with its line end, which the caller frees. `in_hand` is the client's own request from
 * which this is called, NULL: it is called from none. */
char *client_line_print(const struct client *client, const struct arguments *in_hand) MUST_USE;

#endif
