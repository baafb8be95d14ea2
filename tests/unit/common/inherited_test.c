#include "common/inherited.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/log.h"

static char folder[] = "/tmp/slotway-inherited-XXXXXX";
static enum socket_file file;

static void set_up(void)
{
    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    cr_assert_not_null(mkdtemp(folder));
}

static void tear_down(void)
{
    char path[sizeof folder + 8];

    inherited_close_rest();
    snprintf(path, sizeof path, "%s/s", folder);
    unlink(path);
    rmdir(folder);
}

TestSuite(inherited, .init = set_up, .fini = tear_down, .timeout = 20);

static struct address parsed(const char *text)
{
    struct address address;

    cr_assert_eq(address_parse(span_of(text), &address), ADDRESS_OK, "%s", text);
    return address;
}

static int listen_at(const char *text)
{
    struct address address = parsed(text);
    int fd = socket_listen(&address, 16);

    cr_assert_geq(fd, 0);
    return fd;
}

static int take(const char *owner, const char *text)
{
    struct address address = parsed(text);

    return inherited_take(&(struct listening_wish){owner, &address}, &file);
}

static void add(int fd, const char *owner, const char *text)
{
    struct address address = parsed(text);

    inherited_add(fd, owner, &address, false);
}

static int take_port(const char *owner, const char *host, uint16_t port)
{
    char text[64];

    snprintf(text, sizeof text, "%s:%u", host, port);
    return take(owner, text);
}

Test(inherited, nothing_is_nothing)
{
    cr_expect_eq(take("admin", "127.0.0.1:6380"), -1);
}

Test(inherited, is_counted_without_what_systemd_has_opened)
{
    int systemds = listen_at("127.0.0.1:0");
    int first = listen_at("127.0.0.1:0");
    int second = listen_at("127.0.0.1:0");

    inherited_add_activated(systemds, "main");
    add(first, "pool a", "127.0.0.1:0");
    add(second, "pool b", "127.0.0.1:0");
    cr_expect_eq(take("pool a", "127.0.0.1:0"), first);
    cr_expect(inherited_is_taken(0));
    cr_expect_not(inherited_is_taken(1));
    inherited_close_rest();
    close(first);
}

Test(inherited, is_found_by_what_it_was_for_and_its_address_as_written)
{
    int first = listen_at("127.0.0.1:0");
    int second = listen_at("127.0.0.1:0");
    int admin = listen_at("127.0.0.1:0");

    add(first, "pool a", "127.0.0.1:0");
    add(second, "pool b", "127.0.0.1:0");
    add(admin, "admin", "127.0.0.1:0");
    cr_expect_eq(take("pool b", "127.0.0.1:0"), second);
    cr_expect_eq(file, SOCKET_FILE_PREDECESSORS);
    cr_expect_eq(take("pool b", "127.0.0.1:0"), -1, "once only");
    cr_expect_eq(take("admin", "127.0.0.1:0"), admin);
    cr_expect_not(inherited_is_taken(0));
    cr_expect(inherited_is_taken(1));
    cr_expect(inherited_is_taken(2));
    inherited_close_rest();
    cr_expect_eq(fcntl(first, F_GETFD), -1, "what nobody wants is closed");
    cr_expect_geq(fcntl(second, F_GETFD), 0);
    close(second);
    close(admin);
}

Test(inherited, is_found_by_where_it_is_bound)
{
    static const struct {
        const char *bound;
        const char *wanted;
        bool fits;
    } rows[] = {
        {"127.0.0.1:0", "127.0.0.1", true},  {"127.0.0.1:0", "localhost", true},
        {"127.0.0.1:0", "127.0.0.2", false}, {"127.0.0.1:0", "*", false},
        {"127.0.0.1:0", "[::1]", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int fd = listen_at(rows[i].bound);
        int other = listen_at("127.0.0.1:0");

        inherited_add_activated(other, "other");
        inherited_add_activated(fd, "main");
        cr_expect_eq(take_port("pool any", rows[i].wanted, socket_port(fd)), rows[i].fits ? fd : -1,
                     "%s", rows[i].wanted);
        cr_expect(!rows[i].fits || file == SOCKET_FILE_LENT);
        inherited_close_rest();
        if (rows[i].fits) {
            close(fd);
        }
    }
}

Test(inherited, everywhere_is_everywhere)
{
    int fd = listen_at("*:0");
    uint16_t port = socket_port(fd);

    inherited_add_activated(fd, "main");
    cr_expect_eq(take_port("pool any", "127.0.0.1", port), -1);
    cr_expect_eq(take_port("pool any", "*", port), fd);
    close(fd);
}

Test(inherited, unix_sockets_are_found_by_their_path)
{
    char text[sizeof folder + 16];

    snprintf(text, sizeof text, "unix:%s/s", folder);

    int fd = listen_at(text);

    inherited_add_activated(fd, "main");
    cr_expect_eq(take("pool main", "unix:/tmp/slotway-inherited-/s"), -1);
    cr_expect_eq(take("pool main", "unix:/tmp"), -1);
    cr_expect_eq(take("pool main", "127.0.0.1:6380"), -1);
    cr_expect_eq(take("pool main", text), fd);
    cr_expect_eq(file, SOCKET_FILE_LENT);
    close(fd);
}

Test(inherited, whether_a_descriptor_listens_is_asked_of_the_kernel)
{
    int fd = listen_at("127.0.0.1:0");
    int pair[2];

    cr_expect(inherited_is_listening(fd, SOCK_STREAM));
    cr_expect_not(inherited_is_listening(fd, SOCK_SEQPACKET));
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    cr_expect_not(inherited_is_listening(pair[0], SOCK_STREAM));
    cr_expect_not(inherited_is_listening(-1, SOCK_STREAM));
    close(fd);
    close(pair[0]);
    close(pair[1]);
}

/* Its last owner may have told it so, and have changed his mind or died. */
Test(inherited, that_answered_no_more_answers_again)
{
    int fd = listen_at("127.0.0.1:0");
    struct sock_filter *none = NULL;
    socklen_t lines = 0;

    socket_answer_no_more(fd);
    add(fd, "pool a", "127.0.0.1:0");
    errno = 0;
    cr_expect_eq(take("pool a", "127.0.0.1:0"), fd);
    cr_expect_eq(errno, 0);
    cr_expect_eq(getsockopt(fd, SOL_SOCKET, SO_GET_FILTER, none, &lines), 0);
    cr_expect_eq(lines, 0);
    close(fd);
}
