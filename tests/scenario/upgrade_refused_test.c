/* A successor is ready, and the old one has given it up at the same moment: one of them goes on,
 * and that is the old one, of which every word is the test's here. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/packet.h"
#include "tests/support/expect.h"
#include "tests/support/ports.h"
#include "tests/support/rig.h"

static char folder[] = "/tmp/slotway-XXXXXX";
static char socket_path[sizeof folder + 16];
static char client_path[sizeof folder + 16];
static struct process successor;
static struct port admin;
static struct packet heard;
static struct rig *rig;
static int waiting = -1; /* where successors ask */
static int clients = -1; /* where clients arrive */
static int line = -1;    /* to the successor */

static int listen_for_clients(void)
{
    struct address address = {.kind = ADDRESS_UNIX};

    memcpy(address.host, client_path, sizeof client_path);
    return socket_listen(&address, 16);
}

static void set_up(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(socket_path, sizeof socket_path, "%s/upgrade", folder);
    snprintf(client_path, sizeof client_path, "%s/clients", folder);
    waiting = packet_listen(socket_path);
    clients = listen_for_clients();
    cr_assert(waiting >= 0 && clients >= 0);
    admin = port_reserve();
    rig = rig_start_store(1);
}

static void clean_up(void)
{
    packet_clear(&heard);
    process_clear(&successor);
    port_release(&admin);
    rig_clean_up();
    close(line);
    close(waiting);
    close(clients);
    unlink(socket_path);
    unlink(client_path);
    rmdir(folder);
}

TestSuite(upgrade_refused, .timeout = 60, .init = set_up, .fini = clean_up);

static bool has_said(const char *text)
{
    struct bytes output = process_output(&successor);
    bool has = strstr(output.at, text) != NULL;

    bytes_clear(&output);
    return has;
}

static void expect_word(const char *start)
{
    cr_assert(WAIT_FOR(packet_receive(line, &heard) == SOCKET_OK));
    EXPECT_STARTS(heard.text, start);
}

static void say(const char *text)
{
    cr_expect(packet_send(line, span_of(text), NULL, 0));
}

static void start_successor(void)
{
    const char *const argv[] = {rig_binary(), NULL};
    const char *const environment[] = {
        rig_print(rig, "SLOTWAY_LISTEN=unix:%s", client_path),
        rig_print(rig, "SLOTWAY_ADMIN_LISTEN=127.0.0.1:%u", admin.number),
        rig_print(rig, "SLOTWAY_BACKEND_SEEDS=%s", rig_address(rig, 0)),
        rig_print(rig, "SLOTWAY_UPGRADE_SOCKET=%s", socket_path), NULL};
    const char *sockets = rig_print(rig,
                                    "slotway-upgrade 1 sockets 2\n"
                                    "own\tunix:%s\tupgrade\nown\tunix:%s\tpool main\n",
                                    socket_path, client_path);

    process_start(&successor, argv, environment);
    cr_assert(WAIT_FOR((line = socket_accept(waiting, NULL)) >= 0));
    expect_word("slotway-upgrade 1 take\n");
    cr_assert(packet_send(line, span_of(sockets), (int[]){waiting, clients}, 2));
}

static void expect_given_up(void)
{
    cr_expect(WAIT_FOR(process_has_ended(&successor)));
    cr_expect(WIFEXITED(successor.status) && WEXITSTATUS(successor.status) == 3, "%#x",
              (unsigned)successor.status);
    cr_expect(has_said("no upgrade, the running slotway goes on"));
    cr_expect_eq(access(socket_path, F_OK), 0, "its file is the old one's");
    cr_expect_eq(access(client_path, F_OK), 0, "its file is the old one's");
    rig_stop(&rig);
}

static int connect_client(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(name.sun_path, client_path, strlen(client_path));
    cr_assert_eq(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

Test(upgrade_refused, after_it_is_ready_lets_its_clients_go_and_ends)
{
    char answer[8] = "";

    start_successor();
    expect_word("slotway-upgrade 1 ready 11\n");
    int client = connect_client();
    cr_expect_eq(send(client, "PING\r\n", 6, MSG_NOSIGNAL), 6);
    cr_expect_eq(recv(client, answer, 7, MSG_WAITALL), 7);
    say("slotway-upgrade 1 no it was not ready in time\n");
    cr_expect_eq(recv(client, answer, sizeof answer, 0), 0);
    close(client);
    expect_given_up();
}

Test(upgrade_refused, before_it_can_say_that_it_is_ready_ends)
{
    start_successor();
    cr_expect_eq(shutdown(line, SHUT_RD), 0);
    cr_assert(WAIT_FOR(has_said("listening")));
    say("slotway-upgrade 1 no it was not ready in time\n");
    expect_given_up();
}

Test(upgrade_refused, without_its_last_word_being_read_ends)
{
    start_successor();
    cr_expect_eq(poll(&(struct pollfd){.fd = line, .events = POLLIN}, 1, WAIT_MS), 1);
    say("slotway-upgrade 1 no it was not ready in time\n");
    close(line);
    line = -1;
    expect_given_up();
}

Test(upgrade_refused, not_at_all_hangs_up_and_serves)
{
    char answer[8] = "";

    start_successor();
    expect_word("slotway-upgrade 1 ready 11\n");
    say("slotway-upgrade 1 done\n");
    cr_expect(WAIT_FOR(packet_receive(line, &heard) == SOCKET_EOF));
    int client = connect_client();
    cr_expect_eq(send(client, "PING\r\n", 6, MSG_NOSIGNAL), 6);
    cr_expect_eq(recv(client, answer, 7, MSG_WAITALL), 7);
    close(client);
    cr_expect_eq(process_stop(&successor, SIGTERM, WAIT_MS), 0);
    cr_expect_neq(access(socket_path, F_OK), 0, "its own file by now");
    cr_expect_neq(access(client_path, F_OK), 0, "its own file by now");
    rig_stop(&rig);
}

/* Until it hears "done", the old one may yet say no, and go on. */
Test(upgrade_refused, or_not_when_it_is_told_to_stop_leaves_the_files)
{
    start_successor();
    expect_word("slotway-upgrade 1 ready 11\n");
    kill(successor.pid, SIGTERM);
    cr_expect(WAIT_FOR(process_has_ended(&successor)));
    cr_expect_eq(access(socket_path, F_OK), 0, "its file is the old one's");
    cr_expect_eq(access(client_path, F_OK), 0, "its file is the old one's");
    rig_stop(&rig);
}
