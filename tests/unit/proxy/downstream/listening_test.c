#include "proxy/downstream/listening.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/log.h"

static char folder[] = "/tmp/slotway-listening-XXXXXX";
static struct address address;
static struct list sockets;
static struct config_errors errors;
static int closed_with_file; /* sockets that listened while their name stood there */

static struct pool_config listening_at(struct address *where, size_t count)
{
    return (struct pool_config){.name = "main", .backlog = 16, .listen = {where, count}};
}

static bool is_listening(int fd)
{
    int value = 0;
    socklen_t size = sizeof value;

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &value, &size) == 0 && value == 1;
}

/* In the place of the library's, for the order in which things happen. */
int close(int fd)
{
    if (is_listening(fd) && address.kind == ADDRESS_UNIX && access(address.host, F_OK) == 0) {
        closed_with_file++;
    }
    return (int)syscall(SYS_close, fd);
}

static void set_up(void)
{
    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    cr_assert_not_null(mkdtemp(folder));
    list_init(&sockets);
}

static void tear_down(void)
{
    inherited_close_rest();
    config_errors_clear(&errors);
    rmdir(folder);
}

TestSuite(listening, .init = set_up, .fini = tear_down, .timeout = 20);

static struct listening_socket *open_one(void)
{
    struct pool_config config = listening_at(&address, 1);

    cr_assert(listening_bind(&sockets, &config, &errors));
    cr_assert(listening_listen(&sockets, &config, &errors));

    struct listening_socket *listening =
        container_of(list_first(&sockets), struct listening_socket, link);

    listening_adopt(listening, &config);
    listening_refresh(listening, &config);
    return listening;
}

/* Who has the socket as well, as systemd has what it lends, sees who knocks, and is alone there. */
static void expect_is_as_ever(int fd)
{
    struct endpoint endpoint;
    struct sock_filter *none = NULL;
    int is_shared = 1;
    socklen_t size = 0;

    socket_local(fd, &endpoint);
    cr_expect_eq(getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, none, &size), 0);
    cr_expect_eq(size, 0, "there is a filter of %u lines", size);
    size = sizeof is_shared;
    cr_expect_eq(getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &is_shared, &size), 0);
    cr_expect_eq(is_shared, 0);

    int client = socket_connect(&endpoint);

    cr_expect_geq(client, 0);
    close(client);
}

Test(listening, what_is_lent_goes_back_as_it_came)
{
    cr_assert_eq(address_parse(SPAN("127.0.0.1:0"), &address), ADDRESS_OK);

    int lent = socket_listen(&address, 16);

    cr_assert_geq(lent, 0);
    address.port = socket_port(lent);
    inherited_add_activated(dup(lent), "main");

    struct listening_socket *listening = open_one();
    struct pool_config nothing = listening_at(NULL, 0);

    cr_assert_eq(listening->file, SOCKET_FILE_LENT);
    listening_plan(&sockets, &nothing);
    listening_retire(listening);
    listening_close(&listening);
    expect_is_as_ever(lent);
    close(lent);
}

Test(listening, a_file_is_gone_before_nobody_listens_at_it)
{
    char text[sizeof folder + 16];

    snprintf(text, sizeof text, "unix:%s/s", folder);
    cr_assert_eq(address_parse(span_of(text), &address), ADDRESS_OK);

    struct listening_socket *listening = open_one();

    cr_assert_eq(access(address.host, F_OK), 0);
    listening_close(&listening);
    cr_expect_neq(access(address.host, F_OK), 0);
    cr_expect_eq(closed_with_file, 0);
}

static mode_t mode_of(const char *path)
{
    struct stat status;

    cr_assert_eq(stat(path, &status), 0);
    return status.st_mode & 07777;
}

