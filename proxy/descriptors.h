/* descriptors.h - how many files and sockets the process may have open. */
#ifndef PROXY_DESCRIPTORS_H
#define PROXY_DESCRIPTORS_H

#include "config/config.h"

/* As many as we are allowed; fewer than the clients may need is worth a line in the log. */
void descriptors_raise(const struct config *config);

#endif
