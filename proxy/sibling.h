/* sibling.h - starts a program as a child of our parent.
 *
 * systemd waits only for its own children when it stops a service, and kills any other main process
 * of it at once, in the middle of its drain.
 */
#ifndef PROXY_SIBLING_H
#define PROXY_SIBLING_H

#include <sys/types.h>

/* As posix_spawnp() without actions or attributes: returns 0 or why it could not. Blocks the
 * thread until the program runs. That it has ended only our parent is told. */
int sibling_spawn(pid_t *process, char **arguments, char **environment);

#endif
