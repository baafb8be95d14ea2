/* successor.h - the process that is to take the place of this one, started by it.
 *
 * The same command line once more: the program that is now at the path, which may be a newer one,
 * with the same arguments. It finds us by upgrade.socket. Control thread only.
 */
#ifndef PROXY_SUCCESSOR_H
#define PROXY_SUCCESSOR_H

#include <sys/types.h>

#include "common/reactor.h"

struct successor {
    struct reactor_timer look; /* has it ended? */
    pid_t process;             /* 0: none */
};

void successor_init(struct successor *successor, struct reactor *reactor);

/* No more looks; the process is not touched. */
void successor_clear(struct successor *successor);

/* Starts it, unless one is under way. Says in the log what it does. */
void successor_start(struct successor *successor);

#endif
