/* check.h - assertions that stay on in every build.
 *
 * CHECK is for our own mistakes. What a client, a node or a file sends is input, and input is
 * never CHECKed: it gets an error reply, a close reason or a message.
 */
#ifndef COMMON_CHECK_H
#define COMMON_CHECK_H

#include "common/base.h"

#define CHECK(condition)                                                                           \
    (likely(condition) ? (void)0 : check_failed(__FILE__, __LINE__, __func__, #condition))

/* Prints place and condition on stderr and aborts. Any thread. */
_Noreturn void check_failed(const char *file, int line, const char *function,
                            const char *condition);

#endif
