/* Lines of JSON about single requests. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/expect.h"
#include "tests/support/moved_file.h"
#include "tests/support/rig.h"

static struct moved_file place;

static void set_up(void)
{
    moved_file_init(&place);
}

static void clean_up(void)
{
    rig_clean_up();
    moved_file_clear(&place);
}

TestSuite(trace, .init = set_up, .fini = clean_up, .timeout = 120);

/* `trace` is more of that mapping. */
static struct rig *start(const char *trace)
{
    static char mapping[256];

    snprintf(mapping, sizeof mapping, "trace: {file: \"%s\", %s}", place.path, trace);
    return rig_start_with((struct rig_options){.nodes = 2, .with_store = true, .pool = mapping});
}

static int count(const char *text, const char *part)
{
    int found = 0;

    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        found++;
    }
    return found;
}

#define WRITTEN(times, part)                                                                       \
    cr_expect(WAIT_FOR(count(moved_file_read(place.path), (part)) == (times)), "%s", part)

Test(trace, tells_of_each_request_where_it_was_and_how_long)
{
    struct rig *rig = start("sample: 1");

    cr_expect_str_eq(ask(rig, "CLIENT", "SETNAME", "shop"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "b", "value"), "OK");
    cr_expect_str_eq(ask(rig, "MGET", "a", "b"), "[(nil) value]");
    EXPECT_STARTS(ask(rig, "LPOP", "b"), "-ERR unknown command");
    WRITTEN(3, "\n");
    WRITTEN(3, "{\"time\":\"20");
    WRITTEN(3, "\"pool\":\"main\",\"client\":1,\"address\":\"127.0.0.1:");
    WRITTEN(3, "\"name\":\"shop\",\"user\":\"default\"");
    WRITTEN(1, "\"command\":\"set\",\"keys\":1,\"key_hash\":\"");
    WRITTEN(2, rig_print(rig, "\"slot\":3300,\"node\":\"%s\",\"queued_us\":", rig_address(rig, 0)));
    WRITTEN(1, "\"command\":\"mget\",\"keys\":2,");
    WRITTEN(3, "\"total_us\":");
    WRITTEN(1, "\"bytes_in\":31,\"bytes_out\":5}");
    WRITTEN(1, "\"error\":\"ERR\"}");
    EXPECT_LACKS(moved_file_read(place.path), "value");
    EXPECT_LACKS(moved_file_read(place.path), "\"b\"");
    cr_expect_eq(metric(rig, "traces_total"), 3);
    rig_stop(&rig);
}

Test(trace, tells_names_of_keys_when_it_is_told_to)
{
    struct rig *rig = start("sample: 1, keys: true");

    cr_expect_str_eq(ask(rig, "SET", "a \"b\"", "value"), "OK");
    WRITTEN(1, "\"key\":\"a \\\"b\\\"\"");
    EXPECT_LACKS(moved_file_read(place.path), "value");
    rig_stop(&rig);
}

/* Whoever chooses keys does not choose how much is written. */
Test(trace, cuts_long_keys_and_says_how_long_they_were)
{
    enum { UMLAUTS = 700 };
    struct rig *rig = start("sample: 1, keys: true");
    char key[2 * UMLAUTS + 2] = "k";

    for (int i = 0; i < UMLAUTS; i++) {
        memcpy(key + 1 + 2 * i, "\xc3\xa4", 3);
    }
    cr_expect_str_eq(ask(rig, "SET", key, "value"), "OK");
    key[1 + 2 * 511] = '\0';
    WRITTEN(1, rig_print(rig, "\"key\":\"%s\",\"key_bytes\":1401,\"slot\":", key));
    rig_stop(&rig);
}

Test(trace, takes_some_of_many_and_no_more_than_it_may)
{
    enum { REQUESTS = 2000 };
    struct rig *rig = start("sample: 100, rate: 5");

    for (int i = 0; i < REQUESTS; i++) {
        wire_request(rig_client(rig), "SET", "k", "v");
    }
    for (int i = 0; i < REQUESTS; i++) {
        cr_assert_str_eq(wire_text(rig_client(rig)), "OK");
    }
    long long written = metric(rig, "traces_total");
    long long left_out = metric(rig, "traces_left_out_total");

    cr_expect_geq(written, 1);
    cr_expect_geq(written + left_out, 10);
    cr_expect_leq(written + left_out, 20);
    WRITTEN((int)written, "\n");
    rig_stop(&rig);
}

Test(trace, goes_on_in_a_new_file_when_the_configuration_is_read_again)
{
    struct rig *rig = start("sample: 1");

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    WRITTEN(1, "\n");
    cr_assert_eq(rename(place.path, place.moved), 0);
    cr_assert_eq(kill(rig_process(rig)->pid, SIGHUP), 0);
    cr_assert(WAIT_FOR(access(place.path, F_OK) == 0));
    cr_expect_str_eq(ask(rig, "SET", "k", "2"), "OK");
    WRITTEN(1, "\n");
    cr_expect_eq(count(moved_file_read(place.moved), "\n"), 1);
    rig_stop(&rig);
}

Test(trace, is_not_there_by_itself)
{
    struct rig *rig = rig_start_store(1);

    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    cr_expect_eq(metric(rig, "traces_total"), 0);
    cr_expect_eq(metric(rig, "traces_lost_total"), 0);
    rig_stop(&rig);
}
