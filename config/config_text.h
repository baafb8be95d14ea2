/* config_text.h - the text of a configuration file. */
#ifndef CONFIG_CONFIG_TEXT_H
#define CONFIG_CONFIG_TEXT_H

#include "config/yaml.h"

/* At most one byte more than yaml_read takes, so that it sees what is too large; and a zero. */
enum { CONFIG_TEXT_BYTES = YAML_BYTES_MAX + 2 };

/* Reads the first CONFIG_TEXT_BYTES - 1 bytes of the file into `buffer` and puts a zero behind
 * them. False, with errno, when it cannot be read. */
bool config_text_read(const char *path, char *buffer, size_t *size) MUST_USE;

#endif
