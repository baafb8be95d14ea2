/* fuzz_redirect.c - errors of nodes: what a redirection says can be used, and says the same when it
 * is written down and read again.
 *
 *      [ who was asked ][ text of an error, without its '-' and CR LF ]
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"
#include "proxy/routing/redirect.h"
#include "tests/fuzz/fuzz.h"

static const char *const places[] = {"127.0.0.1:7000", "[::1]:7000", "seed.example:7000",
                                     "unix:/tmp/redis"};

static struct redirect read_text(const char *text, const struct address *asked)
{
    char *reply = memory_print("-%s\r\n", text);
    struct redirect redirect = redirect_of(span_of(reply), asked);

    free(reply);
    return redirect;
}

static void check_address(const struct redirect *redirect, const struct address *asked)
{
    const char *word = redirect->refusal == REFUSAL_MOVED ? "MOVED" : "ASK";
    const struct address *address = &redirect->address;

    CHECK(address->kind == ADDRESS_TCP && address->port != 0 && address->host[0] != '\0');
    CHECK(memchr(address->host, '\0', sizeof address->host) != NULL);

    char *text = memory_print("%s %u %s:%u", word, redirect->slot, address->host, address->port);
    struct redirect again = read_text(text, asked);

    CHECK(again.refusal == redirect->refusal && again.slot == redirect->slot);
    CHECK(again.has_address && address_equal(&again.address, address));
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct address asked;

    if (size == 0) {
        return 0;
    }
    CHECK(address_parse(span_of(places[bytes[0] % ARRAY_LEN(places)]), &asked) == ADDRESS_OK);

    /* Of exactly its size, so that a look behind its end is found out. */
    size_t reply_size = size + 2;
    char *reply = memory_raw(reply_size);

    reply[0] = '-';
    memcpy(reply + 1, bytes + 1, size - 1);
    memcpy(reply + size, "\r\n", 2);

    struct redirect redirect = redirect_of((struct span){reply, reply_size}, &asked);
    bool has_slot = redirect.refusal == REFUSAL_MOVED || redirect.refusal == REFUSAL_ASK;

    CHECK(redirect.refusal < REFUSAL_COUNT && redirect.refusal != REFUSAL_UNREACHABLE &&
          redirect.refusal != REFUSAL_LOST);
    CHECK(!has_slot || redirect.slot < SLOT_COUNT);
    CHECK(has_slot || !redirect.has_address);
    if (redirect.has_address) {
        check_address(&redirect, &asked);
    }
    free(reply);
    return 0;
}
