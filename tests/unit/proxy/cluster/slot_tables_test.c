/* The tests of slot_test.c where the processor cannot multiply as crc16_multiply.h wants it. */
#define COMMON_CRC16_MULTIPLY_H
#include "proxy/cluster/slot.c"
#include "tests/unit/proxy/cluster/slot_test.c"
