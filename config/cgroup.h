/* cgroup.h - what the control groups that this process is in allow it. Any thread. */
#ifndef CONFIG_CGROUP_H
#define CONFIG_CGROUP_H

#include "common/span.h"

/* What the first line of a group's file grants; 0 for no limit. */
typedef uint64_t cgroup_parse(struct span line);

/* The least that `file`, as "cpu.max", grants in the own group and all above it: a limit binds all
 * groups below. 0 for no limit, and where there are no such groups. */
uint64_t cgroup_least(const char *file, cgroup_parse *parse);

#endif
