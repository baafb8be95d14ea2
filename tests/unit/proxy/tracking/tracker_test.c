#include "proxy/tracking/tracker.h"

#include <criterion/criterion.h>

#include "common/budget.h"

enum {
    READERS = 3,
    ONE = INTEREST_BYTES,
    KEY = INTEREST_OVERHEAD + 32, /* at least that: a link in a table and the head of a list */
};

static struct budget budget;
static struct block_account account;
static struct intake intake;
static struct metrics metrics;
static struct pool_config config;
static struct reactor *reactor;
static struct dispatcher *dispatcher;
static struct tracker *tracker;
static struct tracked *readers[READERS];
static size_t before;
static int told;

static void on_stale(struct tracked *tracked, const struct span *keys, size_t count)
{
    (void)tracked;
    (void)keys;
    (void)count;
    told++;
}

static void set_up(void)
{
    config.name = "test";
    reactor = reactor_new();
    account.budget = &budget;
    intake.account = &account;
    dispatcher = dispatcher_new(reactor, &intake, &config, &metrics, NULL);
    tracker = tracker_new(dispatcher, &metrics);
    for (int i = 0; i < READERS; i++) {
        readers[i] = tracked_new(tracker, TRACKED_READS);
        readers[i]->deliver = on_stale;
        readers[i]->is_noloop = true;
    }
    before = block_bytes_in_use();
}

/* What is checked at the end must abort: Criterion counts a test whose teardown fails as passed. */
static void tear_down(void)
{
    for (int i = 0; i < READERS; i++) {
        if (readers[i] != NULL) {
            tracked_free(&readers[i]);
        }
    }
    CHECK(account.in_use == 0 && block_bytes_in_use() == before);
    tracker_free(&tracker);
    CHECK(account.in_use == 0);
    dispatcher_free(&dispatcher);
    reactor_free(&reactor);
}

TestSuite(tracker, .init = set_up, .fini = tear_down);

/* Client `i` has got `reply` to a command with a key of one letter. */
static void answered(int i, enum command_id id, const char *wire, const char *reply)
{
    struct lane lane = {.tracked = readers[i]};
    struct request request = {.command = command_by_id(id),
                              .bytes = span_of(wire),
                              .lane = &lane,
                              .slot = 7,
                              .is_tracked = true};

    dispatcher->tracking->answered(tracker, &request, span_of(reply), true);
}

static void reads(int i, char key)
{
    char wire[64];

    snprintf(wire, sizeof wire, "*2\r\n$3\r\nGET\r\n$1\r\n%c\r\n", key);
    answered(i, COMMAND_ID_GET, wire, "$1\r\nv\r\n");
}

/* All of them have read a, and each one key of its own. */
static void all_read(void)
{
    for (int i = 0; i < READERS; i++) {
        reads(i, 'a');
        reads(i, (char)('b' + i));
    }
}

static void expect_charged(size_t interests, size_t keys)
{
    size_t key = keys == 0 ? 0 : (account.in_use - interests * ONE) / keys;

    cr_expect_eq(tracker->interests.pairs.count, interests);
    cr_expect_eq(tracker->interests.keys.count, keys);
    cr_expect_eq(account.in_use, interests * ONE + keys * key);
    cr_expect(keys == 0 || (key >= KEY && key < 2 * (size_t)KEY), "%zu for a key", key);
    cr_expect_eq(block_bytes_in_use() - before, account.in_use);
}

Test(tracker, charges_what_clients_cache)
{
    expect_charged(0, 0);
    reads(0, 'a');
    expect_charged(1, 1);
    reads(0, 'a');
    expect_charged(1, 1);
    reads(1, 'a');
    expect_charged(2, 1);
    reads(1, 'b');
    expect_charged(3, 2);
    cr_expect_eq(tracked_bytes(readers[0]), ONE);
    cr_expect_eq(tracked_bytes(readers[1]), 2 * ONE);
    cr_expect_eq(tracked_bytes(readers[2]), 0);
    cr_expect_eq(tracked_bytes(NULL), 0);
}

Test(tracker, discharges_it_when_clients_leave)
{
    all_read();
    expect_charged(2 * READERS, 1 + READERS);
    tracked_free(&readers[1]);
    expect_charged(2 * (READERS - 1), READERS);
    tracked_free(&readers[0]);
    tracked_free(&readers[2]);
    expect_charged(0, 0);
}

Test(tracker, discharges_it_key_by_key_when_they_change)
{
    all_read();
    dispatcher->tracking->pushed(tracker, DIALECT_RESP3,
                                 SPAN(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n"));
    cr_expect_eq(told, READERS);
    expect_charged(READERS, READERS);
    dispatcher->tracking->pushed(
        tracker, DIALECT_RESP3,
        SPAN(">2\r\n$10\r\ninvalidate\r\n*3\r\n$1\r\nb\r\n$1\r\nc\r\n$1\r\nd\r\n"));
    expect_charged(0, 0);
}

Test(tracker, discharges_it_when_a_client_changes_the_key_itself)
{
    reads(0, 'a');
    reads(1, 'a');
    answered(0, COMMAND_ID_SET, "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nv\r\n", "+OK\r\n");
    expect_charged(1, 1);
    cr_expect_eq(tracked_bytes(readers[0]), 0);
}

Test(tracker, discharges_it_when_all_is_stale)
{
    uint64_t slots[SLOT_COUNT / 64] = {UINT64_C(1) << 7};

    all_read();
    dispatcher->tracking->forgot(tracker, DIALECT_RESP3);
    expect_charged(0, 0);
    all_read();
    dispatcher->tracking->pushed(tracker, DIALECT_RESP3, SPAN(">2\r\n$10\r\ninvalidate\r\n_\r\n"));
    expect_charged(0, 0);
    all_read();
    dispatcher->tracking->moved(tracker, slots);
    expect_charged(0, 0);
    all_read();
    tracked_flush(readers[0]);
    expect_charged(2 * (READERS - 1), READERS);
}

Test(tracker, counts_nothing_for_who_is_told_of_all)
{
    struct tracked *apart = tracked_new(tracker, TRACKED_APART);

    tracked_free(&readers[0]);
    readers[0] = apart;
    apart->deliver = on_stale;
    reads(0, 'a');
    expect_charged(0, 0);
}
