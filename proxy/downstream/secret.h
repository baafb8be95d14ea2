/* secret.h - requests that have a password in them.
 *
 *      AUTH alice secret
 *      HELLO 3 AUTH alice secret
 *      ACL SETUSER alice >secret
 *
 * What is left of them in memory is overwritten when they have been served. docs/security.md says
 * what that does not reach.
 */
#ifndef PROXY_DOWNSTREAM_SECRET_H
#define PROXY_DOWNSTREAM_SECRET_H

#include "common/resp_scan.h"

/* May there be one in a request with these words, of which there is at least one? */
bool secret_may_be_in(const struct arguments *arguments);

#endif
