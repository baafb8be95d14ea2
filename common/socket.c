#include "common/socket.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/check.h"

/* A peer that went away without a word is noticed after two minutes. */
enum {
    KEEPALIVE_IDLE_S = 60,
    KEEPALIVE_INTERVAL_S = 10,
    KEEPALIVE_PROBES = 6,
};

/* Options only tune a connection: one that the kernel refuses leaves it usable. */
static void set_option(int fd, int level, int name, int value)
{
    int error = errno;

    (void)setsockopt(fd, level, name, &value, sizeof value);
    errno = error;
}

static void set_tcp_options(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
}

static int close_failed(int fd)
{
    int error = errno;

    close(fd);
    errno = error;
    return -1;
}

static int socket_open(const struct endpoint *endpoint)
{
    int family = endpoint->storage.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd >= 0 && family != AF_UNIX) {
        set_tcp_options(fd);
    }
    return fd;
}

static int socket_bind(int fd, const struct endpoint *endpoint)
{
    return bind(fd, (const struct sockaddr *)&endpoint->storage, endpoint->size);
}

/* Is the path of a unix socket left over from somebody who no longer listens? */
static bool is_stale(const struct endpoint *endpoint, const char *path)
{
    struct stat status;

    if (lstat(path, &status) != 0 || !S_ISSOCK(status.st_mode)) {
        return false;
    }

    int fd = socket_open(endpoint);

    if (fd < 0) {
        return false;
    }

    bool refused = connect(fd, (const struct sockaddr *)&endpoint->storage, endpoint->size) != 0 &&
                   errno == ECONNREFUSED;

    close(fd);
    return refused;
}

static bool bind_path(int fd, const struct endpoint *endpoint, const char *path)
{
    if (socket_bind(fd, endpoint) == 0) {
        return true;
    }
    if (errno != EADDRINUSE) {
        return false;
    }
    if (!is_stale(endpoint, path)) {
        errno = EADDRINUSE;
        return false;
    }
    return unlink(path) == 0 && socket_bind(fd, endpoint) == 0;
}

/* Another's socket, should it take the file for a stale one, has a file with another number: ours
 * is not given to anybody as long as the socket is there. */
static bool note_file(const struct address *address, struct bound_socket *bound)
{
    struct stat status;

    if (lstat(address->host, &status) != 0) {
        return false;
    }
    bound->device = status.st_dev;
    bound->file = status.st_ino;
    return true;
}

static bool has_its_file(const struct bound_socket *bound, const struct address *address)
{
    struct bound_socket now;

    return note_file(address, &now) && now.device == bound->device && now.file == bound->file;
}

static bool bind_unix(const struct address *address, uint32_t mode, struct bound_socket *bound)
{
    struct endpoint endpoint;

    CHECK(address_to_endpoint(address, &endpoint));
    bound->fd = socket_open(&endpoint);
    if (bound->fd < 0) {
        return false;
    }
    if (!bind_path(bound->fd, &endpoint, address->host) || !note_file(address, bound) ||
        (mode != 0 && chmod(address->host, mode) != 0)) {
        bound->fd = close_failed(bound->fd);
        return false;
    }
    return true;
}

void socket_share_port(int fd, bool is_shared)
{
    set_option(fd, SOL_SOCKET, SO_REUSEPORT, is_shared);
}

/* Closing it would reset who connects between the last accept and the close. What is dropped are
 * the packets that begin a connection, which the peer's kernel sends again. */
void socket_answer_no_more(int fd)
{
    enum { FLAGS_AT = 13, SYN = 0x02, SYN_ACK = 0x12, ALL = 0xffff };
    struct sock_filter lines[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, FLAGS_AT), /* of the TCP header */
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN_ACK),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYN, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, ALL),
    };
    struct sock_fprog filter = {.len = ARRAY_LEN(lines), .filter = lines};
    struct endpoint here;

    socket_local(fd, &here);
    if (here.storage.ss_family != AF_UNIX) {
        (void)setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
    }
}

void socket_answer_again(int fd)
{
    set_option(fd, SOL_SOCKET, SO_DETACH_FILTER, 0);
}

/* Where all say SO_REUSEADDR, the kernel gives the same port to any number of sockets, and tells
 * them apart when they listen. So it is said only for connections that are over, which keep a port
 * from who does not say it. */
static bool bind_port(int fd, const struct endpoint *endpoint)
{
    if (socket_bind(fd, endpoint) == 0) {
        return true;
    }
    if (errno != EADDRINUSE) {
        return false;
    }
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);

    bool is_bound = socket_bind(fd, endpoint) == 0;

    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 0);
    return is_bound;
}

/* `only_v6` keeps [::] and 0.0.0.0 apart, so that one may listen on both with the same port. */
static int bind_tcp(const struct endpoint *endpoint, bool is_shared, int only_v6)
{
    int fd = socket_open(endpoint);

    if (fd < 0) {
        return -1;
    }
    socket_share_port(fd, is_shared);
    if (endpoint->storage.ss_family == AF_INET6) {
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, only_v6);
    }
    if (!bind_port(fd, endpoint)) {
        return close_failed(fd);
    }
    socket_share_port(fd, false);
    return fd;
}

