/* mailbox_stress - threads post to several reactors while these start, pass messages on and stop.
 *
 *      senders ──post──> receiver's mailbox ──deliver──> counted, or passed on to the next receiver
 *
 * Every second receiver closes its mailbox in the middle of it and stops. At the end of a round
 * each message has been delivered or dropped exactly once, and those of one sender to one receiver
 * came in order. Data races are for the thread sanitizer to find.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/block.h"
#include "common/check.h"
#include "common/log.h"
#include "common/mailbox.h"
#include "common/memory.h"

enum {
    ROUNDS = 150,
    RECEIVERS = 3,
    SENDERS = 4,
    LETTERS = 2000, /* per sender and round */
    HOPS_MAX = 3,
    CLOSE_AFTER = 500,
};

struct receiver {
    pthread_t thread;
    struct reactor *reactor;
    struct mailbox *mailbox;
    struct receiver *next;
    bool closes;
    pthread_t self; /* from here on the receiver's thread only */
    int delivered;
    int last_number[SENDERS];
    struct block *kept;
};

struct sender {
    pthread_t thread;
    int index;
    struct receiver *receivers;
};

struct letter {
    struct message message;
    struct receiver *to;
    int sender; /* -1: the order is not looked at */
    int number;
    int hops;
};

static _Atomic int letters_alive;
static _Atomic int letters_dropped;

static void letter_free(struct letter *letter)
{
    atomic_fetch_sub(&letters_alive, 1);
    free(letter);
}

static void letter_drop(struct message *message)
{
    atomic_fetch_add(&letters_dropped, 1);
    letter_free(container_of(message, struct letter, message));
}

/* Uses what a worker uses in its own thread: blocks, and the log. */
static void receiver_work(struct receiver *receiver)
{
    block_release(&receiver->kept);
    receiver->kept = block_copy(SPAN("a few bytes of this thread"));
    log_info("delivered", "count=%d", receiver->delivered);
}

static void letter_deliver(struct message *message)
{
    struct letter *letter = container_of(message, struct letter, message);
    struct receiver *receiver = letter->to;

    CHECK(pthread_equal(receiver->self, pthread_self()));
    receiver->delivered++;
    receiver_work(receiver);
    if (letter->sender >= 0) {
        CHECK(letter->number > receiver->last_number[letter->sender]);
        receiver->last_number[letter->sender] = letter->number;
    }
    if (receiver->closes && receiver->delivered == CLOSE_AFTER) {
        mailbox_close(receiver->mailbox);
        reactor_stop(receiver->reactor);
    }
    if (letter->hops == 0) {
        letter_free(letter);
        return;
    }
    letter->hops--;
    letter->sender = -1;
    letter->to = receiver->next;
    mailbox_post(letter->to->mailbox, &letter->message);
}

static void stop_deliver(struct message *message)
{
    struct letter *letter = container_of(message, struct letter, message);

    reactor_stop(letter->to->reactor);
    letter_free(letter);
}

static struct letter *letter_new(struct receiver *to, void (*deliver)(struct message *message))
{
    struct letter *letter = memory_new(1, sizeof *letter);

    atomic_fetch_add(&letters_alive, 1);
    letter->message.deliver = deliver;
    letter->message.drop = letter_drop;
    letter->to = to;
    return letter;
}

static void post(struct receiver *to, int sender, int number, int hops)
{
    struct letter *letter = letter_new(to, letter_deliver);

    letter->sender = sender;
    letter->number = number;
    letter->hops = hops;
    mailbox_post(to->mailbox, &letter->message);
}

static void *send_letters(void *argument)
{
    const struct sender *sender = argument;
    unsigned seed = (unsigned)sender->index + 1;

    for (int i = 1; i <= LETTERS; i++) {
        post(&sender->receivers[rand_r(&seed) % RECEIVERS], sender->index, i,
             rand_r(&seed) % (HOPS_MAX + 1));
    }
    return NULL;
}

static void *receive(void *argument)
{
    struct receiver *receiver = argument;

    receiver->self = pthread_self();
    reactor_run(receiver->reactor);
    block_release(&receiver->kept);
    CHECK(block_bytes_in_use() == 0);
    block_trim();
    return NULL;
}

static void open_receivers(struct receiver *receivers)
{
    for (int i = 0; i < RECEIVERS; i++) {
        receivers[i] = (struct receiver){.closes = i % 2 == 1};
        receivers[i].reactor = reactor_new();
        receivers[i].mailbox = mailbox_new(receivers[i].reactor);
        receivers[i].next = &receivers[(i + 1) % RECEIVERS];
    }
}

/* Only when nobody can post any more may a mailbox go, and only after it its reactor. */
static int close_receivers(struct receiver *receivers)
{
    int delivered = 0;

    for (int i = 0; i < RECEIVERS; i++) {
        mailbox_post(receivers[i].mailbox, &letter_new(&receivers[i], stop_deliver)->message);
    }
    for (int i = 0; i < RECEIVERS; i++) {
        CHECK(pthread_join(receivers[i].thread, NULL) == 0);
        delivered += receivers[i].delivered;
    }
    for (int i = 0; i < RECEIVERS; i++) {
        mailbox_free(&receivers[i].mailbox);
        reactor_free(&receivers[i].reactor);
    }
    return delivered;
}

static int run_round(void)
{
    struct receiver receivers[RECEIVERS];
    struct sender senders[SENDERS];

    open_receivers(receivers);
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.index = i, .receivers = receivers};
        CHECK(pthread_create(&senders[i].thread, NULL, send_letters, &senders[i]) == 0);
    }
    for (int i = 0; i < RECEIVERS; i++) {
        CHECK(pthread_create(&receivers[i].thread, NULL, receive, &receivers[i]) == 0);
    }
    for (int i = 0; i < SENDERS; i++) {
        CHECK(pthread_join(senders[i].thread, NULL) == 0);
    }
    return close_receivers(receivers);
}

int main(void)
{
    int delivered = 0;

    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    for (int i = 0; i < ROUNDS; i++) {
        delivered += run_round();
        CHECK(atomic_load(&letters_alive) == 0);
    }
    CHECK(delivered > ROUNDS * CLOSE_AFTER);
    CHECK(atomic_load(&letters_dropped) > 0);
    printf("%d delivered, %d dropped\n", delivered, atomic_load(&letters_dropped));
    return EXIT_SUCCESS;
}
