/* As a service of systemd's: sockets that it has opened, and what it is told. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/socket.h"
#include "tests/support/expect.h"
#include "tests/support/guard.h"
#include "tests/support/http.h"
#include "tests/support/ports.h"
#include "tests/support/rig.h"

enum { VARIABLES_MAX = 16 };

static char folder[] = "/tmp/slotway-XXXXXX";
static struct process slotway;
static struct guard guard;
static struct port listen_port;
static struct port admin_port;
static int manager;     /* where notes arrive */
static char note[1024]; /* the last one that was read */
static char *variables[VARIABLES_MAX];
static size_t variable_count;

PRINTF(1, 2)
static void set_variable(const char *format, ...)
{
    va_list arguments;

    cr_assert_lt(variable_count, VARIABLES_MAX - 1);
    va_start(arguments, format);
    cr_assert_geq(vasprintf(&variables[variable_count++], format, arguments), 0);
    va_end(arguments);
}

static void listen_for_notes(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};

    snprintf(name.sun_path, sizeof name.sun_path, "%s/notify", folder);
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(manager, (struct sockaddr *)&name, sizeof name), 0);
    set_variable("NOTIFY_SOCKET=%s", name.sun_path);
}

static void set_up(void)
{
    cr_assert_not_null(mkdtemp(folder));
    listen_port = port_reserve();
    admin_port = port_reserve();
    set_variable("SLOTWAY_LISTEN=127.0.0.1:%u", listen_port.number);
    set_variable("SLOTWAY_ADMIN_LISTEN=127.0.0.1:%u", admin_port.number);
    set_variable("SLOTWAY_BACKEND_SEEDS=127.0.0.1:1");
    listen_for_notes();
}

static void remove_file(const char *name)
{
    char path[sizeof folder + 32];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
}

static void clean_up(void)
{
    guard_end(&guard);
    process_clear(&slotway);
    port_release(&listen_port);
    port_release(&admin_port);
    close(manager);
    remove_file("notify");
    remove_file("upgrade");
    remove_file("config");
    remove_file("clients");
    remove_file("program");
    rmdir(folder);
    for (size_t i = 0; i < variable_count; i++) {
        free(variables[i]);
    }
}

TestSuite(service, .timeout = 60, .init = set_up, .fini = clean_up);

static void start_with(const int *sockets, int count)
{
    const char *const argv[] = {"setsid", rig_binary(), NULL};

    process_start_with_sockets(&slotway, argv, (const char *const *)variables, sockets, count);
    guard = guard_set(slotway.pid);
}

static void start(void)
{
    start_with(NULL, 0);
}

static bool has_said(const char *text)
{
    struct bytes output = process_output(&slotway);
    bool has = strstr(output.at, text) != NULL;

    bytes_clear(&output);
    return has;
}

/* Reads notes until one has `text` in it. */
static bool is_told(const char *text)
{
    ssize_t size;

    while ((size = recv(manager, note, sizeof note - 1, 0)) >= 0) {
        note[size] = '\0';
        if (strstr(note, text) != NULL) {
            return true;
        }
    }
    return false;
}

static bool answers(uint16_t port)
{
    struct wire *wire = wire_open(port);
    bool is_there = wire != NULL && strcmp(wire_ask(wire, "PING"), "PONG") == 0;

    wire_close(&wire);
    return is_there;
}

static void expect_end(void)
{
    cr_expect_eq(process_stop(&slotway, SIGTERM, WAIT_MS), 0);
}

Test(service, is_ready_when_it_listens_and_tells_how_it_is_doing)
{
    set_variable("WATCHDOG_USEC=60000");
    start();
    cr_expect(WAIT_FOR(is_told("READY=1\nSTATUS=pool main: no node of its cluster has answered")));
    cr_expect(answers(listen_port.number));
    cr_expect(WAIT_FOR(is_told("WATCHDOG=1")));
    kill(slotway.pid, SIGHUP);
    cr_expect(WAIT_FOR(is_told("RELOADING=1\nMONOTONIC_USEC=")));
    cr_expect(WAIT_FOR(is_told("READY=1")));
    kill(slotway.pid, SIGTERM);
    cr_expect(WAIT_FOR(is_told("STOPPING=1")));
    cr_expect(WAIT_FOR(process_has_ended(&slotway)));
    cr_expect_eq(slotway.status, 0);
}

