#include "tests/support/twin.h"

#include <signal.h>
#include <stdio.h>

#include "common/check.h"
#include "tests/support/ports.h"
#include "tests/support/process.h"
#include "tests/support/wait.h"
#include "tests/support/wire.h"

static struct process server;
static struct port port;

static bool twin_answers(void)
{
    struct wire *wire = wire_open(port.number);
    bool answers = wire != NULL;

    wire_close(&wire);
    return answers;
}

uint16_t twin_start(void)
{
    char number[8];
    const char *const argv[] = {"redis-server", "--port", number, "--bind",
                                "127.0.0.1",    "--save", "",     "--appendonly",
                                "no",           "--dir",  "/tmp", NULL};

    port = port_reserve();
    snprintf(number, sizeof number, "%u", port.number);
    process_start(&server, argv, NULL);
    bool up = WAIT_FOR(twin_answers());
    CHECK(up);
    return port.number;
}

void twin_stop(void)
{
    process_stop(&server, SIGTERM, WAIT_MS);
    process_clear(&server);
    port_release(&port);
}
