/* CLIENT TRACKING and what belongs to it is answered as by a server, to the byte. */
#include <criterion/criterion.h>

#include "common/base.h"
#include "tests/support/rig.h"
#include "tests/support/twin.h"
#include "tests/support/wire.h"

TestSuite(tracking_replies, .timeout = 120, .fini = rig_clean_up);

/* Each on a new connection. */
static const char *const sessions[] = {
    "CLIENT TRACKING ON|CLIENT TRACKINGINFO|CLIENT GETREDIR|CLIENT TRACKING OFF|CLIENT "
    "TRACKINGINFO|CLIENT GETREDIR",
    "CLIENT TRACKING ON OPTIN|CLIENT TRACKINGINFO|CLIENT CACHING YES|CLIENT TRACKINGINFO|PING|"
    "CLIENT TRACKINGINFO|CLIENT CACHING NO|CLIENT CACHING maybe",
    "CLIENT TRACKING ON OPTOUT NOLOOP|CLIENT CACHING NO|CLIENT TRACKINGINFO|nonsense|CLIENT "
    "TRACKINGINFO|CLIENT CACHING YES",
    "CLIENT TRACKING ON OPTIN|CLIENT TRACKING ON OPTOUT|CLIENT TRACKING ON|CLIENT TRACKINGINFO|"
    "CLIENT CACHING YES",
    "CLIENT TRACKING ON OPTIN OPTOUT|CLIENT TRACKING ON BCAST OPTIN|CLIENT TRACKING ON PREFIX a",
    "CLIENT TRACKING ON BCAST|CLIENT TRACKINGINFO|CLIENT TRACKING ON|CLIENT TRACKING ON BCAST "
    "PREFIX a|CLIENT CACHING YES|CLIENT CACHING NO",
    "CLIENT TRACKING ON BCAST PREFIX foo PREFIX bar|CLIENT TRACKINGINFO|CLIENT TRACKING ON BCAST "
    "PREFIX foobar|CLIENT TRACKING ON BCAST PREFIX f|CLIENT TRACKING ON BCAST PREFIX x NOLOOP|"
    "CLIENT TRACKINGINFO|CLIENT TRACKING OFF|CLIENT TRACKING ON BCAST PREFIX f|CLIENT "
    "TRACKINGINFO",
    "CLIENT TRACKING ON BCAST PREFIX foo PREFIX fo",
    "CLIENT TRACKING ON BCAST PREFIX ac PREFIX x PREFIX a PREFIX ab|CLIENT TRACKING ON BCAST "
    "PREFIX x PREFIX ab PREFIX aa PREFIX ab PREFIX aab",
    "CLIENT TRACKING ON BCAST PREFIX m PREFIX b PREFIX x|CLIENT TRACKING ON BCAST PREFIX c PREFIX "
    "ba PREFIX c|CLIENT TRACKING ON BCAST PREFIX d PREFIX xx PREFIX a|CLIENT TRACKINGINFO",
    "CLIENT TRACKING ON BCAST|CLIENT TRACKING ON BCAST|CLIENT TRACKINGINFO",
    "CLIENT TRACKING ON BCAST PREFIX x PREFIX b|CLIENT TRACKING ON BCAST|CLIENT TRACKING ON BCAST "
    "PREFIX y|CLIENT TRACKINGINFO",
    "CLIENT TRACKING ON|CLIENT TRACKING ON BCAST",
    "CLIENT TRACKING ON REDIRECT 999999|CLIENT TRACKING ON REDIRECT abc|CLIENT TRACKING ON "
    "REDIRECT|CLIENT TRACKING ON PREFIX|CLIENT TRACKING ON BCAST PREFIX",
    "CLIENT TRACKING maybe|CLIENT TRACKING on nonsense|CLIENT TRACKING OFF nonsense|CLIENT "
    "TRACKING|CLIENT TRACKING OFF OPTIN BCAST",
    "CLIENT CACHING|CLIENT CACHING YES|CLIENT CACHING nonsense|CLIENT CACHING YES NO",
    "CLIENT TRACKING ON|CLIENT CACHING YES|CLIENT CACHING NO|RESET|CLIENT TRACKINGINFO",
    "CLIENT TRACKINGINFO x|CLIENT GETREDIR x|CLIENT GETREDIR|CLIENT TRACKINGINFO",
};

static void compare(struct rig *rig, uint16_t twin, const char *hello, const char *session)
{
    struct wire *ours = rig_connect(rig);
    struct wire *theirs = wire_open(twin);
    const char *line = session;

    cr_assert(wire_send(ours, "%s\r\n", hello) && wire_send(theirs, "%s\r\n", hello));
    cr_assert(wire_reply(ours, NULL) != NULL && wire_reply(theirs, NULL) != NULL);
    while (line != NULL) {
        size_t length = strcspn(line, "|");
        size_t our_size = 0;
        size_t their_size = 0;

        cr_assert(wire_send(ours, "%.*s\r\n", (int)length, line));
        cr_assert(wire_send(theirs, "%.*s\r\n", (int)length, line));

        const char *our = wire_reply(ours, &our_size);
        const char *their = wire_reply(theirs, &their_size);

        cr_assert(our != NULL && their != NULL, "%s: %.*s", session, (int)length, line);
        cr_expect(our_size == their_size && memcmp(our, their, our_size) == 0,
                  "%s: %.*s: %.*s not %.*s", session, (int)length, line, (int)our_size, our,
                  (int)their_size, their);
        line = line[length] == '\0' ? NULL : line + length + 1;
    }
    wire_close(&theirs);
    rig_disconnect(rig, &ours);
}

Test(tracking_replies, are_those_of_a_server)
{
    struct rig *rig = rig_start(1);
    uint16_t twin = twin_start();

    for (size_t i = 0; i < ARRAY_LEN(sessions); i++) {
        compare(rig, twin, "HELLO 2", sessions[i]);
        compare(rig, twin, "HELLO 3", sessions[i]);
    }
    rig_stop(&rig);
    twin_stop();
}
