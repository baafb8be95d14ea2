/* password_file.h - a file whose first line is a password. */
#ifndef CONFIG_PASSWORD_FILE_H
#define CONFIG_PASSWORD_FILE_H

#include "common/span.h"

/* The first line without its CR and LF, at most `limit` bytes; the caller frees it. NULL when there
 * is none, and then *problem says why, in words to be freed. */
char *password_file_read(const char *path, size_t limit, char **problem) MUST_USE;

#endif
