/* fuzz_upgrade_text.c - what another process says on the socket for upgrades: sockets that are
 * understood are printed as a text that means the same, and everything that is read lies in what
 * came.
 */
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"
#include "proxy/upgrade_text.h"
#include "tests/fuzz/fuzz.h"

static struct upgrade_sockets sockets;
static struct upgrade_sockets again;
static char printed[PACKET_TEXT_MAX + 1];

static void check_again(void)
{
    size_t size = upgrade_text_print_sockets(&sockets, printed);

    CHECK(size > 0 && size <= PACKET_TEXT_MAX && printed[size] == '\0');
    CHECK(upgrade_text_read_sockets((struct span){printed, size}, &again));
    CHECK(again.count == sockets.count);
    for (size_t i = 0; i < sockets.count; i++) {
        CHECK(again.items[i].is_lent == sockets.items[i].is_lent);
        CHECK(strcmp(again.items[i].owner, sockets.items[i].owner) == 0);
        CHECK(address_equal(&again.items[i].address, &sockets.items[i].address));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct span text = {(const char *)bytes, size};
    struct span rest;
    enum upgrade_word word = upgrade_text_word(text, &rest);

    CHECK(rest.size == 0 || span_lies_in(rest, text));
    if (upgrade_text_read_sockets(text, &sockets)) {
        CHECK(word == UPGRADE_SOCKETS);
        check_again();
    }
    for (size_t count = 0; count < 4; count++) {
        CHECK(!upgrade_text_is_choice(rest, count) || rest.size == count);
    }
    return 0;
}
