#include "common/mailbox.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

struct mailbox {
    struct reactor *reactor;
    ev_async wake;
    struct list arrived; /* the owner's, on their way to deliver */
    struct {
        pthread_mutex_t mutex;
        struct list messages;
        bool closed;
    } locked;
};

static struct message *take_first(struct list *messages)
{
    struct list_link *link = list_take_first(messages);

    return link == NULL ? NULL : container_of(link, struct message, link);
}

/* Deliver runs without the lock, and may close the mailbox: that empties `arrived`. */
static void on_wake(struct ev_loop *loop UNUSED, ev_async *wake, int events UNUSED)
{
    struct mailbox *mailbox = container_of(wake, struct mailbox, wake);
    struct message *message;

    pthread_mutex_lock(&mailbox->locked.mutex);
    list_splice(&mailbox->arrived, &mailbox->locked.messages);
    pthread_mutex_unlock(&mailbox->locked.mutex);
    while ((message = take_first(&mailbox->arrived)) != NULL) {
        message->deliver(message);
    }
}

struct mailbox *mailbox_new(struct reactor *reactor)
{
    struct mailbox *mailbox = memory_new(1, sizeof *mailbox);

    mailbox->reactor = reactor;
    list_init(&mailbox->arrived);
    list_init(&mailbox->locked.messages);
    CHECK(pthread_mutex_init(&mailbox->locked.mutex, NULL) == 0);
    ev_async_init(&mailbox->wake, on_wake);
    ev_async_start(reactor->loop, &mailbox->wake);
    return mailbox;
}

void mailbox_post(struct mailbox *mailbox, struct message *message)
{
    CHECK(message->deliver != NULL && message->drop != NULL);
    pthread_mutex_lock(&mailbox->locked.mutex);

    bool closed = mailbox->locked.closed;
    bool was_empty = list_is_empty(&mailbox->locked.messages);

    if (!closed) {
        list_append(&mailbox->locked.messages, &message->link);
        if (was_empty) {
            /* Under the lock, so that the loop cannot go away behind a mailbox_close. */
            ev_async_send(mailbox->reactor->loop, &mailbox->wake);
        }
    }
    pthread_mutex_unlock(&mailbox->locked.mutex);
    if (closed) {
        message->drop(message);
    }
}

void mailbox_close(struct mailbox *mailbox)
{
    struct message *message;

    pthread_mutex_lock(&mailbox->locked.mutex);

    bool was_closed = mailbox->locked.closed;

    mailbox->locked.closed = true;
    list_splice(&mailbox->arrived, &mailbox->locked.messages);
    pthread_mutex_unlock(&mailbox->locked.mutex);
    if (!was_closed) {
        ev_async_stop(mailbox->reactor->loop, &mailbox->wake);
    }
    while ((message = take_first(&mailbox->arrived)) != NULL) {
        message->drop(message);
    }
}

void mailbox_free(struct mailbox **mailbox)
{
    struct mailbox *gone = *mailbox;

    *mailbox = NULL;
    if (gone == NULL) {
        return;
    }
    mailbox_close(gone);
    pthread_mutex_destroy(&gone->locked.mutex);
    free(gone);
}
