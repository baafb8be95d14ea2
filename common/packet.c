#include "common/packet.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/check.h"

enum { BACKLOG = 16 };

/* Room for the descriptors of one message, aligned as the kernel wants it. */
union descriptor_room {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(PACKET_DESCRIPTORS_MAX * sizeof(int))];
};

static int close_failed(int fd)
{
    int error = errno;

    close(fd);
    errno = error;
    return -1;
}

static bool name_set(struct sockaddr_un *name, const char *path)
{
    size_t size = strlen(path);

    *name = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (size == 0 || size > PACKET_PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(name->sun_path, path, size);
    return true;
}

static int packet_open(void)
{
    return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

int packet_connect(const char *path)
{
    struct sockaddr_un name;

    if (!name_set(&name, path)) {
        return -1;
    }

    int fd = packet_open();

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&name, sizeof name) != 0) {
        return close_failed(fd);
    }
    return fd;
}

/* Is it the file of a socket that nobody listens at? */
static bool is_stale(const char *path)
{
    struct stat status;

    if (lstat(path, &status) != 0 || !S_ISSOCK(status.st_mode)) {
        return false;
    }

    int fd = packet_connect(path);

    if (fd >= 0) {
        close(fd);
        return false;
    }
    return errno == ECONNREFUSED;
}

static bool packet_bind(int fd, const char *path)
{
    struct sockaddr_un name;

    if (!name_set(&name, path)) {
        return false;
    }
    if (bind(fd, (const struct sockaddr *)&name, sizeof name) == 0) {
        return true;
    }
    if (errno != EADDRINUSE || !is_stale(path)) {
        errno = errno == ECONNREFUSED ? EADDRINUSE : errno;
        return false;
    }
    return unlink(path) == 0 && bind(fd, (const struct sockaddr *)&name, sizeof name) == 0;
}

/* Nobody can connect before listen(), so the file is never open to others. */
int packet_listen(const char *path)
{
    int fd = packet_open();

    if (fd >= 0 && (!packet_bind(fd, path) || chmod(path, S_IRUSR | S_IWUSR) != 0 ||
                    listen(fd, BACKLOG) != 0)) {
        return close_failed(fd);
    }
    return fd;
}

bool packet_peer(int fd, pid_t *process, uid_t *user)
{
    struct ucred peer;
    socklen_t size = sizeof peer;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || size != sizeof peer) {
        return false;
    }
    *process = peer.pid;
    *user = peer.uid;
    return true;
}

bool packet_may(uid_t peer, uid_t own)
{
    return peer == own || peer == 0;
}

static void message_put(struct msghdr *message, const int *descriptors, size_t count)
{
    message->msg_controllen = CMSG_SPACE(count * sizeof(int));

    struct cmsghdr *header = CMSG_FIRSTHDR(message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
}

bool packet_send(int fd, struct span text, const int *descriptors, size_t count)
{
    union descriptor_room room = {0};
    struct iovec part = {.iov_base = (char *)text.at, .iov_len = text.size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    CHECK(text.size > 0 && text.size <= PACKET_TEXT_MAX && count <= PACKET_DESCRIPTORS_MAX);
    if (count > 0) {
        message.msg_control = room.bytes;
        message_put(&message, descriptors, count);
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)text.size;
}

static void packet_keep(struct packet *packet, const struct cmsghdr *header)
{
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

    for (size_t i = 0; i < count; i++) {
        int fd;

        memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
        if (packet->descriptor_count < PACKET_DESCRIPTORS_MAX) {
            packet->descriptors[packet->descriptor_count++] = fd;
        } else {
            close(fd);
        }
    }
}

static void packet_keep_all(struct packet *packet, struct msghdr *message)
{
    for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at != NULL; at = CMSG_NXTHDR(message, at)) {
        if (at->cmsg_level == SOL_SOCKET && at->cmsg_type == SCM_RIGHTS) {
            packet_keep(packet, at);
        }
    }
}

enum socket_result packet_receive(int fd, struct packet *packet)
{
    union descriptor_room room;
    struct iovec part = {.iov_base = packet->text, .iov_len = PACKET_TEXT_MAX};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = room.bytes,
                             .msg_controllen = sizeof room.bytes};
    ssize_t count;

    packet_clear(packet);
    do {
        count = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (count < 0 && errno == EINTR);
    if (count < 0) {
        return errno == EAGAIN ? SOCKET_AGAIN : SOCKET_ERROR;
    }
    packet_keep_all(packet, &message);
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        packet_clear(packet);
        errno = EMSGSIZE;
        return SOCKET_ERROR;
    }
    packet->size = (size_t)count;
    packet->text[count] = '\0';
    return count == 0 ? SOCKET_EOF : SOCKET_OK;
}

void packet_clear(struct packet *packet)
{
    for (size_t i = 0; i < packet->descriptor_count; i++) {
        if (packet->descriptors[i] >= 0) {
            close(packet->descriptors[i]);
        }
    }
    packet->descriptor_count = 0;
    packet->size = 0;
    packet->text[0] = '\0';
}
