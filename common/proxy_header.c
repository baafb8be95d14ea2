#include "common/proxy_header.h"

#include <arpa/inet.h>

#include "common/check.h"

enum {
    V1_SHORTEST = 15, /* "PROXY UNKNOWN\r\n"; shorter than the least of v2 */
    V1_WORDS = 6,
    V2_HEAD = 16,
    V2_COMMAND_AT = 12,
    V2_FAMILY_AT = 13,
    V2_LENGTH_AT = 14,
};

/* Bytes of the two addresses with their ports. */
enum { V2_INET_SIZE = 12, V2_INET6_SIZE = 36, V2_UNIX_SIZE = 216 };

enum v2_command { V2_LOCAL = 0x20, V2_PROXY = 0x21 };

enum v2_family { V2_UNSPEC = 0x00, V2_TCP4 = 0x11, V2_TCP6 = 0x21, V2_UNIX = 0x31 };

static const unsigned char signature[V2_COMMAND_AT] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
                                                       0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};
static const unsigned char v1_start[] = {'P', 'R', 'O', 'X', 'Y', ' '};

static enum proxy_header_result refuse(struct proxy_header *header, const char *problem)
{
    header->problem = problem;
    return PROXY_HEADER_BAD;
}

/* Does what is there begin as `start` does, as far as both go? */
static bool begins_as(const struct proxy_header *header, const unsigned char *start, size_t size)
{
    return memcmp(header->kept, start, size_min(size, header->size)) == 0;
}

static bool is_v2(const struct proxy_header *header)
{
    return header->size > 0 && begins_as(header, signature, sizeof signature);
}

static size_t v2_length(const struct proxy_header *header)
{
    return (size_t)header->kept[V2_LENGTH_AT] << 8 | header->kept[V2_LENGTH_AT + 1];
}

static size_t v2_addresses_size(const struct proxy_header *header)
{
    switch (header->kept[V2_FAMILY_AT]) {
    case V2_TCP4: return V2_INET_SIZE;
    case V2_TCP6: return V2_INET6_SIZE;
    default: return 0;
    }
}

/* How much is kept of it: only what is looked at. */
static size_t v2_kept_size(const struct proxy_header *header)
{
    return header->size < V2_HEAD
               ? V2_HEAD
               : V2_HEAD + size_min(v2_addresses_size(header), v2_length(header));
}

/* A line ends with two bytes, of which one may be here. */
static size_t v1_room(const struct proxy_header *header)
{
    if (header->size < V1_SHORTEST) {
        return V1_SHORTEST - header->size;
    }
    return header->kept[header->size - 1] == '\r' || header->size + 1 == PROXY_HEADER_KEPT ? 1 : 2;
}

size_t proxy_header_room(const struct proxy_header *header)
{
    CHECK(header->problem == NULL);
    if (header->is_skipping) {
        return header->skip;
    }
    return is_v2(header) ? v2_kept_size(header) - header->size : v1_room(header);
}

static void set_v4(struct endpoint *endpoint, const unsigned char *host, const unsigned char *port)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&endpoint->storage;

    *endpoint = (struct endpoint){.size = sizeof *v4};
    v4->sin_family = AF_INET;
    memcpy(&v4->sin_addr, host, sizeof v4->sin_addr);
    memcpy(&v4->sin_port, port, sizeof v4->sin_port);
}

static void set_v6(struct endpoint *endpoint, const unsigned char *host, const unsigned char *port)
{
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&endpoint->storage;

    *endpoint = (struct endpoint){.size = sizeof *v6};
    v6->sin6_family = AF_INET6;
    memcpy(&v6->sin6_addr, host, sizeof v6->sin6_addr);
    memcpy(&v6->sin6_port, port, sizeof v6->sin6_port);
}

/* Both hosts, then both ports. */
static enum proxy_header_result v2_read(struct proxy_header *header)
{
    const unsigned char *at = header->kept + V2_HEAD;

    if (header->kept[V2_COMMAND_AT] == V2_LOCAL) {
        return PROXY_HEADER_DONE;
    }
    switch (header->kept[V2_FAMILY_AT]) {
    case V2_TCP4:
        set_v4(&header->source, at, at + 8);
        set_v4(&header->destination, at + 4, at + 10);
        header->has_addresses = true;
        break;
    case V2_TCP6:
        set_v6(&header->source, at, at + 32);
        set_v6(&header->destination, at + 16, at + 34);
        header->has_addresses = true;
        break;
    default: break;
    }
    return PROXY_HEADER_DONE;
}

static const char *v2_problem(const struct proxy_header *header)
{
    size_t length = v2_length(header);

    switch (header->kept[V2_COMMAND_AT]) {
    case V2_LOCAL: return NULL;
    case V2_PROXY: break;
    default: return "unknown version or command";
    }
    switch (header->kept[V2_FAMILY_AT]) {
    case V2_UNSPEC: return NULL;
    case V2_TCP4:
    case V2_TCP6: return length < v2_addresses_size(header) ? "too short for its addresses" : NULL;
    case V2_UNIX: return length < V2_UNIX_SIZE ? "too short for its addresses" : NULL;
    default: return "neither TCP over IPv4 or IPv6 nor a unix socket";
    }
}