static void write_config(const char *text)
{
    char path[sizeof folder + 16];

    snprintf(path, sizeof path, "%s/config", folder);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static void start_with_config(const char *text)
{
    char path[sizeof folder + 16];
    const char *const argv[] = {"setsid", rig_binary(), "-c", path, NULL};

    write_config(text);
    snprintf(path, sizeof path, "%s/config", folder);
    process_start(&slotway, argv, (const char *const *)variables);
    guard = guard_set(slotway.pid);
}

Test(service, tells_of_a_configuration_that_was_refused_until_one_is_not)
{
    start_with_config("drain:\n  spread: 1s\n");
    cr_expect(WAIT_FOR(is_told("READY=1\nSTATUS=pool main: no node of its cluster has answered")));
    write_config("nonsense: 1\n");
    kill(slotway.pid, SIGHUP);
    cr_expect(WAIT_FOR(is_told("has answered yet; a new configuration was refused")));
    write_config("drain:\n  spread: 2s\n");
    kill(slotway.pid, SIGHUP);
    cr_expect(WAIT_FOR(is_told("READY=1")));
    cr_expect_null(strstr(note, "refused"), "%s", note);
    expect_end();
}

Test(service, takes_the_sockets_that_are_passed_and_who_waits_there)
{
    struct wire *early;

    port_listen(&listen_port);
    port_listen(&admin_port);
    early = wire_open(listen_port.number);
    cr_assert_not_null(early);
    wire_request(early, "PING");
    start_with((const int[]){admin_port.fd, listen_port.fd}, 2);
    cr_expect_str_eq(wire_text(early), "PONG");
    cr_expect(WAIT_FOR(http_get(admin_port.number, "/healthz", NULL) == 200));
    cr_expect_not(has_said("ERROR"));
    wire_close(&early);
    expect_end();
    struct wire *later = wire_open(listen_port.number);
    cr_expect_not_null(later, "who opened the sockets still has them");
    wire_close(&later);
}

Test(service, says_so_when_a_socket_is_passed_that_it_does_not_know)
{
    struct port unknown = port_reserve();
    int pair[2];

    port_listen(&unknown);
    port_listen(&listen_port);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    start_with((const int[]){unknown.fd, pair[0], listen_port.fd}, 3);
    cr_expect(WAIT_FOR(answers(listen_port.number)));
    cr_expect(WAIT_FOR(has_said("a socket of systemd's is none that the configuration names")));
    cr_expect(has_said("a descriptor of systemd's is no stream socket that listens"));
    close(pair[0]);
    close(pair[1]);
    port_release(&unknown);
    expect_end();
}

Test(service, leaves_the_file_of_a_socket_that_is_passed)
{
    char path[sizeof folder + 16];
    struct address address = {.kind = ADDRESS_UNIX};

    snprintf(path, sizeof path, "%s/clients", folder);
    snprintf(address.host, sizeof address.host, "%s", path);
    set_variable("SLOTWAY_LISTEN=unix:%s", path);
    int fd = socket_listen(&address, 16);
    cr_assert_geq(fd, 0);
    start_with(&fd, 1);
    cr_expect(WAIT_FOR(is_told("READY=1")));
    expect_end();
    cr_expect_eq(access(path, F_OK), 0);
    close(fd);
}

/* The successor is nobody's child once its parent is gone; it comes to us. The guard must not. */
static struct fake_cluster *start_for_successor(void)
{
    struct fake_cluster *cluster = fake_cluster_new(1);

    set_variable("SLOTWAY_BACKEND_SEEDS=%s", fake_cluster_address(cluster, 0));
    set_variable("SLOTWAY_UPGRADE_SOCKET=%s/upgrade", folder);
    set_variable("WATCHDOG_USEC=60000");
    start();
    cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    cr_expect(WAIT_FOR(is_told("STATUS=serving")));
    return cluster;
}

static void end_successor(struct fake_cluster **cluster)
{
    int status;

    guard_end(&guard);
    cr_expect_gt(waitpid(-1, &status, 0), 0);
    cr_expect_not(answers(listen_port.number));
    fake_cluster_free(cluster);
}

Test(service, starts_its_successor_and_tells_who_that_is)
{
    struct fake_cluster *cluster = start_for_successor();

    kill(slotway.pid, SIGUSR2);
    cr_expect(WAIT_FOR(is_told("MAINPID=")));
    cr_expect(WAIT_FOR(is_told("READY=1\nSTATUS=serving")));
    cr_expect(WAIT_FOR(process_has_ended(&slotway)));
    cr_expect_eq(slotway.status, 0);
    cr_expect(answers(listen_port.number));
    cr_expect_eq(http_get(admin_port.number, "/readyz", NULL), 200);
    cr_expect(WAIT_FOR(is_told("WATCHDOG=1")));
    end_successor(&cluster);
}

/* The first that the log tells of. */
static pid_t successor(void)
{
    static const char mark[] = "started a successor pid=";
    struct bytes output = process_output(&slotway);
    const char *found = strstr(output.at, mark);
    int process = 0;

    cr_assert_not_null(found);
    cr_assert_eq(sscanf(found + sizeof mark - 1, "%d", &process), 1);
    bytes_clear(&output);
    return process;
}

/* What the kernel says of it under this word, with its colon. */
static unsigned long fact_of(pid_t process, const char *word, int base)
{
    char text[256];

    snprintf(text, sizeof text, "/proc/%d/status", (int)process);

    FILE *file = fopen(text, "r");

    cr_assert_not_null(file);
    do {
        cr_assert_not_null(fgets(text, sizeof text, file), "no %s", word);
    } while (strncmp(text, word, strlen(word)) != 0);
    fclose(file);
    return strtoul(text + strlen(word), NULL, base);
}

/* systemd waits for the end of its own children, and only of those when it stops a service. */
Test(service, starts_its_successor_as_a_child_of_the_manager)
{
    struct fake_cluster *cluster = start_for_successor();
    struct wire *client = wire_open(listen_port.number);

    cr_assert_not_null(client);
    cr_expect_str_eq(wire_ask(client, "MULTI"), "OK"); /* keeps the old one */
    kill(slotway.pid, SIGUSR2);
    cr_expect(WAIT_FOR(is_told("MAINPID=")));
    cr_expect_not(process_has_ended(&slotway));
    cr_expect_eq(fact_of(successor(), "PPid:", 10), (unsigned long)getpid());
    cr_expect_eq(fact_of(successor(), "SigBlk:", 16), fact_of(slotway.pid, "SigBlk:", 16));
    wire_close(&client);
    cr_expect(WAIT_FOR(process_has_ended(&slotway)));
    end_successor(&cluster);
}

static size_t count_said(const char *text)
{
    struct bytes output = process_output(&slotway);
    size_t count = 0;

    for (const char *at = output.at; (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    bytes_clear(&output);
    return count;
}

Test(service, starts_another_successor_when_the_one_of_the_manager_has_ended)
{
    int status;

    set_variable("SLOTWAY_UPGRADE_SOCKET=%s/upgrade", folder);
    start();
    cr_expect(WAIT_FOR(is_told("READY=1")));
    kill(slotway.pid, SIGUSR2);
    cr_expect(WAIT_FOR(has_said("a successor has got the listening sockets")));
    kill(slotway.pid, SIGUSR2);
    cr_expect(WAIT_FOR(has_said("a successor is under way")));
    cr_assert_eq(kill(successor(), SIGKILL), 0);
    cr_assert_eq(waitpid(successor(), &status, 0), successor());
    cr_expect(WAIT_FOR(has_said("the successor has ended")));
    kill(slotway.pid, SIGUSR2);
    cr_expect(WAIT_FOR(count_said("started a successor") == 2));
    expect_end();
}

/* By a name in the folder, which can be taken from it. */
static void start_by_name(const char *path)
{
    const char *const argv[] = {"setsid", path, NULL};

    cr_assert_eq(symlink(rig_binary(), path), 0);
    process_start(&slotway, argv, (const char *const *)variables);
    guard = guard_set(slotway.pid);
}

Test(service, says_why_a_successor_does_not_start_and_hears_the_next_signals)
{
    static const char *const why = "cannot start a successor error=\"No such file or directory\"";
    char path[sizeof folder + 16];

    snprintf(path, sizeof path, "%s/program", folder);
    set_variable("SLOTWAY_UPGRADE_SOCKET=%s/upgrade", folder);
    start_by_name(path);
    cr_expect(WAIT_FOR(is_told("READY=1")));
    remove_file("program");
    for (size_t tries = 1; tries <= 2; tries++) {
        kill(slotway.pid, SIGUSR2);
        cr_expect(WAIT_FOR(count_said(why) == tries));
    }
    cr_expect(answers(listen_port.number));
    expect_end();
}

/* From now on nobody can tell it anything until it reads. */
static void keep_manager_busy(void)
{
    struct sockaddr_un name;
    socklen_t size = sizeof name;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    cr_assert_eq(getsockname(manager, (struct sockaddr *)&name, &size), 0);
    while (sendto(fd, "busy", 4, MSG_NOSIGNAL, (struct sockaddr *)&name, size) == 4) {
    }
    close(fd);
}

Test(service, does_not_end_before_who_it_is_that_took_over_can_be_told)
{
    struct fake_cluster *cluster = start_for_successor();

    keep_manager_busy();
    kill(slotway.pid, SIGUSR2);
    cr_expect(WAIT_FOR(has_said("cannot tell the service manager")));
    cr_expect(WAIT_FOR(has_said("drained")));
    cr_expect_not(process_has_ended(&slotway));
    cr_expect(WAIT_FOR(is_told("MAINPID=")));
    cr_expect(WAIT_FOR(process_has_ended(&slotway)));
    cr_expect_eq(slotway.status, 0);
    end_successor(&cluster);
}

/* A client that drains no sooner than its transaction is over, which it never is. */
static struct wire *stay_in_a_transaction(void)
{
    struct wire *wire = wire_open(listen_port.number);

    cr_assert_not_null(wire);
    cr_expect_str_eq(wire_ask(wire, "MULTI"), "OK");
    return wire;
}

/* Its last client is closed, and it waits for nothing but that. */
static void expect_it_ends_when_all_is_told(struct wire **last)
{
    cr_expect(wire_is_closed(*last));
    wire_close(last);
    cr_expect(WAIT_FOR(has_said("drained")));
    cr_expect_not(process_has_ended(&slotway));
    cr_expect(WAIT_FOR(is_told("MAINPID=")));
    cr_expect(WAIT_FOR(process_has_ended(&slotway)));
    cr_expect_eq(slotway.status, 0);
}

Test(service, that_closes_its_last_clients_does_not_end_before_that_can_be_told_either)
{
    set_variable("SLOTWAY_DRAIN_TIMEOUT=200ms");
    struct fake_cluster *cluster = start_for_successor();
    struct wire *last = stay_in_a_transaction();

    keep_manager_busy();
    kill(slotway.pid, SIGUSR2);
    cr_expect(WAIT_FOR(has_said("cannot tell the service manager")));
    cr_expect(WAIT_FOR(has_said("closing clients that are not done")));
    expect_it_ends_when_all_is_told(&last);
    end_successor(&cluster);
}

Test(service, that_is_stopped_at_once_tells_first_who_took_over)
{
    set_variable("SLOTWAY_DRAIN_TIMEOUT=60s");
    struct fake_cluster *cluster = start_for_successor();
    struct wire *last = stay_in_a_transaction();

    keep_manager_busy();
    kill(slotway.pid, SIGUSR2);
    cr_expect(WAIT_FOR(has_said("cannot tell the service manager")));
    kill(slotway.pid, SIGTERM);
    cr_expect(WAIT_FOR(has_said("stopping once the last clients are gone")));
    kill(slotway.pid, SIGTERM);
    cr_expect(WAIT_FOR(has_said("stopping at once")));
    expect_it_ends_when_all_is_told(&last);
    end_successor(&cluster);
}

Test(service, does_not_wait_for_a_manager_that_is_gone)
{
    struct fake_cluster *cluster = start_for_successor();

    remove_file("notify");
    kill(slotway.pid, SIGUSR2);
    cr_expect(WAIT_FOR(has_said("the service manager does not know of the successor")));
    cr_expect_not(has_said("cannot tell the service manager"), "it would try again");
    cr_expect(WAIT_FOR(process_has_ended(&slotway)));
    cr_expect_eq(slotway.status, 0);
    end_successor(&cluster);
}

Test(service, starts_no_successor_that_nobody_would_hear)
{
    start();
    cr_expect(WAIT_FOR(is_told("READY=1")));
    kill(slotway.pid, SIGUSR2);
    cr_expect(WAIT_FOR(has_said("no successor could take over")));
    cr_expect(answers(listen_port.number));
    expect_end();
}
