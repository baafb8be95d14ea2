/* reading.h - what a request has read, and what it has certainly changed. Pure; any thread. */
#ifndef PROXY_TRACKING_READING_H
#define PROXY_TRACKING_READING_H

#include "common/resp_scan.h"
#include "proxy/command/keys.h"
#include "proxy/request/request.h"

/* May `request` have read keys? Transactions and scripts may. */
bool reading_is_read(const struct request *request);

/* Calls `visit` with each key of `request`, of a transaction with each key of each command that may
 * read. `arguments` and `keys` are scratch. Returns false when not all keys can be told. */
bool reading_each_key(const struct request *request, struct arguments *arguments, struct keys *keys,
                      void (*visit)(void *context, struct span key), void *context);

/* Has `request`, answered with `reply`, changed its one key for sure? Then that is in *key. Many
 * commands that write leave a key as it is now and then; this knows the plain ones. */
bool reading_changed_key(const struct request *request, struct span reply,
                         struct arguments *arguments, struct keys *keys, struct span *key);

#endif
