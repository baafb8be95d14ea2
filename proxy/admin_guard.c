#include "proxy/admin_guard.h"

#include <arpa/inet.h>
#include <string.h>

#include "config/host_names.h"

enum { ADDRESS_ROOM = 64 };

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
    char text[ADDRESS_ROOM];
    unsigned char bytes[sizeof(struct in6_addr)];

    if (host.size >= sizeof text) {
        return false;
    }
    memcpy(text, host.at, host.size);
    text[host.size] = '\0';
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

const char *admin_guard_host_objection(const char *host, const char *names)
{
    struct span name = host == NULL ? (struct span){"", 0} : host_of(span_of(host));

    if (is_address(name) || span_equal_nocase(name, SPAN("localhost")) ||
        (names != NULL && host_names_hold(span_of(names), name))) {
        return NULL;
    }
    return "the admin port was called by a name that is not in admin.hosts, expected its address, "
           "localhost or one of those";
}

static bool is_same_origin(const char *origin, const char *host)
{
    const char *authority = strstr(origin, "://");

    return authority != NULL && host != NULL && host[0] != '\0' &&
           span_equal_nocase(span_of(authority + 3), span_of(host));
}

const char *admin_guard_order_objection(const struct admin_sender *sender)
{
    const char *site = sender->fetch_site;

    if (sender->mark == NULL) {
        return "the header " ADMIN_GUARD_HEADER " is missing, expected one with any value";
    }
    if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0) {
        return "the request is another site's";
    }
    if (sender->origin != NULL && !is_same_origin(sender->origin, sender->host)) {
        return "the request is another site's";
    }
    return NULL;
}
