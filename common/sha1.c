#include "common/sha1.h"

#include <openssl/sha.h>

#include "common/check.h"

struct sha1 sha1_of(struct span bytes)
{
    struct sha1 sha1;
    const unsigned char *digest = SHA1((const unsigned char *)bytes.at, bytes.size, sha1.bytes);

    CHECK(digest != NULL);
    return sha1;
}

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'a' && digit <= 'f') {
        return digit - 'a' + 10;
    }
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

bool sha1_read(struct span digits, struct sha1 *sha1)
{
    if (digits.size != SHA1_DIGITS) {
        return false;
    }
    for (size_t i = 0; i < SHA1_BYTES; i++) {
        int high = digit_value(digits.at[2 * i]);
        int low = digit_value(digits.at[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        sha1->bytes[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}
