#include "common/sha1.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* The second and third are those of FIPS 180. */
static const struct {
    const char *text;
    const char *digest;
} rows[] = {
    {"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
    {"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
    {"return 1", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db"},
};

/* So many times the letter a: the sizes are those at which padding changes. */
static const struct {
    size_t size;
    const char *digest;
} sizes[] = {
    {55, "c1c8bbdc22796e28c0e15163d20899b65621d65a"},
    {56, "c2db330f6083854c99d4b5bfb6e8f29f201be699"},
    {63, "03f09f5b158a7a8cdad920bddc29b81c18a551f5"},
    {64, "0098ba824b5c16427bd7a1122a5a442a25ec644d"},
    {65, "11655326c708d70319be2610e8a57d9a5b959d3b"},
    {119, "ee971065aaa017e0632a8ca6c77bb3bf8b1dfc56"},
    {120, "f34c1488385346a55709ba056ddd08280dd4c6d6"},
    {128, "ad5b3fdbcb526778c2839d2f151ea753995e26a0"},
};

static void expect_digest(struct span bytes, const char *digest)
{
    struct sha1 sha1 = sha1_of(bytes);
    char text[SHA1_DIGITS + 1];

    for (size_t i = 0; i < SHA1_BYTES; i++) {
        snprintf(text + 2 * i, 3, "%02x", sha1.bytes[i]);
    }
    cr_expect_str_eq(text, digest, "%zu bytes", bytes.size);
}

Test(sha1, samples)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect_digest(span_of(rows[i].text), rows[i].digest);
    }
}

Test(sha1, sizes_at_which_padding_changes)
{
    char text[128];

    memset(text, 'a', sizeof text);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        expect_digest((struct span){text, sizes[i].size}, sizes[i].digest);
    }
}

Test(sha1, is_read_in_either_case)
{
    struct sha1 expected = sha1_of(SPAN("return 1"));
    struct sha1 sha1;

    cr_expect(sha1_read(SPAN("e0e1f9fabfc9d4800c877a703b823ac0578ff8db"), &sha1));
    cr_expect(sha1_equal(&sha1, &expected));
    cr_expect(sha1_read(SPAN("E0E1F9FABFC9D4800C877A703B823AC0578ff8DB"), &sha1));
    cr_expect(sha1_equal(&sha1, &expected));
}

Test(sha1, that_is_none_is_not_read)
{
    struct sha1 sha1;

    cr_expect_not(sha1_read(SPAN(""), &sha1));
    cr_expect_not(sha1_read(SPAN("e0e1f9fabfc9d4800c877a703b823ac0578ff8d"), &sha1));
    cr_expect_not(sha1_read(SPAN("e0e1f9fabfc9d4800c877a703b823ac0578ff8db0"), &sha1));
    cr_expect_not(sha1_read(SPAN("e0e1f9fabfc9d4800c877a703b823ac0578ff8dg"), &sha1));
    cr_expect_not(sha1_read(SPAN(" 0e1f9fabfc9d4800c877a703b823ac0578ff8db"), &sha1));
}
