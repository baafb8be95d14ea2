/* fuzz_proxy_header.c - PROXY headers: the way in which the bytes are cut changes nothing, no byte
 * behind a header is taken, and what a header says can be said in another that says the same.
 *
 *      [ how large the pieces are ][ bytes ]
 */
#include <netinet/in.h>
#include <stdio.h>

#include "common/check.h"
#include "common/proxy_header.h"
#include "tests/fuzz/fuzz.h"

enum { END_TEXT = 64 };

/* Returns how many bytes were taken. */
static size_t feed(struct proxy_header *header, struct span bytes, size_t most,
                   enum proxy_header_result *result)
{
    size_t used = 0;

    *result = PROXY_HEADER_MORE;
    while (*result == PROXY_HEADER_MORE && used < bytes.size) {
        size_t room = proxy_header_room(header);

        CHECK(room > 0);
        room = size_min(size_min(most, room), bytes.size - used);
        *result = proxy_header_take(header, (struct span){bytes.at + used, room});
        used += room;
    }
    return used;
}

static bool same_end(const struct endpoint *a, const struct endpoint *b)
{
    return a->size == b->size && memcmp(&a->storage, &b->storage, a->size) == 0;
}

static void check_same(const struct proxy_header *a, const struct proxy_header *b)
{
    CHECK(a->has_addresses == b->has_addresses && (a->problem == NULL) == (b->problem == NULL));
    CHECK(!a->has_addresses ||
          (same_end(&a->source, &b->source) && same_end(&a->destination, &b->destination)));
}

/* The host alone: "1.2.3.4", "::1". The printed form of a mapped address is that of IPv4. */
static const char *host_of(const struct endpoint *end, char text[END_TEXT], uint16_t *port)
{
    struct address address;

    CHECK(address_parse(span_of(endpoint_print(end, text, END_TEXT)), &address) == ADDRESS_OK);
    *port = address.port;
    bool is_mapped = end->storage.ss_family == AF_INET6 && strchr(address.host, ':') == NULL;

    snprintf(text, END_TEXT, "%s%.*s", is_mapped ? "::ffff:" : "", INET6_ADDRSTRLEN, address.host);
    return text;
}

static void check_again(const struct proxy_header *header)
{
    char line[PROXY_HEADER_KEPT + 1];
    char source[END_TEXT];
    char destination[END_TEXT];
    uint16_t ports[2];
    struct proxy_header again = {0};
    enum proxy_header_result result;
    const char *from = host_of(&header->source, source, &ports[0]);
    const char *to = host_of(&header->destination, destination, &ports[1]);
    int size = snprintf(line, sizeof line, "PROXY %s %s %s %u %u\r\n",
                        header->source.storage.ss_family == AF_INET ? "TCP4" : "TCP6", from, to,
                        ports[0], ports[1]);

    CHECK(feed(&again, (struct span){line, (size_t)size}, SIZE_MAX, &result) == (size_t)size);
    CHECK(result == PROXY_HEADER_DONE);
    check_same(header, &again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct proxy_header whole = {0};
    struct proxy_header cut = {0};
    enum proxy_header_result result;
    enum proxy_header_result cut_result;

    if (size == 0) {
        return 0;
    }
    struct span input = {(const char *)bytes + 1, size - 1};
    size_t used = feed(&whole, input, SIZE_MAX, &result);
    size_t cut_used = feed(&cut, input, 1 + bytes[0] % 32u, &cut_result);

    CHECK(result == cut_result && (result == PROXY_HEADER_BAD || used == cut_used));
    check_same(&whole, &cut);
    CHECK((result == PROXY_HEADER_BAD) == (whole.problem != NULL));
    if (result == PROXY_HEADER_DONE && whole.has_addresses) {
        check_again(&whole);
    }
    return 0;
}
