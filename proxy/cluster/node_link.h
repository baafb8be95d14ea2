/* node_link.h - discovery's talk with one node: blocking, with deadlines, and over at once when
 * another thread wants the discovery thread to stop.
 *
 *      open:  socket_connect ─> writable ─> TLS handshake if there is to be TLS, or deadline
 *      ask:   AUTH (first time) + CLUSTER SLOTS + CLUSTER INFO in one write ─> whole replies, or
 *             deadline ─> a topology with its epoch
 *
 * Replies are scanned to their end before hiredis builds trees of them: what a node only announces
 * allocates nothing. One thread.
 */
#ifndef PROXY_CLUSTER_NODE_LINK_H
#define PROXY_CLUSTER_NODE_LINK_H

#include "common/sendq.h"
#include "config/config.h"
#include "proxy/cluster/adoption.h"
#include "proxy/cluster/node_tls.h"

enum {
    NODE_LINK_ERROR_SIZE = 160,
    NODE_LINK_REPLY_MAX = 32 * 1024 * 1024, /* 16384 ranges of one slot with three nodes: 6 MB */
};

enum node_link_result {
    NODE_LINK_OK = 0,
    NODE_LINK_FAILED,  /* `error` says why */
    NODE_LINK_TIMEOUT, /* likewise: the node is there and silent */
    NODE_LINK_STOPPED, /* stop_fd became readable */
};

struct redisReply;

struct node_link {
    const struct pool_config *pool;
    int stop_fd;
    int fd;                 /* -1: closed */
    struct node_door *door; /* NULL: links are plain */
    struct tls *tls;        /* NULL: this one is */
    struct tls_memory tls_memory;
    struct endpoint endpoint;
    char host[ADDRESS_HOST_SIZE]; /* that the node was asked for by */
    uint8_t login; /* which password is given: 0 is backend.password, 1 the next one */
    bool is_greeted;
    bool is_refused;        /* the last failure was a wrong password */
    bool has_failed_in_tls; /* the last failure was one of TLS */
    char error[NODE_LINK_ERROR_SIZE];
    char *input;
    size_t input_size;
    size_t input_room;
};

enum { NODE_LINK_REPLIES_MAX = 2 };

/* Replies to some other question. */
struct node_replies {
    size_t bytes_max; /* of each; what is longer fails */
    size_t wanted;
    struct redisReply *items[NODE_LINK_REPLIES_MAX]; /* `wanted` of them; the receiver's */
};

/* What a node said. */
struct node_answer {
    struct topology *topology; /* the receiver's */
    enum cluster_state state;
};

/* A closed link. Borrows `pool`; `stop_fd` is watched, never read. */
void node_link_init(struct node_link *link, const struct pool_config *pool, int stop_fd);

/* Connects, within the pool's connect timeout, to the node that `host` names. The link must be
 * closed. */
enum node_link_result node_link_open(struct node_link *link, const struct endpoint *endpoint,
                                     const char *host) MUST_USE;

/* Asks for the topology, within the same time again. The link stays open only after OK. */
enum node_link_result node_link_ask(struct node_link *link, struct node_answer *answer) MUST_USE;

/* Asks an open link something else, whose replies come within the same time. They are there, and
 * the link stays open, only after OK. */
enum node_link_result node_link_ask_else(struct node_link *link, struct sendq *question,
                                         struct node_replies *replies) MUST_USE;

/* Frees them. */
void node_replies_clear(struct node_replies *replies);

static inline bool node_link_is_open(const struct node_link *link)
{
    return link->fd >= 0;
}

/* Does nothing when closed. */
void node_link_close(struct node_link *link);

/* Closes and frees what the link holds. */
void node_link_clear(struct node_link *link);

#endif
