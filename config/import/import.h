/* import.h - the configuration of another proxy as one of slotway's.
 *
 *      FILE ─ syntax ─> tree ─ nutcracker.c, predixy.c or envoy.c ─> target ─> YAML and comments
 *
 * Nothing is invented: an option is there because the other file says it, or because the other
 * proxy's default differs from slotway's. One thread.
 */
#ifndef CONFIG_IMPORT_IMPORT_H
#define CONFIG_IMPORT_IMPORT_H

#include <stdio.h>

#include "config/config.h"

/* Reads `path`, a nutcracker.yml, an envoy.yaml or a predixy.conf, and prints what does the same.
 * *notes is the number of comments about what has no equivalent. False, with errors and nothing
 * printed, when the file cannot be read or is none of these. */
bool config_import(const char *path, FILE *to, size_t *notes,
                   struct config_errors *errors) MUST_USE;

#endif
