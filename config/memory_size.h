/* memory_size.h - how much memory this process may use. */
#ifndef CONFIG_MEMORY_SIZE_H
#define CONFIG_MEMORY_SIZE_H

#include "common/span.h"

/* The memory of the machine, but not more than the control group allows. */
uint64_t memory_size(void);

/* For memory_size and its test: what a memory.max file grants; 0 for "max", which is no limit, and
 * for what is no such text. */
uint64_t memory_granted(struct span text);

#endif
