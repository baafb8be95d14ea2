/* mailbox.h - the only way into another thread's reactor.
 *
 *      any thread: mailbox_post ──> [ list behind a mutex ] ──> owner's thread: message->deliver
 *
 * The owner is woken when the box goes from empty to not empty; messages are delivered in the
 * order they were posted. After mailbox_close nothing is delivered any more: posted messages are
 * dropped by their `drop`.
 */
#ifndef COMMON_MAILBOX_H
#define COMMON_MAILBOX_H

#include "common/list.h"
#include "common/reactor.h"

/* Embed in what is sent. The sender gives it away: exactly one of deliver and drop is called. */
struct message {
    struct list_link link;
    void (*deliver)(struct message *message); /* in the receiver's thread */
    void (*drop)(struct message *message);    /* receiver is gone; any thread */
};

struct mailbox;

/* Before the owner's thread runs; `reactor` is the owner's. */
struct mailbox *mailbox_new(struct reactor *reactor) MUST_USE;

/* Any thread. */
void mailbox_post(struct mailbox *mailbox, struct message *message);

/* Owner's thread: drops what is inside and everything posted later; stops keeping the loop awake.
 */
void mailbox_close(struct mailbox *mailbox);

/* When no thread can post any more; closes first if need be. */
void mailbox_free(struct mailbox **mailbox);

#endif
