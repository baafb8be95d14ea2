/* twin.h - a real redis-server without a cluster, to compare slotway's replies with. */
#ifndef TESTS_SUPPORT_TWIN_H
#define TESTS_SUPPORT_TWIN_H

#include "common/base.h"

/* Starts it on a free port; it ends with the test. */
uint16_t twin_start(void);
void twin_stop(void);

#endif
