#include "common/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <strings.h>

#include "common/check.h"

#define UNIX_PREFIX SPAN("unix:")

static bool is_name_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '.' || byte == '-' || byte == '_';
}

/* "10.0.0.999" and "10.1" are no names either, whatever a resolver would make of them. */
static bool is_name(struct span host)
{
    bool looks_numeric = true;

    if (host.size == 0 || host.at[0] == '.' || host.at[0] == '-') {
        return false;
    }
    for (size_t i = 0; i < host.size; i++) {
        if (!is_name_byte(host.at[i])) {
            return false;
        }
        looks_numeric =
            looks_numeric && (host.at[i] == '.' || (host.at[i] >= '0' && host.at[i] <= '9'));
    }
    return !looks_numeric;
}

static enum address_result set_path(struct address *address, struct span path)
{
    if (path.size == 0 || path.at[0] != '/' || memchr(path.at, '\0', path.size) != NULL) {
        return ADDRESS_BAD_FORM;
    }
    if (path.size >= sizeof((struct sockaddr_un *)NULL)->sun_path) {
        return ADDRESS_TOO_LONG;
    }
    *address = (struct address){.kind = ADDRESS_UNIX};
    memcpy(address->host, path.at, path.size);
    return ADDRESS_OK;
}

static enum address_result parse_port(struct span text, uint16_t *port)
{
    uint32_t number = 0;

    if (text.size == 0 || text.size > 5) {
        return ADDRESS_BAD_PORT;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9') {
            return ADDRESS_BAD_PORT;
        }
        number = number * 10 + (uint32_t)(text.at[i] - '0');
    }
    if (number > UINT16_MAX) {
        return ADDRESS_BAD_PORT;
    }
    *port = (uint16_t)number;
    return ADDRESS_OK;
}

/* The host without brackets; brackets stand around IPv6 addresses and nothing else. */
static bool strip_brackets(struct span *host)
{
    bool has_colon = memchr(host->at, ':', host->size) != NULL;

    if (host->size < 2 || host->at[0] != '[' || host->at[host->size - 1] != ']') {
        return !has_colon;
    }
    *host = (struct span){host->at + 1, host->size - 2};
    return has_colon;
}

enum address_result address_parse(struct span text, struct address *address)
{
    if (span_starts_with(text, UNIX_PREFIX)) {
        return set_path(address,
                        (struct span){text.at + UNIX_PREFIX.size, text.size - UNIX_PREFIX.size});
    }

    const char *colon = text.size > 0 ? memrchr(text.at, ':', text.size) : NULL;

    if (colon == NULL || (text.at[0] == '[' && text.at[text.size - 1] == ']')) {
        return ADDRESS_BAD_FORM;
    }

    struct span host = {text.at, (size_t)(colon - text.at)};
    struct span port_text = {colon + 1, text.size - host.size - 1};
    uint16_t port;

    if (host.size == 0 || !strip_brackets(&host)) {
        return ADDRESS_BAD_FORM;
    }

    enum address_result result = parse_port(port_text, &port);

    return result == ADDRESS_OK ? address_set(address, host, port) : result;
}

enum address_result address_set(struct address *address, struct span host, uint16_t port)
{
    struct address made = {.kind = ADDRESS_TCP, .port = port};
    struct in6_addr v6;
    struct in_addr v4;

    if (host.size >= sizeof made.host) {
        return ADDRESS_TOO_LONG;
    }
    if (host.size == 0 || memchr(host.at, '\0', host.size) != NULL) {
        return ADDRESS_BAD_FORM;
    }
    memcpy(made.host, host.at, host.size);
    if (inet_pton(AF_INET6, made.host, &v6) == 1) {
        /* One spelling for each address, so that equal ones compare equal. */
        CHECK(inet_ntop(AF_INET6, &v6, made.host, sizeof made.host) != NULL);
    } else if (inet_pton(AF_INET, made.host, &v4) != 1 && !span_equal(host, SPAN("*")) &&
               !is_name(host)) {
        return ADDRESS_BAD_FORM;
    }
    *address = made;
    return ADDRESS_OK;
}

