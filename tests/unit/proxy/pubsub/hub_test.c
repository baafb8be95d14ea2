#include "proxy/pubsub/hub.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "tests/unit/proxy/longest_chain.h"

/* One worker whose mailbox nobody opens: the carrier's answers are the test's. */
static struct {
    struct reactor *reactor;
    struct mailbox *mailbox;
    struct intake intake;
    struct metrics metrics;
    struct exchange *exchange;
    struct hub *hub;
} rig;

struct person {
    struct subscriber subscriber;
    uint8_t protocol;
    char heard[256];
    size_t heard_bytes;
    struct block *block; /* of the last message */
};

struct waiting {
    struct hub_wait wait;
    int times;
    char error[64];
};

static void deliver(struct subscriber *subscriber, struct block *block, struct span bytes)
{
    struct person *person = container_of(subscriber, struct person, subscriber);

    person->block = block;
    person->heard_bytes += bytes.size;
    if (bytes.size < 64) {
        sprintf(person->heard + strlen(person->heard), "%.*s", (int)bytes.size, bytes.at);
    }
}

static void count_over(struct hub_wait *wait, const char *error)
{
    struct waiting *waiting = container_of(wait, struct waiting, wait);

    waiting->times++;
    snprintf(waiting->error, sizeof waiting->error, "%s", error == NULL ? "" : error);
}

static void set_up(void)
{
    rig.reactor = reactor_new();
    rig.mailbox = mailbox_new(rig.reactor);
    rig.exchange = exchange_new(1, "");
    exchange_open(rig.exchange, &(struct exchange_site){.mailbox = rig.mailbox,
                                                        .reactor = rig.reactor,
                                                        .intake = &rig.intake,
                                                        .metrics = &rig.metrics});
    rig.hub = rig.exchange->places[0].hub;
}

static void tear_down(void)
{
    mailbox_close(rig.mailbox);
    exchange_close(rig.exchange, 0);
    mailbox_free(&rig.mailbox);
    exchange_free(&rig.exchange);
    reactor_free(&rig.reactor);
    block_trim();
}

TestSuite(hub, .init = set_up, .fini = tear_down);

static struct topic a(void)
{
    return topic_of(TOPIC_CHANNEL, SPAN("a"));
}

static void person_init(struct person *person, uint8_t protocol)
{
    *person = (struct person){.protocol = protocol};
    subscriber_init(&person->subscriber, rig.hub, &person->protocol);
    person->subscriber.deliver = deliver;
}

static struct waiting waiting_new(void)
{
    return (struct waiting){.wait = {.over = count_over}};
}

/* The carrier's answer to the letter with that serial. */
static void hear(uint64_t serial, enum letter_answer answer, const char *error)
{
    char text[64];
    struct letter letter = {.serial = serial, .answer = answer, .topic = a()};

    snprintf(text, sizeof text, "%s", error == NULL ? "" : error);
    letter.error = error == NULL ? NULL : text;
    hub_hear(rig.hub, &letter);
}

static void open_message(struct span push, struct span name)
{
    struct parcel *parcel = parcel_new(rig.exchange, 0, 0);
    struct topic topic = topic_of(TOPIC_CHANNEL, name);

    parcel_add(parcel, &topic, push);
    hub_open(rig.hub, parcel);
    parcel_free(&parcel);
}

static void say(void)
{
    static const char push[] = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nm\r\n";

    open_message(SPAN(push), (struct span){push + 21, 1});
}

static struct member *join(struct person *person)
{
    struct topic topic = a();

    return hub_join(&person->subscriber, &topic);
}

static void leave(struct person *person)
{
    struct member *member = join(person);

    hub_leave(&member, NULL);
}

