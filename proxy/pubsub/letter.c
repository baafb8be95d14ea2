#include "proxy/pubsub/letter.h"

#include <stdlib.h>

#include "common/memory.h"
#include "proxy/pubsub/carrier.h"
#include "proxy/pubsub/hub.h"

static struct letter *letter_of(struct message *message)
{
    return container_of(message, struct letter, message);
}

static void letter_at_carrier(struct message *message)
{
    struct letter *letter = letter_of(message);

    carrier_take(letter->exchange->places[exchange_owner(letter->exchange, &letter->topic)].carrier,
                 letter);
}

static void letter_at_hub(struct message *message)
{
    struct letter *letter = letter_of(message);

    hub_hear(letter->exchange->places[letter->worker].hub, letter);
    letter_free(&letter);
}

static void letter_drop(struct message *message)
{
    struct letter *letter = letter_of(message);

    letter_free(&letter);
}

void letter_send(struct exchange *exchange, size_t worker, enum letter_wish wish,
                 const struct topic *topic, uint64_t serial)
{
    struct letter *letter = memory_new(1, sizeof *letter);
    size_t owner = exchange_owner(exchange, topic);

    letter->message = (struct message){.deliver = letter_at_carrier, .drop = letter_drop};
    letter->exchange = exchange;
    letter->worker = worker;
    letter->serial = serial;
    letter->wish = wish;
    letter->topic = topic_keep(topic);
    mailbox_post(exchange->places[owner].mailbox, &letter->message);
}

void letter_answer(struct letter **letter, enum letter_answer answer, struct span error)
{
    struct letter *home = *letter;

    *letter = NULL;
    home->answer = answer;
    if (error.size > 0) {
        home->error = memory_copy(error.at, error.size);
        home->error[strcspn(home->error, "\r\n")] = '\0';
    }
    home->message.deliver = letter_at_hub;
    mailbox_post(home->exchange->places[home->worker].mailbox, &home->message);
}

void letter_free(struct letter **letter)
{
    struct letter *gone = *letter;

    *letter = NULL;
    free((char *)gone->topic.name.at);
    free(gone->error);
    free(gone);
}
