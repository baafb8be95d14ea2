/* evalsha.h - EVALSHA as bytes, and the EVAL that does the same. Pure.
 *
 *      EVALSHA e0e1…f8db 1 k a   ──evalsha_write_out──>   EVAL "return 1" 1 k a
 */
#ifndef PROXY_ROUTING_EVALSHA_H
#define PROXY_ROUTING_EVALSHA_H

#include "common/block.h"
#include "common/sha1.h"
#include "proxy/command/command.h"

/* Is it EVALSHA or EVALSHA_RO? */
bool command_is_by_sha1(const struct command *command);

/* Is it EVAL or EVAL_RO? */
bool command_is_by_body(const struct command *command);

/* EVAL for EVALSHA, and EVAL_RO for EVALSHA_RO. */
const struct command *evalsha_counterpart(const struct command *command);

/* The SHA-1 or the body in `bytes`, one whole request of one of these four. */
struct span evalsha_script(struct span bytes);

/* `bytes`, one whole request of `command`, as its counterpart with `body`. */
struct block *evalsha_write_out(const struct command *command, struct span bytes,
                                struct span body) MUST_USE;

#endif
