/* Strangers at the admin port who never ask anything: how long they may stay, and that they keep
 * nobody out. */
#include "proxy/admin.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mailbox.h"
#include "common/socket.h"
#include "config/admin_secrets.h"
#include "proxy/admin_guests.h"

enum {
    SHORT_US = 200 * US_PER_MS,
    TURN_MS = 20,
    BYTE_EVERY_US = 500 * US_PER_MS,
    TURNS_MAX = 30 * 1000 / TURN_MS, /* far longer than anything takes on a busy machine */
};

static struct admin_site site;
static struct reactor *reactor;
static struct mailbox *mailbox;
static struct admin *admin;
static pthread_t control;

static struct address address_of(uint16_t port)
{
    struct address address;

    cr_assert_eq(address_set(&address, SPAN("127.0.0.1"), port), ADDRESS_OK);
    return address;
}

static void *run(void *context UNUSED)
{
    reactor_run(reactor);
    return NULL;
}

static void stop(struct message *message UNUSED)
{
    reactor_stop(reactor);
}

static void begin(uint64_t request_us)
{
    struct address any = address_of(0);

    site.request_us = request_us;
    signal(SIGPIPE, SIG_IGN);
    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    reactor = reactor_new();
    mailbox = mailbox_new(reactor);
    admin = admin_new(reactor, &any, &site, &(struct admin_secrets){.token = NULL});
    cr_assert_not_null(admin);
    pthread_create(&control, NULL, run, NULL);
}

static void be_impatient(void)
{
    begin(SHORT_US);
}

static void be_patient(void)
{
    begin(3600 * (uint64_t)US_PER_SECOND);
}

static void tear_down(void)
{
    struct message message = {.deliver = stop, .drop = stop};

    mailbox_post(mailbox, &message);
    pthread_join(control, NULL);
    admin_free(&admin);
    mailbox_free(&mailbox);
    reactor_free(&reactor);
}

TestSuite(admin_guests, .init = be_impatient, .fini = tear_down, .timeout = 120);
TestSuite(admin_many_guests, .init = be_patient, .fini = tear_down, .timeout = 120);

static int come(void)
{
    struct address address = address_of(admin_port(admin));
    struct endpoint endpoint;

    cr_assert(address_to_endpoint(&address, &endpoint));
    int fd = socket_connect(&endpoint);
    struct pollfd watched = {.fd = fd, .events = POLLOUT};
    cr_assert_eq(poll(&watched, 1, TURNS_MAX * TURN_MS), 1);
    return fd;
}

/* What comes within a turn. */
static enum socket_result hear(int fd, char *byte)
{
    struct pollfd watched = {.fd = fd, .events = POLLIN};
    size_t size;

    poll(&watched, 1, TURN_MS);
    return socket_read(fd, byte, 1, &size);
}

Test(admin_guests, who_sends_a_byte_now_and_then_is_shown_out)
{
    int fd = come();
    enum socket_result result = SOCKET_AGAIN;
    char byte;

    cr_assert_eq(send(fd, "GET /", 5, MSG_NOSIGNAL), 5);
    for (int turn = 0; turn < TURNS_MAX && result == SOCKET_AGAIN; turn++) {
        (void)!send(fd, "a", 1, MSG_NOSIGNAL);
        result = hear(fd, &byte);
    }
    cr_expect(result == SOCKET_EOF || result == SOCKET_ERROR, "got %d", (int)result);
    close(fd);
}

/* Each comes before the one ahead of it has to go, or after: all have to. */
Test(admin_guests, each_has_a_time_of_its_own)
{
    enum { GUESTS = 5 };
    int guests[GUESTS];
    int left = GUESTS;
    char byte;

    for (int i = 0; i < GUESTS; i++) {
        guests[i] = come();
        hear(guests[i], &byte);
    }
    for (int turn = 0; turn < TURNS_MAX && left > 0; turn++) {
        for (int i = 0; i < GUESTS; i++) {
            if (guests[i] >= 0 && send(guests[i], "a", 1, MSG_NOSIGNAL) < 0) {
                close(guests[i]);
                guests[i] = -1;
                left--;
            }
        }
        poll(NULL, 0, TURN_MS);
    }
    cr_expect_eq(left, 0);
}

/* Each says one more byte, often enough to look alive and not so often that its request is as long
 * as one may be. */
static void dribble(const int *guests, int count)
{
    static uint64_t last;

    if (clock_now() < last + BYTE_EVERY_US) {
        return;
    }
    last = clock_now();
    for (int i = 0; i < count; i++) {
        (void)!send(guests[i], "a", 1, MSG_NOSIGNAL);
    }
}

static void expect_answer(const int *guests, int count)
{
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: probe\r\n\r\n";
    int fd = come();
    enum socket_result result = SOCKET_AGAIN;
    char byte = '\0';

    cr_assert_eq(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    for (int turn = 0; turn < TURNS_MAX && result == SOCKET_AGAIN; turn++) {
        dribble(guests, count);
        result = hear(fd, &byte);
    }
    cr_expect(result == SOCKET_OK && byte == 'H', "no answer among %d", count);
    close(fd);
}

Test(admin_many_guests, keep_nobody_out)
{
    enum { GUESTS = 4 * ADMIN_GUESTS_MAX, AT_ONCE = ADMIN_GUESTS_MAX / 2 };
    int guests[GUESTS];

    for (int i = 0; i < GUESTS; i++) {
        guests[i] = come();
        cr_assert_eq(send(guests[i], "GET /", 5, MSG_NOSIGNAL), 5);
        if ((i + 1) % AT_ONCE == 0) {
            expect_answer(guests, i + 1);
        }
    }
    for (int i = 0; i < GUESTS; i++) {
        close(guests[i]);
    }
}