Test(hub, whoever_joins_first_waits_until_it_stands_and_the_next_does_not)
{
    struct person one, other;
    struct waiting waiting = waiting_new();

    person_init(&one, 2);
    person_init(&other, 2);
    cr_assert(hub_await(join(&one), &waiting.wait));
    cr_expect_eq(rig.hub->next_serial, 1, "one letter");
    hear(1, LETTER_STANDS, NULL);
    cr_expect_eq(waiting.times, 1);
    cr_expect_str_eq(waiting.error, "");
    cr_expect_not(hub_await(join(&other), &waiting.wait));
    cr_expect_eq(rig.hub->next_serial, 1, "and no other");
    subscriber_clear(&one.subscriber);
    subscriber_clear(&other.subscriber);
}

Test(hub, messages_come_in_each_ones_protocol_once_they_are_active)
{
    struct person one, other, early;

    person_init(&one, 2);
    person_init(&other, 3);
    person_init(&early, 2);
    hub_activate(join(&one));
    hub_activate(join(&other));
    join(&early);
    hear(1, LETTER_STANDS, NULL);
    say();
    cr_expect_str_eq(one.heard, "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nm\r\n");
    cr_expect_str_eq(other.heard, ">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nm\r\n");
    cr_expect_str_eq(early.heard, "");
    leave(&one);
    say();
    cr_expect_eq(strlen(one.heard), 31, "no more after it left");
    cr_expect_eq(strlen(other.heard), 62);
    cr_expect_eq(metric_read(&rig.metrics.pubsub_delivered_total), 3);
    subscriber_clear(&other.subscriber);
    subscriber_clear(&early.subscriber);
}

Test(hub, a_large_message_is_copied_once_for_each_protocol)
{
    enum { LARGE = 100 * 1024 };
    static char push[LARGE];
    struct person people[3];
    const uint8_t protocols[] = {2, 2, 3};

    memset(push, 'x', sizeof push);
    memcpy(push, "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n", 24);
    for (size_t i = 0; i < ARRAY_LEN(people); i++) {
        person_init(&people[i], protocols[i]);
        hub_activate(join(&people[i]));
    }
    open_message((struct span){push, sizeof push}, (struct span){push + 21, 1});
    for (size_t i = 0; i < ARRAY_LEN(people); i++) {
        cr_expect_eq(people[i].heard_bytes, LARGE);
        cr_expect_not_null(people[i].block);
    }
    cr_expect_eq(people[0].block, people[1].block);
    cr_expect_neq(people[0].block, people[2].block);
    for (size_t i = 0; i < ARRAY_LEN(people); i++) {
        subscriber_clear(&people[i].subscriber);
    }
}

Test(hub, a_refusal_reaches_who_waits_and_leaves_nothing_behind)
{
    struct person one;
    struct waiting waiting = waiting_new();
    struct member *member;

    person_init(&one, 2);
    member = join(&one);
    cr_assert(hub_await(member, &waiting.wait));
    hear(1, LETTER_REFUSED, "-NOPERM no");
    cr_expect_eq(waiting.times, 1);
    cr_expect_str_eq(waiting.error, "-NOPERM no");
    cr_expect_not(hub_leave(&member, NULL));
    cr_expect_eq(rig.hub->next_serial, 1, "who was refused need not leave");
    cr_expect_eq(rig.hub->demands.count, 0);
}

Test(hub, the_last_to_leave_waits_for_the_end_and_others_do_not)
{
    struct person one, other;
    struct waiting first = waiting_new();
    struct waiting last = waiting_new();

    person_init(&one, 2);
    person_init(&other, 2);
    struct member *member = join(&one);
    struct member *second = join(&other);
    hear(1, LETTER_STANDS, NULL);
    cr_expect_not(hub_leave(&member, &first.wait));
    cr_expect(hub_leave(&second, &last.wait));
    cr_expect_eq(last.times, 0);
    hear(2, LETTER_ENDED, NULL);
    cr_expect_eq(last.times, 1);
    cr_expect_eq(first.times, 0);
    cr_expect_eq(rig.hub->demands.count, 0);
}

