/* One slotway takes the place of another: nobody is refused, nothing is lost, and one that cannot
 * does not matter. UPGRADE_ROUNDS and UPGRADE_CLIENTS make it harder. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/rig.h"
#include "tests/support/visitors.h"

static char folder[] = "/tmp/slotway-XXXXXX";
static char socket_path[sizeof folder + 16];
static char client_path[sizeof folder + 16];
static struct process next;
static char *global;

static void set_up(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(socket_path, sizeof socket_path, "%s/upgrade", folder);
    snprintf(client_path, sizeof client_path, "%s/clients", folder);
}

static void clean_up(void)
{
    process_clear(&next);
    rig_clean_up();
    free(global);
    unlink(socket_path);
    unlink(client_path);
    rmdir(folder);
}

TestSuite(upgrade, .timeout = 120, .init = set_up, .fini = clean_up);

static const char *upgrade_options(const char *timeout, const char *drain)
{
    cr_assert_geq(asprintf(&global, "upgrade: {socket: %s, timeout: %s}\ndrain: {%s}\n",
                           socket_path, timeout, drain),
                  0);
    return global;
}

static struct rig *start_rig(const char *drain)
{
    return rig_start_with((struct rig_options){.nodes = 2,
                                               .workers = 2,
                                               .with_store = true,
                                               .request_timeout = "20s",
                                               .global = upgrade_options("20s", drain)});
}

static void start_next(struct rig *rig)
{
    const char *const argv[] = {rig_binary(), "-c", rig_config_path(rig), NULL};

    process_start(&next, argv, NULL);
}

static bool has_said(const struct process *process, const char *text)
{
    struct bytes output = process_output(process);
    bool has = strstr(output.at, text) != NULL;

    bytes_clear(&output);
    return has;
}

static void show(const struct process *process)
{
    struct bytes output = process_output(process);

    fprintf(stderr, "---- the other slotway wrote\n%s----\n", output.at);
    bytes_clear(&output);
}

static void expect_code(struct process *process, int code)
{
    cr_expect(WAIT_FOR(process_has_ended(process)));
    int status = process->status;
    bool is_right = WIFEXITED(status) && WEXITSTATUS(status) == code;
    if (!is_right) {
        show(process);
    }
    cr_expect(is_right, "status %#x, expected code %d", (unsigned)status, code);
}

/* From now on the rig's process is the new one. */
static void expect_replaced(struct rig *rig)
{
    cr_expect(WAIT_FOR(has_said(&next, "took over") || process_has_ended(&next)));
    expect_code(rig_process(rig), 0);
    process_clear(rig_process(rig));
    *rig_process(rig) = next;
    next = (struct process){0};
}

static int number_of(const char *variable, int otherwise)
{
    const char *text = getenv(variable);

    return text == NULL ? otherwise : atoi(text);
}

static void expect_nothing_lost(struct visitors_result result)
{
    cr_log_info("requests %llu, connections %llu, sent away %llu",
                (unsigned long long)result.requests, (unsigned long long)result.connections,
                (unsigned long long)result.sent_away);
    cr_expect_eq(result.refused, 0, "%llu refused", (unsigned long long)result.refused);
    cr_expect_eq(result.lost, 0, "%llu lost", (unsigned long long)result.lost);
    cr_expect_eq(result.wrong, 0, "%llu wrong: %s", (unsigned long long)result.wrong,
                 result.first_wrong);
}

Test(upgrade, under_load_refuses_nobody_and_loses_nothing)
{
    int rounds = number_of("UPGRADE_ROUNDS", 2);
    int clients = number_of("UPGRADE_CLIENTS", 16);
    struct rig *rig = start_rig("timeout: 30s, spread: 100ms");
    struct visitors *visitors = visitors_start(rig_port(rig), clients);

    for (int round = 0; round < rounds; round++) {
        uint64_t before = visitors_progress(visitors);
        cr_assert(WAIT_FOR(visitors_progress(visitors) > before + 10 * (uint64_t)clients));
        start_next(rig);
        expect_replaced(rig);
        cr_expect_eq(http_get(rig_admin_port(rig), "/readyz", NULL), 200);
    }
    expect_nothing_lost(visitors_stop(&visitors));
    rig_stop(&rig);
}

