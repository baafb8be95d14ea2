/* address.h - host:port, [v6]:port and unix:/path: parse, print, resolve. */
#ifndef COMMON_ADDRESS_H
#define COMMON_ADDRESS_H

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/span.h"

enum address_kind { ADDRESS_TCP, ADDRESS_UNIX };

enum { ADDRESS_HOST_SIZE = 256 };

/* As written: not yet resolved. */
struct address {
    enum address_kind kind;
    char host[ADDRESS_HOST_SIZE]; /* name, IPv4 or IPv6 without brackets; the path for unix */
    uint16_t port;
};

/* Ready for connect() and bind(). */
struct endpoint {
    struct sockaddr_storage storage;
    socklen_t size;
};

enum address_result {
    ADDRESS_OK = 0,
    ADDRESS_BAD_FORM, /* neither host:port, [v6]:port nor unix:/path */
    ADDRESS_BAD_PORT, /* not 1..65535 (0 is allowed: any free port, for listening) */
    ADDRESS_TOO_LONG,
    ADDRESS_NOT_FOUND, /* the resolver has no answer */
};

/* "10.0.0.1:6379", "[::1]:6379", "::1:6379" is refused, "name:6379", "*:6379" (any address),
 * "unix:/path". */
enum address_result address_parse(struct span text, struct address *address) MUST_USE;

/* Sets host and port as they came apart, e.g. from a topology or a redirect. */
enum address_result address_set(struct address *address, struct span host, uint16_t port) MUST_USE;

/* The text that address_parse takes, into `text`; always terminated. Returns `text`. */
const char *address_print(const struct address *address, char *text, size_t size);

bool address_equal(const struct address *a, const struct address *b);

/* Equal addresses have equal hashes. */
uint32_t address_hash(const struct address *address);

/* Without asking anybody: true when host is a numeric address or a path, and fills *endpoint. */
bool address_to_endpoint(const struct address *address, struct endpoint *endpoint) MUST_USE;

/* May ask the resolver and block: never on a worker's thread. First answer wins. */
enum address_result address_resolve(const struct address *address,
                                    struct endpoint *endpoint) MUST_USE;

/* What a socket says of its peer or itself, as "ip:port" or "unix:path"; always terminated. */
const char *endpoint_print(const struct endpoint *endpoint, char *text, size_t size);

const char *address_result_text(enum address_result result);

#endif
