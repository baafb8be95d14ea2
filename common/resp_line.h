/* resp_line.h - a type byte and a number, in the form that nearly all such lines have.
 *
 * Only for the scanners. Whatever this does not take, each scanner reads by rules of its own.
 */
#ifndef COMMON_RESP_LINE_H
#define COMMON_RESP_LINE_H

#include "common/span.h"
#include "common/word.h"

struct plain_line {
    size_t next; /* where it ends; LINE_IS_ODD, behind all input: it is not so simple */
    int64_t number;
};

/* Behind whatever a limit is, too. */
#define LINE_IS_ODD (SIZE_MAX / 4 * 3)

/* Reads "<type><digits>\r\n" at `at`: no sign, no leading zero, few digits, all of it there. */
struct plain_line plain_line_long(struct span input, size_t at, char type);

/* The same, in no time for one or two digits. They are compared with zeros: what the exclusive or
 * leaves of them are their values, and nothing of the rest of the line. */
static ALWAYS_INLINE struct plain_line plain_line(struct span input, size_t at, char type)
{
    if (likely(at + 4 <= input.size)) {
        const char *line = input.at + at;
        uint32_t digit = word_turn(word_load4(line) ^ word_of_bytes(type, '0', '\r', '\n'));
        if (likely(digit <= 9)) {
            return (struct plain_line){at + 4, digit};
        }
        if (likely(line[0] == type && at + 5 <= input.size)) {
            uint32_t digits = word_load4(line + 1) ^ word_of_bytes('0', '0', '\r', '\n');
            uint32_t tens = digits & 0xff;
            uint32_t ones = digits >> 8;
            if (likely(tens - 1 <= 8 && ones <= 9)) {
                return (struct plain_line){at + 5, tens * 10 + ones};
            }
        }
    }
    return plain_line_long(input, at, type);
}

#endif
