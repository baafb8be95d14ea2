/* renewal.h - files of TLS that may be renewed at any time: when to read them, and when to say that
 * they cannot be used.
 *
 *      look ─> as those in use ─> nothing
 *        └──> otherwise ─> read ─> good: in use from now on
 *                            └──> refused: again at the next look
 *
 * The next look may find that what is refused is good by then, although nobody has touched it: a
 * certificate whose time has come, a file that could not be opened. It is told of when it is
 * refused twice as it is, as who renews several files does it one after the other; and then once,
 * until the reason is another one or the files are. Control thread only.
 */
#ifndef PROXY_RENEWAL_H
#define PROXY_RENEWAL_H

#include "config/tls_options.h"

/* All zero: nothing is in use. */
struct renewal {
    uint64_t used;    /* what the files in use look like from outside */
    uint64_t refused; /* likewise, of those that were refused at the last look */
    bool is_told;
    struct tls_option_fault told; /* why */
};

/* Files that look like this are in use. */
void renewal_use(struct renewal *renewal, uint64_t looks);

/* Are there other files than those in use, if they look like this? Then they are to be read. */
bool renewal_is_due(struct renewal *renewal, uint64_t looks) MUST_USE;

/* They were refused. Is somebody to be told? */
bool renewal_is_news(struct renewal *renewal, uint64_t looks,
                     const struct tls_option_fault *fault) MUST_USE;

#endif
