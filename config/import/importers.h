/* importers.h - from another proxy's tree to slotway's options, a function for each proxy.
 *
 * They see what they use, note what differs, and add pools. False with an error when there is
 * nothing that slotway could stand for. */
#ifndef CONFIG_IMPORT_IMPORTERS_H
#define CONFIG_IMPORT_IMPORTERS_H

#include "config/import/target.h"

/* twemproxy: each key of the file is a pool. */
bool import_nutcracker(struct tree *tree, struct target *target, struct config_errors *errors);

/* Listeners of static_resources that have a redis_proxy filter. */
bool import_envoy(struct tree *tree, struct target *target, struct config_errors *errors);

/* A ClusterServerPool. */
bool import_predixy(struct tree *tree, struct target *target, struct config_errors *errors);

/* Reads predixy's syntax: "Key Value", "Key Value {" ... "}", "#", quotes, and Include, whose file
 * stands beside the one that names it. False, with errors; the tree is to be cleared anyway. */
bool predixy_read(struct tree *tree, const char *path, struct config_errors *errors) MUST_USE;

/* "HOST:PORT" from two parts, brackets around an IPv6 address; to be freed. */
char *import_address(const char *host, const char *port) MUST_USE;

#endif
