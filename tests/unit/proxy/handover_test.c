/* The old one's side of an upgrade, with a successor whose every word is the test's. */
#include "proxy/handover.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/log.h"
#include "tests/unit/proxy/peer.h"

enum { TIMEOUT_US = 100 * US_PER_MS };

static char folder[] = "/tmp/slotway-XXXXXX";
static char path[sizeof folder + 16];
static struct reactor *reactor;
static struct handover *handover;
static struct packet heard;
static int successor = -1;
static int replaced_count;
static int closed_with_file; /* sockets that listened while their name stood there */

static bool is_listening(int fd)
{
    int value = 0;
    socklen_t size = sizeof value;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value == 1;
}

/* In the place of the library's, for the order in which things happen. */
int close(int fd)
{
    if (is_listening(fd) && access(path, F_OK) == 0) {
        closed_with_file++;
    }
    return (int)syscall(SYS_close, fd);
}

static void list_nothing(void *context UNUSED, struct upgrade_sockets *sockets UNUSED)
{
}

static void note_replaced(void *context UNUSED, pid_t process,
                          const struct upgrade_sockets *sockets, const char *taken)
{
    cr_expect_eq(process, getpid());
    cr_expect_eq(sockets->count, 1);
    cr_expect_eq(taken[0], '1');
    replaced_count++;
}

static void set_up(void)
{
    static struct config config;
    const struct handover_hooks hooks = {NULL, list_nothing, note_replaced};

    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/upgrade", folder);
    config = (struct config){.upgrade_socket = path, .upgrade_timeout = TIMEOUT_US};
    reactor = reactor_new();
    handover = handover_new(reactor, &config, &hooks);
    cr_assert_not_null(handover);
    handover_start(handover);
}

static void clean_up(void)
{
    packet_clear(&heard);
    close(successor);
    if (handover != NULL) {
        handover_free(&handover);
    }
    reactor_free(&reactor);
    unlink(path);
    rmdir(folder);
}

TestSuite(handover, .init = set_up, .fini = clean_up, .timeout = 60);

static void say(const char *text)
{
    cr_expect(packet_send(successor, span_of(text), NULL, 0));
}

static void expect_heard(const char *start)
{
    enum socket_result result = SOCKET_AGAIN;

    TURN_UNTIL(reactor, (result = packet_receive(successor, &heard)) != SOCKET_AGAIN);
    cr_assert_eq(result, SOCKET_OK);
    cr_expect_eq(strncmp(heard.text, start, strlen(start)), 0, "%s", heard.text);
}

static void get_the_sockets(void)
{
    successor = packet_connect(path);
    cr_assert_geq(successor, 0);
    say("slotway-upgrade 1 take\n");
    expect_heard("slotway-upgrade 1 sockets 1\n");
    cr_expect(handover_is_given(handover));
}

Test(handover, ends_with_a_successor_that_is_ready)
{
    get_the_sockets();
    say("slotway-upgrade 1 ready 1\n");
    expect_heard("slotway-upgrade 1 done\n");
    cr_expect_eq(replaced_count, 1);
}

/* Its word and the end of the old one's patience are seen in the same turn. */
Test(handover, believes_what_a_successor_said_before_it_is_given_up)
{
    get_the_sockets();
    uint64_t given_up_at = clock_now() + TIMEOUT_US + TIMEOUT_US / 4 + 5 * US_PER_MS;
    say("slotway-upgrade 1 ready 1\n");
    while (clock_now() < given_up_at) {
    }
    expect_heard("slotway-upgrade 1 done\n");
    cr_expect_eq(replaced_count, 1);
}

Test(handover, cannot_be_told_anything_once_it_has_said_no)
{
    get_the_sockets();
    expect_heard("slotway-upgrade 1 no it was not ready in time\n");
    cr_expect_not(packet_send(successor, SPAN("slotway-upgrade 1 ready 1\n"), NULL, 0));
    cr_expect_not(handover_is_given(handover));
    close(successor);
    get_the_sockets();
    cr_expect_eq(replaced_count, 0);
}

/* Another process may find the file of who listens no more, and take its place. */
Test(handover, removes_its_file_before_it_listens_no_more)
{
    cr_assert_eq(access(path, F_OK), 0);
    handover_free(&handover);
    cr_expect_neq(access(path, F_OK), 0);
    cr_expect_eq(closed_with_file, 0);
}
