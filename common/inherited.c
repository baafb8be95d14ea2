#include "common/inherited.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/check.h"
#include "common/log.h"
#include "common/memory.h"

struct inherited_socket {
    int fd;      /* -1: taken */
    char *owner; /* of the predecessor's; NULL: systemd's */
    char *name;  /* of systemd's */
    struct address address;
    bool is_lent;
};

static struct inherited_socket *sockets;
static size_t socket_count;

static bool option_is(int fd, int level, int option, int wanted)
{
    int value = 0;
    socklen_t size = sizeof value;

    return getsockopt(fd, level, option, &value, &size) == 0 && value == wanted;
}

bool inherited_is_listening(int fd, int type)
{
    return option_is(fd, SOL_SOCKET, SO_ACCEPTCONN, 1) && option_is(fd, SOL_SOCKET, SO_TYPE, type);
}

static struct inherited_socket *inherited_append(int fd)
{
    sockets = memory_resize(sockets, socket_count + 1, sizeof *sockets);
    sockets[socket_count] = (struct inherited_socket){.fd = fd};
    return &sockets[socket_count++];
}

void inherited_add(int fd, const char *owner, const struct address *address, bool is_lent)
{
    struct inherited_socket *added = inherited_append(fd);

    added->owner = memory_copy(owner, strlen(owner));
    added->address = *address;
    added->is_lent = is_lent;
}

void inherited_add_activated(int fd, const char *name)
{
    struct inherited_socket *added = inherited_append(fd);

    added->name = memory_copy(name, strlen(name));
    added->is_lent = true;
}

static bool is_written_alike(const struct inherited_socket *candidate,
                             const struct listening_wish *wish)
{
    return candidate->owner != NULL && strcmp(candidate->owner, wish->owner) == 0 &&
           address_equal(&candidate->address, wish->address);
}

static bool is_same_path(const struct endpoint *local, const char *path)
{
    const struct sockaddr_un *name = (const struct sockaddr_un *)&local->storage;
    size_t size = local->size - offsetof(struct sockaddr_un, sun_path);

    return local->size > offsetof(struct sockaddr_un, sun_path) &&
           strnlen(name->sun_path, size) == strlen(path) &&
           memcmp(name->sun_path, path, strlen(path)) == 0;
}

static bool is_same_v4(const struct endpoint *a, const struct endpoint *b)
{
    const struct sockaddr_in *x = (const struct sockaddr_in *)&a->storage;
    const struct sockaddr_in *y = (const struct sockaddr_in *)&b->storage;

    return x->sin_port == y->sin_port && x->sin_addr.s_addr == y->sin_addr.s_addr;
}

static bool is_same_v6(const struct endpoint *a, const struct endpoint *b)
{
    const struct sockaddr_in6 *x = (const struct sockaddr_in6 *)&a->storage;
    const struct sockaddr_in6 *y = (const struct sockaddr_in6 *)&b->storage;

    return x->sin6_port == y->sin6_port &&
           memcmp(&x->sin6_addr, &y->sin6_addr, sizeof x->sin6_addr) == 0;
}

static bool is_same_place(const struct endpoint *a, const struct endpoint *b)
{
    if (a->storage.ss_family != b->storage.ss_family) {
        return false;
    }
    switch (a->storage.ss_family) {
    case AF_INET: return is_same_v4(a, b);
    case AF_INET6: return is_same_v6(a, b);
    default: return false;
    }
}

/* "*" is both families: in one socket, or IPv4 alone where there is no other. */
static bool is_everywhere(int fd, const struct endpoint *local, uint16_t port)
{
    struct address any = {.kind = ADDRESS_TCP, .host = "::", .port = port};
    struct endpoint wanted;

    if (local->storage.ss_family == AF_INET) {
        strcpy(any.host, "0.0.0.0");
    } else if (!option_is(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0)) {
        return false;
    }
    return address_to_endpoint(&any, &wanted) && is_same_place(local, &wanted);
}

static bool is_bound_to(int fd, const struct address *address)
{
    struct endpoint local;
    struct endpoint wanted;

    socket_local(fd, &local);
    if (address->kind == ADDRESS_UNIX) {
        return local.storage.ss_family == AF_UNIX && is_same_path(&local, address->host);
    }
    if (strcmp(address->host, "*") == 0) {
        return is_everywhere(fd, &local, address->port);
    }
    return address_resolve(address, &wanted) == ADDRESS_OK && is_same_place(&local, &wanted);
}

static struct inherited_socket *inherited_find(const struct listening_wish *wish)
{
    for (size_t i = 0; i < socket_count; i++) {
        if (sockets[i].fd >= 0 && is_written_alike(&sockets[i], wish)) {
            return &sockets[i];
        }
    }
    for (size_t i = 0; i < socket_count; i++) {
        if (sockets[i].fd >= 0 && is_bound_to(sockets[i].fd, wish->address)) {
            return &sockets[i];
        }
    }
    return NULL;
}

int inherited_take(const struct listening_wish *wish, enum socket_file *file)
{
    struct inherited_socket *found = inherited_find(wish);

    if (found == NULL) {
        return -1;
    }

    int fd = found->fd;

    *file = found->is_lent ? SOCKET_FILE_LENT : SOCKET_FILE_PREDECESSORS;
    found->fd = -1;
    socket_answer_again(fd);
    return fd;
}

bool inherited_is_taken(size_t index)
{
    for (size_t i = 0; i < socket_count; i++) {
        if (sockets[i].owner != NULL && index-- == 0) {
            return sockets[i].fd < 0;
        }
    }
    CHECK(false);
    return false;
}

static void inherited_close(struct inherited_socket *unwanted)
{
    struct endpoint local;
    char text[sizeof(struct address) + 32];

    socket_local(unwanted->fd, &local);
    endpoint_print(&local, text, sizeof text);
    if (unwanted->owner == NULL) {
        log_error("a socket of systemd's is none that the configuration names",
                  "name=%s address=%s", unwanted->name, text);
    } else {
        log_info("the predecessor's socket is wanted no more", "owner=%s address=%s",
                 unwanted->owner, text);
    }
    close(unwanted->fd);
}

void inherited_close_rest(void)
{
    for (size_t i = 0; i < socket_count; i++) {
        if (sockets[i].fd >= 0) {
            inherited_close(&sockets[i]);
        }
        free(sockets[i].owner);
        free(sockets[i].name);
    }
    free(sockets);
    sockets = NULL;
    socket_count = 0;
}
