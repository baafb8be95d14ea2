/* cpu_count.h - how many CPUs this process may use. */
#ifndef CONFIG_CPU_COUNT_H
#define CONFIG_CPU_COUNT_H

#include "common/span.h"

/* The CPUs of the affinity mask, but not more than the control group's quota pays for (rounded
 * up): a sidecar limited to half a CPU on a machine of 64 gets 1. At least 1. */
size_t cpu_count(void);

/* For cpu_count and its test: the quota that a cpu.max file ("MAX PERIOD", in microseconds) grants,
 * rounded up to whole CPUs; 0 for "max", which is no quota, and for what is no such text. */
uint64_t cpu_quota(struct span text);

#endif
