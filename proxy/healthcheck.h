/* healthcheck.h - asks a running slotway whether it is ready: what a container's health check runs.
 */
#ifndef PROXY_HEALTHCHECK_H
#define PROXY_HEALTHCHECK_H

#include "common/address.h"

enum healthcheck_result {
    HEALTHCHECK_READY = 0,
    HEALTHCHECK_NOT_READY,   /* it answered, but not with 200 */
    HEALTHCHECK_NO_ADDRESS,  /* the name of the admin address cannot be resolved */
    HEALTHCHECK_UNREACHABLE, /* no connection, or it broke */
    HEALTHCHECK_TOO_SLOW,    /* no answer before the deadline */
};

/* How the admin address is spoken to. */
enum healthcheck_speech { HEALTHCHECK_HTTP, HEALTHCHECK_HTTPS };

/* GETs /readyz from the admin address; an address that stands for any is asked on loopback. Any
 * certificate will do: it need not be for that address. Blocks for `timeout_us` at most, not
 * counting the resolver. */
enum healthcheck_result healthcheck(const struct address *admin, enum healthcheck_speech speech,
                                    uint64_t timeout_us) MUST_USE;

const char *healthcheck_text(enum healthcheck_result result);

#endif
