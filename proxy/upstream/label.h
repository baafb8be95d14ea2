/* label.h - by what a node's CLIENT LIST tells connections of ours: name, library, version.
 *
 *      backend.client_name: "slotway-{pool}@{host}"  ──> CLIENT SETNAME slotway-main@web3
 *      backend.client_info: true                     ──> CLIENT SETINFO lib-name, lib-ver
 *
 * Nobody minds when a node refuses any of it, as one before 7.2 does SETINFO. Worker's thread.
 */
#ifndef PROXY_UPSTREAM_LABEL_H
#define PROXY_UPSTREAM_LABEL_H

#include "common/sendq.h"
#include "config/config.h"

enum { LABEL_SIZE = 256 };

/* The name, of printable bytes without blanks: what else is in it becomes "_". Returns `text`. */
const char *label_print(const struct pool_config *config, char text[LABEL_SIZE]);

/* Appends the commands; returns how many there are. */
uint8_t label_write(const struct pool_config *config, struct sendq *output);

#endif