Test(hub, who_comes_back_while_the_end_is_under_way_waits_for_the_new_beginning)
{
    struct person one;
    struct waiting end = waiting_new();
    struct waiting begin = waiting_new();

    person_init(&one, 2);
    struct member *member = join(&one);
    hear(1, LETTER_STANDS, NULL);
    cr_expect(hub_leave(&member, &end.wait));
    cr_expect(hub_await(join(&one), &begin.wait));
    hear(2, LETTER_ENDED, NULL);
    cr_expect_eq(end.times, 1);
    cr_expect_eq(begin.times, 0);
    hear(3, LETTER_STANDS, NULL);
    cr_expect_eq(begin.times, 1);
    subscriber_clear(&one.subscriber);
}

Test(hub, an_answer_to_what_nobody_waits_for_any_more_does_no_harm)
{
    struct person one;
    struct waiting waiting = waiting_new();

    person_init(&one, 2);
    struct member *member = join(&one);
    cr_assert(hub_await(member, &waiting.wait));
    hub_forget(rig.hub, &waiting.wait);
    subscriber_clear(&one.subscriber);
    hear(1, LETTER_STANDS, NULL);
    hear(2, LETTER_ENDED, NULL);
    say();
    cr_expect_eq(waiting.times, 0);
    cr_expect_eq(rig.hub->demands.count, 0);
}

/* What a topic takes counts for the budgets once, and for one of those who want it. */
Test(hub, counts_the_memory_that_subscriptions_take)
{
    const size_t own = sizeof(struct member);
    struct person one, other;
    size_t before = block_bytes_in_use();
    struct topic large = topic_of(TOPIC_PATTERN, SPAN("0123456789"));
    size_t small = hub_topic_bytes(a().name);

    cr_assert_eq(hub_topic_bytes(large.name), small + 3 * 9);
    person_init(&one, 2);
    person_init(&other, 3);
    join(&one);
    struct member *member = join(&other);
    cr_expect_eq(one.subscriber.bytes, own + small);
    cr_expect_eq(other.subscriber.bytes, own);
    hub_join(&one.subscriber, &large);
    cr_expect_eq(one.subscriber.bytes, 2 * own + 2 * small + 3 * 9);
    cr_expect_eq(block_bytes_in_use(), before + 3 * own + 2 * small + 3 * 9);
    hub_leave(&member, NULL);
    cr_expect_eq(other.subscriber.bytes, 0);
    member = join(&other);
    subscriber_clear(&one.subscriber);
    cr_expect_eq(one.subscriber.bytes, 0);
    cr_expect_eq(other.subscriber.bytes, own + small);
    cr_expect_eq(block_bytes_in_use(), before + own + small);
    subscriber_clear(&other.subscriber);
    cr_expect_eq(other.subscriber.bytes, 0);
    cr_expect_eq(block_bytes_in_use(), before);
}

Test(hub, joining_twice_is_joining_once)
{
    struct person one;

    person_init(&one, 2);
    struct member *member = join(&one);
    hub_activate(member);
    hub_activate(member);
    cr_expect_eq(join(&one), member);
    cr_expect_eq(one.subscriber.active_count[TOPIC_CHANNEL], 1);
    cr_expect(subscriber_is_active(&one.subscriber));
    struct topic topic = a();
    cr_expect_eq(tally_of(rig.exchange->tally, &topic).clients, 1);
    subscriber_clear(&one.subscriber);
    cr_expect_not(subscriber_is_active(&one.subscriber));
    cr_expect(tally_is_empty(rig.exchange->tally));
}

/* One of them is found without a look at the others. */
Test(hub, thousands_who_want_one_topic_lie_apart)
{
    enum { MANY = 4096, FEW = 16 };
    struct person *people[MANY];

    for (int i = 0; i < MANY; i++) {
        people[i] = memory_new(1, sizeof *people[i]);
        person_init(people[i], 2);
        join(people[i]);
    }
    cr_expect_lt(longest_chain(&rig.hub->members), FEW);
    for (int i = 0; i < MANY; i++) {
        subscriber_clear(&people[i]->subscriber);
        free(people[i]);
    }
}
