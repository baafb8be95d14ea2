/* sha256.h - SHA-256 of a few bytes, for showing that a password is set without showing it. Pure.
 */
#ifndef COMMON_SHA256_H
#define COMMON_SHA256_H

#include "common/span.h"

enum { SHA256_DIGITS = 64 };

/* Writes the digest of `bytes` as lower-case hexadecimal digits, terminated. */
void sha256_print(struct span bytes, char text[SHA256_DIGITS + 1]);

#endif
