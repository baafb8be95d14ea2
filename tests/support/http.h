/* http.h - one request to a port of 127.0.0.1, for the admin pages. */
#ifndef TESTS_SUPPORT_HTTP_H
#define TESTS_SUPPORT_HTTP_H

#include "tests/support/bytes.h"

/* Returns the status, or 0 when there was no answer; the body goes into *body unless it is NULL,
 * and the caller clears that. */
int http_get(uint16_t port, const char *path, struct bytes *body);

/* Likewise, a POST, as an operator's program sends it. */
int http_post(uint16_t port, const char *path, struct bytes *body);

#endif
