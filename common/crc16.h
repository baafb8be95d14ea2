/* crc16.h - CRC16-XMODEM (polynomial 0x1021, start 0), as Redis Cluster hashes keys.
 *
 * Slice by 8: eight table look-ups per eight bytes. Any thread; tables are constant.
 */
#ifndef COMMON_CRC16_H
#define COMMON_CRC16_H

#include "common/span.h"

uint16_t crc16(struct span bytes);

#endif
