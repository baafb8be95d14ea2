/* inherited.h - listening sockets that this process has not opened: its predecessor's, which go on
 * being listened at, or systemd's.
 *
 *      predecessor ─┐                       owner "pool main", address 127.0.0.1:6380
 *      systemd ─────┴─> [ fd | fd | fd ] <──inherited_take── who wants to listen somewhere
 *                                                 └─ none fits: it opens one
 *
 * A predecessor tells for each what it was for, so one fits when that and the address are written
 * alike; else, and for systemd's, the address counts that the socket is bound to. One list for the
 * process, which is empty for most. Control thread only.
 */
#ifndef COMMON_INHERITED_H
#define COMMON_INHERITED_H

#include "common/socket.h"

/* Who removes the file of a unix socket when it listens no more. */
enum socket_file {
    SOCKET_FILE_OURS,
    SOCKET_FILE_PREDECESSORS, /* who may still go on with it, should we fail: not we */
    SOCKET_FILE_LENT,         /* systemd's: nobody here */
};

/* What to listen for, and where. */
struct listening_wish {
    const char *owner; /* "admin", or "pool " and its name */
    const struct address *address;
};

/* Does `fd` listen for connections of `type`, as SOCK_STREAM? */
bool inherited_is_listening(int fd, int type);

/* Takes a socket of the predecessor's, which was listening at `address` for `owner`; its file is
 * systemd's if it `is_lent`. */
void inherited_add(int fd, const char *owner, const struct address *address, bool is_lent);

/* Takes a socket that systemd has opened and calls `name`. */
void inherited_add_activated(int fd, const char *name);

/* A socket that fits the wish, no more than once, and that answers whatever its last owner has told
 * it; or -1: only then *file is left alone. */
int inherited_take(const struct listening_wish *wish, enum socket_file *file) MUST_USE;

/* Has anybody taken the predecessor's socket that was added as number `index`, from 0? */
bool inherited_is_taken(size_t index);

/* Closes what nobody has taken, with a line in the log for each, and forgets all. */
void inherited_close_rest(void);

#endif
