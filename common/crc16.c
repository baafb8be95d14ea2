#include "common/crc16.h"

/* The remainder of a byte v that is followed by s zero bytes is the sum (exclusive or) of one
 * constant per bit of v: bit b adds x^(16 + 8s + b) modulo the polynomial, here Xsb. So the tables
 * are constant expressions, built by the compiler from a chain of 64 constants. */
#define TIMES_X(x) ((((x) << 1) & 0xffff) ^ (((x)&0x8000) != 0 ? 0x1021 : 0))

enum {
    X00 = 0x1021,
    X01 = TIMES_X(X00),
    X02 = TIMES_X(X01),
    X03 = TIMES_X(X02),
    X04 = TIMES_X(X03),
    X05 = TIMES_X(X04),
    X06 = TIMES_X(X05),
    X07 = TIMES_X(X06),
    X10 = TIMES_X(X07),
    X11 = TIMES_X(X10),
    X12 = TIMES_X(X11),
    X13 = TIMES_X(X12),
    X14 = TIMES_X(X13),
    X15 = TIMES_X(X14),
    X16 = TIMES_X(X15),
    X17 = TIMES_X(X16),
    X20 = TIMES_X(X17),
    X21 = TIMES_X(X20),
    X22 = TIMES_X(X21),
    X23 = TIMES_X(X22),
    X24 = TIMES_X(X23),
    X25 = TIMES_X(X24),
    X26 = TIMES_X(X25),
    X27 = TIMES_X(X26),
    X30 = TIMES_X(X27),
    X31 = TIMES_X(X30),
    X32 = TIMES_X(X31),
    X33 = TIMES_X(X32),
    X34 = TIMES_X(X33),
    X35 = TIMES_X(X34),
    X36 = TIMES_X(X35),
    X37 = TIMES_X(X36),
    X40 = TIMES_X(X37),
    X41 = TIMES_X(X40),
    X42 = TIMES_X(X41),
    X43 = TIMES_X(X42),
    X44 = TIMES_X(X43),
    X45 = TIMES_X(X44),
    X46 = TIMES_X(X45),
    X47 = TIMES_X(X46),
    X50 = TIMES_X(X47),
    X51 = TIMES_X(X50),
    X52 = TIMES_X(X51),
    X53 = TIMES_X(X52),
    X54 = TIMES_X(X53),
    X55 = TIMES_X(X54),
    X56 = TIMES_X(X55),
    X57 = TIMES_X(X56),
    X60 = TIMES_X(X57),
    X61 = TIMES_X(X60),
    X62 = TIMES_X(X61),
    X63 = TIMES_X(X62),
    X64 = TIMES_X(X63),
    X65 = TIMES_X(X64),
    X66 = TIMES_X(X65),
    X67 = TIMES_X(X66),
    X70 = TIMES_X(X67),
    X71 = TIMES_X(X70),
    X72 = TIMES_X(X71),
    X73 = TIMES_X(X72),
    X74 = TIMES_X(X73),
    X75 = TIMES_X(X74),
    X76 = TIMES_X(X75),
    X77 = TIMES_X(X76),
};

#define BIT(v, bit, constant) (((v) >> (bit)&1) * (constant))
#define ENTRY(s, v)                                                                                \
    (BIT(v, 0, X##s##0) ^ BIT(v, 1, X##s##1) ^ BIT(v, 2, X##s##2) ^ BIT(v, 3, X##s##3) ^           \
     BIT(v, 4, X##s##4) ^ BIT(v, 5, X##s##5) ^ BIT(v, 6, X##s##6) ^ BIT(v, 7, X##s##7))

#define ROW_4(s, v)  ENTRY(s, v), ENTRY(s, (v) + 1), ENTRY(s, (v) + 2), ENTRY(s, (v) + 3)
#define ROW_16(s, v) ROW_4(s, v), ROW_4(s, (v) + 4), ROW_4(s, (v) + 8), ROW_4(s, (v) + 12)
#define ROW_64(s, v) ROW_16(s, v), ROW_16(s, (v) + 16), ROW_16(s, (v) + 32), ROW_16(s, (v) + 48)
#define ROW_256(s)                                                                                 \
    {                                                                                              \
        ROW_64(s, 0), ROW_64(s, 64), ROW_64(s, 128), ROW_64(s, 192)                                \
    }

/* remainders[s][v]: of the byte v followed by s zero bytes. */
static const uint16_t remainders[8][256] = {ROW_256(0), ROW_256(1), ROW_256(2), ROW_256(3),
                                            ROW_256(4), ROW_256(5), ROW_256(6), ROW_256(7)};

static inline uint16_t eight_bytes(uint16_t crc, const unsigned char *at)
{
    return (uint16_t)(remainders[7][at[0] ^ (crc >> 8)] ^ remainders[6][at[1] ^ (crc & 0xff)] ^
                      remainders[5][at[2]] ^ remainders[4][at[3]] ^ remainders[3][at[4]] ^
                      remainders[2][at[5]] ^ remainders[1][at[6]] ^ remainders[0][at[7]]);
}

uint16_t crc16(struct span bytes)
{
    const unsigned char *at = (const unsigned char *)bytes.at;
    uint16_t crc = 0;
    size_t left = bytes.size;

    for (; left >= 8; left -= 8, at += 8) {
        crc = eight_bytes(crc, at);
    }
    for (; left > 0; left--, at++) {
        crc = (uint16_t)((crc << 8) ^ remainders[0][(crc >> 8) ^ *at]);
    }
    return crc;
}
