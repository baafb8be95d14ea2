#include "proxy/pubsub/hub.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"
#include "common/sendq.h"

enum {
    TOPIC_BYTES = 1024, /* a demand, a supply with a tap, and an entry of the tally */
    TOPIC_NAMES = 3,    /* each of which has the name */
};

size_t hub_topic_bytes(struct span name)
{
    return TOPIC_BYTES + TOPIC_NAMES * name.size;
}

/* All clients may want the same topic, and where they lie differs in the upper bits only: these
 * have to show in the lower ones, by which tables go. */
static uint64_t member_hash(const struct subscriber *subscriber, const struct topic *topic)
{
    uint64_t mixed = (uint64_t)(uintptr_t)subscriber * 0x9e3779b97f4a7c15u;

    return topic->hash ^ mixed ^ mixed >> 32;
}

static struct demand *demand_find(const struct hub *hub, const struct topic *topic)
{
    struct table_link *link = table_first(&hub->demands, topic->hash);

    while (link != NULL && !topic_equal(&container_of(link, struct demand, in_hub)->topic, topic)) {
        link = table_next(link);
    }
    return link == NULL ? NULL : container_of(link, struct demand, in_hub);
}

static struct demand *demand_new(struct hub *hub, const struct topic *topic)
{
    struct demand *demand = memory_new(1, sizeof *demand);

    demand->topic = topic_keep(topic);
    demand->state = DEMAND_LEAVING; /* as if nobody had been there */
    list_init(&demand->members);
    list_init(&demand->waits);
    table_add(&hub->demands, &demand->in_hub, topic->hash);
    block_charge(hub->intake->account, hub_topic_bytes(topic->name));
    return demand;
}

static void demand_remove_if_unused(struct hub *hub, struct demand *demand)
{
    if (!list_is_empty(&demand->members) || !list_is_empty(&demand->waits)) {
        return;
    }
    table_remove(&hub->demands, &demand->in_hub);
    block_discharge(hub->intake->account, hub_topic_bytes(demand->topic.name));
    free((char *)demand->topic.name.at);
    free(demand);
}

static void demand_write(struct hub *hub, struct demand *demand, enum letter_wish wish)
{
    demand->serial = ++hub->next_serial;
    letter_send(hub->exchange, hub->worker, wish, &demand->topic, demand->serial);
}

/* The last member has gone. */
static void demand_leave(struct hub *hub, struct demand *demand)
{
    switch (demand->state) {
    case DEMAND_ASKED:
    case DEMAND_STANDS:
        demand->state = DEMAND_LEAVING;
        demand_write(hub, demand, LETTER_LEAVE);
        return;
    case DEMAND_REFUSED:
    case DEMAND_LEAVING: return;
    }
}

/* Waits that began with the letter of that serial are over. */
static void demand_end_waits(struct demand *demand, uint64_t serial, const char *error)
{
    struct list over;
    struct list_link *first;

    list_init(&over);
    LIST_EACH_SAFE (link, &demand->waits) {
        if (container_of(link, struct hub_wait, in_demand)->serial == serial) {
            list_move(&over, link);
        }
    }
    while ((first = list_take_first(&over)) != NULL) {
        struct hub_wait *wait = container_of(first, struct hub_wait, in_demand);

        wait->demand = NULL;
        wait->over(wait, error);
    }
}

static void demand_hear(struct demand *demand, const struct letter *letter)
{
    if (letter->serial != demand->serial) {
        return;
    }
    switch (letter->answer) {
    case LETTER_STANDS: demand->state = DEMAND_STANDS; return;
    case LETTER_REFUSED: demand->state = DEMAND_REFUSED; return;
    case LETTER_ENDED:
    case LETTER_UNANSWERED: return;
    }
}