Test(upgrade, is_never_seen_by_who_asks_whether_it_is_ready)
{
    struct rig *rig = start_rig("timeout: 30s, spread: 0s");

    start_next(rig);
    while (!has_said(&next, "took over") && !process_has_ended(&next)) {
        cr_expect_eq(http_get(rig_admin_port(rig), "/readyz", NULL), 200);
    }
    expect_replaced(rig);
    cr_expect_eq(http_get(rig_admin_port(rig), "/readyz", NULL), 200);
    rig_stop(&rig);
}

Test(upgrade, lets_clients_finish_what_they_have_begun)
{
    struct rig *rig = start_rig("timeout: 60s, spread: 0s");
    struct wire *idle = rig_connect(rig);
    struct wire *multi = rig_connect(rig);

    cr_expect_str_eq(wire_ask(idle, "PING"), "PONG");
    cr_expect_str_eq(wire_ask(multi, "MULTI"), "OK");
    start_next(rig);
    cr_assert(WAIT_FOR(has_said(&next, "took over")));
    cr_expect(wire_is_closed(idle));
    cr_expect_str_eq(wire_ask(multi, "DISCARD"), "OK");
    cr_expect(wire_is_closed(multi));
    expect_replaced(rig);
    rig_stop(&rig);
}

static bool answers_at_path(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char answer[8] = "";
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    memcpy(name.sun_path, client_path, strlen(client_path));
    bool is_there = connect(fd, (struct sockaddr *)&name, sizeof name) == 0 &&
                    send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 &&
                    recv(fd, answer, 7, MSG_WAITALL) == 7 && strcmp(answer, "+PONG\r\n") == 0;
    close(fd);
    return is_there;
}

Test(upgrade, of_one_with_another_configuration_takes_what_it_names)
{
    struct rig *rig = start_rig("timeout: 30s, spread: 0s");
    struct wire *client = rig_client(rig);
    char *listen;
    const char *const argv[] = {rig_binary(), NULL};

    cr_expect_str_eq(wire_ask(client, "SET", "k", "1"), "OK");
    cr_assert_geq(
        asprintf(&listen, "SLOTWAY_LISTEN=127.0.0.1:%u,unix:%s", rig_port(rig), client_path), 0);
    const char *const environment[] = {
        listen,
        rig_print(rig, "SLOTWAY_ADMIN_LISTEN=127.0.0.1:%u", rig_admin_port(rig)),
        rig_print(rig, "SLOTWAY_BACKEND_SEEDS=%s", rig_address(rig, 0)),
        rig_print(rig, "SLOTWAY_UPGRADE_SOCKET=%s", socket_path),
        "SLOTWAY_NAME=renamed",
        NULL};
    process_start(&next, argv, environment);
    cr_expect(wire_is_closed(client));
    rig_disconnect(rig, &client);
    expect_replaced(rig);
    cr_expect(answers_at_path());
    process_start(&next, argv, environment);
    expect_replaced(rig);
    cr_expect(answers_at_path(), "who goes leaves the file to who stays");
    struct wire *later = rig_connect(rig);
    cr_expect_str_eq(wire_ask(later, "GET", "k"), "1");
    rig_disconnect(rig, &later);
    free(listen);
    rig_stop(&rig);
    cr_expect_neq(access(client_path, F_OK), 0, "the last one removes the files");
    cr_expect_neq(access(socket_path, F_OK), 0);
}

static int mode_of_clients(void)
{
    struct stat status;

    cr_assert_eq(stat(client_path, &status), 0);
    return status.st_mode & 07777;
}

