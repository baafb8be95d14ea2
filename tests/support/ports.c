#include "tests/support/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/check.h"
#include "tests/support/wait.h"

enum {
    PORTS_FIRST = 10000,
    PORTS_COUNT = 12000, /* a cluster bus 10000 higher is still below the kernel's range */
};

/* Bound without SO_REUSEADDR, so that it fails when anybody else has the port. */
static int port_try(uint16_t number)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(number),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    CHECK(fd >= 0);

    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static uint16_t port_random(void)
{
    static unsigned seed;

    if (seed == 0) {
        seed = (unsigned)wait_now_ms() * 31 + (unsigned)getpid() * 7919;
    }
    return (uint16_t)(PORTS_FIRST + rand_r(&seed) % PORTS_COUNT);
}

struct port port_reserve(void)
{
    struct port port = {-1, 0};
    int yes = 1;

    while (port.fd < 0) {
        port.number = port_random();
        port.fd = port_try(port.number);
    }
    setsockopt(port.fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    return port;
}

static bool port_is_free(uint16_t number)
{
    int fd = port_try(number);

    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

uint16_t port_find_row(uint16_t count)
{
    for (;;) {
        uint16_t first = (uint16_t)(port_random() / 100 * 100);
        uint16_t found = 0;
        while (found < count && port_is_free((uint16_t)(first + found)) &&
               port_is_free((uint16_t)(first + found + 10000))) {
            found++;
        }
        if (found == count) {
            return first;
        }
    }
}

void port_listen(struct port *port)
{
    int listening = listen(port->fd, 128);
    CHECK(listening == 0);
}

void port_stop_listening(struct port *port)
{
    /* Linux: a listener that is shut down keeps its port and may listen again. */
    shutdown(port->fd, SHUT_RDWR);
}

void port_release(struct port *port)
{
    if (port->fd >= 0) {
        close(port->fd);
    }
    port->fd = -1;
}
