/* config_file.h - the YAML file, into a draft. */
#ifndef CONFIG_CONFIG_FILE_H
#define CONFIG_CONFIG_FILE_H

#include "config/draft.h"

/* Reads the file at `path`: its global options, and a pool for each entry of `pools`. */
void config_file_load(struct draft *draft, const char *path);

#endif