const char *address_print(const struct address *address, char *text, size_t size)
{
    switch (address->kind) {
    case ADDRESS_UNIX: snprintf(text, size, "unix:%s", address->host); break;
    case ADDRESS_TCP:
        snprintf(text, size, strchr(address->host, ':') != NULL ? "[%s]:%u" : "%s:%u",
                 address->host, (unsigned)address->port);
        break;
    }
    return text;
}

bool address_equal(const struct address *a, const struct address *b)
{
    if (a->kind != b->kind || a->port != b->port) {
        return false;
    }
    return (a->kind == ADDRESS_UNIX ? strcmp(a->host, b->host) : strcasecmp(a->host, b->host)) == 0;
}

uint32_t address_hash(const struct address *address)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    /* Host names differ in case and are the same; folding paths too costs nothing. */
    for (const char *at = address->host; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;

        hash = (hash ^ (byte >= 'A' && byte <= 'Z' ? byte | 0x20u : byte)) * 16777619u;
    }
    return (hash ^ address->port) * 2654435761u;
}

static void endpoint_set(struct endpoint *endpoint, const void *address, size_t size)
{
    CHECK(size <= sizeof endpoint->storage);
    *endpoint = (struct endpoint){.size = (socklen_t)size};
    memcpy(&endpoint->storage, address, size);
}

bool address_to_endpoint(const struct address *address, struct endpoint *endpoint)
{
    struct sockaddr_un path = {.sun_family = AF_UNIX};
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(address->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(address->port)};

    if (address->kind == ADDRESS_UNIX) {
        CHECK(strlen(address->host) < sizeof path.sun_path);
        memcpy(path.sun_path, address->host, strlen(address->host));
        endpoint_set(endpoint, &path, sizeof path);
        return true;
    }
    if (inet_pton(AF_INET, address->host, &v4.sin_addr) == 1) {
        endpoint_set(endpoint, &v4, sizeof v4);
        return true;
    }
    if (inet_pton(AF_INET6, address->host, &v6.sin6_addr) == 1) {
        endpoint_set(endpoint, &v6, sizeof v6);
        return true;
    }
    return false;
}

enum address_result address_resolve(const struct address *address, struct endpoint *endpoint)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *answers;
    char port[8];

    if (address_to_endpoint(address, endpoint)) {
        return ADDRESS_OK;
    }
    snprintf(port, sizeof port, "%u", (unsigned)address->port);
    if (strcmp(address->host, "*") == 0 ||
        getaddrinfo(address->host, port, &hints, &answers) != 0) {
        return ADDRESS_NOT_FOUND;
    }
    endpoint_set(endpoint, answers->ai_addr, answers->ai_addrlen);
    freeaddrinfo(answers);
    return ADDRESS_OK;
}

/* IPv4 clients of a listener for both families are shown as what they are. */
static void print_v6(const struct sockaddr_in6 *v6, char *text, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "";
    unsigned port = ntohs(v6->sin6_port);

    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
        inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], host, sizeof host);
        snprintf(text, size, "%s:%u", host, port);
        return;
    }
    inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
    snprintf(text, size, "[%s]:%u", host, port);
}

const char *endpoint_print(const struct endpoint *endpoint, char *text, size_t size)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&endpoint->storage;
    const struct sockaddr_un *path = (const struct sockaddr_un *)&endpoint->storage;
    char host[INET_ADDRSTRLEN] = "";

    switch (endpoint->storage.ss_family) {
    case AF_INET:
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(text, size, "%s:%u", host, (unsigned)ntohs(v4->sin_port));
        break;
    case AF_INET6: print_v6((const struct sockaddr_in6 *)&endpoint->storage, text, size); break;
    case AF_UNIX:
        snprintf(text, size, "unix:%.*s", (int)sizeof path->sun_path, path->sun_path);
        break;
    default: snprintf(text, size, "unknown"); break;
    }
    return text;
}

const char *address_result_text(enum address_result result)
{
    switch (result) {
    case ADDRESS_OK: return "ok";
    case ADDRESS_BAD_FORM: return "neither host:port, [v6]:port nor unix:/path";
    case ADDRESS_BAD_PORT: return "the port is not a number from 0 to 65535";
    case ADDRESS_TOO_LONG: return "the host name or path is too long";
    case ADDRESS_NOT_FOUND: return "the name cannot be resolved";
    }
    return "";
}
