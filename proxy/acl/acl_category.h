/* acl_category.h - the categories of commands that ACL rules name: "@read", "@dangerous". Pure.
 */
#ifndef PROXY_ACL_ACL_CATEGORY_H
#define PROXY_ACL_ACL_CATEGORY_H

#include "proxy/command/command.h"

/* Redis's, in its order; behind them those of modules and of newer servers. */
#define ACL_CATEGORIES(ROW)                                                                        \
    ROW("keyspace")                                                                                \
    ROW("read")                                                                                    \
    ROW("write")                                                                                   \
    ROW("set")                                                                                     \
    ROW("sortedset")                                                                               \
    ROW("list")                                                                                    \
    ROW("hash")                                                                                    \
    ROW("string")                                                                                  \
    ROW("bitmap")                                                                                  \
    ROW("hyperloglog")                                                                             \
    ROW("geo")                                                                                     \
    ROW("stream")                                                                                  \
    ROW("pubsub")                                                                                  \
    ROW("admin")                                                                                   \
    ROW("fast")                                                                                    \
    ROW("slow")                                                                                    \
    ROW("blocking")                                                                                \
    ROW("dangerous")                                                                               \
    ROW("connection")                                                                              \
    ROW("transaction")                                                                             \
    ROW("scripting")

#define ACL_CATEGORIES_OF_OTHERS(ROW)                                                              \
    ROW("array")                                                                                   \
    ROW("bloom")                                                                                   \
    ROW("cuckoo")                                                                                  \
    ROW("cms")                                                                                     \
    ROW("topk")                                                                                    \
    ROW("tdigest")                                                                                 \
    ROW("search")                                                                                  \
    ROW("json")                                                                                    \
    ROW("timeseries")

/* How many there are of Redis's own. */
enum {
#define ROW(name) +1
    ACL_CATEGORY_COUNT = ACL_CATEGORIES(ROW),
#undef ROW
};

/* The name of Redis's category `index`. */
const char *acl_category_name(size_t index);

/* The bit of the category called `name`, without @ and in any case of its letters; 0: none is. */
uint64_t acl_category_find(struct span name);

/* The bits of all categories that `command` says of itself. */
uint64_t acl_category_of(const struct command *command);

#endif
