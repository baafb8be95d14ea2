#include "proxy/downstream/info_number.h"

#include <inttypes.h>
#include <stdio.h>

int64_t info_add(int64_t a, int64_t b)
{
    int64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? (a < 0 ? INT64_MIN : INT64_MAX) : sum;
}

bool info_read_decimal(struct span text, unsigned digits, int64_t *number)
{
    const char *point = memchr(text.at, '.', text.size);
    struct span whole = {text.at, point == NULL ? text.size : (size_t)(point - text.at)};
    int64_t result;

    if (!span_to_int64(whole, &result) || result < 0) {
        return false;
    }
    for (size_t i = 0; i < digits; i++) {
        size_t at = whole.size + 1 + i;
        bool is_digit = at < text.size && text.at[at] >= '0' && text.at[at] <= '9';

        if (__builtin_mul_overflow(result, 10, &result) ||
            __builtin_add_overflow(result, is_digit ? text.at[at] - '0' : 0, &result)) {
            return false;
        }
    }
    *number = result;
    return true;
}

const char *info_human(int64_t bytes, char *text, size_t size)
{
    static const char units[] = "BKMGTPE";
    double number = (double)bytes;
    size_t unit = 0;

    while (number >= 1024 && units[unit + 1] != '\0') {
        number /= 1024;
        unit++;
    }
    if (unit == 0) {
        snprintf(text, size, "%" PRId64 "B", bytes);
    } else {
        snprintf(text, size, "%.2f%c", number, units[unit]);
    }
    return text;
}
