/* Addresses to listen on that come and go while slotway runs. */
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/expect.h"
#include "tests/support/ports.h"
#include "tests/support/rig.h"

TestSuite(reload_listen, .timeout = 60, .fini = rig_clean_up);

static const struct rig_options plain = {.nodes = 1, .with_store = true};

static bool serves(uint16_t port)
{
    struct wire *wire = wire_open(port);
    bool is_served = wire != NULL && strcmp(wire_ask(wire, "PING"), "PONG") == 0;

    wire_close(&wire);
    return is_served;
}

static struct rig_options listening_on(struct rig *rig, const char *format, uint16_t port)
{
    struct rig_options options = plain;
    char text[128];

    snprintf(text, sizeof text, format, port);
    options.listen = rig_print(rig, "\"%s\"", text);
    return options;
}

Test(reload_listen, a_new_address_is_served_and_an_old_one_is_not)
{
    struct rig *rig = rig_start_with(plain);
    struct port other = port_reserve();

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    rig_rewrite(rig, listening_on(rig, "127.0.0.1:%u", other.number));
    cr_expect_eq(rig_reload(rig, NULL), 200);
    cr_expect(serves(other.number));
    cr_expect_null(wire_open(rig_port(rig)));
    cr_expect_str_eq(ask(rig, "GET", "k"), "v", "who came over the old one stays");
    rig_rewrite(rig, plain);
    cr_expect_eq(rig_reload(rig, NULL), 200);
    cr_expect(serves(rig_port(rig)));
    cr_expect_null(wire_open(other.number));
    rig_stop(&rig);
    port_release(&other);
}

/* The port is taken by the very socket that goes. */
Test(reload_listen, an_address_becomes_a_wider_or_a_narrower_one)
{
    static const char *const forms[] = {"*:%u", "127.0.0.1:%u", "0.0.0.0:%u", "*:%u"};
    struct rig *rig = rig_start_with(plain);

    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        rig_rewrite(rig, listening_on(rig, forms[i], rig_port(rig)));
        cr_expect_eq(rig_reload(rig, NULL), 200, "%s", forms[i]);
        cr_expect(serves(rig_port(rig)), "%s", forms[i]);
    }
    rig_stop(&rig);
}

Test(reload_listen, an_address_that_is_taken_leaves_everything_as_it_is)
{
    struct rig *rig = rig_start_with(plain);
    struct port mine = port_reserve();
    struct port taken = port_reserve();
    struct rig_options next = plain;
    const char *said;

    port_listen(&taken);
    next.clients = "max: 1";
    next.listen = rig_print(rig, "\"127.0.0.1:%u\", \"127.0.0.1:%u\"", mine.number, taken.number);
    rig_rewrite(rig, next);
    cr_expect_eq(rig_reload(rig, &said), 400);
    const char *line = rig_print(rig, "pool 'main' cannot listen on 127.0.0.1:%u: ", taken.number);
    cr_expect_not_null(strstr(said, line), "%s", said);
    cr_expect_null(wire_open(mine.number));
    cr_expect(serves(rig_port(rig)));
    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    cr_expect(serves(rig_port(rig)), "clients.max is what it was");
    cr_expect_eq(metric(rig, "config_reload_refused"), 1);
    port_stop_listening(&taken);
    next.clients = NULL;
    rig_rewrite(rig, next);
    cr_expect_eq(rig_reload(rig, NULL), 200);
    cr_expect(serves(taken.number));
    rig_stop(&rig);
    port_release(&mine);
    port_release(&taken);
}

Test(reload_listen, pools_exchange_their_addresses)
{
    struct rig_options options = plain;
    options.other_nodes = 1;
    struct rig *rig = rig_start_with(options);
    const char *said;

    cr_expect(serves(rig_port(rig)));
    cr_expect(serves(rig_other_port(rig)));
    options.swaps_ports = true;
    rig_rewrite(rig, options);
    cr_expect_eq(rig_reload(rig, &said), 200, "%s", said);
    cr_expect(serves(rig_port(rig)));
    cr_expect(serves(rig_other_port(rig)));
    struct wire *wire = wire_open(rig_other_port(rig));
    cr_assert_not_null(wire);
    cr_expect_not_null(strstr(wire_ask(wire, "INFO", "slotway"), "pool:main"), "%s",
                       wire_ask(wire, "INFO", "slotway"));
    wire_close(&wire);
    rig_stop(&rig);
}

static bool serves_path(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    cr_assert_geq(fd, 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    bool is_served = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return is_served;
}

Test(reload_listen, a_unix_socket_comes_changes_who_may_connect_and_goes)
{
    struct rig *rig = rig_start_with(plain);
    struct rig_options next = plain;
    char folder[] = "/tmp/slotway-reload-XXXXXX";
    struct stat facts;

    cr_assert_not_null(mkdtemp(folder));
    const char *path = rig_print(rig, "%s/socket", folder);
    next.listen = rig_print(rig, "\"127.0.0.1:%u\", \"unix:%s\"", rig_port(rig), path);
    next.clients = "socket_mode: \"600\"";
    rig_rewrite(rig, next);
    cr_expect_eq(rig_reload(rig, NULL), 200);
    cr_expect(serves_path(path));
    cr_assert_eq(stat(path, &facts), 0);
    cr_expect_eq(facts.st_mode & 07777, 0600);
    next.clients = "socket_mode: \"666\", backlog: 7";
    rig_rewrite(rig, next);
    cr_expect_eq(rig_reload(rig, NULL), 200);
    cr_expect(serves_path(path));
    cr_assert_eq(stat(path, &facts), 0);
    cr_expect_eq(facts.st_mode & 07777, 0666);
    rig_rewrite(rig, plain);
    cr_expect_eq(rig_reload(rig, NULL), 200);
    cr_expect_neq(access(path, F_OK), 0);
    cr_expect(serves(rig_port(rig)));
    cr_expect_eq(rmdir(folder), 0);
    rig_stop(&rig);
}

/* Whoever came to it would be sent away again. */
Test(reload_listen, nobody_can_come_to_a_new_address_before_it_is_sure_that_it_stays)
{
    struct rig_options options = {
        .nodes = 1, .other_nodes = 1, .hides_other = true, .with_store = true};
    struct rig *rig = rig_start_with(options);
    char folder[] = "/tmp/slotway-reload-XXXXXX";
    char events[1024];
    const char *said;

    cr_assert_not_null(mkdtemp(folder));
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    cr_assert_geq(inotify_add_watch(watch, folder, IN_CREATE), 0);
    options.hides_other = false;
    options.listen = rig_print(rig, "\"127.0.0.1:%u\", \"unix:%s/a\"", rig_port(rig), folder);
    options.other_listen = rig_print(rig, "\"unix:%s/b\"", folder);
    options.clients = "users: {alice: 'on nonsense'}";
    rig_rewrite(rig, options);
    cr_expect_eq(rig_reload(rig, &said), 400, "%s", said);
    EXPECT_CONTAINS(said, "Syntax error");
    cr_expect_lt(read(watch, events, sizeof events), 0, "it has listened");
    close(watch);
    cr_expect_eq(rmdir(folder), 0);
    rig_stop(&rig);
}
