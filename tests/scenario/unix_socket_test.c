/* Clients that come by a unix socket. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/expect.h"
#include "tests/support/ports.h"
#include "tests/support/rig.h"

static char folder[] = "/tmp/slotway-XXXXXX";
static struct sockaddr_un name = {.sun_family = AF_UNIX};
static struct process slotway;
static struct port admin;

static void set_up(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(name.sun_path, sizeof name.sun_path, "%s/socket", folder);
    admin = port_reserve();
}

static void clean_up(void)
{
    process_clear(&slotway);
    port_release(&admin);
    unlink(name.sun_path);
    rmdir(folder);
}

TestSuite(unix_socket, .timeout = 60, .init = set_up, .fini = clean_up);

static void start(void)
{
    char listen[sizeof name.sun_path + 32];
    char admin_listen[64];
    const char *const argv[] = {rig_binary(), NULL};
    const char *const environment[] = {listen, admin_listen, "SLOTWAY_CLIENTS_SOCKET_MODE=606",
                                       "SLOTWAY_BACKEND_SEEDS=127.0.0.1:1", NULL};

    snprintf(listen, sizeof listen, "SLOTWAY_LISTEN=unix:%s", name.sun_path);
    snprintf(admin_listen, sizeof admin_listen, "SLOTWAY_ADMIN_LISTEN=127.0.0.1:%u", admin.number);
    process_start(&slotway, argv, environment);
}

/* Does slotway answer there? */
static bool is_served(void)
{
    char answer[8] = "";
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_there = connect(fd, (struct sockaddr *)&name, sizeof name) == 0 &&
                    send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 &&
                    recv(fd, answer, 7, MSG_WAITALL) == 7 && strcmp(answer, "+PONG\r\n") == 0;

    close(fd);
    return is_there;
}

Test(unix_socket, is_replaced_when_it_is_stale_and_gone_in_the_end)
{
    struct stat status;

    start();
    cr_assert(WAIT_FOR(is_served()));
    process_stop(&slotway, SIGKILL, WAIT_MS);
    cr_assert_eq(stat(name.sun_path, &status), 0, "nobody was there to remove it");
    process_clear(&slotway);

    start();
    cr_assert(WAIT_FOR(is_served()));
    cr_assert_eq(stat(name.sun_path, &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0606);
    cr_expect_eq(process_stop(&slotway, SIGTERM, WAIT_MS), 0);
    cr_expect_neq(stat(name.sun_path, &status), 0, "it is gone");
}
