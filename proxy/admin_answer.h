/* admin_answer.h - from a request at the admin port to its answer: which route, may it be had, and
 * the headers around what the route says. Control thread; for admin.c.
 */
#ifndef PROXY_ADMIN_ANSWER_H
#define PROXY_ADMIN_ANSWER_H

#include <microhttpd.h>

#include "proxy/admin.h"

struct admin_request {
    struct admin_daemon *daemon; /* that it came to */
    struct MHD_Connection *connection;
    const char *path;
    struct admin_later **later; /* where one that waits is put */
    struct admin_rules rules;
    bool wants_token; /* from who asks, unless: */
    bool is_open;     /* for everybody: admin_door.h */
    bool is_known;    /* `method` is one that some route may have */
    enum admin_method method;
    const char *allowed; /* of 405: the methods that the path has */
};

/* Finds the route of the request, and lets it write the answer, or put it off. */
void admin_answer_request(const struct admin_site *site, struct admin_request *request,
                          struct admin_answer *answer);

/* Sends the answer. */
enum MHD_Result admin_answer_send(const struct admin_answer *answer,
                                  const struct admin_request *request) MUST_USE;

#endif
