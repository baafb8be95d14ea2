#include "proxy/downstream/listening.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/memory.h"
#include "common/socket.h"

enum { ADDRESS_TEXT_BYTES = sizeof(struct address) + 16, OWNER_BYTES = 80 };

static struct listening_socket *socket_at(struct list_link *link)
{
    return container_of(link, struct listening_socket, link);
}

static const struct addresses *list_of(const struct pool_config *config, bool is_encrypted)
{
    return is_encrypted ? &config->tls_listen : &config->listen;
}

static bool is_wanted(const struct listening_socket *listening, const struct pool_config *config)
{
    const struct addresses *wanted = list_of(config, listening->is_encrypted);

    for (size_t i = 0; i < wanted->count; i++) {
        if (address_equal(&listening->address, &wanted->items[i])) {
            return true;
        }
    }
    return false;
}

void listening_plan(struct list *sockets, const struct pool_config *config)
{
    LIST_EACH (link, sockets) {
        struct listening_socket *listening = socket_at(link);

        if (!is_wanted(listening, config)) {
            listening->stage = LISTENING_LEAVING;
            socket_share_port(listening->fd, true);
        }
    }
}

/* Among those that were there before: of new ones no two are the same, unless it is port 0, of
 * which each is another. */
static bool is_there(const struct list *sockets, const struct address *address, bool is_encrypted)
{
    LIST_EACH (link, sockets) {
        const struct listening_socket *listening = socket_at(link);

        if (listening->stage != LISTENING_NEW && listening->is_encrypted == is_encrypted &&
            address_equal(&listening->address, address)) {
            return true;
        }
    }
    return false;
}

void listening_owner(const char *pool, char *text, size_t room)
{
    snprintf(text, room, "pool %s", pool);
}

/* -1: none. */
static int take_inherited(const struct address *address, const struct pool_config *config,
                          enum socket_file *file)
{
    char owner[OWNER_BYTES];

    listening_owner(config->name, owner, sizeof owner);

    int fd = inherited_take(&(struct listening_wish){owner, address}, file);

    /* It listens already: this only says how many may wait. */
    if (fd >= 0 && listen(fd, (int)config->backlog) != 0) {
        log_warn("the backlog of a socket stays as it was", "pool=%s error=%s", config->name,
                 strerror(errno));
    }
    return fd;
}

static struct listen_options options_of(const struct listening_socket *listening)
{
    return (struct listen_options){
        .backlog = (int)listening->backlog,
        .mode = listening->mode,
        .is_shared = listening->shares_port,
    };
}

/* Shared only where the port is taken: were it always, another program could take it as well, and
 * nobody would be told. */
static bool bind_socket(struct listening_socket *listening)
{
    const struct address *address = &listening->address;
    struct listen_options options = options_of(listening);
    bool is_bound = socket_bind_as(address, &options, &listening->bound);

    if (!is_bound && errno == EADDRINUSE && address->kind != ADDRESS_UNIX) {
        options.is_shared = true;
        is_bound = socket_bind_as(address, &options, &listening->bound);
        listening->shares_port = is_bound;
    }
    listening->fd = listening->bound.fd;
    return is_bound;
}

/* With errno. */
static void tell_refusal(const struct listening_socket *listening, const struct pool_config *config,
                         struct config_errors *errors)
{
    char text[ADDRESS_TEXT_BYTES];
    const char *reason = socket_listen_text(&listening->address, errno);

    address_print(&listening->address, text, sizeof text);
    log_error("cannot listen", "pool=%s address=%s error=%s", config->name, text, reason);
    config_errors_add(errors, listening->is_encrypted ? "tls.listen" : "listen",
                      "pool '%s' cannot listen on %s: %s", config->name, text, reason);
}

/* NULL when it cannot be. */
static struct listening_socket *bind_one(const struct address *address, bool is_encrypted,
                                         const struct pool_config *config,
                                         struct config_errors *errors)
{
    struct listening_socket *listening = memory_new(1, sizeof *listening);

    *listening = (struct listening_socket){
        .address = *address,
        .is_encrypted = is_encrypted,
        .backlog = config->backlog,
        .mode = config->socket_mode,
        .file = SOCKET_FILE_OURS,
    };
    listening->fd = take_inherited(address, config, &listening->file);
    if (listening->fd < 0 && !bind_socket(listening)) {
        tell_refusal(listening, config, errors);
        free(listening);
        return NULL;
    }
    return listening;
}

static bool bind_all(struct list *sockets, bool is_encrypted, const struct pool_config *config,
                     struct config_errors *errors)
{
    const struct addresses *wanted = list_of(config, is_encrypted);
    bool is_done = true;

