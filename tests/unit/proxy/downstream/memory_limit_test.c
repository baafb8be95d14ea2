/* Many clients, none of which holds much, and together more than may be used. */
#include "common/budget.h"
#include "tests/unit/proxy/downstream/local_rig.h"
#include "tests/unit/proxy/peer.h"

enum {
    LIMIT = 24 * 1024 * 1024,
    CLIENTS = 200,
    BEGINNING = 128 * 1024, /* of all clients it is more than the limit */
    VALUE = 1024 * 1024,
};

static const char head[] = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048576\r\n";
static char request[sizeof head - 1 + VALUE + 2];

static struct sender {
    int fd;
    size_t sent;
} senders[CLIENTS];

/* As much as the connection takes, up to `size` in all. One that was closed takes all. */
static bool push(struct sender *sender, size_t size)
{
    ssize_t sent;

    while (sender->sent < size &&
           (sent = send(sender->fd, request + sender->sent, size - sender->sent,
                        MSG_NOSIGNAL | MSG_DONTWAIT)) > 0) {
        sender->sent += (size_t)sent;
    }
    if (sender->sent < size && errno != EAGAIN) {
        sender->sent = sizeof request;
    }
    return sender->sent >= size;
}

static bool push_all(size_t size)
{
    bool is_done = true;

    for (int i = 0; i < CLIENTS; i++) {
        is_done = push(&senders[i], size) && is_done;
    }
    return is_done;
}

static bool was_spent(struct local_rig *rig)
{
    return metric_read(&rig->workers[0].metrics.downstream_closed[CLOSE_MEMORY_LIMIT]) > 0 ||
           budget_level(&budget_of_process) == BUDGET_SPENT;
}

Test(memory_limit, does_not_let_clients_wait_for_each_other_for_ever, .timeout = 60)
{
    struct local_rig *rig = local_rig_open(NULL);

    memset(request, '0', sizeof request);
    memcpy(request, head, sizeof head - 1);
    memcpy(request + sizeof request - 2, "\r\n", 2);
    budget_init(&budget_of_process, NULL, LIMIT);
    for (int i = 0; i < CLIENTS; i++) {
        senders[i] = (struct sender){.fd = local_rig_connect(rig, 0)};
    }
    TURN_UNTIL(rig->reactor, push_all(BEGINNING) && was_spent(rig));
    TURN_UNTIL(rig->reactor,
               push_all(sizeof request) && budget_level(&budget_of_process) != BUDGET_SPENT);
    for (int i = 0; i < CLIENTS; i++) {
        close(senders[i].fd);
    }
    local_rig_close(&rig);
}

/* Who comes later, with memory still short, is looked after as soon as the first one was. */
Test(memory_limit, is_no_hurry_for_clients_that_have_left, .timeout = 60)
{
    struct local_rig *rig = local_rig_open(NULL);
    struct clients *clients = &rig->workers[0].clients;

    budget_init(&budget_of_process, NULL, LIMIT);
    struct block *hoard = block_new(LIMIT);
    for (int round = 0; round < 2; round++) {
        int fd = local_rig_connect(rig, 0);

        cr_expect(!clients->is_hurried);
        cr_expect_str_eq(local_rig_ask(rig, fd, "GET k"),
                         "-ERR proxy: overloaded: memory for requests and replies is used up\r\n");
        cr_expect(clients->is_hurried);
        close(fd);
        TURN_UNTIL(rig->reactor, !reactor_timer_is_running(&clients->look));
        cr_expect_eq(clients->count, 0);
    }
    block_release(&hoard);
    local_rig_close(&rig);
}
