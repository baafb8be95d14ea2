/* fuzz_address.c - addresses as people and nodes write them: what is accepted prints as a text that
 * is accepted and means the same; so do mappings, and what they make of an address.
 *
 *      [ lines of FROM=TO ][ empty line ][ an address ]
 */
#include <stdlib.h>

#include "common/address_map.h"
#include "common/check.h"
#include "common/memory.h"
#include "tests/fuzz/fuzz.h"

enum { PRINTED_MAX = 300 };

static void check_again(const struct address *address)
{
    char text[PRINTED_MAX];
    struct address again;

    CHECK(memchr(address->host, '\0', sizeof address->host) != NULL && address->host[0] != '\0');
    CHECK(address_parse(span_of(address_print(address, text, sizeof text)), &again) == ADDRESS_OK);
    CHECK(address_equal(address, &again) && address_hash(address) == address_hash(&again));
}

/* What can be connected to without asking anybody says so of itself. */
static void check_endpoint(const struct address *address)
{
    struct endpoint endpoint;
    struct endpoint again;
    struct address printed;
    char text[PRINTED_MAX];

    if (!address_to_endpoint(address, &endpoint) || address->kind == ADDRESS_UNIX) {
        return;
    }
    CHECK(endpoint.size > 0 && endpoint.size <= sizeof endpoint.storage);
    endpoint_print(&endpoint, text, sizeof text);
    CHECK(address_parse(span_of(text), &printed) == ADDRESS_OK);
    CHECK(address_to_endpoint(&printed, &again) && printed.port == address->port);
}

static struct span cut_line(struct span *rest)
{
    const char *end = rest->size == 0 ? NULL : memchr(rest->at, '\n', rest->size);
    size_t size = end == NULL ? rest->size : (size_t)(end - rest->at);
    size_t skip = end == NULL ? size : size + 1;
    struct span line = {rest->at, size};

    *rest = (struct span){rest->at + skip, rest->size - skip};
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct span rest = {(const char *)bytes, size};
    struct address_map map = {0};
    struct span line = cut_line(&rest);
    struct address address;

    for (; line.size > 0; line = cut_line(&rest)) {
        size_t before = map.count;
        bool is_good = address_map_append(&map, line);

        CHECK(map.count == before + is_good);
    }
    if (address_parse(rest, &address) == ADDRESS_OK) {
        check_again(&address);
        check_endpoint(&address);
        address_map_apply(&map, &address);
        check_again(&address);
    }
    address_map_clear(&map);
    return 0;
}
