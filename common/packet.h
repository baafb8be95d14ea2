/* packet.h - unix sockets that keep messages apart, and carry descriptors: between processes of one
 * machine that trust each other as far as their users tell.
 *
 * All sockets are CLOEXEC and non-blocking. What comes is input from outside: it is bounded, and
 * descriptors that nobody wants are closed. Errors leave errno set. Any thread.
 */
#ifndef COMMON_PACKET_H
#define COMMON_PACKET_H

#include <sys/types.h>

#include "common/socket.h"
#include "common/span.h"

enum {
    PACKET_TEXT_MAX = 96 * 1024,  /* of one message; the kernel's buffer holds two of them */
    PACKET_DESCRIPTORS_MAX = 250, /* with one message; the kernel takes 253 */
    PACKET_PATH_MAX = 107,        /* of the socket's file, as for all unix sockets */
};

/* A message that has come. */
struct packet {
    size_t size;
    size_t descriptor_count;
    int descriptors[PACKET_DESCRIPTORS_MAX]; /* -1 once somebody has taken it */
    char text[PACKET_TEXT_MAX + 1];          /* with a zero byte behind it */
};

/* Listens; only our user and root may connect. The file of one who listens no more is replaced. A
 * socket, or -1. */
int packet_listen(const char *path) MUST_USE;

/* A connection to who listens at `path`, or -1: with ENOENT or ECONNREFUSED when nobody does. */
int packet_connect(const char *path) MUST_USE;

/* Who made the connection, and as whom; false when the kernel does not tell. */
bool packet_peer(int fd, pid_t *process, uid_t *user) MUST_USE;

/* May a peer with the user `peer` be trusted by a process that runs as `own`? */
bool packet_may(uid_t peer, uid_t own);

/* Sends one message with descriptors, of which the peer gets duplicates. False when it cannot leave
 * whole and now. */
bool packet_send(int fd, struct span text, const int *descriptors, size_t count) MUST_USE;

/* The next message, which replaces what is in *packet; SOCKET_ERROR for one that is too large, too.
 * A message without a byte counts as the end. */
enum socket_result packet_receive(int fd, struct packet *packet) MUST_USE;

/* Closes the descriptors that nobody has taken. */
void packet_clear(struct packet *packet);

#endif