Test(upgrade, gives_the_file_of_a_socket_the_mode_that_the_new_one_has)
{
    char listen[sizeof client_path + 16];
    snprintf(listen, sizeof listen, "\"unix:%s\"", client_path);
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1,
                                            .with_store = true,
                                            .listen = listen,
                                            .clients = "socket_mode: \"600\"",
                                            .global = upgrade_options("20s", "spread: 0s")});
    const char *const argv[] = {rig_binary(), "-c", rig_config_path(rig), NULL};
    const char *const environment[] = {"SLOTWAY_CLIENTS_SOCKET_MODE=660", NULL};

    cr_expect_eq(mode_of_clients(), 0600);
    process_start(&next, argv, environment);
    expect_replaced(rig);
    cr_expect_eq(mode_of_clients(), 0660, "%o", mode_of_clients());
    cr_expect(answers_at_path());
    rig_stop(&rig);
}

static void expect_unharmed(struct rig *rig)
{
    cr_expect_not(process_has_ended(rig_process(rig)));
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    cr_expect_eq(http_get(rig_admin_port(rig), "/readyz", NULL), 200);
    start_next(rig);
    cr_expect(wire_is_closed(rig_client(rig)));
    expect_replaced(rig);
}

Test(upgrade, by_one_that_cannot_reach_the_cluster_does_not_happen)
{
    struct rig *rig = start_rig("timeout: 30s, spread: 0s");
    const char *const argv[] = {rig_binary(), NULL};
    const char *const environment[] = {
        rig_print(rig, "SLOTWAY_LISTEN=127.0.0.1:%u", rig_port(rig)),
        rig_print(rig, "SLOTWAY_ADMIN_LISTEN=127.0.0.1:%u", rig_admin_port(rig)),
        "SLOTWAY_BACKEND_SEEDS=127.0.0.1:1",
        "SLOTWAY_UPGRADE_TIMEOUT=200ms",
        rig_print(rig, "SLOTWAY_UPGRADE_SOCKET=%s", socket_path),
        NULL};

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    process_start(&next, argv, environment);
    expect_code(&next, 3);
    cr_expect(has_said(&next, "the cluster is not known in time"));
    process_clear(&next);
    expect_unharmed(rig);
    rig_stop(&rig);
}

Test(upgrade, by_one_that_cannot_listen_does_not_happen)
{
    struct rig *rig = start_rig("timeout: 30s, spread: 0s");
    const char *const argv[] = {rig_binary(), NULL};
    const char *const environment[] = {
        rig_print(rig, "SLOTWAY_LISTEN=127.0.0.1:%u,unix:%s/none/s", rig_port(rig), folder),
        "SLOTWAY_ADMIN_LISTEN=", rig_print(rig, "SLOTWAY_BACKEND_SEEDS=%s", rig_address(rig, 0)),
        rig_print(rig, "SLOTWAY_UPGRADE_SOCKET=%s", socket_path), NULL};

    process_start(&next, argv, environment);
    expect_code(&next, 3);
    process_clear(&next);
    expect_unharmed(rig);
    rig_stop(&rig);
}

Test(upgrade, by_one_that_dies_half_way_does_not_happen)
{
    struct rig *rig = start_rig("timeout: 30s, spread: 0s");
    const char *said;
    const char *const argv[] = {rig_binary(), NULL};
    const char *const environment[] = {
        rig_print(rig, "SLOTWAY_LISTEN=127.0.0.1:%u", rig_port(rig)),
        rig_print(rig, "SLOTWAY_ADMIN_LISTEN=127.0.0.1:%u", rig_admin_port(rig)),
        "SLOTWAY_BACKEND_SEEDS=127.0.0.1:1",
        rig_print(rig, "SLOTWAY_UPGRADE_SOCKET=%s", socket_path), NULL};

    process_start(&next, argv, environment);
    cr_expect(WAIT_FOR(rig_has_written(rig, "has got the listening sockets")));
    cr_expect_eq(rig_reload(rig, &said), 400, "%s", said);
    EXPECT_CONTAINS(said, "a successor is taking over");
    process_stop(&next, SIGKILL, WAIT_MS);
    process_clear(&next);
    cr_expect(WAIT_FOR(rig_has_written(rig, "no successor takes over")));
    cr_expect_eq(rig_reload(rig, &said), 200, "%s", said);
    expect_unharmed(rig);
    rig_stop(&rig);
}

