#include "proxy/cluster/news.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/events.h"
#include "common/log.h"
#include "proxy/cluster/news_text.h"

/* Node `id` at port `port`; it serves from slot `first` on, until the next one. */
static uint16_t add(struct topology *topology, const char *id, uint16_t port, uint32_t first)
{
    struct address address;
    uint16_t number;

    cr_assert_eq(address_set(&address, SPAN("10.0.0.1"), port), ADDRESS_OK);
    number = topology_add_node(topology, id, &address, NODE_PRIMARY, NODE_NONE);
    for (uint32_t slot = first; slot < SLOT_COUNT; slot++) {
        topology->primary_of_slot[slot] = number;
    }
    topology->slots_served = SLOT_COUNT;
    return number;
}

static void add_replica(struct topology *topology, const char *id, uint16_t port, uint16_t primary)
{
    struct address address;

    cr_assert_eq(address_set(&address, SPAN("10.0.0.1"), port), ADDRESS_OK);
    topology_add_node(topology, id, &address, NODE_REPLICA, primary);
}

/* Two that share the slots, and a replica of the first. */
static struct topology *two_and_a_replica(void)
{
    struct topology *topology = topology_new();
    uint16_t first = add(topology, "a", 7001, 0);

    add(topology, "b", 7002, 10000);
    add_replica(topology, "c", 7003, first);
    return topology;
}

/* Lets go of both. */
static void expect_text(struct topology *before, struct topology *after, const char *expected)
{
    char *text = news_text(before, after);

    cr_expect_str_eq(text, expected);
    free(text);
    topology_release(&before);
    topology_release(&after);
}

Test(news, of_a_failover_say_who_took_over_from_whom)
{
    struct topology *after = topology_new();
    uint16_t successor = add(after, "c", 7003, 0);

    add(after, "b", 7002, 10000);
    add_replica(after, "a", 7001, successor);
    expect_text(two_and_a_replica(), after,
                "10.0.0.1:7003 took 10000 slots from 10.0.0.1:7001; "
                "10.0.0.1:7001 follows 10.0.0.1:7003");
}

Test(news, of_a_dead_primary_say_that_it_is_gone)
{
    struct topology *after = topology_new();

    add(after, "c", 7003, 0);
    add(after, "b", 7002, 10000);
    expect_text(two_and_a_replica(), after,
                "10.0.0.1:7003 took 10000 slots from 10.0.0.1:7001; 10.0.0.1:7001 is gone");
}

Test(news, of_resharding_tell_the_larger_move_first)
{
    struct topology *after = topology_new();
    uint16_t first = add(after, "a", 7001, 0);

    add_replica(after, "c", 7003, first);
    add(after, "d", 7004, 9900);
    add(after, "b", 7002, 10300);
    expect_text(two_and_a_replica(), after,
                "10.0.0.1:7004 took 300 slots from 10.0.0.1:7002; "
                "10.0.0.1:7004 took 100 slots from 10.0.0.1:7001; 10.0.0.1:7004 is new");
}

Test(news, of_slots_without_a_node_say_so_both_ways)
{
    struct topology *some = two_and_a_replica();
    struct topology *whole = two_and_a_replica();

    for (uint32_t slot = 0; slot < 7; slot++) {
        some->primary_of_slot[slot] = NODE_NONE;
    }
    expect_text(topology_take(whole), topology_take(some),
                "nobody serves 7 slots of 10.0.0.1:7001");
    expect_text(some, whole, "10.0.0.1:7001 took 7 slots that nobody served");
}

Test(news, of_a_node_that_moved_say_where_it_was)
{
    struct topology *after = topology_new();
    uint16_t first = add(after, "a", 7009, 0);

    add(after, "b", 7002, 10000);
    add_replica(after, "c", 7003, first);
    expect_text(two_and_a_replica(), after, "10.0.0.1:7009 was 10.0.0.1:7001");
}

Test(news, of_a_name_with_another_address_say_that)
{
    struct topology *after = two_and_a_replica();

    after->nodes[1].endpoint = after->nodes[0].endpoint;
    expect_text(two_and_a_replica(), after, "10.0.0.1:7002 resolves to another address");
}

