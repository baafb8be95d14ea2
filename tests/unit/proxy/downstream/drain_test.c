#include "proxy/downstream/drain.h"

#include <criterion/criterion.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/proxy/downstream/local_rig.h"

static struct local_rig *rig;
static struct clients *clients;
static int drained;

static const struct drain_plan at_once = {0, 3600ull * US_PER_SECOND};
static const struct drain_plan one_by_one = {3600ull * US_PER_SECOND, 3600ull * US_PER_SECOND};
static const struct drain_plan impatient = {0, 0};

static void on_drained(struct clients *gone)
{
    cr_assert_eq(gone, clients);
    drained++;
}

static void open_rig(void)
{
    rig = local_rig_open(NULL);
    clients = &rig->workers[0].clients;
    clients->drained = on_drained;
    drained = 0;
}

static void close_rig(void)
{
    clients->drain.is_on = false;
    local_rig_close(&rig);
}

TestSuite(drain, .init = open_rig, .fini = close_rig, .timeout = 30);

static struct client *client_of(int fd)
{
    uint64_t id = local_rig_id(rig, fd);

    LIST_EACH (link, &clients->open) {
        struct client *client = container_of(link, struct client, in_clients);

        if (client->session.id == id) {
            return client;
        }
    }
    cr_assert(false, "there is no such client");
    return NULL;
}

/* One that has sent nothing for as long as there are clocks. */
static int connect_idle(void)
{
    int fd = local_rig_connect(rig, 0);

    client_of(fd)->session.last_active = 0;
    return fd;
}

/* One that has sent something in a while from now, and so is never idle. */
static int connect_busy(void)
{
    int fd = local_rig_connect(rig, 0);

    client_of(fd)->session.last_active = UINT64_MAX / 2;
    return fd;
}

static bool is_closed(int fd)
{
    return strcmp(local_rig_hear(rig, fd), "") == 0;
}

static void send_text(int fd, const char *text)
{
    cr_assert_eq(send(fd, text, strlen(text), 0), (ssize_t)strlen(text));
    local_rig_turn(rig);
}

Test(drain, without_clients_is_over_at_once)
{
    drain_begin(clients, &at_once);
    cr_expect_eq(drained, 1);
}

Test(drain, begins_with_those_who_are_idle)
{
    int busy = connect_busy();
    int idle = connect_idle();

    drain_begin(clients, &one_by_one);
    cr_expect(is_closed(idle));
    cr_expect_str_eq(local_rig_ask(rig, busy, "PING"), "+PONG\r\n");
    cr_expect_str_eq(local_rig_ask(rig, busy, "PING"), "+PONG\r\n", "its turn has not come");
    cr_expect_eq(clients->count, 1);
    close(idle);
    close(busy);
}

Test(drain, lets_who_works_go_behind_a_reply)
{
    int busy = connect_busy();

    drain_begin(clients, &at_once);
    local_rig_turn(rig);
    cr_expect_eq(clients->count, 1);
    cr_expect_str_eq(local_rig_ask(rig, busy, "PING"), "+PONG\r\n");
    cr_expect(is_closed(busy));
    close(busy);
    local_rig_turn(rig);
    cr_expect_eq(drained, 1);
}

Test(drain, tells_the_end_together_with_the_last_reply)
{
    int busy = connect_busy();
    char bytes[16];

    drain_begin(clients, &at_once);
    local_rig_say(busy, "PING");
    while (recv(busy, bytes, 1, MSG_PEEK | MSG_DONTWAIT) < 0) {
        local_rig_turn(rig);
    }
    cr_expect_eq(recv(busy, bytes, sizeof bytes, MSG_DONTWAIT), 7);
    cr_expect_eq(recv(busy, bytes, sizeof bytes, MSG_DONTWAIT), 0);
    close(busy);
}

Test(drain, answers_a_request_of_which_a_part_has_come)
{
    int fd = connect_idle();

    send_text(fd, "*1\r\n$4\r\nPI");
    drain_begin(clients, &at_once);
    local_rig_turn(rig);
    cr_expect_eq(clients->count, 1);
    send_text(fd, "NG\r\n");
    cr_expect_str_eq(local_rig_hear(rig, fd), "+PONG\r\n");
    cr_expect(is_closed(fd));
    close(fd);
}

Test(drain, answers_what_has_come_and_was_not_read_yet)
{
    int fd = connect_idle();

    cr_assert_eq(send(fd, "PING\r\n", 6, 0), 6);
    drain_begin(clients, &at_once);
    cr_expect_str_eq(local_rig_hear(rig, fd), "+PONG\r\n");
    cr_expect(is_closed(fd));
    close(fd);
}

Test(drain, does_not_end_a_transaction)
{
    int fd = connect_busy();
    struct client *client = client_of(fd);

    cr_expect_str_eq(local_rig_ask(rig, fd, "MULTI"), "+OK\r\n");
    client->session.last_active = 0;
    drain_begin(clients, &impatient);
    local_rig_turn(rig);
    cr_expect_eq(clients->count, 1);
    cr_expect_str_eq(local_rig_ask(rig, fd, "DISCARD"), "+OK\r\n");
    cr_expect(is_closed(fd));
    close(fd);
}

Test(drain, waits_no_longer_than_it_is_told_for_who_never_pauses)
{
    int fd = connect_busy();

    send_text(fd, "*1\r\n$4\r\nPI");
    drain_begin(clients, &impatient);
    cr_expect(is_closed(fd));
    close(fd);
}

Test(drain, serves_who_comes_late)
{
    int first = connect_busy();

    drain_begin(clients, &at_once);
    int late = local_rig_connect(rig, 0);
    cr_expect_str_eq(local_rig_ask(rig, late, "PING"), "+PONG\r\n");
    cr_expect(is_closed(late));
    cr_expect_eq(drained, 0);
    close(late);
    close(first);
}
