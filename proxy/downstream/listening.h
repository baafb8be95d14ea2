/* listening.h - the sockets on which the clients of a pool arrive, and how one list of addresses
 * takes the place of another without turning anybody away:
 *
 *      plan    those that are not wanted any more are marked; they still listen
 *      bind    what is missing gets its address, or an inherited socket where one fits; a port that
 *              one of the marked has is shared with it
 *      listen  when all lists have theirs: people can come to it; nobody accepts there yet
 *      commit  the marked are emptied and closed, the others get what is new about them
 *      undo    or: what was bound is closed, and all is as before
 *
 * Control thread only; between plan and commit or undo nothing else runs.
 */
#ifndef PROXY_DOWNSTREAM_LISTENING_H
#define PROXY_DOWNSTREAM_LISTENING_H

#include "common/inherited.h"
#include "common/reactor.h"
#include "config/errors.h"

enum listening_stage { LISTENING_NEW, LISTENING_KEPT, LISTENING_LEAVING };

struct listening_socket {
    struct list_link link;
    enum listening_stage stage;
    struct address address;
    bool is_encrypted; /* of tls.listen */
    uint64_t backlog;
    uint32_t mode;
    int fd;
    struct bound_socket bound; /* of one that was not inherited, until it listens */
    bool shares_port;          /* then; with one that is marked */
    enum socket_file file;     /* of a unix socket */
    void *owner;
    ev_io readable; /* the owner's to set up and to start, on commit */
};

/* What `config` wants of the list `sockets`. */
void listening_plan(struct list *sockets, const struct pool_config *config);

/* False, with a line in the log and in `errors`, when an address cannot be had; then listening_undo
 * is to be called. */
bool listening_bind(struct list *sockets, const struct pool_config *config,
                    struct config_errors *errors) MUST_USE;

/* The same, of what was bound, with the same configuration. */
bool listening_listen(struct list *sockets, const struct pool_config *config,
                      struct config_errors *errors) MUST_USE;

/* What plan, bind and listen did. */
void listening_undo(struct list *sockets);

/* A socket that begins to be accepted from: the file of a predecessor's is ours from now on, and
 * such as `config` says. */
void listening_adopt(struct listening_socket *listening, const struct pool_config *config);

/* A socket that stays, with what `config` says of it now. */
void listening_refresh(struct listening_socket *listening, const struct pool_config *config);

/* What the sockets of a pool are inherited as. */
void listening_owner(const char *pool, char *text, size_t room);

/* Nobody comes to it from now on, but who has come can be accepted. One that is lent goes back as
 * it came. */
void listening_retire(struct listening_socket *listening);

/* Closes it; the file of a unix socket goes too, if it is ours. Its watcher is stopped. Takes the
 * pointer. */
void listening_close(struct listening_socket **listening);

#endif