/* "*": one socket for both families, or for IPv4 where there is no IPv6. */
static int bind_any(uint16_t port, bool is_shared)
{
    struct address any = {.kind = ADDRESS_TCP, .host = "::", .port = port};
    struct endpoint endpoint;

    CHECK(address_to_endpoint(&any, &endpoint));

    int fd = bind_tcp(&endpoint, is_shared, 0);

    if (fd >= 0 || (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)) {
        return fd;
    }
    any = (struct address){.kind = ADDRESS_TCP, .host = "0.0.0.0", .port = port};
    CHECK(address_to_endpoint(&any, &endpoint));
    return bind_tcp(&endpoint, is_shared, 0);
}

bool socket_bind_as(const struct address *address, const struct listen_options *options,
                    struct bound_socket *bound)
{
    struct endpoint endpoint;

    *bound = (struct bound_socket){.fd = -1};
    if (address->kind == ADDRESS_UNIX) {
        return bind_unix(address, options->mode, bound);
    }
    if (strcmp(address->host, "*") == 0) {
        bound->fd = bind_any(address->port, options->is_shared);
    } else if (address_resolve(address, &endpoint) != ADDRESS_OK) {
        errno = EADDRNOTAVAIL;
    } else {
        bound->fd = bind_tcp(&endpoint, options->is_shared, 1);
    }
    return bound->fd >= 0;
}

bool socket_listen_bound(const struct bound_socket *bound, const struct address *address,
                         const struct listen_options *options)
{
    if (address->kind != ADDRESS_UNIX) {
        set_option(bound->fd, SOL_SOCKET, SO_REUSEADDR, 1);
        socket_share_port(bound->fd, options->is_shared);
    } else if (!has_its_file(bound, address)) {
        errno = EADDRINUSE;
        return false;
    }
    return listen(bound->fd, options->backlog) == 0;
}

int socket_listen_as(const struct address *address, const struct listen_options *options)
{
    struct bound_socket bound;

    if (!socket_bind_as(address, options, &bound)) {
        return -1;
    }
    return socket_listen_bound(&bound, address, options) ? bound.fd : close_failed(bound.fd);
}

int socket_listen(const struct address *address, int backlog)
{
    return socket_listen_as(address, &(struct listen_options){.backlog = backlog});
}

const char *socket_listen_text(const struct address *address, int error)
{
    struct endpoint endpoint;
    bool is_name = address->kind == ADDRESS_TCP && strcmp(address->host, "*") != 0;

    if (error != EADDRNOTAVAIL || !is_name) {
        return strerror(error);
    }
    return address_resolve(address, &endpoint) == ADDRESS_OK
               ? "it is not an address of this machine"
               : address_result_text(ADDRESS_NOT_FOUND);
}

int socket_accept(int listener, struct endpoint *peer)
{
    struct endpoint here;
    struct endpoint *from = peer != NULL ? peer : &here;
    int fd;

    do {
        *from = (struct endpoint){.size = sizeof from->storage};
        fd = accept4(listener, (struct sockaddr *)&from->storage, &from->size,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));

    if (fd >= 0 && from->storage.ss_family != AF_UNIX) {
        set_tcp_options(fd);
    }
    return fd;
}

int socket_connect(const struct endpoint *endpoint)
{
    int fd = socket_open(endpoint);

    if (fd < 0) {
        return -1;
    }
    if (connect(fd, (const struct sockaddr *)&endpoint->storage, endpoint->size) != 0 &&
        errno != EINPROGRESS && errno != EINTR) {
        return close_failed(fd);
    }
    return fd;
}

int socket_connect_error(int fd)
{
    int error = 0;
    socklen_t size = sizeof error;

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

enum socket_result socket_read(int fd, char *to, size_t room, size_t *size)
{
    ssize_t count;

    CHECK(room > 0);
    *size = 0;
    do {
        count = recv(fd, to, room, 0);
    } while (unlikely(count < 0 && errno == EINTR));

    if (likely(count > 0)) {
        *size = (size_t)count;
        return SOCKET_OK;
    }
    if (count == 0) {
        return SOCKET_EOF;
    }
    return errno == EAGAIN ? SOCKET_AGAIN : SOCKET_ERROR;
}

void socket_set_user_timeout(int fd, uint32_t timeout_ms)
{
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)timeout_ms);
}

uint64_t socket_unacknowledged_us(int fd)
{
    struct tcp_info info;
    socklen_t size = sizeof info;

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || info.tcpi_unacked == 0) {
        return 0;
    }
    return (uint64_t)info.tcpi_last_ack_recv * US_PER_MS;
}

void socket_local(int fd, struct endpoint *endpoint)
{
    *endpoint = (struct endpoint){.size = sizeof endpoint->storage};
    if (getsockname(fd, (struct sockaddr *)&endpoint->storage, &endpoint->size) != 0) {
        *endpoint = (struct endpoint){0};
    }
}

void socket_cork(int fd)
{
    set_option(fd, IPPROTO_TCP, TCP_CORK, 1);
}

bool socket_peer_has_closed(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLRDHUP};

    return poll(&wanted, 1, 0) > 0;
}

size_t socket_unread(int fd)
{
    int count = 0;

    return ioctl(fd, FIONREAD, &count) == 0 ? (size_t)count : 0;
}

uint16_t socket_port(int fd)
{
    struct endpoint endpoint;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&endpoint.storage;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&endpoint.storage;

    socket_local(fd, &endpoint);
    switch (endpoint.storage.ss_family) {
    case AF_INET: return ntohs(v4->sin_port);
    case AF_INET6: return ntohs(v6->sin6_port);
    default: return 0;
    }
}