/* A member of its own keeps the demand alive, whatever those who waited do. */
void hub_hear(struct hub *hub, struct letter *letter)
{
    struct demand *demand = demand_find(hub, &letter->topic);
    struct member guard = {.demand = demand};

    if (demand == NULL) {
        return;
    }
    block_bill(hub->intake->account);
    demand_hear(demand, letter);
    list_append(&demand->members, &guard.in_demand);
    demand_end_waits(demand, letter->serial, letter->error);
    list_remove(&guard.in_demand);
    if (list_is_empty(&demand->members)) {
        demand_leave(hub, demand);
    }
    demand_remove_if_unused(hub, demand);
}

/* The same message in both protocols differs in its first byte only; a large one is copied once for
 * each protocol that is wanted, small ones into each output. */
static void hub_deliver(struct hub *hub, struct demand *demand, const struct parcel_item *item)
{
    struct block *copies[2] = {NULL, NULL};

    LIST_EACH (link, &demand->members) {
        struct member *member = container_of(link, struct member, in_demand);
        struct subscriber *subscriber = member->subscriber;
        bool is_push = member->is_active && *subscriber->protocol == 3;
        struct block **copy = &copies[is_push];
        struct span bytes = {item->push, item->size};

        if (!member->is_active) {
            continue;
        }
        item->push[0] = is_push ? '>' : '*';
        if (item->size >= SENDQ_COPY_MAX) {
            *copy = *copy == NULL ? block_copy(bytes) : *copy;
            bytes.at = (*copy)->bytes;
        }
        subscriber->deliver(subscriber, *copy, bytes);
        metric_add(&hub->metrics->pubsub_delivered_total, 1);
    }
    block_release(&copies[0]);
    block_release(&copies[1]);
}

void hub_open(struct hub *hub, struct parcel *parcel)
{
    struct parcel_item item;
    size_t at = 0;

    block_bill(hub->intake->account);
    while (parcel_next(parcel, &at, &item)) {
        struct demand *demand = demand_find(hub, &item.topic);

        if (demand != NULL) {
            hub_deliver(hub, demand, &item);
        }
    }
}

struct hub *hub_new(struct exchange *exchange, const struct exchange_site *site)
{
    struct hub *hub = memory_new(1, sizeof *hub);

    hub->exchange = exchange;
    hub->metrics = site->metrics;
    hub->intake = site->intake;
    hub->worker = site->worker;
    return hub;
}

void hub_free(struct hub **hub)
{
    struct hub *gone = *hub;

    *hub = NULL;
    CHECK(gone->members.count == 0 && gone->demands.count == 0);
    table_clear(&gone->members);
    table_clear(&gone->demands);
    free(gone);
}

void subscriber_init(struct subscriber *subscriber, struct hub *hub, const uint8_t *protocol)
{
    *subscriber = (struct subscriber){.hub = hub, .protocol = protocol};
    for (int i = 0; i < TOPIC_KINDS; i++) {
        list_init(&subscriber->members[i]);
    }
}

void subscriber_clear(struct subscriber *subscriber)
{
    for (int i = 0; i < TOPIC_KINDS; i++) {
        struct list_link *link;

        while ((link = list_first(&subscriber->members[i])) != NULL) {
            struct member *member = container_of(link, struct member, in_subscriber);

            hub_leave(&member, NULL);
        }
    }
}

struct member *hub_find(struct subscriber *subscriber, const struct topic *topic)
{
    struct table_link *link =
        table_first(&subscriber->hub->members, member_hash(subscriber, topic));

    for (; link != NULL; link = table_next(link)) {
        struct member *member = container_of(link, struct member, in_hub);

        if (member->subscriber == subscriber && topic_equal(&member->demand->topic, topic)) {
            return member;
        }
    }
    return NULL;
}

static void demand_burden(struct demand *demand, struct subscriber *bearer)
{
    demand->bearer = bearer;
    bearer->bytes += hub_topic_bytes(demand->topic.name);
}

/* The next one bears it, if there is any. The guard of hub_hear is nobody. */
static void demand_unburden(struct demand *demand)
{
    demand->bearer->bytes -= hub_topic_bytes(demand->topic.name);
    demand->bearer = NULL;
    LIST_EACH (link, &demand->members) {
        struct subscriber *subscriber = container_of(link, struct member, in_demand)->subscriber;

        if (subscriber != NULL) {
            demand_burden(demand, subscriber);
            return;
        }
    }
}

