#include "tests/differential/raw.h"

#include <stdio.h>

#include "tests/support/wire.h"

static const struct span rows[] = {
#define RAW(bytes) SPAN(bytes),
#include "tests/differential/raw.def"
};

/* All that is said until the connection is closed. */
static struct bytes talk(const struct sides *sides, enum side side, struct span bytes)
{
    struct wire *wire = wire_open(sides_port(sides, side));
    struct bytes said = {0};
    const char *reply = NULL;
    size_t size;

    bytes_room(&said, 0);
    if (wire != NULL) {
        struct bytes sent = {0};
        bytes_add(&sent, bytes.at, bytes.size);
        bytes_print(&sent, "*1\r\n$4\r\nQUIT\r\n");
        wire_send_bytes(wire, sent.at, sent.size);
        bytes_clear(&sent);
        /* Of some bytes the servers want more. */
        wire_finish_sending(wire);
        while ((reply = wire_reply(wire, &size)) != NULL) {
            bytes_add_escaped(&said, (struct span){reply, size});
        }
        bytes_print(&said, wire_is_closed(wire) ? " (closed)" : " (open)");
    }
    wire_close(&wire);
    return said;
}

/* HELLO tells version, connection and mode, which are each side's own. */
static bool are_alike(struct span bytes, const struct bytes *twin, const struct bytes *slotway)
{
    if (span_starts_with(bytes, SPAN("HELLO"))) {
        return strncmp(twin->at, slotway->at, strlen("*14\r\n$6\r\nserver")) == 0;
    }
    return strcmp(twin->at, slotway->at) == 0;
}

uint64_t raw_compare(const struct sides *sides)
{
    uint64_t different = 0;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bytes twin = talk(sides, SIDE_TWIN, rows[i]);
        struct bytes slotway = talk(sides, SIDE_SLOTWAY, rows[i]);
        if (!are_alike(rows[i], &twin, &slotway)) {
            struct bytes text = {0};
            bytes_add_escaped(&text, rows[i]);
            printf("\nDIFFERENT: bytes of raw.def\n  bytes    %s\n  twin     %s\n  slotway  %s\n",
                   text.at, twin.at, slotway.at);
            bytes_clear(&text);
            different++;
        }
        bytes_clear(&twin);
        bytes_clear(&slotway);
    }
    return different;
}
