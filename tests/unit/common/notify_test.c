#include "common/notify.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int manager;
static char note[1024];

/* A name without a file. */
static void listen_for_notes(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char variable[64];
    int size = snprintf(variable, sizeof variable, "@slotway-notify-%d", getpid());

    memcpy(name.sun_path, variable, (size_t)size);
    name.sun_path[0] = '\0';
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(manager, (struct sockaddr *)&name,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)size)),
                 0);
    setenv("NOTIFY_SOCKET", variable, 1);
}

static void stop_listening(void)
{
    close(manager);
}

TestSuite(notify, .init = listen_for_notes, .fini = stop_listening, .timeout = 20);

static const char *next_note(void)
{
    ssize_t size = recv(manager, note, sizeof note - 1, 0);

    note[size < 0 ? 0 : size] = '\0';
    return note;
}

Test(notify, says_what_systemd_understands)
{
    cr_expect(notify_is_wanted());
    notify_ready("serving");
    cr_expect_str_eq(next_note(), "READY=1\nSTATUS=serving");
    notify_status("draining");
    cr_expect_str_eq(next_note(), "STATUS=draining");
    notify_stopping(5000000);
    cr_expect_str_eq(next_note(), "STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=5000000");
    cr_expect(notify_main_process(42));
    cr_expect_str_eq(next_note(), "MAINPID=42\nWATCHDOG=1");
    notify_watchdog();
    cr_expect_str_eq(next_note(), "WATCHDOG=1");
    notify_reloading();
    next_note();
    cr_expect_eq(strncmp(note, "RELOADING=1\nMONOTONIC_USEC=", 27), 0, "%s", note);
    cr_expect_gt(strtoll(note + 27, NULL, 10), 0);
}

Test(notify, tells_whether_a_new_main_process_could_be_said)
{
    int told = 0;

    while (told < 100000 && notify_main_process(42)) {
        told++;
    }
    cr_expect_eq(errno, EAGAIN, "%d", errno);
    cr_expect(notify_may_pass(errno));
    next_note();
    cr_expect(notify_main_process(43));
    unsetenv("NOTIFY_SOCKET");
    cr_expect(notify_main_process(44), "nobody wants to know");
}

Test(notify, tells_that_a_manager_is_gone_for_good)
{
    close(manager);
    manager = -1;
    cr_expect_not(notify_main_process(42));
    cr_expect_eq(errno, ECONNREFUSED, "%d", errno);
    cr_expect_not(notify_may_pass(errno));
    cr_expect_not(notify_may_pass(ENOENT));
}

Test(notify, says_nothing_where_nobody_listens)
{
    static const char *const names[] = {"", "relative", "@", "/nowhere/at/all"};
    char long_name[128];

    unsetenv("NOTIFY_SOCKET");
    cr_expect_not(notify_is_wanted());
    notify_ready("serving");
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        notify_ready("serving");
    }
    memset(long_name, '/', sizeof long_name);
    long_name[sizeof long_name - 1] = '\0';
    setenv("NOTIFY_SOCKET", long_name, 1);
    notify_ready("serving");
    cr_expect_str_eq(next_note(), "");
}

Test(notify, knows_how_patient_the_watchdog_is)
{
    char process[24];

    snprintf(process, sizeof process, "%d", getpid());
    cr_expect_eq(notify_watchdog_after(), 0);
    setenv("WATCHDOG_USEC", "3000000", 1);
    cr_expect_eq(notify_watchdog_after(), 3000000);
    setenv("WATCHDOG_PID", process, 1);
    cr_expect_eq(notify_watchdog_after(), 3000000);
    setenv("WATCHDOG_PID", "1", 1);
    cr_expect_eq(notify_watchdog_after(), 0, "it is another process that is watched");
    unsetenv("WATCHDOG_PID");
    setenv("WATCHDOG_USEC", "soon", 1);
    cr_expect_eq(notify_watchdog_after(), 0);
}
