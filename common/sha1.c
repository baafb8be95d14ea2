#include "common/sha1.h"

enum { CHUNK = 64, WORDS = 5, ROUNDS = 80, LENGTH_BYTES = 8 };

static uint32_t turn(uint32_t word, unsigned by)
{
    return word << by | word >> (32 - by);
}

static void schedule(uint32_t *words, const unsigned char *chunk)
{
    for (size_t i = 0; i < 16; i++) {
        words[i] = (uint32_t)chunk[4 * i] << 24 | (uint32_t)chunk[4 * i + 1] << 16 |
                   (uint32_t)chunk[4 * i + 2] << 8 | chunk[4 * i + 3];
    }
    for (size_t i = 16; i < ROUNDS; i++) {
        words[i] = turn(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
}

/* FIPS 180-4: the function and the constant of each quarter of the rounds. */
static uint32_t mix(size_t round, const uint32_t *s)
{
    switch (round / 20) {
    case 0: return ((s[1] & s[2]) | (~s[1] & s[3])) + 0x5a827999;
    case 1: return (s[1] ^ s[2] ^ s[3]) + 0x6ed9eba1;
    case 2: return ((s[1] & s[2]) | (s[1] & s[3]) | (s[2] & s[3])) + 0x8f1bbcdc;
    default: return (s[1] ^ s[2] ^ s[3]) + 0xca62c1d6;
    }
}

static void digest_chunk(uint32_t *state, const unsigned char *chunk)
{
    uint32_t words[ROUNDS];
    uint32_t s[WORDS];

    schedule(words, chunk);
    memcpy(s, state, sizeof s);
    for (size_t i = 0; i < ROUNDS; i++) {
        uint32_t next = turn(s[0], 5) + mix(i, s) + s[4] + words[i];

        s[4] = s[3];
        s[3] = s[2];
        s[2] = turn(s[1], 30);
        s[1] = s[0];
        s[0] = next;
    }
    for (size_t i = 0; i < WORDS; i++) {
        state[i] += s[i];
    }
}

/* What is left, a one bit, zeros, and the length in bits: one chunk, or two. */
static void digest_end(uint32_t *state, struct span rest, uint64_t size)
{
    unsigned char last[2 * CHUNK] = {0};
    size_t used = rest.size + 1 + LENGTH_BYTES <= CHUNK ? CHUNK : 2 * CHUNK;

    memcpy(last, rest.at, rest.size);
    last[rest.size] = 0x80;
    for (size_t i = 0; i < LENGTH_BYTES; i++) {
        last[used - 1 - i] = (unsigned char)(size * 8 >> (8 * i));
    }
    for (size_t at = 0; at < used; at += CHUNK) {
        digest_chunk(state, last + at);
    }
}

struct sha1 sha1_of(struct span bytes)
{
    uint32_t state[WORDS] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    struct sha1 sha1;
    size_t at = 0;

    for (; bytes.size - at >= CHUNK; at += CHUNK) {
        digest_chunk(state, (const unsigned char *)bytes.at + at);
    }
    digest_end(state, (struct span){bytes.at + at, bytes.size - at}, bytes.size);
    for (size_t i = 0; i < SHA1_BYTES; i++) {
        sha1.bytes[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
    }
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
