/* info_lines.h - the lines of "name:value" that INFO and CLUSTER INFO consist of. Pure. */
#ifndef PROXY_CLUSTER_INFO_LINES_H
#define PROXY_CLUSTER_INFO_LINES_H

#include "common/span.h"

/* The value behind `name`, within `lines`; empty when there is none. */
struct span info_value(struct span lines, struct span name);

#endif
