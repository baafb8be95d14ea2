/* file_looks.h - have files changed? Told from outside, without reading them. */
#ifndef COMMON_FILE_LOOKS_H
#define COMMON_FILE_LOOKS_H

#include "common/base.h"

/* A number that is another one when one of the files, or folders, is written, or another one takes
 * its place. NULL stands for none. */
uint64_t file_looks(const char *const *paths, size_t count) MUST_USE;

#endif