Test(upgrade, from_one_that_dies_half_way_serves_at_once)
{
    struct rig *rig = start_rig("timeout: 30s, spread: 0s");

    for (int i = 0; i < 2; i++) {
        fake_node_die(rig_node(rig, i));
    }
    start_next(rig);
    cr_assert(WAIT_FOR(rig_has_written(rig, "has got the listening sockets")));
    struct wire *early = rig_connect(rig);
    rig_disconnect(rig, &early);
    process_stop(rig_process(rig), SIGKILL, WAIT_MS);
    wire_request(rig_client(rig), "SET", "k", "1");
    for (int i = 0; i < 2; i++) {
        fake_node_return(rig_node(rig, i));
    }
    cr_expect_str_eq(wire_text(rig_client(rig)), "OK");
    process_clear(rig_process(rig));
    *rig_process(rig) = next;
    next = (struct process){0};
    rig_stop(&rig);
}

static int connect_to_upgrade(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    memcpy(name.sun_path, socket_path, strlen(socket_path));
    cr_assert_eq(connect(fd, (struct sockaddr *)&name, sizeof name), 0);
    return fd;
}

Test(upgrade, takes_no_nonsense)
{
    static const char *const nonsense[] = {
        "GET / HTTP/1.1\r\n\r\n",   "slotway-upgrade 2 take\n", "slotway-upgrade 1 ready 1\n",
        "slotway-upgrade 1 done\n", "slotway-upgrade 1",        "\n",
    };
    struct rig *rig = start_rig("timeout: 30s, spread: 0s");
    struct stat status;

    cr_assert_eq(stat(socket_path, &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0600);
    for (size_t i = 0; i < ARRAY_LEN(nonsense); i++) {
        char answer[256] = "";
        int fd = connect_to_upgrade();
        cr_expect_gt(send(fd, nonsense[i], strlen(nonsense[i]), 0), 0);
        cr_expect_gt(recv(fd, answer, sizeof answer - 1, 0), 0);
        EXPECT_STARTS(answer, "slotway-upgrade 1 no ");
        cr_expect_eq(recv(fd, answer, sizeof answer, 0), 0);
        close(fd);
    }
    close(connect_to_upgrade());
    expect_unharmed(rig);
    rig_stop(&rig);
}

/* The file keeps others out already; this is for when somebody has opened it. */
static void be_a_stranger(void)
{
    char answer[64];

    if (setresuid(65534, 65534, 65534) != 0) {
        _exit(1);
    }
    int fd = connect_to_upgrade();
    send(fd, "slotway-upgrade 1 take\n", 23, MSG_NOSIGNAL);
    _exit(recv(fd, answer, sizeof answer, 0) > 0 ? 2 : 0);
}

Test(upgrade, gives_a_stranger_nothing)
{
    struct rig *rig = start_rig("timeout: 30s, spread: 0s");
    int status;

    if (geteuid() != 0) {
        rig_stop(&rig);
        cr_skip("only root can become somebody else");
    }
    cr_assert_eq(chmod(folder, 0711) + chmod(socket_path, 0666), 0);
    pid_t stranger = fork();
    if (stranger == 0) {
        be_a_stranger();
    }
    cr_assert_eq(waitpid(stranger, &status, 0), stranger);
    cr_expect_eq(status, 0);
    cr_expect(rig_has_written(rig, "a stranger asks for the listening sockets"));
    expect_unharmed(rig);
    rig_stop(&rig);
}

Test(upgrade, is_not_kept_by_one_that_says_nothing)
{
    struct rig *rig = start_rig("timeout: 30s, spread: 0s");
    int fd = connect_to_upgrade();

    expect_unharmed(rig);
    close(fd);
    rig_stop(&rig);
}
