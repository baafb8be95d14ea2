/* crc16_multiply.h - CRC16 by carry-less multiplication, eight bytes at a time, for processors that
 * can do it: half the work of the tables of crc16.h.
 *
 * Bytes are polynomials, and their CRC is what remains of them, times x^16, when they are divided
 * by P = x^16 + x^12 + x^5 + 1. The quotient of a word is the upper half of its product with
 * x^80 / P (Barrett), and the remainder is the lower end of the quotient's product with P.
 */
#ifndef COMMON_CRC16_MULTIPLY_H
#define COMMON_CRC16_MULTIPLY_H

#include "common/span.h"
#include "common/word.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define CRC16_MULTIPLIES __attribute__((target("pclmul,sse4.1")))

/* Does this processor? */
static inline bool crc16_can_multiply(void)
{
    return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}

/* Adds eight bytes, the first of which are the highest of `word`. Only the lowest 16 bits of what
 * it returns are the CRC. Zeros in front of everything change nothing. */
CRC16_MULTIPLIES static inline uint64_t crc16_add(uint64_t crc, uint64_t word)
{
    const __m128i inverse = _mm_cvtsi64_si128(0x11303471a041b343); /* and x^64 */
    uint64_t sum = word ^ crc << 48;
    __m128i product = _mm_clmulepi64_si128(_mm_cvtsi64_si128((int64_t)sum), inverse, 0);
    uint64_t quotient = sum ^ (uint64_t)_mm_extract_epi64(product, 1);

    return quotient ^ (quotient ^ quotient << 7) << 5;
}

#endif

#endif