/* What systemd's SocketMode says counts, whatever the configuration says, now or later. */
Test(listening, who_may_connect_to_what_is_lent_is_not_ours_to_say)
{
    char text[sizeof folder + 16];

    snprintf(text, sizeof text, "unix:%s/s", folder);
    cr_assert_eq(address_parse(span_of(text), &address), ADDRESS_OK);

    int lent = socket_listen_as(&address, &(struct listen_options){.backlog = 16, .mode = 0620});

    cr_assert_geq(lent, 0);
    inherited_add_activated(dup(lent), "main");

    struct listening_socket *listening = open_one();
    struct pool_config config = listening_at(&address, 1);

    config.socket_mode = 0666;
    listening_refresh(listening, &config);
    cr_expect_eq(mode_of(address.host), 0620);
    listening_close(&listening);
    cr_expect_eq(mode_of(address.host), 0620);
    close(lent);
    unlink(address.host);
}

static bool anybody_listens(void)
{
    LIST_EACH (link, &sockets) {
        if (is_listening(container_of(link, struct listening_socket, link)->fd)) {
            return true;
        }
    }
    return false;
}

/* The first of two can be had, and the other cannot. Whoever came to the first one would be sent
 * away again. */
static void expect_nobody_can_come(struct address *two)
{
    struct pool_config config = listening_at(two, 2);

    cr_expect_not(listening_bind(&sockets, &config, &errors));
    cr_expect_eq(errors.count, 1);
    cr_expect_not(list_is_empty(&sockets));
    cr_expect_not(anybody_listens());
    listening_undo(&sockets);
    cr_expect(list_is_empty(&sockets));
}

static struct address parsed(const char *text)
{
    struct address found;

    cr_assert_eq(address_parse(span_of(text), &found), ADDRESS_OK);
    return found;
}

Test(listening, nobody_comes_to_one_address_while_another_is_taken)
{
    struct address two[] = {parsed("127.0.0.1:0"), parsed("127.0.0.1:0")};
    int taken = socket_listen(&two[1], 16);

    cr_assert_geq(taken, 0);
    two[1].port = socket_port(taken);
    expect_nobody_can_come(two);
    close(taken);
}

static uint16_t free_port(void)
{
    struct address any = parsed("127.0.0.1:0");
    int fd = socket_listen(&any, 16);
    uint16_t port = socket_port(fd);

    cr_assert_gt(port, 0);
    close(fd);
    return port;
}

Test(listening, nobody_comes_to_one_address_while_another_overlaps_with_it)
{
    struct address two[] = {parsed("127.0.0.1:1"), parsed("0.0.0.0:1")};

    two[0].port = two[1].port = free_port();
    expect_nobody_can_come(two);
}

Test(listening, all_that_is_bound_listens_when_it_is_told_to)
{
    struct address two[] = {parsed("127.0.0.1:0"), parsed("127.0.0.1:0")};
    struct pool_config config = listening_at(two, ARRAY_LEN(two));

    cr_assert(listening_bind(&sockets, &config, &errors));
    cr_expect_not(anybody_listens());
    cr_assert(listening_listen(&sockets, &config, &errors));
    LIST_EACH (link, &sockets) {
        cr_expect(is_listening(container_of(link, struct listening_socket, link)->fd));
    }
    listening_undo(&sockets);
}

/* A file at which nobody listens yet looks like one that was left over. */
Test(listening, one_file_by_two_names_is_refused)
{
    struct address two[2];
    struct pool_config config = listening_at(two, ARRAY_LEN(two));
    char text[sizeof folder + 16];

    for (size_t i = 0; i < ARRAY_LEN(two); i++) {
        snprintf(text, sizeof text, "unix:%s%s", folder, i == 0 ? "/s" : "/./s");
        two[i] = parsed(text);
    }
    cr_expect_not(listening_bind(&sockets, &config, &errors) &&
                  listening_listen(&sockets, &config, &errors));
    cr_expect_eq(errors.count, 1);
    cr_expect_not(anybody_listens());
    listening_undo(&sockets);
    cr_expect_neq(access(two[0].host, F_OK), 0);
}
