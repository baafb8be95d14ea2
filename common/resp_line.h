/* resp_line.h - the number behind a type byte, in the form that nearly all of them have.
 *
 * Only for the scanners. Whatever this does not take, each scanner reads by rules of its own.
 */
#ifndef COMMON_RESP_LINE_H
#define COMMON_RESP_LINE_H

#include "common/span.h"

enum {
    PLAIN_DIGITS = 9, /* what fits an int32_t whatever the digits are */
};

/* Reads "<digits>\r\n" at `at`: no sign, no leading zero, few digits, all of it there. Returns
 * where the line ends, or NULL when it is not so simple. */
static inline const char *plain_number(const char *at, const char *end, int64_t *number)
{
    size_t size = (size_t)(end - at);
    size_t most = size_min(size, PLAIN_DIGITS);
    uint32_t value = 0;
    size_t count = 0;

    for (; count < most; count++) {
        unsigned digit = (unsigned char)at[count] - (unsigned)'0';
        if (digit > 9) {
            break;
        }
        value = value * 10 + digit;
    }
    if (unlikely(count == 0 || count + 2 > size || at[count] != '\r' || at[count + 1] != '\n' ||
                 (at[0] == '0' && count > 1))) {
        return NULL;
    }
    *number = value;
    return at + count + 2;
}

#endif
