#include "proxy/admin_guard.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/span.h"

enum { HOST_MAX = 64 };

/* Without ":port", and without the brackets of an IPv6 address; empty when it is neither. */
static struct span host_of(struct span authority)
{
    bool has_brackets = authority.size > 0 && authority.at[0] == '[';
    size_t start = has_brackets ? 1 : 0;
    size_t end = start;

    while (end < authority.size && authority.at[end] != (has_brackets ? ']' : ':')) {
        end++;
    }
    size_t rest = end + start;
    bool is_whole = rest >= authority.size || authority.at[rest] == ':';
    return (struct span){authority.at + start, is_whole ? end - start : 0};
}

static bool is_address(struct span host)
{
    char text[HOST_MAX];
    unsigned char bytes[sizeof(struct in6_addr)];

    if (host.size >= sizeof text) {
        return false;
    }
    memcpy(text, host.at, host.size);
    text[host.size] = '\0';
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* An address, or localhost: no name that others could give this machine. */
static bool is_own_name(struct span authority)
{
    struct span host = host_of(authority);

    return is_address(host) || span_equal_nocase(host, SPAN("localhost"));
}

static bool is_same_origin(const char *origin, const char *host)
{
    const char *authority = strstr(origin, "://");
    struct span asked = host == NULL ? (struct span){"", 0} : span_of(host);

    if (authority == NULL || !span_equal_nocase(span_of(authority + 3), asked)) {
        return false;
    }
    return is_own_name(asked);
}

const char *admin_guard_objection(const struct admin_sender *sender)
{
    const char *site = sender->fetch_site;

    if (sender->mark == NULL) {
        return "the header " ADMIN_GUARD_HEADER " is missing, expected one with any value";
    }
    if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0) {
        return "the request is another site's";
    }
    if (sender->origin != NULL && !is_same_origin(sender->origin, sender->host)) {
        return "the request is another site's, or the admin port was not called by its address";
    }
    return NULL;
}

/* All browsers say that they are Mozilla. */
const char *admin_guard_reader_objection(const char *agent, const char *host)
{
    bool is_browser = agent != NULL && strncmp(agent, "Mozilla/", strlen("Mozilla/")) == 0;

    if (!is_browser || (host != NULL && is_own_name(span_of(host)))) {
        return NULL;
    }
    return "the admin port of this machine was not called by its address or as localhost";
}