static enum proxy_header_result v2_go_on(struct proxy_header *header)
{
    if (header->size < V2_HEAD) {
        return PROXY_HEADER_MORE;
    }
    const char *problem = v2_problem(header);

    if (problem != NULL) {
        return refuse(header, problem);
    }
    if (header->size < v2_kept_size(header)) {
        return PROXY_HEADER_MORE;
    }
    if (!header->is_skipping) {
        header->is_skipping = true;
        header->skip = V2_HEAD + v2_length(header) - header->size;
    }
    return header->skip > 0 ? PROXY_HEADER_MORE : v2_read(header);
}

/* Splits the line, in which there is a blank, at single ones. Returns the number of words; one more
 * than fit is too many. */
static size_t v1_split(const struct proxy_header *header, struct span words[V1_WORDS])
{
    const char *at = (const char *)header->kept;
    const char *end = at + header->size - 2;
    size_t count = 0;

    while (count < V1_WORDS) {
        const char *blank = memchr(at, ' ', (size_t)(end - at));

        words[count++] = (struct span){at, (size_t)((blank == NULL ? end : blank) - at)};
        if (blank == NULL) {
            return count;
        }
        at = blank + 1;
    }
    return count + 1;
}

static bool v1_read_host(int family, struct span word, unsigned char *bytes)
{
    char host[INET6_ADDRSTRLEN];

    if (word.size >= sizeof host || memchr(word.at, '\0', word.size) != NULL) {
        return false;
    }
    memcpy(host, word.at, word.size);
    host[word.size] = '\0';
    return inet_pton(family, host, bytes) == 1;
}

static bool v1_read_port(struct span word, unsigned char *bytes)
{
    int64_t port;

    if (word.size == 0 || word.at[0] < '0' || word.at[0] > '9' || !span_to_int64(word, &port) ||
        port > UINT16_MAX) {
        return false;
    }
    bytes[0] = (unsigned char)(port >> 8);
    bytes[1] = (unsigned char)port;
    return true;
}

static bool v1_read_end(int family, struct span host, struct span port, struct endpoint *endpoint)
{
    unsigned char host_bytes[sizeof(struct in6_addr)];
    unsigned char port_bytes[2];

    if (!v1_read_host(family, host, host_bytes) || !v1_read_port(port, port_bytes)) {
        return false;
    }
    if (family == AF_INET) {
        set_v4(endpoint, host_bytes, port_bytes);
    } else {
        set_v6(endpoint, host_bytes, port_bytes);
    }
    return true;
}

/* What stands behind UNKNOWN is of no meaning. */
static enum proxy_header_result v1_read(struct proxy_header *header)
{
    struct span words[V1_WORDS] = {0};
    size_t count = v1_split(header, words);
    int family = span_equal(words[1], SPAN("UNKNOWN")) ? AF_UNSPEC
                 : span_equal(words[1], SPAN("TCP4"))  ? AF_INET
                 : span_equal(words[1], SPAN("TCP6"))  ? AF_INET6
                                                       : -1;

    if (family == AF_UNSPEC) {
        return PROXY_HEADER_DONE;
    }
    if (family < 0) {
        return refuse(header, "neither TCP4, TCP6 nor UNKNOWN");
    }
    if (count != V1_WORDS || !v1_read_end(family, words[2], words[4], &header->source) ||
        !v1_read_end(family, words[3], words[5], &header->destination)) {
        return refuse(header, "no addresses in its line");
    }
    header->has_addresses = true;
    return PROXY_HEADER_DONE;
}

/* The line end may only be the last two bytes: no more are ever taken at once than it needs. */
static enum proxy_header_result v1_go_on(struct proxy_header *header)
{
    if (!begins_as(header, v1_start, sizeof v1_start)) {
        return refuse(header, "it begins otherwise");
    }
    const unsigned char *end = memchr(header->kept, '\n', header->size);

    if (end != NULL) {
        bool is_whole = end == header->kept + header->size - 1 && header->size >= V1_SHORTEST &&
                        end[-1] == '\r';

        return is_whole ? v1_read(header) : refuse(header, "a line end in its midst");
    }
    return header->size < PROXY_HEADER_KEPT ? PROXY_HEADER_MORE
                                            : refuse(header, "its line does not end");
}

enum proxy_header_result proxy_header_take(struct proxy_header *header, struct span bytes)
{
    CHECK(bytes.size <= proxy_header_room(header));
    if (header->is_skipping) {
        header->skip -= bytes.size;
    } else {
        memcpy(header->kept + header->size, bytes.at, bytes.size);
        header->size += bytes.size;
    }
    return is_v2(header) ? v2_go_on(header) : v1_go_on(header);
}
