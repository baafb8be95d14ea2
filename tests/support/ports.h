/* ports.h - free ports of 127.0.0.1 that stay reserved for the test that took them.
 *
 * Ports come from below the kernel's own range: a connect() to a port of that range which nobody
 * listens on may by chance be given that very port as its source, and then it talks to itself.
 */
#ifndef TESTS_SUPPORT_PORTS_H
#define TESTS_SUPPORT_PORTS_H

#include "common/base.h"

struct port {
    int fd; /* bound and not listening, until port_listen */
    uint16_t number;
};

/* Reserves a port. A program started by the test may still listen on it, with SO_REUSEADDR. */
struct port port_reserve(void);

/* Reserves `count` ports in a row, as wide as script/cluster needs them, and lets go of them at
 * once; returns the first. The cluster bus of a node listens 10000 ports above. */
uint16_t port_find_row(uint16_t count);

/* Starts and stops listening; the port stays reserved in between. */
void port_listen(struct port *port);
void port_stop_listening(struct port *port);

void port_release(struct port *port);

#endif
