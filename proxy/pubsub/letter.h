/* letter.h - what a hub asks of the carrier that a topic belongs to, and the answer.
 *
 *      hub ── JOIN a ──> carrier      there is a client for it now: post its messages here
 *          <── STANDS ──              from here on, whatever is published comes
 *          <── REFUSED ──             the node does not allow it, and says why
 *      hub ── LEAVE a ──> carrier     there is none any more
 *          <── ENDED ──               and if nobody else had one, the node has forgotten slotway
 *
 * One letter goes and comes back. Between two workers they are delivered in the order they were
 * sent, parcels too. A worker that has shut its mailbox gets none.
 */
#ifndef PROXY_PUBSUB_LETTER_H
#define PROXY_PUBSUB_LETTER_H

#include "proxy/pubsub/exchange.h"

enum letter_wish { LETTER_JOIN, LETTER_LEAVE };
enum letter_answer { LETTER_UNANSWERED, LETTER_STANDS, LETTER_REFUSED, LETTER_ENDED };

struct letter {
    struct message message;
    struct list_link in_list; /* whoever has it may put it on a list */
    struct exchange *exchange;
    size_t worker; /* the hub's */
    uint64_t serial;
    enum letter_wish wish;
    enum letter_answer answer;
    char *error;        /* REFUSED: a line without its end */
    struct topic topic; /* its name is the letter's */
};

/* From the hub of `worker` to the topic's carrier; `serial` comes back with the answer. */
void letter_send(struct exchange *exchange, size_t worker, enum letter_wish wish,
                 const struct topic *topic, uint64_t serial);

/* The carrier's, which gives it away. `error`, a whole error reply, is copied; empty unless
 * REFUSED.
 */
void letter_answer(struct letter **letter, enum letter_answer answer, struct span error);

/* Takes the pointer. */
void letter_free(struct letter **letter);

#endif
