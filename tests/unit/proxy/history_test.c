#include "proxy/history.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/events.h"
#include "common/memory.h"

enum { WORKERS = 2 };

static struct metrics *workers;
static const struct metrics *lent[WORKERS];
static struct reactor *reactor;
static struct history *history;
static uint64_t now;

static void set_up(void)
{
    workers = memory_new(WORKERS, sizeof *workers);
    for (size_t i = 0; i < WORKERS; i++) {
        lent[i] = &workers[i];
    }
    reactor = reactor_new();
    history = history_new(reactor, 1);
    history_add(history,
                &(struct metrics_source){.pool = "main", .workers = lent, .worker_count = WORKERS});
    events_forget();
    now = 100 * US_PER_SECOND;
    history_look(history, now);
}

static void tear_down(void)
{
    history_free(&history);
    reactor_free(&reactor);
    free(workers);
}

TestSuite(history, .init = set_up, .fini = tear_down);

static void look_after(uint64_t elapsed_us)
{
    now += elapsed_us;
    history_look(history, now);
}

static void expect(size_t most, const char *part)
{
    struct json json;

    json_init(&json);
    json_begin_object(&json, NULL);
    history_write(history, 0, most, &json);
    json_end_object(&json);
    cr_expect(memmem(json.bytes, json.size, part, strlen(part)) != NULL, "%s is not in %.*s", part,
              (int)json.size, json.bytes);
    json_clear(&json);
}

Test(history, is_empty_until_something_can_be_compared)
{
    cr_expect_eq(history_length(history), 0);
    expect(10, "\"requests_per_second\":[]");
    look_after(US_PER_SECOND);
    cr_expect_eq(history_length(history), 1);
    expect(10, "\"requests_per_second\":[0]");
}

Test(history, adds_workers_up_and_divides_by_the_time_that_passed)
{
    metric_add(&workers[0].downstream_requests_total, 30);
    metric_add(&workers[1].downstream_requests_total, 70);
    metric_add(&workers[1].downstream_connections_active, 7);
    look_after(2 * US_PER_SECOND);
    metric_add(&workers[0].downstream_requests_total, 5);
    look_after(US_PER_SECOND / 2);
    expect(10, "\"requests_per_second\":[50,10]");
    expect(10, "\"clients\":[7,7]");
    expect(1, "\"requests_per_second\":[10]");
}

Test(history, has_percentiles_of_each_second_alone)
{
    for (int i = 0; i < 98; i++) {
        histogram_record(&workers[i % WORKERS].request_time, 10);
    }
    histogram_record(&workers[0].request_time, 15);
    histogram_record(&workers[1].request_time, 15);
    look_after(US_PER_SECOND);
    histogram_record(&workers[0].request_time, 3);
    look_after(US_PER_SECOND);
    look_after(US_PER_SECOND);
    expect(10, "\"p50_us\":[10,3,0]");
    expect(10, "\"p99_us\":[15,3,0]");
}

Test(history, forgets_what_is_longer_ago_than_its_length)
{
    for (unsigned i = 0; i < HISTORY_SECONDS + 5; i++) {
        metric_add(&workers[0].downstream_requests_total, i);
        look_after(US_PER_SECOND);
    }
    cr_expect_eq(history_length(history), HISTORY_SECONDS);
    cr_expect_eq(history_seconds(history), HISTORY_SECONDS + 5);
    expect(HISTORY_SECONDS, "\"requests_per_second\":[5,6,7");
    expect(2, "\"requests_per_second\":[603,604]");
}

static size_t count_bursts(void)
{
    static struct event events[EVENTS_MAX];
    size_t count = events_copy(0, events, EVENTS_MAX);

    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(events[i].kind, EVENT_REDIRECTS);
        cr_expect_str_eq(events[i].pool, "main");
    }
    return count;
}

Test(history, tells_of_a_burst_of_redirections_once)
{
    metric_add(&workers[0].redirect_moved_total, 10);
    look_after(US_PER_SECOND);
    cr_expect_eq(count_bursts(), 0);
    for (int i = 0; i < 5; i++) {
        metric_add(&workers[0].redirect_moved_total, 50);
        metric_add(&workers[1].redirect_ask_total, 60);
        look_after(US_PER_SECOND);
    }
    cr_expect_eq(count_bursts(), 1);
    for (int i = 0; i < 20; i++) {
        look_after(US_PER_SECOND);
    }
    metric_add(&workers[0].redirect_moved_total, 99);
    look_after(US_PER_SECOND);
    cr_expect_eq(count_bursts(), 2);
}
