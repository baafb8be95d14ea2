/* tls_pair.h - both ends of a TLS connection, in one thread, with contexts of their own.
 *
 * A suite names tls_pair_set_up and tls_pair_clean_up as its .init and .fini.
 */
#ifndef TESTS_UNIT_COMMON_TLS_PAIR_H
#define TESTS_UNIT_COMMON_TLS_PAIR_H

#include "common/tls.h"
#include "tests/support/pki.h"

enum { TURNS_MAX = 100000 };

struct tls_pair {
    int fds[2]; /* the client's, the server's */
    struct tls *client;
    struct tls *server;
};

extern struct tls_pair pair;
extern struct pki *pki; /* the usual ones */
extern struct tls_context *server_context;
extern struct tls_context *client_context;

/* Makes the usual certificates; removes them, with all that is left of a test. */
void tls_pair_set_up(void);
void tls_pair_clean_up(void);

/* Frees both ends; another pair may be opened. */
void hang_up(void);

/* What is right for the usual certificates. */
struct tls_settings server_settings(void);
struct tls_settings client_settings(void);

/* Makes a context, or fails. */
struct tls_context *context_of(struct tls_settings settings);

/* These are the contexts of the next pairs. */
void use(struct tls_settings server, struct tls_settings client);

/* Connects the sockets. */
void open_pair(struct tls_server server);

/* Until both are over, whatever came of them. */
void shake_hands(enum socket_result *client, enum socket_result *server);

/* All in one; it must succeed. */
void connect_pair(struct tls_server server);
void connect_usual(void);

#endif
