/* error_reply.h - the errors that slotway itself sends: symbol to wire bytes. Any thread. */
#ifndef PROXY_REQUEST_ERROR_REPLY_H
#define PROXY_REQUEST_ERROR_REPLY_H

#include "common/sendq.h"
#include "proxy/metrics/metrics.h"
#include "proxy/request/request.h"

enum error_symbol {
#define ERROR_REPLY(symbol, name, text) ERROR_##symbol,
#include "proxy/request/error_replies.def"
    ERROR_SYMBOL_COUNT,
};

enum { ERROR_REPLY_MAX = 512 };

/* Writes the whole error line into `line` (ERROR_REPLY_MAX bytes) and counts it, unless `metrics`
 * is NULL. `detail` stands where the text has %s, is cut where too long, and may not hold CR or LF;
 * NULL where there is none. */
struct span error_reply(enum error_symbol symbol, const char *detail, struct metrics *metrics,
                        char *line);

/* Settles `request` with that error. */
void error_settle(struct request *request, enum error_symbol symbol, const char *detail,
                  struct metrics *metrics);

/* "clusterdown": for the label of the counter; ERROR_SYMBOL_COUNT of them. */
const char *const *error_reply_names(void);

#endif