    for (size_t i = 0; i < wanted->count; i++) {
        const struct address *address = &wanted->items[i];

        if (is_there(sockets, address, is_encrypted)) {
            continue;
        }

        struct listening_socket *listening = bind_one(address, is_encrypted, config, errors);

        if (listening == NULL) {
            is_done = false;
        } else {
            list_append(sockets, &listening->link);
        }
    }
    return is_done;
}

bool listening_bind(struct list *sockets, const struct pool_config *config,
                    struct config_errors *errors)
{
    bool is_plain_done = bind_all(sockets, false, config, errors);

    return bind_all(sockets, true, config, errors) && is_plain_done;
}

/* Who has taken the file of a unix socket meanwhile shall keep it. */
static bool listen_on(struct listening_socket *listening)
{
    struct listen_options options = options_of(listening);

    if (!socket_listen_bound(&listening->bound, &listening->address, &options)) {
        if (errno == EADDRINUSE) {
            listening->file = SOCKET_FILE_PREDECESSORS;
        }
        return false;
    }
    if (listening->shares_port) {
        socket_share_port(listening->fd, false);
    }
    return true;
}

bool listening_listen(struct list *sockets, const struct pool_config *config,
                      struct config_errors *errors)
{
    LIST_EACH (link, sockets) {
        struct listening_socket *listening = socket_at(link);
        bool is_bound = listening->stage == LISTENING_NEW && listening->file == SOCKET_FILE_OURS;

        if (is_bound && !listen_on(listening)) {
            tell_refusal(listening, config, errors);
            return false;
        }
    }
    return true;
}

static void remove_file(const struct listening_socket *listening)
{
    if (listening->address.kind == ADDRESS_UNIX && listening->file == SOCKET_FILE_OURS) {
        unlink(listening->address.host);
    }
}

/* Where a file is and nobody listens, another process listens in its place: that one's file must
 * not be the one that is removed. */
static void close_socket(struct listening_socket *listening)
{
    list_remove(&listening->link);
    remove_file(listening);
    close(listening->fd);
    free(listening);
}

void listening_undo(struct list *sockets)
{
    LIST_EACH_SAFE (link, sockets) {
        struct listening_socket *listening = socket_at(link);

        switch (listening->stage) {
        case LISTENING_NEW: close_socket(listening); break;
        case LISTENING_KEPT: break;
        case LISTENING_LEAVING:
            socket_share_port(listening->fd, false);
            listening->stage = LISTENING_KEPT;
            break;
        }
    }
}

/* There is no way to ask for the umask without setting it; files that another thread makes just
 * then are nobody else's. */
static uint32_t mode_by_umask(void)
{
    mode_t mask = umask(077);

    umask(mask);
    return 0777 & ~mask;
}

static void set_mode(const struct listening_socket *listening, const struct pool_config *config)
{
    uint32_t mode = config->socket_mode == 0 ? mode_by_umask() : config->socket_mode;

    if (listening->address.kind == ADDRESS_UNIX && chmod(listening->address.host, mode) != 0) {
        log_warn("cannot change who may connect", "pool=%s address=%s error=%s", config->name,
                 listening->address.host, strerror(errno));
    }
}

void listening_adopt(struct listening_socket *listening, const struct pool_config *config)
{
    if (listening->file == SOCKET_FILE_PREDECESSORS) {
        listening->file = SOCKET_FILE_OURS;
        set_mode(listening, config);
    }
}

void listening_refresh(struct listening_socket *listening, const struct pool_config *config)
{
    listening->stage = LISTENING_KEPT;
    /* Linux: a socket that listens may be told another backlog. */
    if (listening->backlog != config->backlog) {
        listening->backlog = config->backlog;
        (void)listen(listening->fd, (int)config->backlog);
    }
    if (listening->mode != config->socket_mode) {
        listening->mode = config->socket_mode;
        if (listening->file == SOCKET_FILE_OURS) {
            set_mode(listening, config);
        }
    }
}

/* The file goes first and only once: from then on another may have its name. What is lent listens
 * on without us, for whoever is started next. */
void listening_retire(struct listening_socket *listening)
{
    if (listening->file == SOCKET_FILE_LENT) {
        socket_share_port(listening->fd, false);
        return;
    }
    remove_file(listening);
    listening->file = SOCKET_FILE_PREDECESSORS;
    socket_answer_no_more(listening->fd);
}

void listening_close(struct listening_socket **listening)
{
    struct listening_socket *gone = *listening;

    *listening = NULL;
    close_socket(gone);
}
