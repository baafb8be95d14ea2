#include "proxy/pubsub/parcel.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"
#include "proxy/pubsub/hub.h"

enum { FIRST_CAPACITY = 4096 };

struct parcel {
    struct message message;
    struct exchange *exchange;
    size_t from;
    size_t to;
    size_t size;
    size_t capacity;
    char *bytes;
};

struct head {
    enum topic_kind kind;
    uint64_t hash;
    size_t name_at; /* in the push */
    size_t name_size;
    size_t size; /* of the push */
};

static void parcel_open(struct message *message)
{
    struct parcel *parcel = container_of(message, struct parcel, message);
    struct exchange *exchange = parcel->exchange;

    hub_open(exchange->places[parcel->to].hub, parcel);
    atomic_fetch_sub(&exchange->places[parcel->from].in_transit, parcel->size);
    parcel_free(&parcel);
}

static void parcel_drop(struct message *message)
{
    struct parcel *parcel = container_of(message, struct parcel, message);

    atomic_fetch_sub(&parcel->exchange->places[parcel->from].in_transit, parcel->size);
    parcel_free(&parcel);
}

struct parcel *parcel_new(struct exchange *exchange, size_t from, size_t to)
{
    struct parcel *parcel = memory_new(1, sizeof *parcel);

    parcel->message = (struct message){.deliver = parcel_open, .drop = parcel_drop};
    parcel->exchange = exchange;
    parcel->from = from;
    parcel->to = to;
    return parcel;
}

static void parcel_make_room(struct parcel *parcel, size_t size)
{
    size_t needed = parcel->size + size;

    if (needed > parcel->capacity) {
        parcel->capacity = size_max(needed, size_max(FIRST_CAPACITY, parcel->capacity * 2));
        parcel->bytes = memory_resize(parcel->bytes, parcel->capacity, 1);
    }
}

static void parcel_append(struct parcel *parcel, const void *at, size_t size)
{
    memcpy(parcel->bytes + parcel->size, at, size);
    parcel->size += size;
}

void parcel_add(struct parcel *parcel, const struct topic *topic, struct span push)
{
    CHECK(topic->name.at >= push.at && topic->name.at + topic->name.size <= push.at + push.size);

    struct head head = {
        .kind = topic->kind,
        .hash = topic->hash,
        .name_at = (size_t)(topic->name.at - push.at),
        .name_size = topic->name.size,
        .size = push.size,
    };

    parcel_make_room(parcel, sizeof head + push.size);
    parcel_append(parcel, &head, sizeof head);
    parcel_append(parcel, push.at, push.size);
}

void parcel_send(struct parcel **parcel)
{
    struct parcel *gone = *parcel;

    *parcel = NULL;
    atomic_fetch_add(&gone->exchange->places[gone->from].in_transit, gone->size);
    mailbox_post(gone->exchange->places[gone->to].mailbox, &gone->message);
}

void parcel_free(struct parcel **parcel)
{
    struct parcel *gone = *parcel;

    *parcel = NULL;
    if (gone != NULL) {
        free(gone->bytes);
        free(gone);
    }
}

bool parcel_next(struct parcel *parcel, size_t *at, struct parcel_item *item)
{
    struct head head;

    if (*at == parcel->size) {
        return false;
    }
    memcpy(&head, parcel->bytes + *at, sizeof head);
    item->push = parcel->bytes + *at + sizeof head;
    item->size = head.size;
    item->topic = (struct topic){
        .kind = head.kind,
        .name = {item->push + head.name_at, head.name_size},
        .hash = head.hash,
    };
    *at += sizeof head + head.size;
    return true;
}
