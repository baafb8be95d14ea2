/* client_filter.h - which clients CLIENT LIST and CLIENT KILL mean.
 *
 * Parsed once in the worker that was asked, then read by all workers.
 */
#ifndef PROXY_DOWNSTREAM_CLIENT_FILTER_H
#define PROXY_DOWNSTREAM_CLIENT_FILTER_H

#include "common/resp_scan.h"
#include "proxy/acl/user_set.h"
#include "proxy/downstream/client_line.h"

enum client_type {
    CLIENT_TYPE_ANY,
    CLIENT_TYPE_NORMAL,
    CLIENT_TYPE_PUBSUB, /* has subscriptions */
    CLIENT_TYPE_NODE,   /* slotway has none of these */
};

struct client_filter {
    uint64_t *ids;  /* with has_ids: one of these, which are in order */
    uint64_t *said; /* the same as they were said; NULL: it is one at most */
    uint32_t id_count;
    bool has_ids;
    char *peer; /* NULL: any. Likewise the next two */
    char *local;
    char *user;
    uint64_t min_age_s; /* at least so old */
    uint64_t spared;    /* not this one; 0: none */
    enum client_type type;
    bool is_plain;   /* CLIENT KILL address: the reply is OK, or that there is none */
    char error[192]; /* what is wrong with the arguments, "ERR …"; "" after a good parse */
};

/* The arguments of a whole CLIENT LIST. Returns false and sets ->error when they make no sense.
 * client_filter_clear in either case. */
bool client_filter_parse_list(struct client_filter *filter,
                              const struct arguments *arguments) MUST_USE;

/* Likewise of CLIENT KILL. `asker` is the client that asks, `users` who there may be;
 * NULL: that is not known here. */
bool client_filter_parse_kill(struct client_filter *filter, const struct arguments *arguments,
                              uint64_t asker, const struct user_set *users) MUST_USE;

/* The client with this id; client_filter_clear as well. */
void client_filter_one(struct client_filter *filter, uint64_t id);

void client_filter_clear(struct client_filter *filter);

/* Is a client with this id and age meant, as far as these two say? */
bool client_filter_admits(const struct client_filter *filter, uint64_t id, uint64_t age_s);

/* And one that has subscriptions, or has none? */
bool client_filter_admits_type(const struct client_filter *filter, bool is_subscribed);

/* And with these addresses? */
bool client_filter_admits_ends(const struct client_filter *filter, const struct client_ends *ends);

/* And a user of this name? */
bool client_filter_admits_user(const struct client_filter *filter, const char *user);

/* All of that, for a client of this thread. */
bool client_filter_matches(const struct client_filter *filter, const struct client *client);

#endif
