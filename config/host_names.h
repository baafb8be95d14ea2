/* host_names.h - a list of names of hosts, as admin.hosts has it: "proxy-7, slotway.example". Pure.
 */
#ifndef CONFIG_HOST_NAMES_H
#define CONFIG_HOST_NAMES_H

#include "common/span.h"

/* Are these one name or more? If not, `wrong` is what is no name, empty where there is none. */
bool host_names_check(struct span list, struct span *wrong) MUST_USE;

/* Is `name` one of them, whatever its case? */
bool host_names_hold(struct span list, struct span name);

#endif
