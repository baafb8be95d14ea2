/* upgrade_text.h - what two slotways say to each other when one takes the place of the other.
 *
 *      new    "slotway-upgrade 1 take\n"
 *      old    "slotway-upgrade 1 sockets 3\n"                and a descriptor for each line:
 *             "own\t0.0.0.0:6380\tpool main\n"
 *             "lent\tunix:/run/slotway/s\tpool main\n"       the file is systemd's
 *             "own\t127.0.0.1:9180\tadmin\n"
 *      new    "slotway-upgrade 1 ready 101\n"                which of them it listens at now
 *      old    "slotway-upgrade 1 done\n"                     it accepts nobody any more
 *      either "slotway-upgrade 1 no REASON\n"                instead of any of these: all is as it
 * was
 *
 * Each is one message of packet.h. The number is the version: who hears another one says no, and
 * the old one goes on. Pure functions; what is read is input from outside. Any thread.
 */
#ifndef PROXY_UPGRADE_TEXT_H
#define PROXY_UPGRADE_TEXT_H

#include "common/address.h"
#include "common/packet.h"

enum { UPGRADE_OWNER_MAX = 80, UPGRADE_REASON_MAX = 160 };

enum upgrade_word {
    UPGRADE_TAKE,
    UPGRADE_SOCKETS,
    UPGRADE_READY,
    UPGRADE_DONE,
    UPGRADE_NO,
    UPGRADE_OTHER_VERSION,
    UPGRADE_NONSENSE,
};

/* A socket that changes hands. */
struct upgrade_socket {
    int fd;
    bool is_lent; /* its file is systemd's */
    struct address address;
    char owner[UPGRADE_OWNER_MAX];
};

struct upgrade_sockets {
    size_t count;
    struct upgrade_socket items[PACKET_DESCRIPTORS_MAX];
};

/* Which message `text` is; *rest is what stands behind the word, of the first line. */
enum upgrade_word upgrade_text_word(struct span text, struct span *rest);

/* The message `word`, with `rest` behind it unless that is ""; of at most `room` bytes with the
 * zero byte. Returns its length. */
size_t upgrade_text_print(enum upgrade_word word, const char *rest, char *text, size_t room);

/* The message that goes with the sockets; `text` has PACKET_TEXT_MAX + 1 bytes. Returns its length,
 * or 0 when it would be longer. */
size_t upgrade_text_print_sockets(const struct upgrade_sockets *sockets, char *text);

/* The reverse, all but the descriptors. False for what makes no sense. */
bool upgrade_text_read_sockets(struct span text, struct upgrade_sockets *sockets) MUST_USE;

/* What stands behind "ready": true when it is `count` times 0 or 1. */
bool upgrade_text_is_choice(struct span rest, size_t count);

#endif
