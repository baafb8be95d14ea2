/* clearance_need.h - what a node must be asked before slotway itself does what a client wants,
 * where the nodes know the users.
 *
 *      GET, PUBLISH, EXEC     nothing: it goes to them, as the client's user
 *      AUTH, HELLO .. AUTH    whether they take these credentials
 *      PING, CLIENT SETNAME   whether they take the client's user at all; it is harmless
 *      ACL LIST               goes to one of them as it is
 *      SCAN, CLIENT KILL      whether he may, as they would judge it
 *      MONITOR                nothing: it tells of what only nodes could judge, and is refused
 *
 * What is in none of these groups needs the right. Decides, and does nothing.
 */
#ifndef PROXY_DOWNSTREAM_CLEARANCE_NEED_H
#define PROXY_DOWNSTREAM_CLEARANCE_NEED_H

#include "common/resp_scan.h"
#include "proxy/command/command.h"

enum clearance_need {
    NEED_NOTHING,
    NEED_PROOF,
    NEED_LOGIN,
    NEED_NODE,
    NEED_RIGHT,
    NEED_ANOTHER_MODE,
};

/* Of a command that is about to be served outside of a transaction; `is_local`: slotway does so
 * itself. */
enum clearance_need clearance_need_of(const struct command *command,
                                      const struct arguments *arguments, bool is_local);

/* The credentials in an AUTH or a HELLO; *name is NULL for a password alone, or points to *word.
 * Returns false when there are none, or the request makes no sense. */
bool clearance_credentials(const struct command *command, const struct arguments *arguments,
                           struct span *word, const struct span **name, struct span *password);

#endif
