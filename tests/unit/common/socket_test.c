#include "common/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

static char folder[64];

static void make_folder(void)
{
    strcpy(folder, "/tmp/slotway-socket-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    char path[100];

    snprintf(path, sizeof path, "%s/s", folder);
    unlink(path);
    rmdir(folder);
}

TestSuite(socket, .init = make_folder, .fini = remove_folder, .timeout = 20);

static struct address parsed(const char *text)
{
    struct address address;

    cr_assert_eq(address_parse(span_of(text), &address), ADDRESS_OK);
    return address;
}

static struct address path_address(void)
{
    char text[100];

    snprintf(text, sizeof text, "unix:%s/s", folder);
    return parsed(text);
}

static void wait_for(int fd, short events)
{
    struct pollfd wanted = {.fd = fd, .events = events};

    cr_assert_eq(poll(&wanted, 1, 10000), 1);
}

static int listen_on(const char *text)
{
    struct address address = parsed(text);
    int listener = socket_listen(&address, 16);

    cr_assert_geq(listener, 0, "%s: %s", text, strerror(errno));
    return listener;
}

static int connect_to(int listener)
{
    struct endpoint endpoint;

    socket_local(listener, &endpoint);

    int fd = socket_connect(&endpoint);

    cr_assert_geq(fd, 0);
    wait_for(fd, POLLOUT);
    cr_assert_eq(socket_connect_error(fd), 0);
    return fd;
}

static int accept_from(int listener, struct endpoint *peer)
{
    wait_for(listener, POLLIN);

    int fd = socket_accept(listener, peer);

    cr_assert_geq(fd, 0);
    return fd;
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;

    cr_assert_eq(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

static void expect_flags(int fd)
{
    cr_expect(fcntl(fd, F_GETFL) & O_NONBLOCK);
    cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

Test(socket, both_ends_of_a_tcp_connection_are_set_up)
{
    int listener = listen_on("127.0.0.1:0");
    int client = connect_to(listener);
    int server = accept_from(listener, NULL);
    int ends[] = {client, server};

    expect_flags(listener);
    for (int i = 0; i < 2; i++) {
        expect_flags(ends[i]);
        cr_expect_neq(option(ends[i], IPPROTO_TCP, TCP_NODELAY), 0);
        cr_expect_neq(option(ends[i], SOL_SOCKET, SO_KEEPALIVE), 0);
        cr_expect_leq(option(ends[i], IPPROTO_TCP, TCP_KEEPIDLE), 300);
        socket_set_user_timeout(ends[i], 1234);
        cr_expect_eq(option(ends[i], IPPROTO_TCP, TCP_USER_TIMEOUT), 1234);
        close(ends[i]);
    }
    close(listener);
}

Test(socket, accept_names_the_peer)
{
    int listener = listen_on("127.0.0.1:0");
    int client = connect_to(listener);
    struct endpoint peer;
    struct endpoint local;
    char seen[100];
    char real[100];
    int server = accept_from(listener, &peer);

    socket_local(client, &local);
    cr_expect_str_eq(endpoint_print(&peer, seen, sizeof seen),
                     endpoint_print(&local, real, sizeof real));
    cr_expect_eq(socket_accept(listener, NULL), -1);
    cr_expect_eq(errno, EAGAIN);
    close(server);
    close(client);
    close(listener);
}

Test(socket, read_tells_bytes_from_nothing_and_end)
{
    int listener = listen_on("127.0.0.1:0");
    int client = connect_to(listener);
    int server = accept_from(listener, NULL);
    char bytes[3];
    size_t size = 7;

    cr_expect_eq(socket_read(server, bytes, sizeof bytes, &size), SOCKET_AGAIN);
    cr_expect_eq(size, 0);
    cr_assert_eq(write(client, "hello", 5), 5);
    wait_for(server, POLLIN);
    cr_expect_eq(socket_read(server, bytes, sizeof bytes, &size), SOCKET_OK);
    cr_expect(span_equal((struct span){bytes, size}, SPAN("hel")));
    cr_expect_eq(socket_read(server, bytes, sizeof bytes, &size), SOCKET_OK);
    cr_expect(span_equal((struct span){bytes, size}, SPAN("lo")));
    close(client);
    wait_for(server, POLLIN);
    cr_expect_eq(socket_read(server, bytes, sizeof bytes, &size), SOCKET_EOF);
    cr_expect_eq(size, 0);
    cr_expect_eq(socket_read(-1, bytes, sizeof bytes, &size), SOCKET_ERROR);
    cr_expect_eq(errno, EBADF);
    close(server);
    close(listener);
}

static void expect_is_refused(const struct address *address)
{
    struct endpoint endpoint;

    cr_assert(address_to_endpoint(address, &endpoint));

    int fd = socket_connect(&endpoint);
    int error = errno;

    if (fd >= 0) {
        wait_for(fd, POLLOUT);
        error = socket_connect_error(fd);
        close(fd);
    }
    cr_expect_eq(error, ECONNREFUSED);
}

Test(socket, refused_connection_says_so)
{
    struct address address = parsed("127.0.0.1:0");
    int listener = socket_listen(&address, 16);

    address.port = socket_port(listener);
    cr_assert_gt(address.port, 0);
    close(listener);
    expect_is_refused(&address);
}

Test(socket, port_in_use_is_an_error_and_a_closed_one_is_free_again)
{
    int listener = listen_on("127.0.0.1:0");
    struct address same = parsed("127.0.0.1:0");
    int client = connect_to(listener);

    same.port = socket_port(listener);
    cr_expect_gt(same.port, 0);
    cr_expect_eq(socket_listen(&same, 16), -1);
    cr_expect_eq(errno, EADDRINUSE);
    /* Closing the listener's end first leaves the port in TIME_WAIT. */
    close(accept_from(listener, NULL));
    close(client);
    close(listener);
    listener = socket_listen(&same, 16);
    cr_expect_geq(listener, 0);
    close(listener);
}

Test(socket, name_that_does_not_resolve_cannot_be_listened_on)
{
    struct address address = parsed("no-such-host.invalid:1");

    cr_expect_eq(socket_listen(&address, 16), -1);
    cr_expect_eq(errno, EADDRNOTAVAIL);
}

Test(socket, unix_path_connects)
{
    struct address address = path_address();
    int listener = socket_listen(&address, 16);

    cr_assert_geq(listener, 0);

    int client = connect_to(listener);
    int server = accept_from(listener, NULL);
    char bytes[8];
    size_t size;

    expect_flags(server);
    cr_assert_eq(write(client, "x", 1), 1);
    cr_expect_eq(socket_read(server, bytes, sizeof bytes, &size), SOCKET_OK);
    cr_expect_eq(socket_port(listener), 0);
    close(server);
    close(client);
    close(listener);
}

Test(socket, stale_unix_socket_is_replaced_and_a_live_one_is_not)
{
    struct address address = path_address();
    int first = socket_listen(&address, 16);

    cr_assert_geq(first, 0);
    cr_expect_eq(socket_listen(&address, 16), -1);
    cr_expect_eq(errno, EADDRINUSE);
    close(first);

    int second = socket_listen(&address, 16);

    cr_expect_geq(second, 0);
    close(second);
}

Test(socket, unix_socket_has_the_mode_that_is_wanted_whatever_the_umask)
{
    static const mode_t umasks[] = {0, 077};
    struct address address = path_address();
    struct stat status;

    for (size_t i = 0; i < ARRAY_LEN(umasks); i++) {
        umask(umasks[i]);
        int listener =
            socket_listen_as(&address, &(struct listen_options){.backlog = 16, .mode = 0660});

        cr_assert_geq(listener, 0);
        cr_assert_eq(stat(address.host, &status), 0);
        cr_expect_eq(status.st_mode & 07777, 0660);
        close(listener);
        cr_assert_geq(listener = socket_listen(&address, 16), 0);
        cr_assert_eq(stat(address.host, &status), 0);
        cr_expect_eq(status.st_mode & 07777, 0777 & ~umasks[i]);
        close(listener);
    }
}

Test(socket, file_that_is_no_socket_is_left_alone)
{
    struct address address = path_address();
    struct stat status;
    int file = open(address.host, O_CREAT | O_WRONLY, 0600);

    cr_assert_geq(file, 0);
    close(file);
    cr_expect_eq(socket_listen(&address, 16), -1);
    cr_expect_eq(errno, EADDRINUSE);
    cr_expect_eq(stat(address.host, &status), 0);
    cr_expect(S_ISREG(status.st_mode));
}

static const struct listen_options plain = {.backlog = 16};

Test(socket, that_is_bound_keeps_others_from_its_port_and_refuses_all_until_it_listens)
{
    struct address address = parsed("127.0.0.1:0");
    struct bound_socket bound;
    struct bound_socket other;

    cr_assert(socket_bind_as(&address, &plain, &bound));
    address.port = socket_port(bound.fd);
    expect_is_refused(&address);
    cr_expect_not(socket_bind_as(&address, &plain, &other));
    cr_expect_eq(errno, EADDRINUSE);
    cr_expect_eq(socket_listen(&address, 16), -1);
    cr_assert(socket_listen_bound(&bound, &address, &plain));
    close(connect_to(bound.fd));
    close(bound.fd);
}

Test(socket, whose_file_another_has_taken_for_a_stale_one_does_not_listen)
{
    struct address address = path_address();
    struct bound_socket first;
    struct bound_socket second;

    cr_assert(socket_bind_as(&address, &plain, &first));
    expect_is_refused(&address);
    cr_assert(socket_bind_as(&address, &plain, &second));
    cr_expect_not(socket_listen_bound(&first, &address, &plain));
    cr_expect_eq(errno, EADDRINUSE);
    cr_assert(socket_listen_bound(&second, &address, &plain));
    close(connect_to(second.fd));
    close(first.fd);
    close(second.fd);
}

Test(socket, why_nobody_can_listen_is_told_in_words)
{
    struct address elsewhere;
    struct address unknown;

    cr_assert_eq(address_parse(SPAN("192.0.2.1:80"), &elsewhere), ADDRESS_OK);
    cr_assert_eq(address_parse(SPAN("no-such-host.invalid:80"), &unknown), ADDRESS_OK);
    cr_expect_eq(socket_listen(&elsewhere, 16), -1);
    cr_expect_str_eq(socket_listen_text(&elsewhere, errno), "it is not an address of this machine");
    cr_expect_eq(socket_listen(&unknown, 16), -1);
    cr_expect_str_eq(socket_listen_text(&unknown, errno), "the name cannot be resolved");
    cr_expect_str_eq(socket_listen_text(&elsewhere, EADDRINUSE), "Address already in use");
}

/* Who knocks while one socket takes the place of another is let in by either. */
Test(socket, that_answers_no_more_loses_nobody)
{
    struct address narrow = parsed("127.0.0.1:0");
    struct endpoint endpoint;
    int first = socket_listen(&narrow, 16);

    cr_assert_geq(first, 0);
    narrow.port = socket_port(first);
    struct address wide = parsed("0.0.0.0:0");
    wide.port = narrow.port;
    cr_expect_eq(socket_listen(&wide, 16), -1);
    socket_share_port(first, true);
    int second =
        socket_listen_as(&wide, &(struct listen_options){.backlog = 16, .is_shared = true});
    cr_assert_geq(second, 0);
    cr_assert(address_to_endpoint(&narrow, &endpoint));
    int early = socket_connect(&endpoint);
    wait_for(first, POLLIN);
    socket_answer_no_more(first);
    int late = socket_connect(&endpoint);
    int served = socket_accept(first, NULL);
    cr_expect_geq(served, 0);
    cr_expect_eq(socket_accept(first, NULL), -1);
    close(first);
    wait_for(second, POLLIN);
    int other = socket_accept(second, NULL);
    cr_expect_geq(other, 0);
    wait_for(late, POLLOUT);
    cr_expect_eq(socket_connect_error(late), 0);
    close(early);
    close(late);
    close(served);
    close(other);
    close(second);
}
