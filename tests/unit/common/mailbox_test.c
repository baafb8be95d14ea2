#include "common/check.h"
#include "common/mailbox.h"

#include <pthread.h>
#include <stdlib.h>

#include <criterion/criterion.h>

enum { SENDERS = 4, EACH = 5000 };

/* What the receiver saw; touched by its thread only, and by the test once that is joined. */
static struct reactor *reactor;
static struct mailbox *mailbox;
static int delivered;
static int dropped;
static int last_of[SENDERS];
static bool in_order;

static void open_mailbox(void)
{
    reactor = reactor_new();
    mailbox = mailbox_new(reactor);
    delivered = dropped = 0;
    in_order = true;
}

static void close_mailbox(void)
{
    mailbox_free(&mailbox);
    CHECK(mailbox == NULL);
    reactor_free(&reactor);
}

TestSuite(mailbox, .init = open_mailbox, .fini = close_mailbox, .timeout = 30);

struct letter {
    struct message message;
    int sender;
    int number;
};

static void deliver(struct message *message)
{
    struct letter *letter = container_of(message, struct letter, message);

    in_order = in_order && letter->number == last_of[letter->sender] + 1;
    last_of[letter->sender] = letter->number;
    delivered++;
    free(letter);
}

static void drop(struct message *message)
{
    dropped++;
    free(container_of(message, struct letter, message));
}

static void deliver_last(struct message *message)
{
    deliver(message);
    reactor_stop(reactor);
}

static void deliver_and_close(struct message *message)
{
    deliver(message);
    mailbox_close(mailbox);
    reactor_stop(reactor);
}

static void post(int sender, int number, void (*deliver_it)(struct message *))
{
    struct letter *letter = malloc(sizeof *letter);

    *letter = (struct letter){{.deliver = deliver_it, .drop = drop}, sender, number};
    mailbox_post(mailbox, &letter->message);
}

Test(mailbox, messages_arrive_in_the_order_they_were_posted)
{
    for (int i = 1; i < 100; i++) {
        post(0, i, deliver);
    }
    post(0, 100, deliver_last);
    cr_expect_eq(delivered, 0);
    reactor_run(reactor);
    cr_expect_eq(delivered, 100);
    cr_expect(in_order);
    cr_expect_eq(dropped, 0);
}

static void deliver_and_answer(struct message *message)
{
    deliver(message);
    post(0, 2, deliver_last);
}

Test(mailbox, delivery_may_post_again)
{
    post(0, 1, deliver_and_answer);
    reactor_run(reactor);
    cr_expect_eq(delivered, 2);
    cr_expect(in_order);
}

Test(mailbox, closing_drops_what_is_inside_and_what_comes_later)
{
    post(0, 1, deliver);
    post(0, 2, deliver);
    mailbox_close(mailbox);
    cr_expect_eq(dropped, 2);
    post(0, 3, deliver);
    cr_expect_eq(dropped, 3);
    mailbox_close(mailbox);
    cr_expect_eq(delivered, 0);
}

Test(mailbox, closing_while_delivering_drops_the_rest)
{
    post(0, 1, deliver_and_close);
    post(0, 2, deliver);
    post(0, 3, deliver);
    reactor_run(reactor);
    cr_expect_eq(delivered, 1);
    cr_expect_eq(dropped, 2);
}

Test(mailbox, free_drops_what_is_inside)
{
    post(0, 1, deliver);
    mailbox_free(&mailbox);
    cr_expect_eq(dropped, 1);
}

static void *send_many(void *argument)
{
    const int *sender = argument;

    for (int i = 1; i <= EACH; i++) {
        post(*sender, i, deliver);
    }
    return NULL;
}

static void *receive(void *argument)
{
    reactor_run(argument);
    return NULL;
}

Test(mailbox, several_threads_post_to_a_running_reactor)
{
    static int numbers[SENDERS];
    pthread_t senders[SENDERS];
    pthread_t receiver;

    cr_assert_eq(pthread_create(&receiver, NULL, receive, reactor), 0);
    for (int i = 0; i < SENDERS; i++) {
        numbers[i] = i;
        cr_assert_eq(pthread_create(&senders[i], NULL, send_many, &numbers[i]), 0);
    }
    for (int i = 0; i < SENDERS; i++) {
        pthread_join(senders[i], NULL);
    }
    post(0, EACH + 1, deliver_last);
    pthread_join(receiver, NULL);
    cr_expect_eq(delivered, SENDERS * EACH + 1);
    cr_expect(in_order);
    cr_expect_eq(dropped, 0);
}