static void member_count(struct member *member)
{
    struct subscriber *subscriber = member->subscriber;

    block_charge(subscriber->hub->intake->account, sizeof *member);
    subscriber->bytes += sizeof *member;
    if (member->demand->bearer == NULL) {
        demand_burden(member->demand, subscriber);
    }
}

/* It is on no list of its demand any more. */
static void member_discount(const struct member *member)
{
    struct subscriber *subscriber = member->subscriber;

    block_discharge(subscriber->hub->intake->account, sizeof *member);
    subscriber->bytes -= sizeof *member;
    if (member->demand->bearer == subscriber) {
        demand_unburden(member->demand);
    }
}

struct member *hub_join(struct subscriber *subscriber, const struct topic *topic)
{
    struct hub *hub = subscriber->hub;
    struct member *member = hub_find(subscriber, topic);
    struct demand *demand;

    if (member != NULL) {
        return member;
    }
    demand = demand_find(hub, topic);
    demand = demand == NULL ? demand_new(hub, topic) : demand;
    member = memory_new(1, sizeof *member);
    member->demand = demand;
    member->subscriber = subscriber;
    table_add(&hub->members, &member->in_hub, member_hash(subscriber, topic));
    list_append(&demand->members, &member->in_demand);
    list_append(&subscriber->members[topic->kind], &member->in_subscriber);
    member_count(member);
    if (demand->state == DEMAND_LEAVING || demand->state == DEMAND_REFUSED) {
        demand->state = DEMAND_ASKED;
        demand_write(hub, demand, LETTER_JOIN);
    }
    return member;
}

static void demand_add_wait(struct demand *demand, struct hub_wait *wait)
{
    wait->demand = demand;
    wait->serial = demand->serial;
    list_append(&demand->waits, &wait->in_demand);
}

bool hub_await(struct member *member, struct hub_wait *wait)
{
    if (member->demand->state == DEMAND_STANDS) {
        return false;
    }
    demand_add_wait(member->demand, wait);
    return true;
}

void hub_activate(struct member *member)
{
    struct hub *hub = member->subscriber->hub;
    const struct topic *topic = &member->demand->topic;

    if (member->is_active) {
        return;
    }
    member->is_active = true;
    member->subscriber->active_count[topic->kind]++;
    tally_enter(hub->exchange->tally, topic);
    metric_add(&hub->metrics->pubsub_subscriptions, 1);
}

static void member_deactivate(struct member *member)
{
    struct hub *hub = member->subscriber->hub;
    const struct topic *topic = &member->demand->topic;

    if (!member->is_active) {
        return;
    }
    member->is_active = false;
    member->subscriber->active_count[topic->kind]--;
    tally_leave(hub->exchange->tally, topic);
    metric_subtract(&hub->metrics->pubsub_subscriptions, 1);
}

bool hub_leave(struct member **member, struct hub_wait *wait)
{
    struct member *gone = *member;
    struct demand *demand = gone->demand;
    struct hub *hub = gone->subscriber->hub;
    bool is_pending = false;

    *member = NULL;
    member_deactivate(gone);
    table_remove(&hub->members, &gone->in_hub);
    list_remove(&gone->in_demand);
    list_remove(&gone->in_subscriber);
    member_discount(gone);
    free(gone);
    if (list_is_empty(&demand->members)) {
        demand_leave(hub, demand);
        if (wait != NULL && demand->state == DEMAND_LEAVING) {
            demand_add_wait(demand, wait);
            is_pending = true;
        }
        demand_remove_if_unused(hub, demand);
    }
    return is_pending;
}

void hub_forget(struct hub *hub, struct hub_wait *wait)
{
    struct demand *demand = wait->demand;

    CHECK(demand != NULL);
    wait->demand = NULL;
    list_remove(&wait->in_demand);
    demand_remove_if_unused(hub, demand);
}
