#include "common/packet.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char folder[] = "/tmp/slotway-packet-XXXXXX";
static char path[sizeof folder + 8];
static int ends[2];
static struct packet packet;

static void set_up(void)
{
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/s", folder);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
}

static void tear_down(void)
{
    packet_clear(&packet);
    close(ends[0]);
    close(ends[1]);
    unlink(path);
    rmdir(folder);
}

TestSuite(packet, .init = set_up, .fini = tear_down, .timeout = 20);

static int open_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

Test(packet, keeps_messages_apart)
{
    cr_expect_eq(packet_receive(ends[1], &packet), SOCKET_AGAIN);
    cr_assert(packet_send(ends[0], SPAN("one"), NULL, 0));
    cr_assert(packet_send(ends[0], SPAN("two"), NULL, 0));
    cr_expect_eq(packet_receive(ends[1], &packet), SOCKET_OK);
    cr_expect_str_eq(packet.text, "one");
    cr_expect_eq(packet_receive(ends[1], &packet), SOCKET_OK);
    cr_expect_str_eq(packet.text, "two");
    cr_expect_eq(packet.size, 3);
    cr_expect_eq(packet.descriptor_count, 0);
    shutdown(ends[0], SHUT_WR);
    cr_expect_eq(packet_receive(ends[1], &packet), SOCKET_EOF);
}

Test(packet, carries_as_many_descriptors_as_it_says)
{
    int sent[PACKET_DESCRIPTORS_MAX];
    struct stat wanted;

    cr_assert_eq(fstat(ends[0], &wanted), 0);
    for (size_t i = 0; i < ARRAY_LEN(sent); i++) {
        sent[i] = ends[0];
    }
    cr_assert(packet_send(ends[0], SPAN("all"), sent, ARRAY_LEN(sent)));
    cr_assert_eq(packet_receive(ends[1], &packet), SOCKET_OK);
    cr_assert_eq(packet.descriptor_count, ARRAY_LEN(sent));
    for (size_t i = 0; i < packet.descriptor_count; i++) {
        struct stat got;

        cr_assert_eq(fstat(packet.descriptors[i], &got), 0);
        cr_expect_eq(got.st_ino, wanted.st_ino);
        cr_expect_eq(fcntl(packet.descriptors[i], F_GETFD), FD_CLOEXEC);
    }
}

Test(packet, closes_descriptors_that_nobody_takes)
{
    int before = open_descriptors();

    cr_assert(packet_send(ends[0], SPAN("a"), ends, 2));
    cr_assert_eq(packet_receive(ends[1], &packet), SOCKET_OK);
    cr_expect_eq(open_descriptors(), before + 2);
    int kept = packet.descriptors[1];
    packet.descriptors[1] = -1;
    cr_expect_eq(packet_receive(ends[1], &packet), SOCKET_AGAIN);
    cr_expect_eq(open_descriptors(), before + 1);
    close(kept);
}

Test(packet, takes_nothing_where_not_all_descriptors_fit)
{
    int before = open_descriptors();
    struct rlimit limit = {.rlim_cur = (rlim_t)before + 2, .rlim_max = RLIM_INFINITY};
    int sent[] = {ends[0], ends[0], ends[0], ends[0], ends[0], ends[0]};

    cr_assert(packet_send(ends[0], SPAN("a"), sent, ARRAY_LEN(sent)));
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = (rlim_t)before + 2;
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    cr_expect_eq(packet_receive(ends[1], &packet), SOCKET_ERROR);
    cr_expect_eq(packet.descriptor_count, 0);
    cr_expect_eq(open_descriptors(), before);
}

Test(packet, that_is_too_large_is_refused)
{
    char *large = calloc(1, PACKET_TEXT_MAX + 1);

    cr_assert_eq(send(ends[0], large, PACKET_TEXT_MAX + 1, 0), PACKET_TEXT_MAX + 1);
    cr_assert_eq(send(ends[0], large, PACKET_TEXT_MAX, 0), PACKET_TEXT_MAX);
    cr_expect_eq(packet_receive(ends[1], &packet), SOCKET_ERROR);
    cr_expect_eq(errno, EMSGSIZE);
    cr_expect_eq(packet_receive(ends[1], &packet), SOCKET_OK);
    cr_expect_eq(packet.size, PACKET_TEXT_MAX);
    free(large);
}

Test(packet, listens_for_our_user_alone)
{
    struct stat status;
    pid_t process;
    uid_t user;
    int listener = packet_listen(path);

    cr_assert_geq(listener, 0);
    cr_assert_eq(stat(path, &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0600);

    int client = packet_connect(path);
    int accepted = socket_accept(listener, NULL);

    cr_assert(packet_peer(accepted, &process, &user));
    cr_expect_eq(process, getpid());
    cr_expect_eq(user, geteuid());
    close(client);
    close(accepted);
    close(listener);
}

Test(packet, trusts_the_same_user_and_root)
{
    cr_expect(packet_may(1000, 1000));
    cr_expect(packet_may(0, 1000));
    cr_expect(packet_may(0, 0));
    cr_expect_not(packet_may(1000, 0));
    cr_expect_not(packet_may(1001, 1000));
}

Test(packet, replaces_the_file_of_who_listens_no_more_and_no_other)
{
    cr_expect_eq(packet_connect(path), -1);
    cr_expect_eq(errno, ENOENT);

    int listener = packet_listen(path);

    cr_assert_geq(listener, 0);
    cr_expect_eq(packet_listen(path), -1);
    cr_expect_eq(errno, EADDRINUSE);
    close(listener);
    cr_expect_eq(packet_connect(path), -1);
    cr_expect_eq(errno, ECONNREFUSED);
    listener = packet_listen(path);
    cr_expect_geq(listener, 0);
    close(listener);
    unlink(path);

    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    close(file);
    cr_expect_eq(packet_listen(path), -1);
    cr_expect_eq(access(path, F_OK), 0);
}

Test(packet, wants_a_path_that_fits)
{
    char long_path[PACKET_PATH_MAX + 2];

    memset(long_path, 'p', sizeof long_path);
    long_path[sizeof long_path - 1] = '\0';
    cr_expect_eq(packet_listen(long_path), -1);
    cr_expect_eq(packet_connect(long_path), -1);
    cr_expect_eq(packet_connect(""), -1);
}
