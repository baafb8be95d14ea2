#include "common/resp_line.h"

enum {
    DIGITS_MAX = 9, /* what fits an int32_t whatever the digits are */
};

struct plain_line plain_line_long(struct span input, size_t at, char type)
{
    static const struct plain_line odd = {LINE_IS_ODD, 0};

    if (at >= input.size || input.at[at] != type) {
        return odd;
    }

    const char *digits = input.at + at + 1;
    size_t size = input.size - at - 1;
    size_t most = size_min(size, DIGITS_MAX);
    uint32_t value = 0;
    size_t count = 0;

    for (; count < most; count++) {
        unsigned digit = (unsigned char)digits[count] - (unsigned)'0';
        if (digit > 9) {
            break;
        }
        value = value * 10 + digit;
    }
    if (count == 0 || count + 2 > size || digits[count] != '\r' || digits[count + 1] != '\n' ||
        (digits[0] == '0' && count > 1)) {
        return odd;
    }
    return (struct plain_line){at + 1 + count + 2, value};
}
