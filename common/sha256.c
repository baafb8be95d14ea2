#include "common/sha256.h"

#include <openssl/sha.h>
#include <stdio.h>

#include "common/check.h"

void sha256_print(struct span bytes, char text[SHA256_DIGITS + 1])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    const unsigned char *made = SHA256((const unsigned char *)bytes.at, bytes.size, digest);

    CHECK(made != NULL);
    for (size_t i = 0; i < sizeof digest; i++) {
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    }
}
