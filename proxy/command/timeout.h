/* timeout.h - how long a request asks to block, and the same request with less time left. Pure; any
 * thread.
 *
 *      BLPOP k 2.5              2500000 us       with 1.2 s left: BLPOP k 1.200
 *      XREAD BLOCK 0 STREAMS …  for ever
 */
#ifndef PROXY_COMMAND_TIMEOUT_H
#define PROXY_COMMAND_TIMEOUT_H

#include "common/block.h"
#include "proxy/command/command.h"

enum timeout_result {
    TIMEOUT_NONE, /* the request never blocks */
    TIMEOUT_FOUND,
    TIMEOUT_BAD, /* it may not be one: a node says so in its own words */
};

enum timeout_unit { TIMEOUT_SECONDS, TIMEOUT_MILLISECONDS };

struct timeout {
    uint32_t argument; /* where it is */
    enum timeout_unit unit;
    uint64_t us; /* UINT64_MAX: for ever */
};

/* Looks at a request whose arity has been checked. *timeout is complete when one was FOUND. */
enum timeout_result timeout_find(const struct command *command, const struct arguments *arguments,
                                 struct timeout *timeout) MUST_USE;

/* The request in `bytes`, whose timeout can be found, with `left_us` instead: in milliseconds, and
 * never so few that a node could take it for none, which would be for ever. */
struct block *timeout_replace(const struct command *command, struct span bytes,
                              uint64_t left_us) MUST_USE;

#endif