Test(news, of_a_replica_that_follows_another_primary_say_whom)
{
    struct topology *after = topology_new();

    add(after, "a", 7001, 0);
    add_replica(after, "c", 7003, add(after, "b", 7002, 10000));
    expect_text(two_and_a_replica(), after, "10.0.0.1:7003 follows 10.0.0.1:7002");
}

/* `count` primaries with a hundred slots each, the last one with the rest. */
static struct topology *many(uint16_t count, char first_letter)
{
    struct topology *topology = topology_new();

    for (uint16_t number = 0; number < count; number++) {
        char id[16];

        snprintf(id, sizeof id, "%c%u", first_letter, number);
        add(topology, id, (uint16_t)(7000 + number), number * 100);
    }
    return topology;
}

Test(news, of_much_at_once_stay_short_and_count_the_rest)
{
    expect_text(many(100, 'x'), many(100, 'y'),
                "10.0.0.1:7099 took 6484 slots from 10.0.0.1:7099; "
                "10.0.0.1:7000 took 100 slots from 10.0.0.1:7000; "
                "10.0.0.1:7001 took 100 slots from 10.0.0.1:7001; "
                "10.0.0.1:7002 took 100 slots from 10.0.0.1:7002; 9600 more slots moved; "
                "10.0.0.1:7000 is new; 10.0.0.1:7001 is new; 10.0.0.1:7002 is new; "
                "10.0.0.1:7003 is new; 196 more nodes changed");
}

Test(news, are_a_line_of_the_log)
{
    char line[1024] = "";
    int log_file = memfd_create("log", MFD_CLOEXEC);
    struct topology *before = two_and_a_replica();
    struct topology *after = many(1, 'a');

    log_set_descriptor(log_file);
    news_log("main", NULL, before);
    news_log("main", before, after);
    cr_assert_gt(pread(log_file, line, sizeof line - 1, 0), 0);
    cr_expect_not_null(strstr(line, "topology learned pool=main"));
    cr_expect_not_null(strstr(line, "topology changed pool=main"));
    cr_expect_not_null(strstr(line, "moved_slots=16384 moved_ranges=1 what=\"10.0.0.1:7000 took "
                                    "10000 slots from 10.0.0.1:7001; "));
    topology_release(&before);
    topology_release(&after);
    close(log_file);
}

static struct event posted(struct topology *before, struct topology *after)
{
    static struct event events[EVENTS_MAX];

    events_forget();
    news_log("main", before, after);
    cr_assert_eq(events_copy(0, events, EVENTS_MAX), 1);
    if (before != NULL) {
        topology_release(&before);
    }
    topology_release(&after);
    return events[0];
}

Test(news, of_a_failover_are_an_event_of_the_new_primary)
{
    struct topology *after = topology_new();
    struct event event;

    add(after, "c", 7003, 0);
    add(after, "b", 7002, 10000);
    event = posted(two_and_a_replica(), after);
    cr_expect_eq(event.kind, EVENT_FAILOVER);
    cr_expect_str_eq(event.node, "10.0.0.1:7003");
    cr_expect_str_eq(event.text, "10.0.0.1:7003 took 10000 slots from 10.0.0.1:7001; "
                                 "10.0.0.1:7001 is gone");
}

Test(news, of_resharding_are_no_failover)
{
    struct topology *after = two_and_a_replica();

    after->primary_of_slot[0] = 1;
    cr_expect_eq(posted(two_and_a_replica(), after).kind, EVENT_SLOTS);
}

Test(news, of_slots_that_nobody_serves_are_bad)
{
    struct topology *after = two_and_a_replica();
    struct event event;

    after->primary_of_slot[0] = NODE_NONE;
    after->slots_served--;
    event = posted(two_and_a_replica(), after);
    cr_expect_eq(event.kind, EVENT_UNSERVED);
    cr_expect_eq(strncmp(event.text, "16383 of 16384 slots have a primary; ", 36), 0);
}

Test(news, of_the_first_picture_say_how_large_it_is)
{
    struct event event = posted(NULL, two_and_a_replica());

    cr_expect_eq(event.kind, EVENT_TOPOLOGY);
    cr_expect_str_eq(event.text, "learned: 2 primaries, 1 replicas, 16384 slots served");
}
