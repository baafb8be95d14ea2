#include "common/crc16.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static uint16_t bit_by_bit(struct span bytes)
{
    uint16_t crc = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        crc = (uint16_t)(crc ^ (uint16_t)((unsigned char)bytes.at[i] << 8));
        for (int bit = 0; bit < 8; bit++) {
            crc = (uint16_t)((crc << 1) ^ ((crc & 0x8000) != 0 ? 0x1021 : 0));
        }
    }
    return crc;
}

Test(crc16, check_value_of_the_redis_cluster_specification)
{
    cr_assert_eq(crc16(SPAN("123456789")), 0x31c3);
}

Test(crc16, nothing_hashes_to_zero)
{
    cr_assert_eq(crc16((struct span){NULL, 0}), 0);
}

Test(crc16, each_byte_at_each_place_counts_as_bit_by_bit)
{
    for (size_t place = 0; place < 24; place++) {
        for (int byte = 0; byte < 256; byte++) {
            char bytes[24] = {0};
            bytes[place] = (char)byte;
            struct span span = {bytes, sizeof bytes};
            cr_assert_eq(crc16(span), bit_by_bit(span), "byte %d at %zu", byte, place);
        }
    }
}

Test(crc16, random_bytes_of_every_length_and_alignment_hash_as_bit_by_bit)
{
    char bytes[400];
    srandom(16);
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)random();
    }
    for (size_t from = 0; from < 8; from++) {
        for (size_t size = 0; size + from <= sizeof bytes; size++) {
            struct span span = {bytes + from, size};
            cr_assert_eq(crc16(span), bit_by_bit(span), "%zu bytes from %zu", size, from);
        }
    }
}
